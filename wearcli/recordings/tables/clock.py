"""The rate that a device really sampled at, measured from its time stamps; for its zone see `tables.zone`."""

import numpy as np

from wearcli.errors import InputError

_RATES_HZ = (1.0, 1e5)


def measure_rate(time: np.ndarray) -> float:
    """Samples a second of `time`: (samples,) float64 s, as the device stamped them.

    NaN if they do not move, or but once, from one burst of equal stamps to another.

    Gaps and clock resets are left out, in steps of any sign; duplicates, jitter, stamps of coarse resolution
    and samples delivered in bursts (many equal stamps, then a jump) are averaged over.
    """
    steps = np.diff(time[np.isfinite(time)])
    forward = np.sort(steps[steps > 0])
    if len(forward) == 0:
        return float("nan")
    limit, usual = _gap_limit(forward)
    jumps = np.flatnonzero(steps >= usual / 2)
    coarse = len(jumps) < len(steps) / 2
    if coarse and len(jumps) == 1:
        return float("nan")  # nobody knows how much of the two bursts is cut
    if len(jumps) > 2 or (coarse and len(jumps) == 2):
        # From jump to jump: the bursts at the two ends are cut, and would count their samples alone.
        steps = steps[jumps[0] + 1 : jumps[-1] + 1]
    kept = np.abs(steps) <= limit
    between = np.flatnonzero(~kept)
    if _periodic(between) and np.median(steps[between]) < 0.15 * np.median(np.diff(between)) * usual:
        # A device's blocks: stamped at the nominal rate inside, and apart by what that is wrong.
        kept[:] = True
    counted = steps[kept]
    step = np.median(counted) if len(counted) else 0.0
    regular = np.abs(counted - step) <= 0.25 * step
    share, covered = regular.mean(), counted[regular].sum() / max(counted.sum(), 1e-300)
    odd = counted[~regular] / max(step, 1e-300)
    # Jitter has odd steps of any length; lost and doubled samples leave whole multiples, or none at all.
    whole = np.abs(odd - np.round(odd)) <= 0.25
    if (
        0.9 <= share < 1
        and covered >= 0.8
        and whole.mean() >= 0.5
        and not _periodic(np.flatnonzero(~regular))
    ):
        # Samples lost or doubled here and there in a steady clock: they tell nothing about its rate.
        return float(1.0 / counted[regular].mean())
    # A step left out would have taken the usual time, had there been no gap.
    seconds = counted.sum() + usual * np.count_nonzero(~kept)
    return float(len(steps) / seconds) if seconds > 0 else float("nan")


def _gap_limit(forward: np.ndarray) -> tuple[float, float]:
    """The longest step that is not a gap, and the step that most of the time passes in.

    forward: (steps,) the positive steps, sorted. In a bursty stream nearly all of the time passes in the
    few steps between bursts, so the median is weighted by the steps' own lengths. Where that median step
    occurs a few times only, it is a gap itself and is set aside.
    """
    while True:
        total = np.cumsum(forward)
        usual = float(forward[np.searchsorted(total, total[-1] / 2)])
        long = int(np.count_nonzero(forward >= usual / 2))
        if long > max(3, 1e-3 * len(forward)) or long == len(forward):
            return 5 * usual, usual
        forward = forward[:-long]


def _periodic(positions: np.ndarray) -> bool:
    """Whether odd steps come at a fixed spacing, as between a device's blocks or by coarse stamps."""
    if len(positions) < 3:
        return False
    spacing = np.diff(positions)
    return bool(np.mean(np.abs(spacing - np.median(spacing)) <= 1) >= 0.8)


def check_rate(rate_hz: float, file_name: str) -> None:
    """Raise InputError for a rate that no sensor has: memory for resampling grows with it."""
    low, high = _RATES_HZ
    if not low <= rate_hz <= high:
        raise InputError(
            f"{file_name}: a rate of {rate_hz:g} Hz is none of a sensor ({low:g} to {high:,.0f} Hz): say the "
            "right one with --rate-hz, or name another time column with --time-column"
        )
