"""The picture of the curves and the event files: both say what the log says."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from matplotlib.figure import Figure

from tests.training import make
from wearcli.errors import UsageError
from wearcli.training import curves
from wearcli.training.curves import curve_panels, draw_curves, read_log
from wearcli.training.pretrain import shown
from wearcli.training.settings import Watching
from wearcli.training.tensorboard import check_tensorboard, event_files

LOG = [
    {"step": 0, "watch_macro_f1": 0.31, "watch_features": 0.52, "seconds": 0.0},
    {"step": 20, "loss": 4.5, "lr": 1e-3, "grad_norm": 2.0, "seconds": 1.0},
    {"step": 30, "validation_loss": 4.2, "effective_rank": 64.0, "rank_share": 0.25, "uniformity": -1.0},
    {"step": 30, "watch_macro_f1": 0.61, "watch_features": 0.52, "seconds": 1.5},
    {"step": 40, "loss": 3.5, "lr": 5e-4, "grad_norm": 1.0, "seconds": 2.0},
    {"step": 60, "validation_loss": 4.3, "effective_rank": 80.0, "rank_share": 0.3125, "uniformity": -2.0},
]
LOG[2]["alignment"], LOG[5]["alignment"] = 0.5, 0.25
FIRST = [
    {"step": 20, "loss": 1.0, "lr": 1e-2},
    {"step": 40, "loss": 0.25, "validation_loss": 0.5, "lr": 1e-2},
]


def write(run: Path, lines: list[dict], cut: str = "") -> Path:
    run.mkdir(parents=True, exist_ok=True)
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + cut)
    return run


def drawn(lines: list[dict], first: list[dict]) -> dict[str, list[tuple[str, list, list]]]:
    """Of each panel by its title: the lines in it as (label, x, y), a twin axis's after the others."""
    found = {}
    for title, draw, log in curve_panels(lines, first):
        figure = Figure()
        draw(figure.add_subplot(), log)
        found[title] = [
            (str(line.get_label()), list(line.get_xdata()), list(line.get_ydata()))
            for axes in figure.axes
            for line in axes.lines
        ]
    return found


def test_panels_show_the_log():
    found = drawn(LOG, FIRST)
    assert [title.split(" (")[0] for title in found] == [
        "distance: loss",
        "loss",
        "learning rate",
        "effective rank of embeddings",
        "alignment and uniformity",
        "linear probe on the watched study",
    ]
    distance, loss, rate, rank, sphere, watch = ([(x, y) for _, x, y in lines] for lines in found.values())
    assert distance == [([20, 40], [1.0, 0.25]), ([40], [0.5]), ([40, 40], [0, 1])]
    assert loss == [([20, 40], [4.5, 3.5]), ([30, 60], [4.2, 4.3]), ([30, 30], [0, 1])]  # the best is at 30
    assert rate == [([20, 40], [1e-3, 5e-4])]
    assert rank == [([30, 60], [64.0, 80.0]), ([0, 1], [0.02 * 256] * 2)]
    assert sphere == [([30, 60], [0.5, 0.25]), ([30, 60], [-1.0, -2.0])]
    assert watch == [([0, 30], [0.31, 0.61]), ([0, 1], [0.52, 0.52])]
    labels = {label for lines in found.values() for label, _, _ in lines}
    assert {"frozen encoder", "hand-made features", "collapse: 2% of 256", "best: step 30"} <= labels


def test_a_panel_is_there_where_the_log_has_anything_for_it():
    assert list(drawn(LOG[1:2], [])) == ["loss", "learning rate"]
    regression = [{"step": 5, "watch_r": 0.4, "watch_features": 0.3}]
    (_, probe), *others = drawn(regression, []).items()
    assert [line[2] for line in probe] == [[0.4], [0.3, 0.3]]
    assert others == []


