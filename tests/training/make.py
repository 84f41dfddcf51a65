"""Small window stores, cut from made-up recordings by the package's own writer; what a run has written."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.signals.store import WindowStore
from wearcli.signals.store_writer import write_store
from wearcli.signals.windows import WindowSpec
from wearcli.training.config_file import read_config
from wearcli.training.data import TrainingData
from wearcli.training.loop import Batch
from wearcli.training.methods.learner import start_learner
from wearcli.training.settings import Settings

SPEC = WindowSpec(rate_hz=50.0, window_s=2.0, stride_s=2.0)


def recording(
    participant: str, number: int, seconds: float, rng: np.random.Generator, root: Path
) -> Recording:
    """A swinging sensor: every participant at a rhythm of their own, every recording at another tilt."""
    time = np.arange(round(seconds * 50)) / 50
    tilt = rng.normal(size=3)
    swing = 0.3 * np.sin(2 * np.pi * rng.uniform(0.5, 3) * time + rng.uniform(0, 6))
    values = tilt / np.linalg.norm(tilt) + swing[:, None] * rng.normal(size=3)
    values = (values + rng.normal(scale=0.05, size=values.shape)).astype(np.float32)
    name = f"{participant}_{number}"
    source = Source(name, root / f"{name}.csv", "csv", participant, root=root)

    def stream() -> Iterator[Chunk]:
        yield Chunk(time, values)

    return Recording(source, "acc", ("x", "y", "z"), 50.0, None, "g", "said", None, stream)


def store(
    folder: Path, people: int = 6, recordings: int = 2, seconds: float = 60.0, seed: int = 0
) -> WindowStore:
    """people x recordings x seconds / 2 windows of 2 s at 50 Hz; participants P0, P1, ..."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    made = (recording(f"P{p}", n, seconds, rng, folder) for p in range(people) for n in range(recordings))
    write_store(made, SPEC, folder)
    return WindowStore.open(folder)


def weights(run: Path) -> dict[str, bytes]:
    """Each file of a run's checkpoint, under the name of its part."""
    files = json.loads((run / "checkpoint" / "state.json").read_text())["files"]
    return {part: (run / "checkpoint" / name).read_bytes() for part, name in files.items()}


def lines(run: Path) -> list[dict]:
    """A run's log, but for how long it took."""
    return [{**json.loads(line), "seconds": 0} for line in (run / "metrics.jsonl").read_text().splitlines()]


def settings(**options: Any) -> Settings:
    """Settings with these options, all others at the default of their field."""
    return Settings.from_options(options)


def flat(config: Path) -> SimpleNamespace:
    """All options of a run's config.toml."""
    return SimpleNamespace(**read_config(config).flat())


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batches of the settings' method."""
    return start_learner(settings).batches(data, rows, stream)


def label(data: TrainingData, settings: Settings, say: Callable[[str], None] = lambda line: None) -> None:
    """Give the windows the labels that the settings name."""
    start_learner(settings).attach(data, Path(), say)
