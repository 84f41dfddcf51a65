"""The embed command's contract, on small files and with a small model made here."""

import json
import os
import signal
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from wearcli._version import __version__
from wearcli.cli.app import app
from wearcli.embedding import job, reuse
from wearcli.embedding.embed import embed
from wearcli.embedding.pipeline import PIPELINE
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.stream import Stream
from wearcli.embedding.table import RECORDINGS_KEY, STREAM_END, read_table
from wearcli.errors import InputError, UsageError
from wearcli.models.folder import DEFAULT_MODEL, load_model
from wearcli.recordings.reading import Reading
from wearcli.recordings.study import sisters
from wearcli.signals.features.motion import FEATURE_NAMES, features


def write(path: Path, seconds: float = 60, seed: int = 0, rate: float = 100) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    values = rng.normal(scale=0.2, size=(len(time), 3)) + [0, 0, 1]
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame({"time": time, "x": values[:, 0], "y": values[:, 1], "z": values[:, 2]}).round(4)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    write(folder / "P01_a.csv", seed=1)
    write(folder / "P01_b.parquet", 33, seed=2)
    write(folder / "P02_a.csv.gz", 45, seed=3, rate=64)
    return folder


class Panic(BaseException):
    """As pyo3's PanicException: no `Exception`."""


def recordings_of(path: Path) -> list[str]:
    return read_table(path)[0]["recording"].unique().to_pylist()


def test_the_table_is_as_the_design_says(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "embeddings.parquet"
    result = embed([study], out)
    table, metadata = read_table(out)
    assert (result.recordings, result.windows, result.failed) == (3, 23 + 12 + 17, [])
    dimension = table.schema.field("embedding").type.list_size
    assert table.schema.remove_metadata().equals(
        pa.schema(
            [
                ("recording", pa.string()),
                ("participant", pa.string()),
                ("placement", pa.string()),
                ("start", pa.timestamp("us", tz="UTC")),
                ("onset", pa.float64()),
                ("duration", pa.float64()),
                ("embedding", pa.list_(pa.float32(), dimension)),
                ("features", pa.list_(pa.float32(), len(FEATURE_NAMES))),
                ("wear", pa.float32()),
                ("clipped", pa.float32()),
                ("missing", pa.float32()),
                ("movement_g", pa.float32()),
            ]
        )
    )
    assert metadata.feature_names == FEATURE_NAMES
    document = json.loads(pq.read_schema(out).metadata[b"wearcli"])
    assert {"version", "model", "rate_hz", "window_s", "stride_s", "unit", "arguments"} <= set(document)
    assert len(document["model"]["sha256"]) == 64
    frame = table.to_pandas()
    assert frame.groupby("recording").size().to_dict() == {"P01_a": 23, "P01_b": 12, "P02_a": 17}
    assert frame["participant"].tolist() == ["P01"] * 35 + ["P02"] * 17
    assert frame["onset"][:23].tolist() == [2.5 * i for i in range(23)]
    assert np.isfinite(np.stack(frame["embedding"].to_list())).all()


def by_hand(path: Path, model: str) -> tuple[np.ndarray, np.ndarray]:
    """Windows of a CSV at 100 Hz, 5 s every 2.5 s, and their embeddings: by pandas, scipy and onnxruntime."""
    import onnxruntime
    from scipy.signal import resample_poly

    signal = pd.read_csv(path)[["x", "y", "z"]].to_numpy()
    by_scipy = resample_poly(signal, 1, 2, axis=0, padtype="line").astype(np.float32)
    windows = np.stack([by_scipy[at : at + 250] for at in range(0, len(by_scipy) - 249, 125)])
    session = onnxruntime.InferenceSession(str(load_model(model).onnx_path))
    (found,) = session.run(None, {session.get_inputs()[0].name: windows})
    return windows, found


def similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


def test_the_features_are_those_of_the_windows(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study / "P01_a.csv"], out)
    frame = read_table(out)[0].to_pandas()
    windows, _ = by_hand(study / "P01_a.csv", DEFAULT_MODEL)
    assert len(frame) == len(windows) == 23
    means = [FEATURE_NAMES.index(name) for name in FEATURE_NAMES if name.endswith("_mean")][:3]
    np.testing.assert_allclose(
        np.stack(frame["features"].to_list())[:, means], features(windows, 50.0)[:, means], atol=2e-3
    )


