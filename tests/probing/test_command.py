"""The command `wearcli probe`: streams, JSON, exit codes."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.probing.tables import study
from wearcli.cli.app import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`wearcli probe` with these words in a study's folder: exit code, stdout, stderr."""
    study(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wearcli", "probe", *words])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        code = 0
        try:
            main()
        except SystemExit as done:
            code = int(done.code or 0)
        return (code, *capsys.readouterr())

    return call


def test_an_arrow_stream_on_stdin_gives_one_json_document(run: Run) -> None:
    sink = pa.BufferOutputStream()
    table = pq.read_table("embeddings.parquet")
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=50)
    words = [
        "-",
        "--task",
        "activity",
        "--labels",
        "labels.csv",
        "--json",
        "-o",
        "p1",
        "--bootstrap",
        "50",
        "--probe",
        "linear",
    ]
    code, out, err = run(*words, stdin=sink.getvalue().to_pybytes())
    assert code == 0, err
    document = json.loads(out)
    assert {"task", "kind", "n_windows", "n_participants", "folds", "scores"} <= set(document)
    assert set(document["scores"]) == {"linear", "features", "majority"}
    saved = json.loads(Path("p1/probe.json").read_text())
    assert document == {key: saved[key] for key in document}


def test_the_table_is_on_stderr_and_fits_a_terminal(run: Run) -> None:
    code, out, err = run("--task", "gait", "--probe", "linear", "--bootstrap", "50")
    assert (code, out) == (0, ""), err
    for words in ("stride_time_s", "cadence_spm", "linear", "features", "mean", "ICC(2,1)", "probes/gait"):
        assert words in err
    assert "…" not in err
    rows = [line for line in err.splitlines() if line.startswith(("probe ", "linear ", "features ", "mean "))]
    assert len(rows) >= 8
    assert max(map(len, rows)) <= 80
    assert Path("probes/gait/probe.json").is_file()
    assert run("--task", "gait")[0] == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--task", "sleep"], 2),
        ([], 2),
        (["--task", "activity", "--kind", "x"], 2),
        (["labels.csv", "--task", "gait"], 1),
        (["--folds", "x"], 2),
        (["--task", "gait", "--probe", "forest"], 2),
    ],
)
def test_exit_codes(run: Run, words: list[str], code: int) -> None:
    found, out, err = run(*words)
    assert (found, out) == (code, "")
    assert "Traceback" not in err


def test_a_dry_run_says_what_would_be_probed(run: Run) -> None:
    code, _, err = run("--task", "activity", "--epoch", "4", "--dry-run")
    assert code == 0
    assert "nothing was fitted" in err
    assert not Path("probes").exists()


def test_probing_never_imports_torch(run: Run) -> None:
    text = "import sys, wearcli.probing.probe; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
