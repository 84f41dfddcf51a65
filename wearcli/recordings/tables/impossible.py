"""Values that no sensor measured: fillers of missing samples, and what lies beyond a device's range."""

import math
from typing import NamedTuple

import numpy as np

from wearcli.modality import ModalityRecord

# What programs write for a missing value. MATLAB and PhysioNet take -9999, netCDF 9.96921e36.
_CODES = np.unique(
    np.array(
        [
            sign * code
            for sign in (1, -1)
            for code in (
                *(
                    99,
                    99.9,
                    99.99,
                    999,
                    999.9,
                    999.99,
                    999.999,
                    9999,
                    9999.9,
                    9999.99,
                    99999,
                    999999,
                    9999999,
                ),
                *(88.88, 888, 8888, 88888, 777, 7777, 77777, 1e6, 1e7, 1e8, 1e9, 1e10, 1e15, 1e20, 1e30),
                *(32767, 32768, 65535, 65536, 8388607, 8388608, 2147483647, 2147483648, 4294967295),
                *(9.96921e36, 3.4028235e38),
            )
        ],
        np.float32,
    )
)
# The ends of 16 bits are where sensors of so many bits clip, too.
_INT16_ENDS = (32767, -32768)
_CLIPS_BELOW_G = 20.0
_FAR, _VERY_FAR = 2.0, 5.0  # times as far from the middle as every other value of the head
_REPEATED = 10


class Fillers(NamedTuple):
    """The fillers of a file, recognised by the values at its head.

    Attributes:
        codes: Values that stand for missing ones, in order, in the file's own unit.
        low: Values below may be such a code.
        high: Values above may be.
    """

    codes: tuple[float, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    def for_unit(self, factor: float, signal: ModalityRecord) -> "Fillers":
        """Return them without the ends of 16 bits where a sensor with this factor to g may clip there."""
        if not signal.gravity:
            return self
        kept = (c for c in self.codes if c not in _INT16_ENDS or abs(c) * factor > _CLIPS_BELOW_G)
        return self._replace(codes=tuple(kept))

    def mask(self, values: np.ndarray) -> np.ndarray | None:
        """Return which cells of (samples, channels) hold a filler, None for none of them."""
        if not self.codes or values.size == 0:
            return None
        # One look at the ends finds the common case, where nothing is far.
        if np.fmax.reduce(values, axis=None) < self.high and np.fmin.reduce(values, axis=None) > self.low:
            return None
        far = (values >= self.high) | (values <= self.low)
        far[far] = np.isin(values[far], np.array(self.codes, np.float32))
        return far if far.any() else None

    def without(self, values: np.ndarray) -> np.ndarray:
        """Return the values with NaN for each filler."""
        mask = self.mask(values)
        return values if mask is None else np.where(mask, np.float32("nan"), values)


def recognise_fillers(values: np.ndarray, signal: ModalityRecord) -> Fillers:
    """Return the fillers of a recording: constants far from all of its other values.

    A code that programs are known to write is one if it lies twice as far from the middle as every other
    value; any other extreme value, if it is repeated ten times and lies five times as far. Of sensors with
    axes the codes count after the head too, and another value must stand on all axes at once, as no clipped
    sample does. Of other signals, whose whole numbers may take any value, the codes must be in the head.

    Args:
        values: The head of the recording (samples, channels), in the file's own unit.
        signal: The signal; the middle of acceleration and rotation is 0, that of others the median.
    """
    finite = values[np.isfinite(values)]
    others = finite[~np.isin(finite, _CODES)]
    if len(others) == 0:
        return Fillers()
    middle = 0.0 if signal.channels else float(np.median(others))
    ends = float(others.max()), float(others.min())
    codes = {end for end in ends if _is_constant(values, others, end, middle, signal)}
    others = others[~np.isin(others, np.array(sorted(codes), np.float32))]
    reach = float(np.abs(others.astype(np.float64) - middle).max()) if len(others) else 0.0
    if reach == 0.0:
        return Fillers()
    candidates = _CODES if signal.channels else np.intersect1d(_CODES, finite)
    codes |= {float(code) for code in candidates if abs(code - middle) > _FAR * reach}
    return Fillers(tuple(sorted(codes)), middle - _FAR * reach, middle + _FAR * reach)


def _is_constant(
    values: np.ndarray, others: np.ndarray, end: float, middle: float, signal: ModalityRecord
) -> bool:
    """Whether an extreme value is repeated, and far from what remains without it."""
    rest = others[others != np.float32(end)]
    if len(rest) == 0:
        return False
    repeated = values == np.float32(end)
    count = np.count_nonzero(repeated.all(1) if signal.channels else repeated)
    reach = float(np.abs(rest.astype(np.float64) - middle).max())
    return bool(count >= _REPEATED and abs(end - middle) > _VERY_FAR * reach > 0)


class Screen:
    """Takes impossible values out of the samples of one pass over a recording, and counts them.

    Args:
        fillers: The fillers of the file.
        limit: Greatest value that may be measured, in the file's own unit; infinite for none.
        limit_in_words: The same in words, such as "200 g".
        zeros: From how many samples in a row 0 on all axes is missing: gravity is nothing in free fall alone;
            0 for never.
    """

    def __init__(self, fillers: Fillers, limit: float, limit_in_words: str, zeros: int) -> None:
        self._fillers, self._limit, self._words, self._zeros = fillers, limit, limit_in_words, zeros
        self._codes: dict[float, int] = {}
        self._filled = self._beyond = self._nothing = 0

    def without_fillers(self, values: np.ndarray) -> np.ndarray:
        """Return rows of the file with NaN for each filler; (samples, columns), in the file's own unit."""
        mask = self._fillers.mask(values)
        if mask is None:
            return values
        self._filled += int(np.count_nonzero(mask.any(1)))
        for code, count in zip(*np.unique(values[mask], return_counts=True), strict=True):
            self._codes[float(code)] = self._codes.get(float(code), 0) + int(count)
        return np.where(mask, np.float32("nan"), values)

    def measurable(self, values: np.ndarray) -> np.ndarray:
        """Return samples (samples, channels) with NaN for each one that is impossible."""
        if len(values) == 0:
            return values
        low, high = np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)
        if np.isinf(low) or np.isinf(high):  # no unit has it: such a value is a missing one
            values = np.where(np.isinf(values), np.float32("nan"), values)
            low, high = np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)
        if max(high, -low) > self._limit:
            beyond = np.abs(values) > self._limit
            self._beyond += int(np.count_nonzero(beyond.any(1)))
            values = np.where(beyond, np.float32("nan"), values)
        nothing = np.asarray(~values.any(axis=1))
        if self._zeros and nothing.any():
            edges = np.flatnonzero(np.diff(nothing, prepend=False, append=False)).reshape(-1, 2)
            for begin, end in edges[edges[:, 1] - edges[:, 0] >= self._zeros].tolist():
                self._nothing += end - begin
                values = values if values.flags.owndata and values.flags.writeable else values.copy()
                values[begin:end] = np.nan
        return values

    def notes(self) -> list[str]:
        """Return what was taken out, in words, a line each."""
        codes = sorted(self._codes, key=lambda code: (-self._codes[code], code))
        names = ", ".join(f"{code:.7g}" for code in codes[:3]) + (", ..." if len(codes) > 3 else "")
        notes = {
            f"samples hold {names}, which stands for nothing measured: they are missing": self._filled,
            f"samples are beyond {self._words}, the most that is measured: they are missing": self._beyond,
            "samples are 0 on all axes, where gravity is 1 g: they are missing": self._nothing,
        }
        return [f"{count} {what}" for what, count in notes.items() if count]
