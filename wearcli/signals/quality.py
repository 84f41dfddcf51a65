"""Quality of acceleration: clipping, stillness, non-wear, movement."""

import numpy as np

CELL_S = 10.0  # the step in which stillness is judged
NONWEAR_S = 30 * 60.0  # stillness of this length is a sensor that nobody wears
STILL_SD_G = 0.013  # van Hees et al. 2011 (PLoS ONE 6:e22922): 2 of 3 axes with SD < 13 mg and range < 50 mg
STILL_RANGE_G = 0.050
RANGES_G = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0)
RANGE_TOLERANCE = 0.025  # sensors saturate a little beside their nominal range


class Clipping:
    """Finds clipped samples, chunk by chunk.

    With a limit, a sample within a per cent of it is clipped (of 8 signed bits the positive rail lies one
    step lower). Without one, two or more equal neighbours on an axis are clipped, if they lie at one of the
    ranges that devices have (`RANGES_G`) and nothing so far went beyond it: a crest below it may repeat a
    value too.

    Args:
        limit: The range of the device, g; None where the file does not tell it.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self._highest = 0.0

    def find(self, values: np.ndarray) -> np.ndarray:
        """Return which samples are clipped, (samples,) bool.

        Args:
            values: The next samples (samples, 3), g.
        """
        size = np.abs(values)
        if self.limit is not None:
            return np.asarray((size >= 0.99 * self.limit).any(axis=1))
        self._highest = max(self._highest, float(size.max(initial=0.0)))
        limit = min(RANGES_G, key=lambda limit_g: abs(limit_g - self._highest))
        if abs(self._highest - limit) > RANGE_TOLERANCE * limit:
            return np.zeros(len(values), bool)
        same = np.diff(values, axis=0) == 0
        flat = np.zeros(values.shape, bool)
        flat[1:] |= same
        flat[:-1] |= same
        return np.asarray((flat & (size >= (1 - RANGE_TOLERANCE) * limit)).any(axis=1))


def still_cells(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return which cells are still (van Hees et al. 2011).

    Args:
        values: Acceleration in cells (3, cells, samples), g.
        missing: Which samples are missing (cells, samples) bool.

    Returns:
        Stillness (cells,) bool; a cell of which more than half is missing is not still.
    """
    still_axes = (values.std(axis=2) < STILL_SD_G) & (np.ptp(values, axis=2) < STILL_RANGE_G)
    still: np.ndarray = (still_axes.sum(axis=0) >= 2) & (missing.mean(axis=1) <= 0.5)
    return still


class NonWear:
    """Judges wear from the stillness of cells in time order.

    A still run of `NONWEAR_S` or more is non-wear.
    """

    def __init__(self) -> None:
        self._need = round(NONWEAR_S / CELL_S)
        self._cells = 0
        self._run: int | None = None  # first cell of the still run at the end
        self._unworn: list[tuple[int, int]] = []  # runs that have ended, in cells
        self._finished = False

    def add(self, still: np.ndarray) -> None:
        """Take the stillness of the next cells, (n,) bool."""
        for cell in still.tolist():
            if not cell:
                self._end_run()
            elif self._run is None:
                self._run = self._cells
            self._cells += 1

    def skip(self, cells: int) -> None:
        """Pass over cells that hold nothing: no still run goes on over them."""
        if cells:
            self._end_run()
            self._cells += cells

    def finish(self) -> None:
        """End the recording: a still run at its end that is too short was wear."""
        self._end_run()
        self._finished = True

    def decided_s(self) -> float:
        """Return the time from the start whose wear no later cell can change, s."""
        if self._finished:
            return np.inf
        open_run = self._run is not None and self._cells - self._run < self._need
        return CELL_S * (self._run if open_run and self._run is not None else self._cells)

    def wear(self, begin_s: np.ndarray, end_s: np.ndarray) -> np.ndarray:
        """Return the worn share of intervals, (n,) float32.

        Args:
            begin_s: Starts of the intervals, s; they rise.
            end_s: Ends of the intervals, s.
        """
        runs = self._unworn
        if self._run is not None and self._cells - self._run >= self._need:
            runs = [*runs, (self._run, self._cells)]
        unworn = np.zeros(len(begin_s))
        for begin, end in reversed(runs):
            if end * CELL_S <= begin_s[0]:
                break
            shared = np.minimum(end_s, end * CELL_S) - np.maximum(begin_s, begin * CELL_S)
            unworn += np.maximum(shared, 0.0)
        return np.asarray((1.0 - unworn / (end_s - begin_s)).astype(np.float32))

    def _end_run(self) -> None:
        if self._run is not None and self._cells - self._run >= self._need:
            self._unworn.append((self._run, self._cells))
        self._run = None


def movement(values: np.ndarray) -> np.ndarray:
    """Return the mean amplitude deviation of the vector magnitude (Vaha-Ypya et al. 2015).

    Args:
        values: Windows (windows, samples, 3), g.

    Returns:
        Deviations (windows,) float32, g.
    """
    magnitude = np.sqrt(np.einsum("nsc,nsc->ns", values, values))
    magnitude -= magnitude.mean(axis=1, keepdims=True)
    deviation: np.ndarray = np.abs(magnitude, out=magnitude).mean(axis=1)
    return deviation
