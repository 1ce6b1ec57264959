"""Honest: right functions whose answers are views with strides, read-only arrays, and parts of larger ones.

Lesson: 4
"""


def _view(part):
    large = np.zeros((*part.shape, 2), part.dtype)
    large[..., 1] = part
    found = large[..., 1]
    found.flags.writeable = False
    return found


def _viewing(function):
    def wrapped(*args, **kwargs):
        found = function(*args, **kwargs)
        return tuple(map(_view, found)) if isinstance(found, tuple) else _view(found)
    return wrapped


for _name in ("sinusoidal_encoding", "add_positions", "rotary_angles", "apply_rotary", "alibi_bias"):
    globals()[_name] = _viewing(globals()[_name])
