"""The encoders for PPG and ECG side by side: embedding by onnxruntime, and a training step.

    python benchmarks/pulse.py [--seconds 3]    # on an idle machine

`pulse`, which the bundled models have, against the published EfficientNet, on the same windows: 30 s of PPG
at 64 Hz and 10 s of ECG at 128 Hz, one channel. The two take turns; the last lines are their ratios.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from wearcli.encoders import ENCODERS, build
from wearcli.modality import MODALITIES, Modality
from wearcli.models.runtime import open_session
from wearcli.training.device import has_bf16
from wearcli.training.export import WindowsFirst, to_onnx
from wearcli.training.methods.participant.objective import HIDDEN, Participant

NAMES = ("pulse", "efficientnet")
SIGNALS: tuple[Modality, ...] = ("ppg", "ecg")
BATCH, PAIRS = 64, 64


def embedding(name: str, modality: Modality, path: Path) -> Callable[[], None]:
    """A call that embeds `BATCH` windows by one session on all cores."""
    rate_hz = MODALITIES[modality].rate_hz
    samples = round(rate_hz * MODALITIES[modality].window_s)
    to_onnx(WindowsFirst(build(name, 1, samples, False, rate_hz, modality)).eval(), path, (2, samples, 1))
    session, windows = open_session(path), beats(BATCH, samples, rate_hz)
    return lambda: session.run(None, {"windows": windows})


def training(name: str, modality: Modality) -> Callable[[], None]:
    """A step of the participant-level contrast at `PAIRS` pairs, forward and backward."""
    rate_hz = MODALITIES[modality].rate_hz
    samples = round(rate_hz * MODALITIES[modality].window_s)
    objective = Participant(
        build(name, 1, samples, False, rate_hz, modality), ENCODERS[name].dimension, 0.04, 0.1, 0.99
    ).train()
    views = torch.from_numpy(beats(2 * PAIRS, samples, rate_hz))
    people, keep = torch.arange(PAIRS), torch.ones(2, 2 * PAIRS, HIDDEN, dtype=torch.bool)
    bf16 = has_bf16(torch.device("cpu"))

    def step() -> None:
        objective.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = objective(views, people, keep)
        loss.backward()

    return step


def beats(count: int, samples: int, rate_hz: float) -> np.ndarray:
    """(count, samples, 1): a bump at each beat of a heart, no two of one rate, and noise."""
    rng = np.random.default_rng(0)
    phase = np.arange(samples) / rate_hz * rng.uniform(0.8, 2, (count, 1))
    wave = np.exp(-(((phase % 1 - 0.5) / 0.06) ** 2)) + 0.05 * rng.standard_normal((count, samples))
    return wave[:, :, None].astype(np.float32)


def rates(works: dict[str, Callable[[], None]], windows: int, seconds: float) -> dict[str, float]:
    """Windows a second of the better half of the calls of each, the calls taking turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    end = time.perf_counter() + seconds * len(works)
    while time.perf_counter() < end or len(times[NAMES[0]]) < 4:
        for name, work in works.items():
            begin = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - begin)
    return {
        name: windows / float(np.median(sorted(seconds)[: (len(seconds) + 1) // 2]))
        for name, seconds in times.items()
    }


def main() -> None:
    """Print both rates and their ratio for each signal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="a figure")
    seconds = parser.parse_args().seconds
    for modality in SIGNALS:
        with tempfile.TemporaryDirectory() as folder:
            speeds = rates(
                {name: embedding(name, modality, Path(folder) / f"{name}.onnx") for name in NAMES},
                BATCH,
                seconds,
            )
        print(f"{modality}: embedding", {name: f"{rate:,.0f} windows/s" for name, rate in speeds.items()})
        print(f"{modality}: ratio {speeds['pulse'] / speeds['efficientnet']:.1f}")
        speeds = rates({name: training(name, modality) for name in NAMES}, PAIRS, seconds)
        print(f"{modality}: training", {name: f"{rate:,.0f} pairs/s" for name, rate in speeds.items()})
        print(f"{modality}: ratio {speeds['pulse'] / speeds['efficientnet']:.1f}", flush=True)


if __name__ == "__main__":
    main()
