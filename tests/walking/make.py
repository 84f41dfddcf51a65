"""A leg and a wrist that walk together, foot contacts, and where they are written."""

from pathlib import Path

import numpy as np
import pandas as pd


def leg(
    stride_s: float, seconds: float = 10.0, rate_hz: float = 50.0, noise: float = 0.0, seed: int = 0
) -> np.ndarray:
    """(samples, 3) g of a shank: the swing once a stride, the knock of the heel, half as strong that of the
    other foot, in the axes of a sensor that is askew."""
    rng = np.random.default_rng(seed)
    phase = np.arange(round(seconds * rate_hz)) / rate_hz / stride_s
    swing = 0.5 * np.sin(2 * np.pi * phase) + 0.2 * np.sin(4 * np.pi * phase + 1.0)
    knock = np.exp(-(((phase % 1) - 0.3) ** 2) / 0.002) + 0.5 * np.exp(-(((phase % 1) - 0.8) ** 2) / 0.002)
    plain = np.stack([swing, 0.1 * np.cos(2 * np.pi * phase), 1 + 0.4 * knock], axis=1)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return plain @ turn + rng.normal(scale=noise, size=plain.shape) if noise else plain @ turn


def write_recording(path: Path, values: np.ndarray, rate_hz: float = 50.0) -> Path:
    """A CSV of seconds and g."""
    frame = pd.DataFrame(values.round(4), columns=["x", "y", "z"])
    frame.insert(0, "time", (np.arange(len(values)) / rate_hz).round(4))
    frame.to_csv(path, index=False)
    return path


def feet(
    stride_s: float, stance: float, strides: int = 8, begin: float = 1.0
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Contacts and the lift-off before each, s, of feet that go half a stride apart, each like clockwork."""
    left = begin + stride_s * (np.arange(strides) + 1 - stance)
    return {
        name: (shift + left, shift + left - stride_s * (1 - stance))
        for name, shift in (("left", 0.0), ("right", stride_s / 2))
    }


def write_events(path: Path, steps: dict[str, tuple[np.ndarray, np.ndarray]], recording: str = "w1") -> Path:
    """An events table with one row a swing."""
    rows = [
        {"recording": recording, "foot": foot, "contact": contact, "off": off}
        for foot, pairs in steps.items()
        for contact, off in zip(*pairs, strict=True)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path
