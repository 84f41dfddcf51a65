"""Walks with steps that are given: a trunk, an arm and a leg, in the axes of a sensor that is askew."""

import numpy as np

RATE_HZ = 50.0


def askew(values: np.ndarray, noise_g: float, seed: int) -> np.ndarray:
    """Samples (samples, 3) turned by a random rotation, with noise."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return (values + rng.normal(scale=noise_g, size=values.shape)) @ turn


def trunk(
    stride_s: float,
    seconds: float = 10.0,
    size_g: float = 0.25,
    limp: float = 0.0,
    noise_g: float = 0.02,
    seed: int = 0,
) -> np.ndarray:
    """(samples, 3) g: up and down once a step, the second step weaker by `limp`, a sway once a stride."""
    phase = np.arange(round(seconds * RATE_HZ)) / RATE_HZ / stride_s
    side = 1 + limp * np.cos(2 * np.pi * phase)
    step = 4 * np.pi * phase
    values = np.zeros((len(phase), 3))
    values[:, 0] = 1 + size_g * side * (np.cos(step) + 0.3 * np.cos(2 * step + 1))
    values[:, 1] = 0.5 * size_g * side * np.sin(step + 0.4)
    values[:, 2] = 0.4 * size_g * np.sin(step / 2)
    return askew(values, noise_g, seed)


def standing(seconds: float, seed: int = 0) -> np.ndarray:
    """(samples, 3) g of a sensor that is still, in the axes of `trunk` with that seed."""
    values = np.zeros((round(seconds * RATE_HZ), 3))
    values[:, 0] = 1
    return askew(values, 0.003, seed)
