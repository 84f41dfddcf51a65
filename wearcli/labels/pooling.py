"""Windows pooled to epochs or people: the mean of their vectors, and the time that they stand for.

The deviation beside the mean made probes worse on nearly all that was measured, of embeddings and of features
alike: of two or three windows it is mostly noise (docs/lab/default-encoder.md).
"""

import numpy as np

_CHUNK = 16384  # windows pooled at a time: bounds the float64 copy


def pool(vectors: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the mean of the windows of every epoch.

    Args:
        vectors: (n, D).
        rows: Row numbers of the windows, those of an epoch together.
        counts: (epochs,) how many windows an epoch has, at least 1.

    Returns:
        (epochs, D) float32.
    """
    pooled = np.empty((len(counts), vectors.shape[1]), np.float32)
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        start = ends[first] - counts[first]
        last = max(first + 1, int(np.searchsorted(ends, start + _CHUNK, side="right")))
        chunk, size = rows[start : ends[last - 1]], counts[first:last]
        if len(chunk) > _CHUNK:  # one epoch, or all windows of a participant
            parts = (vectors[chunk[at : at + _CHUNK]] for at in range(0, len(chunk), _CHUNK))
            pooled[first] = sum(part.sum(axis=0, dtype=np.float64) for part in parts) / len(chunk)
        else:
            values = vectors[chunk].astype(np.float64)
            pooled[first:last] = np.add.reduceat(values, np.cumsum(size) - size, axis=0) / size[:, None]
        first = last
    return pooled


def newly_covered(begin: np.ndarray, end: np.ndarray, before: float = -np.inf) -> np.ndarray:
    """Return the seconds of every stretch of time that no stretch before it covers.

    Their sum is the length of the union of the stretches.

    Args:
        begin: (n,) s, rising.
        end: (n,) s.
        before: Where earlier stretches end, s.
    """
    earlier = np.maximum.accumulate(np.concatenate([[before], end]))[:-1]
    return np.asarray(np.maximum(end - np.maximum(begin, earlier), 0.0))
