"""PPG under movement: what acceleration explains is taken out, and a cadence is no pulse.

An arm that swings moves the blood and the sensor, so that PPG shows the steps, often more clearly than the
heart. The part of PPG that is a linear response to the acceleration of the same moment is taken out by least
squares over the window (adaptive noise cancellation by a reference sensor: Widrow et al., Proc IEEE 1975).
A rate that is the cadence, half of it or twice it is not trusted after that either: a response that changes
from step to step is left, and looks like a pulse.
"""

import numpy as np

from wearcli.signals.beats import filtered

MOVING_G = 0.1  # root mean square within `BAND_HZ`; a slow walk has .2, a hand that types .02
BAND_HZ = (0.5, 6.0)  # pulses and steps, and what tells their shapes
FILTER_S = 2.0
FIT_HZ = 16.0  # rate at which the response is fitted: above twice the band's upper end
LAG_S = 0.25  # before and after: how long skin answers a push, and how far the two clocks may be apart
RIDGE = 1e-3  # of the mean power of the references: they are alike when the arm swings in one plane
CADENCE_HZ = (0.5, 4.0)
NEAR_CADENCE = 0.03  # relative


def movement_size(acceleration: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return how much each window moves, (n,) g: the root mean square of the vector within `BAND_HZ`.

    Args:
        acceleration: Windows (n, samples, 3), g.
        rate_hz: Rate of the windows, Hz.
    """
    moved = _axes_in_band(acceleration, rate_hz)
    size: np.ndarray = np.sqrt(np.square(moved).sum(axis=1).mean(axis=1))
    return size


def without_movement(signal: np.ndarray, acceleration: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return PPG less its response to the acceleration, (n, samples), within `BAND_HZ`.

    The response of a window is a sum of the three axes and the magnitude, each at lags up to `LAG_S` before
    and after, with the weights that leave the least.

    Args:
        signal: Windows of PPG (n, samples) in any unit.
        acceleration: Windows of the same time (n, samples, 3), g.
        rate_hz: Rate of both, Hz.
    """
    step = max(1, int(rate_hz / FIT_HZ))
    reach = round(LAG_S * rate_hz / step)
    samples = signal.shape[1]
    magnitude = np.linalg.norm(acceleration, axis=2)[:, None]
    references = np.concatenate([_axes_in_band(acceleration, rate_hz), _in_band(magnitude, rate_hz)], axis=1)[
        :, :, ::step
    ]
    measured = _in_band(signal[:, None], rate_hz)[:, 0]
    padded = np.pad(references, ((0, 0), (0, 0), (reach, reach)))
    fitted = references.shape[2]
    left = np.empty(signal.shape)
    for i, window in enumerate(padded):
        # (references x lags, samples): one row a reference and lag
        rows = np.concatenate([window[:, lag : lag + fitted] for lag in range(2 * reach + 1)])
        power = rows @ rows.T
        power[np.diag_indices_from(power)] += RIDGE * np.trace(power) / len(power) + np.finfo(float).tiny
        response = np.linalg.solve(power, rows @ measured[i, ::step]) @ rows
        left[i] = measured[i] - np.interp(np.arange(samples), step * np.arange(fitted), response)
    return left


def cadence_bpm(acceleration: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the frequency of each window's strongest movement, (n,) a minute; steps or strides.

    Args:
        acceleration: Windows (n, samples, 3), g.
        rate_hz: Rate of the windows, Hz.
    """
    moved = _axes_in_band(acceleration, rate_hz)
    samples = moved.shape[2]
    size = 4 * samples  # a finer grid of frequencies
    spectrum = np.fft.rfft(moved * np.hanning(samples), n=size, axis=2)
    power = np.square(np.abs(spectrum)).sum(axis=1)
    hz = np.arange(power.shape[1]) * rate_hz / size
    power[:, (hz < CADENCE_HZ[0]) | (hz > CADENCE_HZ[1])] = 0
    cadence: np.ndarray = 60 * hz[power.argmax(axis=1)]
    return cadence


def is_cadence(rate_bpm: np.ndarray, cadence: np.ndarray) -> np.ndarray:
    """Return whether rates are within `NEAR_CADENCE` of the cadence, its half or its double, (n,) bool.

    Args:
        rate_bpm: Heart rates (n,), beats a minute.
        cadence: Cadences of the same windows (n,), a minute.
    """
    near = [np.abs(rate_bpm - part * cadence) < NEAR_CADENCE * part * cadence for part in (0.5, 1.0, 2.0)]
    return np.asarray(np.any(near, axis=0))


def _axes_in_band(acceleration: np.ndarray, rate_hz: float) -> np.ndarray:
    """The axes within `BAND_HZ`, (n, 3, samples)."""
    return _in_band(acceleration.transpose(0, 2, 1), rate_hz)


def _in_band(signals: np.ndarray, rate_hz: float) -> np.ndarray:
    """Signals (n, channels, samples) within `BAND_HZ`; a value that is missing counts as the mean."""
    n, channels, samples = signals.shape
    rows = signals.reshape(n * channels, samples).astype(np.float64)
    finite = np.isfinite(rows)
    mean = np.where(finite, rows, 0).sum(axis=1, keepdims=True) / np.maximum(
        finite.sum(axis=1, keepdims=True), 1
    )
    passed = filtered(np.where(finite, rows - mean, 0), rate_hz, BAND_HZ, FILTER_S)
    return passed.reshape(n, channels, samples)
