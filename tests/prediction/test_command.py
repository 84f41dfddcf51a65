"""The command `wearcli predict`: recordings, streams, exit codes, what people and programs read."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import wearcli
from wearcli.embedding.result import EmbedResult
from wearcli.prediction import inputs
from wearcli.prediction.inputs import recording_tables
from wearcli.probing.saved import load_probe

Run = Callable[..., tuple[int, str, str]]
NAMES = ("P01_daily", "P02_daily", "P04_daily", "P05_daily")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    """recordings/ of four people, their embeddings.parquet, and probes/activity."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "recordings").mkdir()
    for name in NAMES:
        shutil.copy(sample_data / f"{name}.parquet", folder / "recordings")
    shutil.copy(sample_data / "labels.csv", folder / "recordings")
    table = folder / "embeddings.parquet"
    wearcli.embed([folder / "recordings"], table, stride_s=2.0)  # not the model's own
    wearcli.probe(
        table, task="activity", probe="linear", bootstrap=10, folds=2, output=folder / "probes" / "activity"
    )
    return folder


@pytest.fixture
def run(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Run) -> Run:
    """`wearcli predict` with these words, where recordings/ and probes/ are."""
    for name in ("recordings", "probes"):
        shutil.copytree(place / name, tmp_path / name)
    shutil.copy(place / "embeddings.parquet", tmp_path)
    monkeypatch.chdir(tmp_path)
    return partial(command, "predict")


def test_recordings_are_embedded_as_their_table_was(run: Run) -> None:
    code, out, err = run("--probe", "probes/activity")  # recordings/, into predictions.parquet
    assert (code, out) == (0, ""), err
    assert run("embeddings.parquet", "--probe", "probes/activity", "-o", "t.parquet")[0] == 0
    assert pq.read_table("predictions.parquet").equals(pq.read_table("t.parquet"))
    rows = pd.read_parquet("predictions.parquet")
    assert list(dict.fromkeys(rows["recording"])) == list(NAMES)
    # On the people that it was fitted on nearly all is right.
    labels = pd.read_csv("recordings/labels.csv")
    right = []
    for row in rows.itertuples():
        mine = labels[(labels["recording"] == row.recording) & (labels["onset"] <= row.onset)]
        mine = mine[mine["onset"] + mine["duration"] >= row.onset + row.duration]
        right += [label == row.label for label in mine["label"]]
    assert len(right) > 600
    assert np.mean(right) > 0.9
    assert not [path for path in Path().iterdir() if path.name.startswith(".")]


def test_what_people_read_is_on_stderr_and_the_document_on_stdout(run: Run) -> None:
    words = ["embeddings.parquet", "--probe", "probes/activity", "--merge", "--min-bout", "10"]
    code, out, err = run(*words, "--json", "--csv")
    assert code == 0
    document = json.loads(out)
    assert {
        "task",
        "kind",
        "probe",
        "model",
        "recordings",
        "failed",
        "windows",
        "rows",
        "bouts",
        "left_out",
    } <= {*document}
    assert (document["task"], document["probe"], document["recordings"]) == ("activity", "linear", 4)
    assert document["output"] == "predictions.csv"
    bouts = pd.read_csv("predictions.csv")
    assert document["bouts"] == len(bouts) < document["rows"] == document["windows"]
    assert sum(document["hours"].values()) == pytest.approx(bouts["duration"].sum() / 3600)
    end = bouts["onset"] + bouts["duration"]
    following = bouts.groupby("recording")["onset"].shift(-1)
    assert not (end > following + 1e-6).any()
    assert "recorded is used" in err
    base = round(3600 * sum(document["hours"].values()))
    assert f"Shares are of {base // 3600}:{base // 60 % 60:02}:{base % 60:02}, the time that rows" in err
    assert "temperature" in err
    assert "a row a bout" in err
    for label, hours in document["hours"].items():
        line = next(line for line in err.splitlines() if line.startswith(label))
        minutes, seconds = divmod(round(hours * 3600), 60)  # 5 minutes may be 299.99... seconds
        assert line.split()[1] == f"0:{minutes:02}:{seconds:02}"


def test_one_recording_that_fails_is_named_and_the_rest_goes_on(run: Run) -> None:
    Path("recordings/P07_daily.csv").write_text("no numbers\n")
    code, out, err = run("--probe", "probes/activity", "--json")
    assert code == 1
    (failed,) = json.loads(out)["failed"]
    assert failed["recording"] == "P07_daily"
    assert "failed: recordings/P07_daily.csv" in err
    assert set(pd.read_parquet("predictions.parquet")["recording"]) == set(NAMES)
    for name in NAMES:
        Path(f"recordings/{name}.parquet").unlink()
    code, out, err = run("--probe", "probes/activity", "-o", "none.parquet")
    assert code == 1
    assert "nothing was embedded" in err
    assert not Path("none.parquet").exists()


