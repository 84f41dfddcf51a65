"""The command `wearcli probe`: streams, JSON, exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from tests.probing.tables import study
from wearcli.cli.app import app
from wearcli.probing.kinds import KINDS, load_kind
from wearcli.probing.saved import load_probe

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Run) -> Run:
    """`wearcli probe` with these words in a study's folder: exit code, stdout, stderr."""
    study(tmp_path)
    monkeypatch.chdir(tmp_path)
    return partial(command, "probe")


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
    assert document["label_tables"] == ["labels.csv"]
    assert "  labels: labels.csv\n" in err
    saved = json.loads(Path("p1/probe.json").read_text())
    assert document == {key: saved[key] for key in document}


@pytest.mark.parametrize(("width", "intervals"), [(60, 0), (80, 1), (120, 3), (200, 5)])
def test_the_table_is_on_stderr_and_fits_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, width: int, intervals: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = run("--task", "gait", "--probe", "linear", "--bootstrap", "50")
    assert (code, out) == (0, ""), err
    for words in ("stride_time_s", "cadence_spm", "linear", "features", "mean", "ICC(2,1)", "probes/gait"):
        assert words in err
    assert "…" not in err
    lines = err.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("target"))
    titles = ["target", "probe", "r", "MAE", "RMSE", "R2", "ICC", "bias", "limits"]
    shown = lines[head].split()
    assert shown == [title for title in titles if title in shown]
    assert {"r", "MAE", "R2", "ICC", "limits"} <= set(shown)
    assert {"RMSE", "bias"} <= set(shown) or width < 120
    table = lines[head : head + 2 + 3 + 1 + 3]  # a head, and two targets of three probes
    assert max(len(line.rstrip()) for line in table) <= width
    rows = [line for line in table[2:] if line.strip()]
    saved = json.loads(Path("probes/gait/probe.json").read_text())["scores"]["linear"]
    assert rows[0].split()[:2] == ["stride_time_s", "linear"]
    assert float(rows[0].split()[2]) == pytest.approx(saved["stride_time_s.r"]["mean"], abs=6e-4)
    assert rows[0].count("[") == intervals
    assert [row.split()[0] for row in rows[1:]] == ["features", "mean", "cadence_spm", "features", "mean"]
    assert run("--task", "gait")[0] == 2


def test_one_target_and_classes_have_a_table_with_every_interval(run: Run) -> None:
    for words in (["--task", "activity"], ["--task", "gait", "--target", "cadence_spm"]):
        code, _, err = run(*words, "--probe", "linear", "--bootstrap", "50")
        assert code == 0, err
        assert "…" not in err
        assert max(len(line) for line in err.splitlines() if line.startswith(("linear", "  "))) <= 80
        assert "of linear less that of features: " in err


def test_options_are_named_alike_in_the_file_and_on_the_command_line(run: Run) -> None:
    Path("wearcli.toml").write_text(
        '[probe]\ntask = "activity"\nprobe = "linear"\njson = true\nbootstrap = 10\nkeep-nonwear = true\n'
    )
    code, out, err = run()
    assert code == 0, err
    assert set(json.loads(out)["scores"]) == {"linear", "features", "majority"}
    assert json.loads(Path("probes/activity/probe.json").read_text())["arguments"]["keep_nonwear"]
    for name in ("probe", "sample"):
        for option in typer.main.get_group(app).commands[name].params:
            flags = {flag.lstrip("-").replace("-", "_") for flag in option.opts}
            assert option.name in flags


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


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--level", "participant", "--epoch", "10"], 2, "--epoch 10 with --level participant"),
        (["--level", "person"], 2, "unknown level 'person': --level window or participant"),
        (["--min-segments", "5"], 2, "--min-segments 5: for --level participant alone"),
        (["--level", "participant", "--min-segments", "99"], 1, "lower --min-segments"),
        (["--positive", "run"], 2, "the classes there are rest, stairs, walk"),
        (["--min-quality", "2"], 2, "--min-quality takes 0 to 1"),
    ],
)
def test_levels_classes_and_quality_that_cannot_be(run: Run, words: list[str], code: int, says: str) -> None:
    found, out, err = run("--task", "activity", *words)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert says in err
    assert not Path("probes").exists()


def test_participants_are_probed_by_their_means(run: Run) -> None:
    words = ["--level", "participant", "--min-segments", "30", "--probe", "linear", "--bootstrap", "50"]
    code, out, err = run("--task", "age", *words, "--json")
    assert code == 0, err
    document = json.loads(out)
    assert (document["level"], document["min_segments"], document["n_samples"]) == ("participant", 30, 8)
    assert "age: regression, 8 means of 240 windows, 8 participants, 5 folds by participant" in err
    assert json.loads(Path("probes/age/probe.json").read_text())["arguments"]["min_quality"] == 0.5


def test_two_classes_have_a_partial_area_beside_the_whole(run: Run) -> None:
    words = ["--task", "activity", "--positive", "walk", "--probe", "linear", "--bootstrap", "50"]
    code, _, err = run(*words)
    assert code == 0, err
    head = next(line for line in err.splitlines() if line.startswith("probe"))
    assert head.split()[-4:] == ["AUROC", "pAUROC", "10", "%"]
    assert max(len(line.rstrip()) for line in err.splitlines() if line.startswith(("probe", "linear"))) <= 80
    assert "AUROC: of 'walk'; pAUROC 10 %: to a false positive rate of 10 %" in err
    assert "…" not in err


def test_a_dry_run_says_what_would_be_probed(run: Run) -> None:
    code, _, err = run("--task", "activity", "--epoch", "4", "--dry-run")
    assert code == 0
    assert "nothing was fitted" in err
    assert not Path("probes").exists()


def test_probing_never_imports_torch(run: Run) -> None:
    text = "import sys, wearcli.probing.probe; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_several_kinds_are_fitted_saved_and_applied(run: Run, command: Run) -> None:
    words = ["--probe", "linear,mlp", "--probe", ",".join(KINDS), "--bootstrap", "20"]
    code, out, err = run("--task", "activity", *words, "--json")
    assert code == 0, err
    document = json.loads(out)
    assert [*document["scores"]] == [*KINDS, "features", "majority"]
    assert [*document["differences"]] == [*document["calibration"]][:-1] == [*KINDS]
    saved = json.loads(Path("probes/activity/probe.json").read_text())
    assert saved["arguments"]["probe"] == f"linear,mlp,{','.join(KINDS)}"
    table = pq.read_table("embeddings.parquet")
    vectors = np.stack(table["embedding"].to_pylist())
    probes = load_probe(Path("probes/activity"))
    for kind in KINDS:
        assert document["scores"][kind]["macro_f1"]["mean"] > 0.8, kind
        assert load_kind(kind).protocol in saved["protocol"]
        wanted = probes.predict(vectors, kind, "label").argmax(axis=1)
        output = f"{kind}.parquet"
        options = ["--probe", "probes/activity", "--use", kind, "-o", output]
        code, _, err = command("predict", "embeddings.parquet", *options)
        assert code == 0, err
        assert pq.read_table(output)["label"].to_pylist() == [document["classes"][code] for code in wanted]
