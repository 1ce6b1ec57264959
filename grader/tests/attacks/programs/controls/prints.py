"""Honest: prints for debugging, a lot of them."""


def chatty(function):
    def wrapped(*args, **kwargs):
        print("in", function.__name__, args, "x" * 10_000)
        return function(*args, **kwargs)
    return wrapped


for _name in ("softmax", "attention_scores", "scale_scores", "mask_scores", "scaled_dot_product_attention",
              "attention_pooling", "softmax_backward"):
    globals()[_name] = chatty(globals()[_name])
