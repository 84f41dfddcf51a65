"""One job in another process gives the rows that the engine's threads give."""

import gc
import multiprocessing
import pickle
import threading
import weakref
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from wearcli.embedding.embed import embed
from wearcli.embedding.engine import embed_recordings
from wearcli.embedding.job import EmbedJob
from wearcli.embedding.table import read_table
from wearcli.errors import InputError
from wearcli.models.folder import load_model
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.signals.windows import Findings, WindowSpec


def write(path: Path, seconds: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal([0, 0, 1], 0.2, (seconds * 50, 3)).astype(np.float32)
    np.savez(path, acc=values, rate_hz=50.0)


@pytest.fixture
def job() -> EmbedJob:
    model = load_model()
    config = model.config
    spec = WindowSpec(config.rate_hz, config.window_s, 2.5)
    return EmbedJob(model, spec, Reading(channels=3), None, batch=7)


def in_a_process(job: EmbedJob, source: Source) -> tuple[pa.Table, Findings]:
    findings = Findings()
    return pa.Table.from_batches(job.batches(source, findings)), findings


def test_another_process_makes_the_same_rows(tmp_path: Path, job: EmbedJob) -> None:
    for number in range(2):
        write(tmp_path / f"P{number}.npz", 40 + number, number)
    sources = find_recordings([tmp_path]).sources
    job.encoder(np.zeros((1, 250, 3), np.float32))  # a loaded graph stays behind
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(in_a_process, [job] * 2, sources))
    embed([tmp_path], tmp_path / "e.parquet", stride_s=2.5)
    expected = read_table(tmp_path / "e.parquet")[0].replace_schema_metadata(None)
    rows = pa.concat_tables([table for table, _ in results])
    assert rows.drop_columns(["embedding"]).equals(expected.drop_columns(["embedding"]))
    ours, theirs = (np.stack(table["embedding"].to_pylist()) for table in (rows, expected))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)  # batches of other sizes sum in another order
    assert [findings.windows for _, findings in results] == [15, 15]


def test_a_pickled_job_is_small_and_equal(job: EmbedJob) -> None:
    assert job.encoder.dimension == job.model.config.dimension
    text = pickle.dumps(job)
    assert len(text) < 100_000  # no weights
    assert pickle.loads(text) == job


def test_a_recording_that_cannot_be_read_is_an_input_error(tmp_path: Path, job: EmbedJob) -> None:
    (tmp_path / "P1.npz").write_bytes(b"nothing")
    (source,) = find_recordings([tmp_path]).sources
    with pytest.raises(InputError, match=r"P1\.npz"):
        list(job.batches(source, Findings()))


class Spoiled:
    """A graph that makes a number that is not finite of some windows."""

    def __init__(self, dimension: int, every: int) -> None:
        self.dimension, self._every, self._count = dimension, every, 0

    def __call__(self, values: np.ndarray) -> np.ndarray:
        out = np.zeros((len(values), self.dimension), np.float32)
        for row in out:
            row[3] = [-np.inf, np.nan, np.inf][self._count % 3] if self._count % self._every == 1 else 1.0
            self._count += 1
        return out


def test_a_row_that_is_not_finite_never_reaches_the_table(
    tmp_path: Path, job: EmbedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did; now the windows are left out and counted, and the model is named."""
    write(tmp_path / "P1.npz", 100, 1)
    graph = Spoiled(job.encoder.dimension, every=4)
    monkeypatch.setattr("wearcli.embedding.job.Encoder", lambda model: graph)
    result = embed([tmp_path], tmp_path / "e.parquet", stride_s=2.5, workers=1)
    rows = read_table(tmp_path / "e.parquet")[0]
    embedding = np.stack(rows["embedding"].to_numpy())
    assert np.isfinite(embedding).all()
    assert (result.windows, len(rows), result.windows_dropped) == (29, 29, 10)
    assert result.warnings["P1"] == [
        f"10 windows without a row: model {job.model.name} makes numbers of it that are not finite"
    ]
    monkeypatch.setattr(Spoiled, "__call__", lambda self, values: np.full((len(values), 1), np.nan))
    failed = embed([tmp_path], tmp_path / "f.parquet", stride_s=2.5)
    assert failed.failed[0]["error"].endswith("are not finite: take another model, or leave it out")
    assert not (tmp_path / "f.parquet").exists()


def test_samples_and_features_that_are_not_finite(
    tmp_path: Path, job: EmbedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "P1.npz", 40, 1)
    (source,) = find_recordings([tmp_path]).sources
    recording, findings = job.open(source), Findings()
    (first, *_) = job.windows(recording, Findings())
    first.values[2, 17, 1] = np.inf
    assert job.rows(recording, first, findings).num_rows == len(first) - 1
    assert job.rows(recording, first, findings)["onset"].to_pylist() == [
        onset for i, onset in enumerate(first.onset_s.tolist()) if i != 2
    ]
    first.values[:] = np.nan
    assert job.rows(recording, first, Findings()).num_rows == 0
    first.values[:] = 1.0

    def poor(values: np.ndarray, *_: object) -> np.ndarray:
        return np.where(np.arange(len(values)) == 1, np.nan, 1.0)[:, None]

    monkeypatch.setattr("wearcli.embedding.job.features", poor)
    assert job.rows(recording, first, findings).num_rows == len(first) - 1
    assert findings.spoiled == {"its samples are not finite": 2, "its features are not finite": 1}


class _Reader:
    """Stands for a reader of a library, which has threads of its own."""


class _FailingJob(EmbedJob):
    """A job that fails in the midst of a library."""

    def open(self, source: Source) -> Recording:
        """Raise as a damaged file makes a library raise; its reader is in a frame."""
        reader = _Reader()
        READERS.append(weakref.ref(reader))
        try:
            raise ValueError("damaged")
        except ValueError as error:
            raise InputError(f"{source.path}: damaged") from error


READERS: list["weakref.ref[_Reader]"] = []


def test_a_recording_that_failed_keeps_no_reader(tmp_path: Path, job: EmbedJob) -> None:
    """One that lived until the process ended made Python abort, as its threads still read."""
    failing = _FailingJob(job.model, job.spec, job.reading, None, 7)
    gc.collect()
    gc.disable()
    try:
        for stream in embed_recordings([Source("a", tmp_path / "a.csv", "csv", "p")], failing, 1):
            assert list(stream.batches(threading.Event())) == []
            assert "damaged" in str(stream.error)
        assert [reader() for reader in READERS] == [None]
    finally:
        gc.enable()