def test_embeddings_of_noise_are_the_models(study: Path, tmp_path: Path) -> None:
    """Against the file read by pandas, resampled by scipy, and the model run by hand."""
    embed([study / "P01_a.csv"], tmp_path / "e.parquet")
    ours = np.stack(read_table(tmp_path / "e.parquet")[0].to_pandas()["embedding"].to_list())
    _, expected = by_hand(study / "P01_a.csv", DEFAULT_MODEL)
    # Two low-pass filters differ near the new Nyquist frequency; white noise has power there.
    assert similarity(ours, expected).min() > 0.98


def test_where_both_filters_agree_so_do_all_embeddings(tmp_path: Path) -> None:
    """A walk without noise: nothing near the new Nyquist frequency, and one rhythm."""
    time = np.arange(6000) / 100
    step = 2 * np.pi * (1.8 * time + 0.02 * np.sin(time / 3))
    axes = [0.1 * np.sin(step / 2), 0.2 * np.sin(step) + 0.1 * np.sin(time / 5), 1 + 0.3 * np.cos(step)]
    axes[2] += 0.1 * np.cos(2 * step + 1)
    pd.DataFrame({"time": time, "x": axes[0], "y": axes[1], "z": axes[2]}).to_csv(
        tmp_path / "P01_walk.csv", index=False
    )
    embed([tmp_path / "P01_walk.csv"], tmp_path / "e.parquet")
    ours = np.stack(read_table(tmp_path / "e.parquet")[0].to_pandas()["embedding"].to_list())
    _, expected = by_hand(tmp_path / "P01_walk.csv", DEFAULT_MODEL)
    assert similarity(ours, expected).min() > 0.98


