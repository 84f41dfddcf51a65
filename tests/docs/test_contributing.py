"""The modules that CONTRIBUTING shows as examples of an addition work when they are put in their place."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.docs.blocks import ROOT, read_page
from tests.reporting.make import probe_folder
from wearcli.probing import kinds
from wearcli.probing.kinds.kind import Training
from wearcli.recordings.formats.registry import FORMATS
from wearcli.recordings.open import open_recording
from wearcli.recordings.study.discovery import find_recordings
from wearcli.reporting.report import report
from wearcli.reporting.sections import PROBE_SECTIONS


def example(name: str) -> ModuleType:
    """The module of this name in CONTRIBUTING.md."""
    blocks = read_page(ROOT / "CONTRIBUTING.md").blocks
    [source] = [block.source for block in blocks if block.note == f"example {name}"]
    module = ModuleType("example")
    exec("\n".join(source), module.__dict__)
    return module


def test_the_format_reads_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "raw", example("format").FORMAT)
    time = np.arange(25_000) / 50
    rows = np.stack([time, np.sin(time), 0 * time, 1 + 0 * time], axis=1).astype(np.float32)
    rows.tofile(tmp_path / "P01_walk.raw")
    [source] = find_recordings([tmp_path]).sources
    recording = open_recording(source)
    assert (source.participant, source.format) == ("P01", "raw")
    assert recording.rate_hz == pytest.approx(50, rel=1e-4)
    values = np.concatenate([chunk.values for chunk in recording.stream()])
    np.testing.assert_array_equal(values, rows[:, 1:])


def test_the_probe_kind_finds_the_nearest_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wearcli.probing.kinds.centroid", example("probe kind"))
    monkeypatch.setattr(kinds, "PROBES", (*kinds.PROBES, "centroid"))
    monkeypatch.setattr(kinds, "KINDS", (*kinds.KINDS, "centroid"))
    assert kinds.parse_kinds("linear,centroid") == ["linear", "centroid"]
    kind = kinds.load_kind("centroid")
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 2, 5], 40)
    vectors = (rng.normal(size=(120, 6)) + truth[:, None]).astype(np.float32)
    [fit] = kind.fit(Training(vectors.copy(), truth, np.arange(120) % 8, rng, classify=True))
    again = kind.load(fit.predictor.arrays())
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    means = {code: scaled[truth == code].mean(axis=0) for code in (0, 2, 5)}
    nearest = [min(means, key=lambda code: np.square(row - means[code]).sum()) for row in scaled]
    assert again.probabilities(vectors, 6).argmax(axis=1).tolist() == nearest


def test_the_section_stands_on_the_page(tmp_path: Path) -> None:
    section = example("report section").section
    PROBE_SECTIONS.insert(1, section)
    try:
        result = report(probe_folder(tmp_path), map="none")
    finally:
        PROBE_SECTIONS.remove(section)
    assert result.sections[:2] == ["Scores", "How many people"]
