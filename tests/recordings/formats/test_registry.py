"""A format is one record: what finds, opens and embeds files knows none by its name."""

from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import read
from wearcli.embedding.reuse import files_behind
from wearcli.errors import InputError, UsageError
from wearcli.recordings.formats.format import FolderLayout, Format
from wearcli.recordings.formats.registry import FORMATS, accepted_formats
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.tables.table import Batch, Column, Table


def read_toy(path: Path, file_name: str) -> Table:
    """Plain float32, four a sample: time, x, y, z; the heart's in a file beside it."""
    rows = np.fromfile(path, np.float32).reshape(-1, 4)
    if not len(rows):
        raise InputError(f"{file_name}: holds no samples")
    columns = [Column(name, "number") for name in ("time", "x", "y", "z")]
    return Table(
        columns,
        lambda time, channels: iter(
            [Batch(rows[:, time].astype(float) if time is not None else None, rows[:, channels])]
        ),
        rows=len(rows),
    )


TOY = Format(
    "toy",
    "Toy .toy",
    (".toy", ".ty"),
    read_toy,
    gzip=False,
    accepts=lambda path: path.stat().st_size > 16,
    segments=lambda files: {path for path in files if path.stem.endswith("_part")},
    files_behind=lambda path: [path, path.with_suffix(".extra")],
)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Format:
    monkeypatch.setitem(FORMATS, "toy", TOY)
    return TOY


def write_toy(path: Path, seconds: float = 4.0) -> np.ndarray:
    time = np.arange(round(seconds * 50)) / 50
    rows = np.stack([time, 0.1 * np.sin(time), 0 * time, 1 + 0 * time], 1).astype(np.float32)
    path.parent.mkdir(exist_ok=True, parents=True)
    rows.tofile(path)
    return rows


def test_a_format_is_found_and_read_by_its_record_alone(tmp_path: Path, toy: Format) -> None:
    rows = write_toy(tmp_path / "P1" / "walk.TOY")
    write_toy(tmp_path / "P2" / "run.ty")
    write_toy(tmp_path / "P2" / "run_part.ty")  # a part of the other
    (tmp_path / "P2" / "short.toy").write_bytes(b"nothing")  # by its content none
    (tmp_path / "P2" / "packed.toy.gz").write_bytes(b"x" * 99)  # not from .gz
    sources = find_recordings([tmp_path]).sources
    assert [(s.recording, s.participant, s.format) for s in sources] == [
        ("walk", "P1", "toy"),
        ("run", "P2", "toy"),
    ]
    recording = open_recording(sources[0], Reading(unit="g"))
    time, values = read(recording)
    np.testing.assert_allclose(values, rows[:, 1:])
    np.testing.assert_allclose(time, rows[:, 0], atol=1e-6)
    assert recording.rate_hz == pytest.approx(50)
    assert files_behind(sources[0])[1].name == "walk.extra"
    assert "Toy .toy" in accepted_formats()


def test_without_its_record_there_is_no_such_format(tmp_path: Path) -> None:
    write_toy(tmp_path / "a.toy")
    with pytest.raises(UsageError, match="no recordings found"):
        find_recordings([tmp_path])
    with pytest.raises(InputError, match="unknown format 'toy': one of bids-motion, csv, tsv, parquet"):
        open_recording(Source("a", tmp_path / "a.toy", "toy", "p"))


def test_a_folder_may_be_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = FolderLayout(
        frozenset(("samples.csv",)),
        frozenset(("notes.csv",)),
        lambda folder: (folder / "samples.csv").exists(),
    )
    folder_toy = Format(
        "toys", "Toy folders", (), lambda path, name: read_toy(path / "samples.csv", name), folder=layout
    )
    monkeypatch.setitem(FORMATS, "toys", folder_toy)
    write_toy(tmp_path / "P1" / "rest" / "samples.csv")
    (tmp_path / "P1" / "rest" / "notes.csv").write_text("x,y,z\n1,2,3\n")
    (tmp_path / "P1" / "other.csv").write_text("time,x,y,z\n0,0,0,1\n0.02,0,0,1\n")
    sources = find_recordings([tmp_path]).sources
    assert [(s.recording, s.format) for s in sources] == [("other", "csv"), ("rest", "toys")]
    assert [s.path for s in find_recordings([sources[1].path / "samples.csv"]).sources] == [sources[1].path]
    assert len(read(open_recording(sources[1]))[0]) == 200


def test_records_agree_with_themselves() -> None:
    for name, record in FORMATS.items():
        assert record.name == name
        assert (record.read_table is None) != (record.read_recording is None)
        assert record.read_table is not None or record.modalities
        assert all(suffix == suffix.lower() and suffix.startswith((".", "_")) for suffix in record.suffixes)
        assert record.title in accepted_formats()
    # A zip may be of a phone app or of a wristband, told by what is in it.
    suffixes = [suffix for record in FORMATS.values() for suffix in record.suffixes if suffix != ".zip"]
    assert len(suffixes) == len({*suffixes})
