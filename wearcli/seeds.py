"""Named streams of one seed: every random number of wearcli comes from one of them, and no two streams meet.

A stream's key is its number in `STREAMS` and the indices that the caller gives it, as the spawn key of
numpy's `SeedSequence`. Entropy lists alone do not keep streams apart: numpy pads them with zeros, so that
`default_rng([seed, 0])` and `default_rng([seed, 0, 0, 0])` are one stream.
"""

import numpy as np

# A stream keeps its number: append, never insert. The comment names its indices.
STREAMS = (
    "sample motion",  # participant
    "sample heart",  # participant
    "sample wrist",  # participant
    "rotations",
    "folds",
    "probe fit",  # probe kind, target, fold
    "bootstrap",  # target
    "labels used",  # repeat
    "watched samples",
    "retrieval folds",
    "retrieval map",  # fold
    "retrieval bootstrap",
    "map samples",
    "map neighbours",
    "map layers",
    "encoder weights",
    "distance weights",
    "batches",  # training, validation or monitor, step
    "views",  # training or validation, step
    "distance batches",  # training or validation, step
    "distance copies",  # training or validation, step
    "whitening",
    "parity windows",
    "sample wrist exercise",  # participant
)


def sequence(seed: int, stream: str, *indices: int) -> np.random.SeedSequence:
    """Return the seed sequence of a stream.

    Args:
        seed: The seed that the user gave, 0 or above.
        stream: A name of `STREAMS`.
        indices: Numbers of 0 and above that tell the parts of a stream apart, such as a fold.

    Raises:
        ValueError: There is no such stream.
    """
    return np.random.SeedSequence(seed, spawn_key=(STREAMS.index(stream), *indices))


def generator(seed: int, stream: str, *indices: int) -> np.random.Generator:
    """Return the numpy generator of a stream, see `sequence`."""
    return np.random.default_rng(sequence(seed, stream, *indices))


def whole_number(seed: int, stream: str, *indices: int) -> int:
    """Return a number below 2**63 of a stream, for what takes one as its own seed, such as torch."""
    return int(sequence(seed, stream, *indices).generate_state(1, np.uint64)[0] >> np.uint64(1))
