"""What only a sensor on the trunk shows: steps apart from strides, how alike they are, and the vertical."""

from dataclasses import dataclass

import numpy as np

from wearcli.signals.gait.rhythm import LONGEST_LAG, parabola

PLACEMENTS = ("lower_back", "waist", "chest", "hip", "back", "sternum")
STEP_NEAR = (0.7, 1.3)  # of half a stride: where the step is looked for


@dataclass(frozen=True)
class Steps:
    """Steps of windows of walking, by the unbiased autocorrelation of the vertical acceleration.

    Moe-Nilssen and Helbostad, J Biomech 2004;37:121-126: the first dominant period is a step, the second a
    stride.

    Attributes:
        step_s: Time of a step (n,), s.
        step_regularity: Correlations one step later (n,).
        stride_regularity: Correlations one stride later (n,).
        symmetry: Step regularity over stride regularity (n,); 1 where both feet step alike, NaN where no
            stride repeats.
    """

    step_s: np.ndarray
    step_regularity: np.ndarray
    stride_regularity: np.ndarray
    symmetry: np.ndarray


def vertical(values: np.ndarray) -> np.ndarray:
    """Return the acceleration along the mean of each window, that of gravity, without its mean, (n, samples).

    Args:
        values: Windows (n, samples, 3), g.
    """
    mean = values.mean(axis=1, keepdims=True, dtype=np.float64)
    up = mean / np.maximum(np.linalg.norm(mean, axis=2, keepdims=True), 1e-9)
    along = (values * up).sum(axis=2)
    return np.asarray(along - along.mean(axis=1, keepdims=True))


def steps(values: np.ndarray, rate_hz: float, stride_s: np.ndarray) -> Steps:
    """Return steps and their symmetry of windows of walking at the trunk.

    Args:
        values: Windows (n, samples, 3), g.
        rate_hz: Rate of the windows, Hz.
        stride_s: Stride times (n,), s; NaN where not known.
    """
    up = vertical(values)
    samples = up.shape[1]
    size = 2 * samples
    spectrum = np.fft.rfft(up, n=size, axis=1)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, n=size, axis=1)[:, : int(LONGEST_LAG * samples)]
    start = covariance[:, :1]
    lags = np.arange(covariance.shape[1])
    curve = covariance / np.where(start > 0, start, 1) * (samples / (samples - lags))
    usable = np.isfinite(stride_s) & (stride_s * rate_hz < len(lags) - 3) & (start[:, 0] > 0)
    stride = np.where(usable, stride_s * rate_hz, 4.0)
    step, one = _near_peak(curve, STEP_NEAR[0] * stride / 2, STEP_NEAR[1] * stride / 2)
    _, two = _near_peak(curve, stride - 2, stride + 2)
    nothing = np.where(usable, 0.0, np.nan)
    return Steps(
        step / rate_hz + nothing,
        one + nothing,
        two + nothing,
        np.where(usable & (two > 0), one / np.where(two > 0, two, 1), np.nan),
    )


def _near_peak(curve: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lag and height (n,) of the highest point of curves between two lags, each by its parabola."""
    lags = np.arange(curve.shape[1])
    inside = (lags >= np.maximum(np.floor(low), 1)[:, None]) & (lags <= np.ceil(high)[:, None])
    inside[:, -1] = False
    return parabola(curve, np.where(inside, curve, -np.inf).argmax(axis=1))
