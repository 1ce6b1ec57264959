"""Honest: code that warns: overflow, division by zero, deprecation."""
import warnings


def noisy(function):
    def wrapped(*args, **kwargs):
        warnings.warn("still here", DeprecationWarning)
        np.exp(np.array([1e9])) / np.zeros(1)
        return function(*args, **kwargs)
    return wrapped


for _name in ("softmax", "attention_scores", "scaled_dot_product_attention"):
    globals()[_name] = noisy(globals()[_name])
