"""The inner loops of RelCon's distance on the CPU, compiled: all that they touch stays in the cache.

torch would write an array the size of all attention weights for each operation of a sparsemax; these read
the scores of a row once into the nearest cache and leave only the distance. The numbers are those of
`distance.activate` and `sparsemax.sparsemax` but for rounding. They run without Python's lock.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch

njit: Any = None
with suppress(ModuleNotFoundError):
    from numba import njit


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as machine code; where numba is missing as it is, and then not `usable`."""
    if njit is None:
        return function
    machine_code: Callable[..., Any] = njit(fastmath=True, error_model="numpy", nogil=True, cache=True)(
        function
    )
    return machine_code


def usable(tensor: torch.Tensor) -> bool:
    """Whether the loops here can take a tensor; elsewhere torch does the same."""
    return njit is not None and tensor.device.type == "cpu" and tensor.dtype == torch.float32


EPSILON = 1e-5  # of the variance, in RevIN and in the instance normalisation
ROUNDS = 50  # far more than rows need: each round but the last drops an element from a row's support
ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)
LITTLE = np.float32(EPSILON)
LEAST, SIGN, TURNED = np.int32(-(2**31)), np.int32(31), np.int32(2**31 - 1)
ROOT_HALF = np.float32(0.5**0.5)
# erf(z) = 1 - 1 / (1 + a1 z + ... + a6 z^6)^16 to 3e-7 for z >= 0 (Abramowitz & Stegun, 7.1.28): unlike the
# library's erf it is compiled to work on many samples at once.
A1, A2, A3 = np.float32(0.0705230784), np.float32(0.0422820123), np.float32(0.0092705272)
A4, A5, A6 = np.float32(0.0001520143), np.float32(0.0002765672), np.float32(0.0000430638)


@compiled
def activate_rows(rows: np.ndarray) -> None:
    """Apply GELU and normalise each row (n, samples) float32 by its own mean and deviation, in place."""
    n, samples = rows.shape
    for number in range(n):
        row = rows[number]
        total, squares = ZERO, ZERO
        for t in range(samples):
            x = row[t]
            z = abs(x) * ROOT_HALF
            p = ONE / (ONE + z * (A1 + z * (A2 + z * (A3 + z * (A4 + z * (A5 + z * A6))))))
            p = p * p  # of the inverse, which cannot overflow
            p = p * p
            p = p * p
            p = p * p
            y = HALF * (x + abs(x) * (ONE - p))
            row[t] = y
            total += y
            squares += y * y
        mean = total / np.float32(samples)
        # Cancellation may leave a trifle below 0 of a constant row.
        variance = max(squares / np.float32(samples) - mean * mean, ZERO)
        factor = ONE / np.sqrt(variance + LITTLE)
        for t in range(samples):
            row[t] = (row[t] - mean) * factor


@compiled
def threshold(row: np.ndarray, spare: np.ndarray) -> np.float32:
    """Sparsemax's threshold of a row of scores: Newton's method from below, see `sparsemax.threshold`.

    Args:
        row: (n,) float32; its greatest score is subtracted in place, and the threshold is that of the rest.
        spare: (1,) int32 of memory to work in.
    """
    # Floats are in the order of their bits as integers, once those of negative ones are turned over: a
    # maximum of integers is compiled to work on many at once, one of floats is not.
    bits = row.view(np.int32)
    greatest = LEAST
    for i in range(len(row)):
        place = bits[i] ^ ((bits[i] >> SIGN) & TURNED)
        greatest = place if place > greatest else greatest
    spare[0] = greatest ^ ((greatest >> SIGN) & TURNED)
    top = spare.view(np.float32)[0]
    for i in range(len(row)):
        row[i] -= top
    tau = -ONE
    size = np.float32(len(row) + 1)
    for _ in range(ROUNDS):
        now, total = ZERO, ZERO
        for i in range(len(row)):
            inside = ONE if row[i] > tau else ZERO
            now += inside
            total += inside * row[i]
        tau = (total - ONE) / now
        if now >= size:
            break
        size = now
    return tau


@compiled
def sparsemax_rows(rows: np.ndarray) -> None:
    """Replace each row of scores (n, size) float32 by its sparsemax."""
    spare = np.empty(1, np.int32)
    for number in range(len(rows)):
        row = rows[number]
        tau = threshold(row, spare)
        for i in range(len(row)):
            row[i] = max(row[i] - tau, ZERO)


@compiled
def attend(scores: np.ndarray, values: np.ndarray, anchor: np.ndarray, out: np.ndarray) -> None:
    """Rebuild one anchor from each of several candidates by sparsemax attention, and measure how badly.

    Args:
        scores: (candidates, samples, samples) float32, of anchor samples with candidate samples; overwritten.
        values: (candidates, channels, samples), what a sample of a candidate gives.
        anchor: (channels, samples).
        out: (candidates,), gets the sum of squared errors.
    """
    candidates, samples, keys = scores.shape
    channels = values.shape[1]
    weights, spare = np.empty(keys, np.float32), np.empty(1, np.int32)
    for candidate in range(candidates):
        error = ZERO
        for t in range(samples):
            row = scores[candidate, t]
            tau = threshold(row, spare)
            for s in range(keys):
                weights[s] = max(row[s] - tau, ZERO)
            for c in range(channels):
                rebuilt = ZERO
                value = values[candidate, c]
                for s in range(keys):
                    rebuilt += weights[s] * value[s]
                difference = rebuilt - anchor[c, t]
                error += difference * difference
        out[candidate] = error
