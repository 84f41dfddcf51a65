"""The command `wearcli compare`: the table on stderr, JSON on stdout, exit codes."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.comparison.test_tables import long_windows, noise, rewrite
from tests.probing.tables import study

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Run) -> Run:
    """`wearcli compare` with these words, in a folder with good.parquet and noise.parquet."""
    study(tmp_path, bouts=3, windows=4).rename(tmp_path / "good.parquet")
    rewrite(tmp_path / "good.parquet", tmp_path / "noise.parquet", noise)
    monkeypatch.chdir(tmp_path)
    return lambda *words: command("compare", *words, "--bootstrap", "50")


def test_the_table_has_a_row_a_model(run: Run) -> None:
    code, out, err = run("good.parquet", "noise.parquet", "--task", "activity")
    assert (code, out) == (0, ""), err
    lines = err.splitlines()
    told = "activity: classification of 3 classes, 96 windows, 8 participants, 5 folds by participant"
    assert lines[0] == f"{told}, linear probe"
    head = next(number for number, line in enumerate(lines) if line.startswith("model"))
    assert lines[head].split() == ["model", "macro-F1", "less", "features", "less", "first"]
    rows = [line.split()[0] for line in lines[head + 2 : head + 6]]
    assert rows == ["good", "noise", "features", "majority"]
    saved = json.loads(Path("comparisons/activity/comparison.json").read_text())
    shown = [float(word) for word in re.findall(r"-?\d*\.\d+", lines[head + 3])]
    expected = [
        score[key]
        for score in (
            saved["scores"]["noise"]["macro_f1"],
            saved["less_features"]["noise"]["macro_f1"],
            saved["less_first"]["noise"]["macro_f1"],
        )
        for key in ("mean", "low", "high")
    ]
    assert shown == pytest.approx(expected, abs=6e-4)
    assert "not corrected" not in err  # of two there is one comparison


def test_it_marks_what_differs_and_says_what_is_corrected(run: Run, command: Run, tmp_path: Path) -> None:
    rewrite(tmp_path / "good.parquet", tmp_path / "again.parquet")
    tables = ("good.parquet", "noise.parquet", "again.parquet")
    # Of the 50 draws of `run` no p is small enough.
    code, _, err = command("compare", *tables, "--task", "activity", "--bootstrap", "300")
    assert code == 0
    assert "*: p < 0.05, corrected for how many models are compared (Holm); intervals are not." in err
    rows = {line.split()[0]: line.rstrip() for line in err.splitlines() if line.strip()}
    assert rows["noise"].endswith("]*")
    assert rows["again"].endswith("[.000, .000]")  # the same embeddings as the first
    again = next(line for line in err.splitlines() if line.startswith("again"))
    assert again.rstrip().endswith(".000 [.000, .000]")


@pytest.mark.parametrize(("width", "first"), [(80, 0), (110, 2), (160, 2)])
def test_a_table_a_target_that_fits_the_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, width: int, first: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = run("good.parquet", "noise.parquet", "--task", "gait", "--overwrite")
    assert (code, out) == (0, ""), err
    assert "…" not in err
    lines = err.splitlines()
    heads = [line for line in lines if "MAE" in line and " r " in line]
    assert len(heads) == 2
    assert [line.split()[0] for line in heads] == ["stride_time_s", "cadence_spm"]
    for head in heads:
        assert head.count("less first") == first
        assert head.count("less features") == 2
    assert ("less first: paired difference to good." in err) == bool(first)
    begin = lines.index(heads[0])
    assert all(len(line) <= width for line in lines[begin : begin + 10])


def test_a_terminal_without_room_for_the_table_gets_lines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    code, out, err = run("good.parquet", "noise.parquet", "--task", "gait", "--overwrite")
    assert (code, out) == (0, ""), err
    begin = next(i for i, line in enumerate(err.splitlines()) if line.startswith("stride_time_s good: r "))
    assert all(len(line) <= 50 for line in err.splitlines()[begin : begin + 10])
    assert "cadence_spm noise: r " in err


def test_windows_of_two_lengths(run: Run, tmp_path: Path) -> None:
    rewrite(tmp_path / "good.parquet", tmp_path / "long.parquet", long_windows, {"window_s": 4.0})
    code, out, err = run("good.parquet", "long.parquet", "--task", "activity")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "--epoch" in err
    code, _, err = run("good.parquet", "long.parquet", "--task", "activity", "--epoch", "2")
    assert code == 0, err
    assert "left out: 0" not in err
    assert "features of long" in err
    assert "of the model's own windows" in err


def test_a_bad_model_is_named_and_the_exit_code_is_1(run: Run) -> None:
    Path("bad.parquet").write_text("no table")
    code, out, err = run("good.parquet", "bad.parquet", "nowhere", "--task", "activity", "--json")
    assert code == 1
    told = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert [line.split()[1] for line in told] == ["bad.parquet:", "nowhere:"]
    assert "(ecg-v1, motion-v5, ppg-v1, relcon-v1, simclr-fast-v1)" in told[1]
    document = json.loads(out)
    assert list(document["models"]) == ["good"]
    assert {failure["model"] for failure in document["failed"]} == {"bad", "nowhere"}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["good.parquet"], 2, "no task named: --task"),
        (["--task", "activity"], 2, "no model named"),
        (["good.parquet", "--task", "sleep"], 2, "unknown task"),
        (["good.parquet", "--task", "activity", "--kind", "x"], 2, "--kind"),
        (["good.parquet", "--task", "activity", "--min-quality", "7"], 2, "--min-quality takes 0 to 1"),
        (["nowhere", "--task", "activity"], 2, "no such model"),
        (["nowhere", "labels.csv", "--task", "activity"], 2, "nowhere: no such model: "),
        (["simclr-fast-v1", "--task", "activity"], 2, "--recordings"),
        (["good.parquet", "good.parquet", "--task", "activity"], 2, "given twice"),
        (["labels.parquet", "--task", "activity"], 1, "labels.parquet"),
    ],
)
def test_exit_codes(run: Run, words: list[str], code: int, says: str) -> None:
    Path("labels.parquet").write_text("no table")
    found, out, err = run(*words)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert says in err
    assert not Path("comparisons").exists()


def test_nothing_is_overwritten_unasked(run: Run) -> None:
    words = ["good.parquet", "--task", "activity"]
    assert run(*words)[0] == 0
    code, _, err = run(*words)
    assert (code, err.count("\n")) == (2, 1)
    assert "--overwrite" in err
    assert run(*words, "--overwrite")[0] == 0


def test_a_dry_run_says_what_would_be_embedded(run: Run, sample_data: Path) -> None:
    words = ["simclr-fast-v1", "good.parquet", "--recordings", str(sample_data), "--task", "activity"]
    code, out, err = run(*words, "--epoch", "10", "--dry-run")
    assert (code, out) == (0, "")
    assert "simclr-fast-v1: windows of 5 s at 50 Hz, 20 recordings to embed" in err
    assert "good: windows of 2 s at 50 Hz, 0 recordings to embed" in err
    assert "nothing was embedded" in err
    assert not Path("comparisons").exists()
