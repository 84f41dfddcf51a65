"""The records of the signals; and the proof that a further signal is local to its record and its features."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from wearcli.errors import UsageError
from wearcli.inspection import inspect
from wearcli.modality import (
    FEATURE_SETS,
    MODALITIES,
    HandMade,
    Modality,
    ModalityRecord,
    check_modality,
    feature_names,
    features,
    signal_in_name,
)
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.discovery import find_recordings
from wearcli.signals.cutting import iter_windows
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore
from wearcli.signals.windows import WindowSpec


def test_records_and_choices_are_the_same() -> None:
    assert get_args(Modality) == tuple(MODALITIES)
    assert all(name == record.name for name, record in MODALITIES.items())
    with pytest.raises(UsageError, match=f"no modality 'eeg': --modality takes {', '.join(MODALITIES)}"):
        check_modality("eeg")


@pytest.mark.parametrize("record", MODALITIES.values(), ids=MODALITIES)
def test_a_record_is_whole(record: ModalityRecord) -> None:
    slowest, fastest = record.rates_hz
    # Otherwise two units of elapsed time, a factor of 1000 apart, would both give a possible rate.
    assert fastest / slowest < 1000
    assert slowest <= record.rate_hz <= fastest
    assert record.window_s > 0
    assert bool(record.units) == (record.unit_rule is not None) == (record.unit != "raw")
    if record.units:
        assert record.units[record.unit].factor == 1
        spellings = [text for unit in record.units.values() for text in unit.spellings]
        assert len(set(spellings)) == len(spellings)
    if record.int16_step:
        assert record.int16_step.hex().startswith("0x1.0000000000000p")  # stored values are exact
    for word in record.file_words:
        assert signal_in_name(f"p01.{word}.csv") == record.name
    samples = round(record.rate_hz * record.window_s)
    channels = len(record.channels) or 1
    windows = np.random.default_rng(0).normal(size=(2, samples, channels)).astype(np.float32)
    names = feature_names(record.name)
    found = features(windows, record.rate_hz, record.name)
    assert found.shape == (2, len(names))
    assert len(set(names)) == len(names)
    if record.quality:
        quality, clipped = record.quality()(windows, record.rate_hz)
        assert quality.shape == clipped.shape == (2,)
    assert "quality" in record.usable_windows or not record.quality


def test_words_of_signals_do_not_meet() -> None:
    words = [word for record in MODALITIES.values() for word in record.words]
    files = [word for record in MODALITIES.values() for word in record.file_words]
    assert len(set(words)) == len(words)
    assert len(set(files)) == len(files)
    assert all(any(kind in record.feature_sets for record in MODALITIES.values()) for kind in FEATURE_SETS)


def _compass() -> HandMade:
    """The strength of the field and its direction."""

    def compute(values: np.ndarray, rate_hz: float) -> np.ndarray:
        mean = values.mean(axis=1)
        return np.concatenate([np.linalg.norm(mean, axis=1)[:, None], mean], axis=1).astype(np.float32)

    return HandMade(("strength", "x", "y", "z"), compute)


COMPASS = ModalityRecord(
    name="mag",
    title="magnetic field",
    unit="raw",
    rate_hz=10.0,
    window_s=2.0,
    rates_hz=(1.0, 200.0),
    channel_names="axes",
    words=frozenset({"mag", "magnetometer"}),
    file_words=("mag",),
    feature_sets={"compass": _compass},
    views="rotation",
    unnamed=False,
)


def test_a_further_signal_is_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found, opened, inspected, cut into windows and a store, with its features: no other line changes."""
    monkeypatch.setitem(MODALITIES, "mag", COMPASS)
    time = np.arange(500) / 50
    field = np.stack([40 * np.cos(0.2 * time), 40 * np.sin(0.2 * time), 20 + 0 * time], 1).round(4)
    rows = np.column_stack([time, np.tile([0, 0, 1.0], (500, 1)), field])
    header = "time,acc_x,acc_y,acc_z,mag_x,mag_y,mag_z"
    np.savetxt(tmp_path / "p01_walk.csv", rows, "%.4f", ",", header=header, comments="")

    (source,) = find_recordings([tmp_path], modality="mag").sources  # type: ignore[arg-type]
    recording = open_recording(source, Reading(modality="mag"))  # type: ignore[arg-type]
    assert recording.provenance["columns"] == ["mag_x", "mag_y", "mag_z"]
    assert (recording.unit, recording.unit_how) == ("raw", "raw, as in the file")
    (windows,) = iter_windows(recording, WindowSpec(COMPASS.rate_hz, COMPASS.window_s, COMPASS.window_s))
    assert windows.values.shape == (5, 20, 3)
    for missing in (windows.wear, windows.clipped, windows.movement_g, windows.quality):
        assert np.isnan(missing).all()
    found = dict(zip(feature_names("mag"), features(windows.values, 10.0, "mag").T, strict=True))
    # The mean of a field of 40 in the plane that turns by 0.4 rad, and of 20 upright.
    expected = np.hypot(40 * np.sinc(0.2 / np.pi), 20)
    np.testing.assert_allclose(found["strength"], expected, rtol=2e-3)
    np.testing.assert_allclose(found["z"], 20, rtol=1e-5)

    (row,) = inspect([tmp_path], modality="mag").recordings  # type: ignore[arg-type]
    assert (row.error, row.samples, row.wear, row.quality) == (None, 500, None, None)
    preprocess([tmp_path], tmp_path / "windows", modality="mag")  # type: ignore[arg-type]
    store = WindowStore.open(tmp_path / "windows")
    assert (store.settings.modality, store.settings.channels, store.settings.dtype) == (
        "mag",
        ("x", "y", "z"),
        "float32",
    )
    np.testing.assert_array_equal(store.take(np.arange(5)), windows.values)