def test_a_picture_that_can_be_opened(tmp_path):
    run = write(tmp_path / "run", LOG, cut='{"step": 80, "lo')
    write(run / "distance", FIRST)
    said: list[str] = []
    assert draw_curves(run, said.append) == run / "curves.png"
    picture = image.imread(run / "curves.png")
    height, width, _ = picture.shape
    assert width > 1000
    assert height > 800  # three rows of two
    for top in (0, height // 3, 2 * height // 3):
        for left in (0, width // 2):
            panel = picture[top : top + height // 3, left : left + width // 2, :3]
            assert (np.ptp(panel, axis=2) > 0.2).sum() > 100  # something in colour in each
    before = (run / "curves.png").read_bytes()
    draw_curves(run, said.append)
    assert (run / "curves.png").read_bytes() == before
    assert said == []
    assert sorted(path.name for path in run.iterdir()) == ["curves.png", "distance", "metrics.jsonl"]


def test_a_run_that_was_stopped_has_its_picture(tmp_path):
    run = write(tmp_path / "run", LOG)
    with pytest.raises(KeyboardInterrupt), shown(run, make.settings(), lambda done, line: None, print):
        raise KeyboardInterrupt
    assert (run / "curves.png").is_file()


def test_the_first_stage_alone_has_a_picture_and_an_empty_log_none(tmp_path):
    run = tmp_path / "run"
    write(run / "distance", FIRST)
    assert draw_curves(run, print) == run / "curves.png"
    empty = write(tmp_path / "empty", [])
    assert draw_curves(empty, print) is None
    assert read_log(tmp_path / "nothing" / "metrics.jsonl") == []
    assert [path.name for path in empty.iterdir()] == ["metrics.jsonl"]


def test_without_matplotlib_there_is_a_line_and_no_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(curves, "find_spec", lambda name: None)
    said: list[str] = []
    run = write(tmp_path / "run", LOG)
    assert draw_curves(run, said.append) is None
    (line,) = said
    assert "pip install 'wearcli[report]'" in line
    assert "\n" not in line
    assert not (run / "curves.png").exists()


def test_matplotlib_and_tensorboardx_are_loaded_by_who_needs_them():
    code = (
        "import sys, wearcli.training.curves, wearcli.training.tensorboard\n"
        "print([name for name in sys.modules if name in ('matplotlib', 'tensorboardX')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def events(path: Path) -> list[tuple[int, str, float]]:
    """(step, name, value) of an event file, and the session's start under its own name."""
    from tensorboardX.proto.event_pb2 import Event

    content, at, found = path.read_bytes(), 0, []
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)  # a TFRecord: length, its checksum, data, checksum
        event = Event.FromString(content[at + 12 : at + 12 + length])
        at += 12 + length + 4
        if event.HasField("session_log"):
            found.append((event.step, "START", float(event.session_log.status)))
        found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
    return found


def test_event_files_hold_the_log(tmp_path):
    with event_files(tmp_path / "tensorboard") as write_line:
        for line in [{**each, "stage": "distance"} for each in FIRST] + LOG[1:3]:
            write_line(line)
    for folder, lines in (("tensorboard", LOG[1:3]), ("tensorboard/distance", FIRST)):
        (path,) = (tmp_path / folder).glob("events.out.tfevents.*")
        expected = [
            (line["step"], name, value) for line in lines for name, value in line.items() if name != "step"
        ]
        found = [each for each in events(path) if each[1] != "START"]
        assert [each[:2] for each in found] == [each[:2] for each in expected]
        assert [each[2] for each in found] == pytest.approx([each[2] for each in expected])


def test_a_second_session_voids_what_it_does_anew(tmp_path):
    """TensorBoard drops what earlier files have from the step of a later session's start on."""
    for steps in ((20, 40, 60), (40, 60, 80)):
        with event_files(tmp_path) as write_line:
            for step in steps:
                write_line({"step": step, "loss": float(len(list(tmp_path.iterdir())))})
    files = sorted(tmp_path.iterdir(), key=lambda path: events(path)[0][0])
    assert len(files) == 2
    assert events(files[1])[0] == (40, "START", 1.0)  # SessionLog.START
    with event_files(tmp_path / "none"):
        pass
    assert not (tmp_path / "none").exists()


def test_tensorboard_that_is_missing_is_said_before_anything_else(monkeypatch):
    check_tensorboard(Watching(tensorboard=True))
    monkeypatch.setattr("wearcli.training.tensorboard.find_spec", lambda name: None)
    check_tensorboard(Watching())
    with pytest.raises(UsageError, match=r"pip install 'wearcli\[train\]'") as error:
        check_tensorboard(Watching(tensorboard=True))
    assert "\n" not in str(error.value)


def test_a_sign_that_the_font_lacks_is_no_warning(tmp_path, recwarn):
    run = write(tmp_path / "walks \U0001f6b6", LOG)
    assert draw_curves(run, pytest.fail) == run / "curves.png"
    assert not [str(warning.message) for warning in recwarn if "Glyph" in str(warning.message)]