def test_a_second_run_changes_nothing(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    before, stamp = out.read_bytes(), out.stat().st_mtime_ns
    result = embed([study], out)
    assert (result.embedded, result.kept, result.windows) == (0, 3, 52)
    assert out.read_bytes() == before
    assert out.stat().st_mtime_ns == stamp


def test_the_same_command_twice_gives_the_same_bytes(study: Path, tmp_path: Path) -> None:
    embed([study], tmp_path / "a.parquet", workers=1)
    embed([study], tmp_path / "b.parquet", workers=3)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_what_is_new_or_changed_is_embedded_alone(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    write(study / "P01_b.parquet", 40, seed=9)
    write(study / "P00_new.csv", 20, seed=4)
    result = embed([study], out)
    assert result.plan == {"P00_new": "embed", "P01_a": "keep", "P01_b": "embed", "P02_a": "keep"}
    assert (result.embedded, result.kept) == (2, 2)
    embed([study], tmp_path / "fresh.parquet")
    assert read_table(out)[0].equals(read_table(tmp_path / "fresh.parquet")[0])
    assert embed([study], out).embedded == 0


def made_by_another(path: Path, **changes: object) -> None:
    """The same table with other facts in its metadata; None takes a fact out."""
    table, notes = pq.read_table(path), pq.ParquetFile(path).metadata.metadata[RECORDINGS_KEY]
    document = json.loads(table.schema.metadata[b"wearcli"]) | changes
    text = json.dumps({key: value for key, value in document.items() if value is not None})
    with pq.ParquetWriter(path, table.schema.with_metadata({b"wearcli": text.encode()})) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({RECORDINGS_KEY: notes})


@pytest.mark.parametrize("pipeline", [None, PIPELINE + 1])
def test_rows_of_another_pipeline_are_not_kept(study: Path, tmp_path: Path, pipeline: int | None) -> None:
    """As rows of wearcli 0.1.0 were, whose document has no pipeline: its version never changed."""
    out = tmp_path / "e.parquet"
    embed([study], out)
    whole = out.read_bytes()
    made_by_another(
        out, version="0.1.0", pipeline=pipeline, feature_names=[f"older {name}" for name in FEATURE_NAMES]
    )
    result = embed([study], out, dry_run=True)
    assert set(result.plan.values()) == {"embed"}
    (note,) = result.notes
    assert note.startswith(f"{out}: its 3 recordings were embedded by wearcli 0.1.0, whose rows may differ")
    assert note.endswith(": all are embedded again")
    assert "\n" not in note
    result = embed([study], out)
    assert (result.embedded, result.kept) == (3, 0)
    assert out.read_bytes() == whole
    assert embed([study], out).notes == []


def test_rows_of_another_version_with_the_same_pipeline_are_kept(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    made_by_another(out, version="0.1.7")
    write(study / "P00_new.csv", 20, seed=4)
    result = embed([study], out)
    assert (result.embedded, result.kept, result.notes) == (1, 3, [])
    assert read_table(out)[1].version == __version__


def test_other_settings_are_refused_whatever_made_the_rows(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    made_by_another(out, pipeline=None)
    with pytest.raises(UsageError, match="made with another stride_s"):
        embed([study], out, stride_s=5.0)


@pytest.mark.parametrize("notes", [b"{", b"[]", b'{"P01_a": 3}', b'{"P01_a": {"windows": -1}}'])
def test_damaged_notes_of_recordings_are_one_line(study: Path, tmp_path: Path, notes: bytes) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    table = pq.read_table(out)
    with pq.ParquetWriter(out, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({RECORDINGS_KEY: notes})
    with pytest.raises(UsageError, match="is there and is not an embeddings table") as error:
        embed([study], out)
    assert "\n" not in str(error.value)


def test_an_interruption_loses_no_row_of_an_earlier_run(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    write(study / "P00_new.csv", 4000, seed=4)
    watcher = Watcher(advanced=lambda source, windows, share: os.kill(os.getpid(), signal.SIGINT))
    result = embed([study], out, watcher=watcher, batch=16)
    assert result.interrupted
    assert recordings_of(out) == ["P01_a", "P01_b", "P02_a"]
    assert embed([study], out).embedded == 1
    assert recordings_of(out) == ["P00_new", "P01_a", "P01_b", "P02_a"]


def interrupt_after(recording: str) -> Watcher:
    """Ctrl-C when this recording is done."""

    def finished(stream: Stream) -> None:
        if stream.source.recording == recording:
            os.kill(os.getpid(), signal.SIGINT)

    return Watcher(finished=finished)


def test_an_interrupted_overwrite_leaves_the_earlier_table(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    before = out.read_bytes()
    result = embed([study], out, stride_s=5.0, overwrite=True, watcher=interrupt_after("P01_a"))
    assert result.interrupted
    assert result.output == ""
    assert out.read_bytes() == before
    made_by_another(out, pipeline=PIPELINE - 1)
    before = out.read_bytes()
    assert embed([study], out, watcher=interrupt_after("P01_b")).interrupted
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_changed_recordings_that_an_interrupted_run_did_not_reach_keep_their_rows(
    study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    before = read_table(out)[0].to_pandas().set_index("recording")
    for name, seed in {"P01_a.csv": 5, "P01_b.parquet": 6}.items():
        write(study / name, 40, seed=seed)
    assert embed([study], out, watcher=interrupt_after("P01_a"), workers=1).interrupted
    after = read_table(out)[0].to_pandas().set_index("recording")
    assert len(after.loc["P01_a"]) != len(before.loc["P01_a"])
    for name in ("P01_b", "P02_a"):
        assert after.loc[name].equals(before.loc[name])
    again = embed([study], out)
    assert again.plan == {"P01_a": "keep", "P01_b": "embed", "P02_a": "keep"}


def test_a_second_run_into_one_table_is_told_so_at_once(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    refusals: list[str] = []

    def second(result: EmbedResult) -> None:
        with ThreadPoolExecutor(1) as pool:
            error = pool.submit(embed, [study], out).exception()
        assert isinstance(error, UsageError)
        refusals.append(str(error))

    assert embed([study], out, watcher=Watcher(planned=second)).embedded == 3
    assert len(refusals) == 1
    assert f"another run writes it (process {os.getpid()} on" in refusals[0]


def test_progress_knows_how_much_is_done(study: Path, tmp_path: Path) -> None:
    shares: dict[str, list[float]] = {}
    watcher = Watcher(advanced=lambda source, n, share: shares.setdefault(source.recording, []).append(share))
    result = embed([study], tmp_path / "e.parquet", watcher=watcher, batch=3)
    # The last window's onset, over the length: 55 of 60 s in the CSV, whose length is told by its size.
    assert shares["P01_a"] == sorted(shares["P01_a"])
    assert shares["P01_a"][-1] == pytest.approx(55 / 60, abs=0.03)
    assert shares["P01_b"][-1] == pytest.approx(27.5 / 33, abs=1e-6)
    assert set(shares["P02_a"]) == {0.0}  # a gzipped file does not say how long it is
    assert result.sizes["P01_b"] == (study / "P01_b.parquet").stat().st_size


def test_a_changed_sidecar_is_a_change(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    (study / "recordings.csv").write_text(
        "recording,file,participant,placement\nP01_a,P01_a.csv,anna,wrist\n"
    )
    result = embed([study], out)
    assert result.plan["P01_a"] == "embed"
    rows = read_table(out)[0].to_pandas().set_index("recording").loc["P01_a"]
    assert set(rows["participant"]) == {"anna"}
    assert set(rows["placement"]) == {"wrist"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stride_s": 5.0}, "stride_s"),
        ({"max_missing": 0.5}, "max_missing"),
        ({"reading": Reading(unit="g")}, "unit"),
    ],
)
def test_other_settings_are_refused(study: Path, tmp_path: Path, change: dict, message: str) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    with pytest.raises(UsageError, match=message):
        embed([study], out, **change)
    assert embed([study], out, overwrite=True, **change).embedded == 3


def test_a_flag_that_is_left_out_again_is_another_setting(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out, reading=Reading(unit="g"))
    with pytest.raises(UsageError, match="unit = g, now None"):
        embed([study], out)


def test_a_rerun_without_news_reads_no_row(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "e.parquet"
    first = embed([study], out)
    monkeypatch.delattr(reuse.EarlierTable, "rows")
    again = embed([study], out)
    assert (again.windows, again.recordings, again.hours) == (first.windows, 3, pytest.approx(first.hours))


def test_a_table_of_other_recordings_is_not_replaced(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    embed([study], out)
    with pytest.raises(UsageError, match="not among these inputs"):
        embed([study / "P01_a.csv"], out)
    other = tmp_path / "notes.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(other)
    with pytest.raises(UsageError, match="not an embeddings table"):
        embed([study], other)


def test_one_bad_file_is_named_and_the_rest_goes_on(study: Path, tmp_path: Path) -> None:
    (study / "P03_bad.csv").write_text("time,x,y,z\n0,nonsense,1,2\n0.01,a,b,c\n")
    (study / "P04_bad.parquet").write_bytes(b"PAR1 and then nothing")
    out = tmp_path / "e.parquet"
    run = CliRunner().invoke(app, ["embed", str(study), "-o", str(out), "--json"])
    assert run.exit_code == 1
    document = json.loads(run.stdout)
    assert {"recordings", "failed", "windows", "hours", "seconds", "windows_per_s", "model", "output"} <= set(
        document
    )
    assert sorted(each["recording"] for each in document["failed"]) == ["P03_bad", "P04_bad"]
    assert all("\n" not in each["error"] for each in document["failed"])
    assert recordings_of(out) == ["P01_a", "P01_b", "P02_a"]
    # Mended, they alone are embedded.
    write(study / "P03_bad.csv")
    write(study / "P04_bad.parquet")
    assert embed([study], out).embedded == 2


def test_a_file_that_breaks_off_late_leaves_no_row(study: Path, tmp_path: Path) -> None:
    lines = (study / "P01_a.csv").read_text().splitlines()
    lines[5500] = "55.0,oops,0.1,0.2"
    (study / "P01_a.csv").write_text("\n".join(lines))
    out = tmp_path / "e.parquet"
    result = embed([study], out, batch=2)
    assert [each["recording"] for each in result.failed] == ["P01_a"]
    assert recordings_of(out) == ["P01_b", "P02_a"]


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (KeyError("x"), "cannot be read ('x' is not there): is the file whole?"),
        (MemoryError(), "cannot be read: not enough memory: use fewer --workers"),
        (zlib.error("bad"), "cannot be read (bad): is the file whole?"),
        (UnicodeError("y\nz"), "cannot be read (y): is the file whole?"),
        (ValueError(), "cannot be read (its content is damaged): is the file whole?"),
        (Panic("byte index 2550"), "cannot be read (byte index 2550): is the file whole?"),
        (SystemExit(3), "cannot be read (3): is the file whole?"),
    ],
)
@pytest.mark.parametrize("step", ["open_recording", "iter_windows", "features"])
def test_whatever_a_broken_file_raises_the_rest_goes_on(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, fault: str, step: str
) -> None:
    if step == "features" and isinstance(error, SystemExit):
        pytest.skip("what ends a pool's thread ends the run")
    module = sisters if step == "open_recording" else job
    real = getattr(module, step)

    def failing(*arguments):
        first = arguments[0]
        if step == "open_recording":
            broken = first.recording == "P01_b"
        elif step == "iter_windows":
            broken = first.source.recording == "P01_b"
        else:
            broken = len(first) == 12  # P01_b's only batch
        if broken:
            raise error
        return real(*arguments)

    monkeypatch.setattr(module, step, failing)
    result = embed([study], tmp_path / "e.parquet")
    assert [failure["recording"] for failure in result.failed] == ["P01_b"]
    assert result.failed[0]["error"] == f"{study / 'P01_b.parquet'}: {fault}"
    assert recordings_of(tmp_path / "e.parquet") == ["P01_a", "P02_a"]


def test_rows_that_fail_end_a_long_recording(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reader must not wait for ever for somebody to take what it reads."""
    real, calls = job.features, []

    def failing(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise Panic("first batch")
        return real(*arguments)

    monkeypatch.setattr(job, "features", failing)
    result = embed([study], tmp_path / "e.parquet", batch=1, workers=1)
    assert [failure["recording"] for failure in result.failed] == ["P01_a"]
    assert recordings_of(tmp_path / "e.parquet") == ["P01_b", "P02_a"]


def test_a_dangling_link_is_one_failed_recording(study: Path, tmp_path: Path) -> None:
    (study / "P05_annexed.csv").symlink_to(tmp_path / "not here")
    result = embed([study], tmp_path / "e.parquet")
    assert len(result.plan) - len(result.failed) == 3


def test_a_rerun_whose_only_news_fails_leaves_the_file_alone(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    (study / "P05_bad.csv").write_text("time,x,y,z\n")
    embed([study], out)
    stamp = out.stat().st_mtime_ns
    result = embed([study], out)
    assert (len(result.failed), result.kept) == (1, 3)
    assert out.stat().st_mtime_ns == stamp


def test_too_short_for_a_window_is_said(study: Path, tmp_path: Path) -> None:
    write(study / "P03_short.csv", 2)
    run = CliRunner().invoke(app, ["embed", str(study), "-o", str(tmp_path / "e.parquet")])
    assert run.exit_code == 0
    assert "P03_short: no window: shorter than 5 s" in run.stderr


def test_a_stream_that_breaks_off_is_not_taken_as_whole(study: Path, tmp_path: Path) -> None:
    embed([study], tmp_path / "e.arrow", batch=2)
    whole = (tmp_path / "e.arrow").read_bytes()
    assert read_table(tmp_path / "e.arrow")[0].num_rows == 52
    (tmp_path / "cut.arrow").write_bytes(whole[: -len(STREAM_END)])
    with pytest.raises(InputError, match="broke off"):
        read_table(tmp_path / "cut.arrow")


def test_format_and_output_agree(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["embed", str(study), "--format", "jsonl"]).exit_code == 0
    assert len(Path("embeddings.jsonl").read_text().splitlines()) == 52
    with pytest.raises(UsageError, match="suffix says"):
        embed([study], "e.parquet", form="arrow")


def test_jsonl_tells_of_each_recording(study: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["embed", str(study), "-o", str(tmp_path / "e.parquet"), "--jsonl"])
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [(line["recording"], line["windows"], line["error"]) for line in lines] == [
        ("P01_a", 23, None),
        ("P01_b", 12, None),
        ("P02_a", 17, None),
    ]


def test_nothing_readable_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "P01_a.csv").write_text("time,x,y,z\n")
    run = CliRunner().invoke(app, ["embed", str(tmp_path), "-o", str(tmp_path / "e.parquet")])
    assert run.exit_code == 1
    assert not (tmp_path / "e.parquet").exists()


def test_dry_run_writes_nothing_and_says_what(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.parquet"
    run = CliRunner().invoke(app, ["embed", str(study), "-o", str(out), "--dry-run"])
    assert run.exit_code == 0
    assert "would embed P01_b" in run.stderr
    assert run.stdout == ""
    assert not out.exists()


@pytest.mark.parametrize("suffix", ["arrow", "jsonl"])
def test_the_other_formats_hold_the_same(study: Path, tmp_path: Path, suffix: str) -> None:
    embed([study], tmp_path / "e.parquet")
    embed([study], tmp_path / f"e.{suffix}")
    true = read_table(tmp_path / "e.parquet")[0].to_pylist()
    if suffix == "arrow":
        assert read_table(tmp_path / "e.arrow")[0].to_pylist() == true
        return
    rows = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert [row["onset"] for row in rows] == [row["onset"] for row in true]
    np.testing.assert_allclose(rows[3]["embedding"], true[3]["embedding"], rtol=1e-6)


def wearcli(*arguments: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "wearcli", *arguments], capture_output=True, check=False, **more
    )


def test_the_stream_on_stdout_is_arrow_and_nothing_else(study: Path, tmp_path: Path) -> None:
    run = wearcli("embed", str(study), "-o", "-")
    assert run.returncode == 0, run.stderr
    table = pa.ipc.open_stream(run.stdout).read_all()
    embed([study], tmp_path / "e.parquet")
    assert table.equals(read_table(tmp_path / "e.parquet")[0])
    assert b"wearcli" in table.schema.metadata


def test_nothing_is_written_outside_the_output_and_torch_is_not_imported(study: Path, tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    code = (
        "import sys, runpy; sys.argv = ['wearcli', 'embed', sys.argv[1]]\n"
        "try:\n    runpy.run_module('wearcli', run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "assert 'onnxruntime' in sys.modules and 'torch' not in sys.modules"
    )
    before = sorted(path for path in study.rglob("*"))
    run = subprocess.run(
        [sys.executable, "-c", code, str(study)], cwd=work, env=environment, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    assert [path.name for path in work.rglob("*")] == ["embeddings.parquet"]
    assert list(home.rglob("*")) == []
    assert sorted(path for path in study.rglob("*")) == before


def test_stdout_carries_one_thing(study: Path) -> None:
    run = CliRunner().invoke(app, ["embed", str(study), "-o", "-", "--json"])
    assert isinstance(run.exception, UsageError)


def test_a_window_that_the_model_does_not_take_is_refused(study: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes windows of"):
        embed([study], tmp_path / "e.parquet", window_s=1.25)


def test_statistics_do_not_bloat_and_groups_are_shared(study: Path, tmp_path: Path) -> None:
    embed([study], tmp_path / "e.parquet")
    assert pq.ParquetFile(tmp_path / "e.parquet").num_row_groups == 1


def test_doubt_about_participants_stands_in_the_table_until_they_are_named(tmp_path: Path) -> None:
    folder, out = tmp_path / "recordings", tmp_path / "e.parquet"
    for day in ("day1", "day2"):
        write(folder / f"{day}.csv", 12)
    result = embed([folder], out)
    assert "no people" in result.participant_doubt
    table, metadata = read_table(out)
    assert metadata.participant_doubt == result.to_json()["participant_doubt"] == result.participant_doubt
    before = out.read_bytes()
    embed([folder], out)
    assert out.read_bytes() == before
    # The same participant, now certain: no row is embedded again, and the doubt is gone.
    (folder / "recordings.csv").write_text("file,participant\nday1.csv,recordings\nday2.csv,recordings\n")
    again = embed([folder], out)
    assert (again.kept, again.embedded, again.participant_doubt) == (2, 0, "")
    certain, metadata = read_table(out)
    assert metadata.participant_doubt is None
    assert certain.equals(table)
