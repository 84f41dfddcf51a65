"""Quality of acceleration: clipping, stillness, non-wear, movement."""

import numpy as np

CELL_S = 10.0  # the step in which stillness is judged
NONWEAR_S = 30 * 60.0  # stillness of this length is a sensor that nobody wears
STILL_SD_G = 0.013  # van Hees et al. 2011 (PLoS ONE 6:e22922): 2 of 3 axes with SD < 13 mg and range < 50 mg
STILL_RANGE_G = 0.050


class Clipping:
    """Finds clipped samples, chunk by chunk.

    With a known `limit` (the device's range, g) a sample within half a per cent of it is clipped. Without
    one, two or more equal neighbours on an axis at the highest value so far are, if above 1.4 g: a body at
    rest repeats values too, but only up to gravity.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self._highest = 1.4

    def find(self, values: np.ndarray) -> np.ndarray:
        """values: (samples, 3) g -> (samples,) bool."""
        size = np.abs(values)
        if self.limit is not None:
            return (size >= 0.995 * self.limit).any(axis=1)
        peak = float(size.max(initial=0.0))
        if peak < self._highest:
            return np.zeros(len(values), bool)
        self._highest = peak
        high = size >= 0.995 * peak
        same = np.diff(values, axis=0) == 0
        flat = np.zeros_like(high)
        flat[1:] |= same
        flat[:-1] |= same
        return (high & flat).any(axis=1)


def still_cells(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Which cells are still (van Hees et al. 2011).

    values: (3, cells, samples) g; missing: (cells, samples) bool. -> (cells,) bool; a cell of which more
    than half is missing is not.
    """
    still_axes = (values.std(axis=2) < STILL_SD_G) & (np.ptp(values, axis=2) < STILL_RANGE_G)
    return (still_axes.sum(axis=0) >= 2) & (missing.mean(axis=1) <= 0.5)


class NonWear:
    """Stillness by cell in time order, and from it wear: a still run of `NONWEAR_S` or more is non-wear."""

    def __init__(self) -> None:
        self._need = round(NONWEAR_S / CELL_S)
        self._still = np.zeros(0, bool)
        self._finished = False

    def add(self, still: np.ndarray) -> None:
        """The next cells, (n,) bool."""
        self._still = np.concatenate((self._still, still))

    def finish(self) -> None:
        """No more cells come: a still run at the end that is too short was wear."""
        self._finished = True

    def decided_s(self) -> float:
        """Seconds from the start whose wear no later cell can change."""
        if self._finished:
            return np.inf
        moving = np.flatnonzero(~self._still)
        run_begin = int(moving[-1]) + 1 if len(moving) else 0
        long_enough = len(self._still) - run_begin >= self._need
        return CELL_S * (len(self._still) if long_enough else run_begin)

    def wear(self, begin_s: np.ndarray, end_s: np.ndarray) -> np.ndarray:
        """Worn share of each interval, (n,) float32."""
        edges = np.flatnonzero(np.diff(self._still, prepend=False, append=False))
        begins, ends = edges[::2], edges[1::2]
        worn = np.ones(len(self._still))
        for begin, end in zip(begins, ends, strict=True):
            if end - begin >= self._need:
                worn[begin:end] = 0.0
        worn_s = np.concatenate(([0.0], np.cumsum(worn) * CELL_S))
        at = np.arange(len(worn_s)) * CELL_S
        # Past the last full cell nothing is known to be unworn.
        beyond = np.maximum(end_s - at[-1], 0.0) - np.maximum(begin_s - at[-1], 0.0)
        seconds = np.interp(end_s, at, worn_s) - np.interp(begin_s, at, worn_s) + beyond
        return (seconds / (end_s - begin_s)).astype(np.float32)


def movement(values: np.ndarray) -> np.ndarray:
    """Mean amplitude deviation of the vector magnitude (Vaha-Ypya et al. 2015), g.

    values: (windows, samples, 3) g -> (windows,) float32.
    """
    magnitude = np.sqrt(np.einsum("nsc,nsc->ns", values, values))
    magnitude -= magnitude.mean(axis=1, keepdims=True)
    return np.abs(magnitude, out=magnitude).mean(axis=1)
