"""Honest: einsum, linalg, fft, random, polynomial, char and masked arrays on the way to a plain answer."""


def attention_scores(q, k):
    np.linalg.svd(np.eye(3))
    np.linalg.inv(np.eye(40) + 1)
    np.fft.rfft(np.arange(16.0))
    np.random.default_rng(0).normal(size=3)
    np.random.seed(1)
    np.random.rand(2)
    np.polynomial.polynomial.polyval(2.0, [1, 2])
    np.char.upper(np.array(["a"]))
    np.ma.array([1.0], mask=[True]).filled(0)
    np.array2string(np.arange(3000.0)), repr(np.arange(5)), str(np.float32(1))
    np.lib.stride_tricks.sliding_window_view(np.arange(9), 3)
    q, k = (x if x.dtype.kind == "f" else x.astype(float) for x in (np.asarray(q), np.asarray(k)))
    return np.einsum("...qd,...kd->...qk", q, k)
