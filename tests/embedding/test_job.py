"""One job in another process gives the rows that the engine's threads give."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from wearcli.embedding.embed import embed
from wearcli.embedding.job import EmbedJob
from wearcli.embedding.table import read_table
from wearcli.errors import InputError
from wearcli.models.folder import load_model
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
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