def test_a_stream_that_breaks_off_is_an_error(run: Run, place: Path) -> None:
    sink = io.BytesIO()
    table = pq.read_table(place / "embeddings.parquet")
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    code, _, err = run("-", "--probe", "probes/activity", "--bids", stdin=sink.getvalue())
    assert code == 0, err
    assert len(list(Path("predictions").glob("*_events.tsv"))) == 4
    code, _, err = run("-", "--probe", "probes/activity", stdin=sink.getvalue()[: len(sink.getvalue()) // 2])
    assert (code, err.count("\n")) == (1, 1)
    assert "stdin" in err
    assert not Path("predictions.parquet").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "no probe named: --probe FOLDER (there is probes/activity)"),
        (["nowhere", "--probe", "probes/activity"], 2, "nowhere: no such file or folder"),
        (["--probe", "nowhere"], 2, "nowhere: no probe folder"),
        (["--probe", "probes/activity", "--use", "mlp"], 2, "has no probe mlp: --use takes linear, features"),
        (["--probe", "probes/activity", "--model", "ecg"], 2, "the probe was fitted on those of motion-v5"),
        (["embeddings.parquet", "--probe", "probes/activity", "--unit", "g"], 2, "embedded already"),
        (
            ["embeddings.parquet", "recordings", "--probe", "probes/activity"],
            2,
            "name no other path beside it",
        ),
        (["recordings/labels.csv", "--probe", "probes/activity"], 1, "failed"),
        (["--probe", "probes/activity", "--min-bout", "5"], 2, "add --merge or --bids"),
        (["--probe", "probes/activity", "--merge", "--min-bout", "-1"], 2, "seconds, 0 or more"),
        (["--probe", "probes/activity", "-o", "p.xlsx"], 2, "the suffix must be .parquet or .csv"),
        (["--probe", "probes/activity", "--csv", "-o", "p.parquet"], 2, "the suffix must be .csv"),
        (["--probe", "probes/activity", "--bids", "-o", "p.csv"], 2, "--bids writes a folder"),
        (["--probe", "probes/activity", "--bids", "--csv"], 2, "leave one of the two out"),
        (["--probe", "probes/activity", "-o", "embeddings.parquet"], 2, "is there already"),
        (
            ["--probe", "probes/activity", "--bids", "--overwrite", "-o", "recordings"],
            2,
            "holds something else",
        ),
    ],
)
def test_one_line_tells_what_cannot_be(run: Run, words: list[str], code: int, says: str) -> None:
    before = sorted(str(path) for path in Path().rglob("*"))
    found, out, err = run(*words)
    assert (found, out) == (code, "")
    assert says in err
    assert "Traceback" not in err
    assert code == 1 or err.count("\n") == 1
    assert sorted(str(path) for path in Path().rglob("*")) == before


def test_a_dry_run_says_what_would_be_embedded(run: Run) -> None:
    before = sorted(Path().rglob("*"))
    code, out, err = run("--probe", "probes/activity", "--dry-run", "--json", "--merge")
    assert code == 0
    assert json.loads(out)["plan"] == list(NAMES)
    assert json.loads(out)["output"] is None
    assert "would embed P05_daily" in err
    assert "would write a row a bout" in err
    assert sorted(Path().rglob("*")) == before


def test_a_probe_of_a_model_that_is_not_bundled_asks_for_it(run: Run) -> None:
    info = json.loads(Path("probes/activity/probe.json").read_text())
    info["model"]["name"] = "mine"
    Path("probes/activity/probe.json").write_text(json.dumps(info))
    code, _, err = run("--probe", "probes/activity")
    assert (code, err.count("\n")) == (2, 1)
    assert "fitted on mine, no bundled model: name its folder with --model" in err
    own = Path(inputs.load_model("motion-v5").folder)
    shutil.copytree(own, "mine")
    assert run("--probe", "probes/activity", "--model", "mine")[0] == 0


def test_an_interruption_while_embedding_exits_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> EmbedResult:
        return EmbedResult("motion-v5", "somewhere", interrupted=True)

    monkeypatch.setattr(inputs, "embed", interrupted)
    before = sorted(Path().rglob("*"))
    code, _, err = run("--probe", "probes/activity")
    assert (code, err) == (130, "interrupted: nothing is written\n")
    assert sorted(Path().rglob("*")) == before


def test_no_more_of_a_recording_comes_at_once_than_was_asked(place: Path, tmp_path: Path) -> None:
    saved, table = load_probe(place / "probes" / "activity"), pq.read_table(place / "embeddings.parquet")
    stream = tmp_path / "embeddings.arrow"
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table, max_chunksize=30)
    with recording_tables([stream], saved, "linear", at_most=50) as found:
        sizes: dict[str, list[int]] = {}
        for table in found.tables:
            assert len(set(table["recording"].to_pylist())) == 1
            sizes.setdefault(table["recording"][0].as_py(), []).append(len(table))
    assert list(sizes) == list(NAMES)
    for counts in sizes.values():
        assert set(counts[:-1]) == {50}
        assert counts[-1] <= 50
    with recording_tables([place / "embeddings.parquet"], saved, "linear") as found:
        assert [len(table) for table in found.tables] == [sum(counts) for counts in sizes.values()]


def test_torch_is_not_imported(run: Run) -> None:
    code = (
        "import sys, wearcli; wearcli.predict('embeddings.parquet', 'probes/activity', 'p.csv'); "
        "assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
