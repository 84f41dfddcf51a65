"""Blocks of an Axivity .cwa file: which can be used, when they begin, what samples they hold.

Layout: openmovement, cwa.h (blocks of 512 bytes with a time, a rate, a range and a packing each).
"""

import itertools

import numpy as np

from wearcli.recordings.formats.device_files import own_steps
from wearcli.recordings.formats.losses import TICK_NS

HEADER, BLOCK = 1024, 512  # bytes
_DATA = slice(30, 510)
# Acceleration of AX3 has 256 steps a g; of AX6 the block says how many.
_STEPS_A_G = 256.0


def field(blocks: np.ndarray, position: int, kind: str) -> np.ndarray:
    """Return a number of each block as int64; blocks: (n, 512) uint8."""
    width = np.dtype(kind).itemsize
    return np.ascontiguousarray(blocks[:, position : position + width]).view(kind)[:, 0].astype(np.int64)


def as_blocks(data: bytes) -> np.ndarray:
    """Return the whole blocks of a part of a file, (n, 512) uint8."""
    return np.frombuffer(data, np.uint8, len(data) // BLOCK * BLOCK).reshape(-1, BLOCK)


def is_marked(blocks: np.ndarray) -> np.ndarray:
    """Return (n,) bool: the blocks that begin as blocks of samples do."""
    return np.asarray((blocks[:, 0] == ord("A")) & (blocks[:, 1] == ord("X")))


def is_usable(blocks: np.ndarray) -> np.ndarray:
    """Return (n,) bool: blocks of samples that are whole, and that say what a device can say."""
    usable = is_marked(blocks) & (np.ascontiguousarray(blocks).view("<u2").sum(1, dtype=np.uint16) == 0)
    usable &= is_rate(blocks[:, 24]) & _is_date(field(blocks, 14, "<u4"))
    axes, packing = blocks[:, 25] >> 4, blocks[:, 25] & 15
    width = np.where((packing == 0) & (axes == 3), 4, np.where(packing == 2, 2 * axes.astype(np.int64), 0))
    count = field(blocks, 28, "<u2")
    return np.asarray(usable & (axes % 3 == 0) & (count > 0) & (width > 0) & (count * width <= 480))


def _is_date(packed: np.ndarray) -> np.ndarray:
    month, day = packed >> 22 & 15, packed >> 17 & 31
    return np.asarray((month >= 1) & (month <= 12) & (day >= 1) & ((packed >> 12 & 31) < 24))


def is_rate(code: np.ndarray | int) -> np.ndarray:
    """Return whether a code of a rate is one that a device has: 6.25 Hz is the lowest."""
    return np.asarray((np.asarray(code) & 15) >= 6)


def rate_hz(code: np.ndarray | int) -> np.ndarray:
    """Return the rate that a code stands for, Hz."""
    return np.asarray(3200 / (1 << (15 - (np.asarray(code, np.int64) & 15))))


def range_g(code: np.ndarray | int) -> np.ndarray:
    """Return the greatest acceleration of a code of rate and range, g."""
    return np.asarray(16 >> (np.asarray(code, np.int64) >> 6))


def sample_counts(blocks: np.ndarray) -> np.ndarray:
    """Return the number of samples in each block, (n,) int64."""
    return field(blocks, 28, "<u2")


def nominal_steps_ns(blocks: np.ndarray) -> np.ndarray:
    """Return the time from sample to sample at the rate that each block says, (n,) float64 ns."""
    return np.asarray(TICK_NS / rate_hz(blocks[:, 24]))


def stamps(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the time that each block has, (n,) int64 ns, and the number of the sample in it that it is of.

    Newer devices add a fraction of a second to the time, and have shifted the number by what that is in
    samples of the nominal rate, for readers that do not know of it.
    """
    packed, device = field(blocks, 14, "<u4"), field(blocks, 4, "<u2")
    fraction = np.where(device & 0x8000, (device & 0x7FFF) << 1, 0)  # of a second, in 65536ths
    number = field(blocks, 26, "<i2") + (fraction * rate_hz(blocks[:, 24]).astype(np.int64) >> 16)
    month = ((2000 - 1970 + (packed >> 26 & 63)) * 12 + (packed >> 22 & 15) - 1).astype("M8[M]")
    seconds = month.astype("M8[s]").astype(np.int64) + ((packed >> 17 & 31) - 1) * 86_400
    seconds += (packed >> 12 & 31) * 3600 + (packed >> 6 & 63) * 60 + (packed & 63)
    return seconds * TICK_NS + (fraction * TICK_NS >> 16), number


def starts(times_ns: np.ndarray, numbers: np.ndarray, counts: np.ndarray, steps_ns: np.ndarray) -> np.ndarray:
    """Return the time of the first sample of each block, (n,) int64 ns.

    From the stamped sample back to the first one at the device's own rate, which the stamps tell, as the
    stamped one may lie a block's length away.

    Args:
        times_ns: Time of each block, (n,) int64.
        numbers: The sample in the block that it is of, (n,).
        counts: Number of samples of each block, (n,).
        steps_ns: Nominal time from sample to sample of each block, (n,).
    """
    among_all = np.cumsum(counts) - counts + numbers
    between = own_steps(times_ns, among_all, steps_ns[1:])
    steps = np.concatenate((between[:1] if len(between) else steps_ns, between))
    return np.asarray(times_ns - np.rint(numbers * steps).astype(np.int64))


def values(blocks: np.ndarray, modality: str) -> np.ndarray:
    """Return the samples of usable blocks, (samples, 3) float32: acceleration in g, or rotation in deg/s.

    Blocks of a device without gyroscope have no rotation.
    """
    kinds = blocks[:, 25]
    bounds = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(kinds)]
    parts = [
        _values(blocks[begin:end], int(kinds[begin]), modality)
        for begin, end in itertools.pairwise(bounds)
        if end > begin
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts or [np.zeros((0, 3), np.float32)])


def _values(blocks: np.ndarray, kind: int, modality: str) -> np.ndarray:
    """The samples of blocks with one number of axes and one packing."""
    axes, packing = kind >> 4, kind & 15
    if modality == "gyro" and axes < 6:
        return np.zeros((0, 3), np.float32)
    counts = sample_counts(blocks)
    data = np.ascontiguousarray(blocks[:, _DATA])
    if packing == 0:
        cells = _unpacked(data.view("<u4"))
    else:
        numbers = data.view("<i2")[:, : 240 // axes * axes].reshape(len(blocks), -1, axes)
        # Rotation comes before acceleration, and a magnetometer after it.
        first = 0 if modality == "gyro" or axes == 3 else 3
        cells = numbers[:, :, first : first + 3].astype(np.float32)
    most = counts.max()
    cells = cells[:, :most]
    scale = _scale(blocks, modality)
    cells *= scale[0] if (scale == scale[0]).all() else scale[:, None, None]
    if (counts == most).all():
        return np.ascontiguousarray(cells.reshape(-1, 3))
    return np.asarray(cells[np.arange(most) < counts[:, None]])


def _unpacked(words: np.ndarray) -> np.ndarray:
    """Three numbers of 10 bits and their common exponent of 2 from each word, (n, words, 3) float32."""
    exponent = (words >> 30).astype(np.int32)
    out = np.empty((*words.shape, 3), np.float32)
    for axis, shift in enumerate((22, 12, 2)):
        # Shifted to the top and back: the sign comes along.
        out[..., axis] = ((words << shift).view(np.int32) >> 22) << exponent
    return out


def temperature(blocks: np.ndarray) -> np.ndarray:
    """Return the temperature of each block, (n,) float64 degrees Celsius; NaN where it has none."""
    raw = field(blocks, 20, "<u2") & 1023
    return np.where(raw > 0, raw * 75 / 256 - 50, np.nan)


def _scale(blocks: np.ndarray, modality: str) -> np.ndarray:
    """What a number stands for, (n,) float32: g, or deg/s."""
    light = field(blocks, 18, "<u2")
    if modality == "gyro":
        return np.asarray((8000.0 / (1 << (light >> 10 & 7)) / 32768).astype(np.float32))
    unpacked = blocks[:, 25] & 15 == 2
    return np.asarray((1 / (_STEPS_A_G * np.where(unpacked, 1 << (light >> 13), 1))).astype(np.float32))
