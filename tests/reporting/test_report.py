"""The page says what the probe found, whatever stands in the files."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

import wearcli
from tests.probing.tables import study
from tests.reporting.make import edit, probe_folder, replace_column, with_placements
from tests.reporting.reading import Node, read, tables
from wearcli.errors import InputError, UsageError
from wearcli.reporting import report as module
from wearcli.reporting.report import ReportResult, report
from wearcli.reporting.wording import number

Run = Callable[..., tuple[int, str, str]]
NEW = ("calibration", "intervals", "groups", "learning_curve", "tables", "tested")
HOSTILE = "<script>alert(1)</script>"


def page_of(folder: Path, **words: Any) -> tuple[ReportResult, Node]:
    result = report(folder, overwrite=True, **words)
    return result, read((folder / "report.html").read_text())


def section(root: Node, name: str) -> Node:
    return root.one("section", id=name)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classification with everything that a probe folder may have."""
    folder = tmp_path_factory.mktemp("full")
    table = with_placements(study(folder, signal=1.0, feature_signal=0.5))
    words = {"probe": "both", "leave_out": "placement", "label_share": (100, 30)}
    return probe_folder(folder, table=table, **words)


@pytest.fixture(scope="module")
def page(full: Path) -> tuple[ReportResult, Node]:
    """Its page, and the figures beside it."""
    return page_of(full, figures=full.parent / "figures")


@pytest.fixture(scope="module")
def gait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return probe_folder(tmp_path_factory.mktemp("gait"), task="gait")


def test_a_classification(full: Path, page: tuple[ReportResult, Node]) -> None:
    result, root = page
    info = json.loads((full / "probe.json").read_text())
    assert [each.text() for each in root.all("h2")] == result.sections
    assert [each.attributes["id"] for each in root.all("section")] == [
        "scores",
        "differences",
        "groups",
        "learning",
        "confusion",
        "classes",
        "participants",
        "calibration",
        "map",
        "timeline",
        "warnings",
        "protocol",
        "card",
    ]
    assert not result.left_out
    scores = tables(section(root, "scores"))["Scores [95 % interval over participants]"]
    known = info["scores"]["linear"]["macro_f1"]
    told = f"{known['mean']:.3f}[{known['low']:.3f}, {known['high']:.3f}]"
    assert scores["linear probe"]["macro-F1"] == told
    assert set(scores) == {"linear probe", "MLP probe", "hand-made features", "majority class"}
    less = tables(section(root, "differences"))["Less hand-made features [95 % interval over participants]"]
    assert less["MLP probe"]["kappa"].startswith(f"{info['differences']['mlp']['kappa']['mean']:.3f}")
    groups = tables(section(root, "groups"))["macro-F1 of each placement left out"]
    assert {name: row["participants"] for name, row in groups.items()} == {"ankle": "4", "wrist": "4"}
    f1 = tables(section(root, "classes"))["F1 of each class"]
    assert f1["walk"]["linear probe"] == number(info["per_class"]["linear"]["walk"])
    assert f1["walk"]["samples"] == str(info["class_samples"]["walk"]["samples"])
    errors = tables(section(root, "calibration"))
    assert next(iter(errors.values()))["linear probe"]["Brier score"] == number(
        info["calibration"]["linear"]["brier"]
    )


def test_pictures_in_words(full: Path, page: tuple[ReportResult, Node]) -> None:
    _, root = page
    info = json.loads((full / "probe.json").read_text())
    pictures = {
        each.attributes["aria-labelledby"].split("-")[0]: each.one("desc").text() for each in root.all("svg")
    }
    assert set(pictures) == {
        "differences",
        "groups",
        "learning_curve",
        "confusion_matrix",
        "f1_by_class",
        "participants",
        "calibration",
        "map_label",
        "map_participant",
        "map_placement",
        "timeline",
    }
    row = info["confusion"]["linear"][0]
    assert f"Of {sum(row)} samples of rest {row[0]} (" in pictures["confusion_matrix"]
    few = info["learning_curve"][1]["scores"]["features"]["macro_f1"]["mean"]
    assert f"with 30 % ({info['learning_curve'][1]['samples']:.0f} samples)" in pictures["learning_curve"]
    assert f"hand-made features {few:.3f} [" in pictures["learning_curve"]
    bins = info["calibration"]["linear"]["bins"]
    assert f"of {bins[-1]['samples']} samples" in pictures["calibration"]
    assert "coloured by placement: ankle and wrist." in pictures["map_placement"]


def test_the_page_is_whole_and_fetches_nothing(full: Path, page: tuple[ReportResult, Node]) -> None:
    text, root = (full / "report.html").read_text(), page[1]
    ids = [node.attributes["id"] for node in root.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    names = {name for svg in root.all("svg") for name in svg.attributes["aria-labelledby"].split()}
    links = {link.attributes["href"][1:] for link in root.one("nav", **{"aria-label": "Sections"}).all("a")}
    assert names | links <= set(ids)
    assert not {"script", "iframe", "object", "form", "img"} & {node.tag for node in root.all()}
    fetched = [
        node.attributes[key]
        for node in root.all()
        for key in ("src", "href", "data")
        if key in node.attributes and node.tag != "a"
    ]
    assert all(each.startswith(("#", "data:image/png", "data:,")) for each in fetched)
    assert "url(http" not in text
    assert "@import" not in text
    policy = root.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy.startswith("default-src 'none';")
    assert root.one("html").attributes["lang"] == "en"
    assert all(table.all("caption") for table in section(root, "scores").all("table"))
    assert len(text) < 3e6


def test_the_same_command_gives_the_same_bytes(
    full: Path, page: tuple[ReportResult, Node], tmp_path: Path
) -> None:
    result = report(full, tmp_path / "page.html", figures=tmp_path / "figures")
    assert (tmp_path / "page.html").read_bytes() == (full / "report.html").read_bytes()
    assert result.figures == page[0].figures
    for path in (tmp_path / "figures").iterdir():
        assert path.read_bytes() == (full.parent / "figures" / path.name).read_bytes()


def test_figures_for_papers(full: Path, page: tuple[ReportResult, Node], tmp_path: Path) -> None:
    folder, names = full.parent / "figures", page[0].figures
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names, "figures.json"])
    assert len(names) == 2 * len(page[1].all("svg")) == 22
    told = json.loads((folder / "figures.json").read_text())
    assert told["confusion_matrix"]["text_alternative"].startswith("Of ")
    with Image.open(folder / "confusion_matrix.png") as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match="holds something else"):
        report(full, tmp_path / "page.html", figures=tmp_path, overwrite=True)


def test_a_regression(gait: Path) -> None:
    result, root = page_of(gait)
    info = json.loads((gait / "probe.json").read_text())
    assert [each.text() for each in section(root, "agreement").all("h3")] == [
        "stride time (s)",
        "cadence (steps/min)",
    ]
    scores = tables(section(root, "scores"))
    known = info["scores"]["linear"]["cadence_spm.mae"]
    cell = scores["Scores: cadence (steps/min) [95 % interval over participants]"]["linear probe"]["MAE"]
    assert cell == f"{number(known['mean'])}[{number(known['low'])}, {number(known['high'])}]"
    words = section(root, "agreement").text()
    band = info["intervals"]["linear"]["stride_time_s"]
    assert f"within ± {number(band['half_width'])} of the truth" in words
    assert f"held {100 * band['coverage']:.0f} % of the samples" in words
    low, high = (info["scores"]["linear"][f"stride_time_s.loa_{end}"]["mean"] for end in ("low", "high"))
    assert f"limits of agreement {number(low)} to {number(high)}" in words
    assert any(line.startswith("- stride time (s) is off by ") for line in result.headline)
    items = [item.text() for item in root.one("header", **{"class": "headline"}).all("li")]
    assert [f"- {item}" for item in items] == [line for line in result.headline if line[:2] == "- "]


@pytest.mark.parametrize("task", ["activity", "gait"])
def test_an_older_folder(tmp_path: Path, task: str) -> None:
    """One of before calibration, groups and placements."""
    folder = probe_folder(tmp_path, task=task)

    def older(info: dict[str, Any]) -> None:
        for key in NEW:
            del info[key]
        info["arguments"]["embeddings"] = info["arguments"]["embeddings"][0]

    edit(folder, older)
    path = folder / "predictions.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["placement", "group"]), path)
    result, root = page_of(folder, map="pca" if task == "activity" else "none")
    missing = ["calibration: the probe folder has none"] if task == "activity" else []
    assert result.left_out == missing
    if task == "activity":
        assert "fit the probe again" in section(root, "calibration").text()
        assert len(section(root, "map").all("svg")) == 2


def test_names_out_of_files_do_nothing(tmp_path: Path) -> None:
    table = study(tmp_path)
    image = '"><img src=x onerror=alert(2)>'
    for column, text in (("participant", image), ("recording", HOSTILE)):
        replace_column(table, column, lambda value, _, text=text: text if value[:3] == "p00" else value)
    labels = pd.read_csv(tmp_path / "labels.csv")
    labels = labels.replace({"recording": {"p00_a": HOSTILE}, "label": {"walk": HOSTILE}})
    labels.to_csv(tmp_path / "labels.csv", index=False)
    folder = probe_folder(tmp_path, table=table)
    edit(folder, lambda info: info["warnings"].append(HOSTILE) or info.update(task=HOSTILE, protocol=HOSTILE))
    _, root = page_of(folder, recording=HOSTILE)
    assert not {"script", "img"} & {node.tag for node in root.all()}
    assert not [key for node in root.all() for key in node.attributes if key.startswith("on")]
    for name in ("warnings", "protocol", "classes", "timeline"):
        assert HOSTILE in section(root, name).text()
    assert image in section(root, "timeline").text()
    assert root.one("head").one("title").text() == f"{HOSTILE}, probed on toy"


def test_means_of_participants(tmp_path: Path) -> None:
    folder = probe_folder(tmp_path, task="age", level="participant")
    result, root = page_of(folder)
    assert "the spread over people is left out" in section(root, "participants").text()
    assert "there is no timeline" in section(root, "timeline").text()
    assert result.recording is None
    assert "participant" not in result.neighbours  # nobody has another sample
    with pytest.raises(UsageError, match="--recording p00_a: the samples are means of participants"):
        report(folder, overwrite=True, recording="p00_a")


def test_the_recording_of_the_timeline(full: Path) -> None:
    result, root = page_of(full, recording="p03_a", map="none", probe="features")
    assert result.recording == "p03_a"
    words = section(root, "timeline").one("desc").text()
    mine = pq.read_table(full / "predictions.parquet").to_pandas()
    mine = mine[(mine["recording"] == "p03_a") & (mine["probe"] == "features")]
    right = int((mine["truth"] == mine["predicted"]).sum())
    assert words.startswith(f"{len(mine)} samples of recording p03_a of participant p03 from 0.0 to ")
    assert f", 3 classes: {right} (" in words
    with pytest.raises(UsageError, match=r"no recording 'p99' was predicted \(there are p00_a, "):
        report(full, overwrite=True, recording="p99")


def test_the_command_on_the_page_gives_the_same_scores(tmp_path: Path, command: Run) -> None:
    words = {"epoch": 4.0, "folds": 3, "seed": 7, "positive": "walk"}
    folder = probe_folder(tmp_path, table=study(tmp_path, people=5), **words)
    _, root = page_of(folder, map="none")
    line = section(root, "protocol").one("pre").text()
    assert line.startswith("wearcli probe ")
    code, _, err = command(*shlex.split(line)[1:], "-o", str(tmp_path / "again"))
    assert code == 0, err
    first, again = (json.loads((path / "probe.json").read_text()) for path in (folder, tmp_path / "again"))
    assert {**first, "output": None} == {**again, "output": None}


def test_the_command_line(full: Path, tmp_path: Path, command: Run) -> None:
    page = tmp_path / "page.html"
    code, out, err = command("report", str(full), "-o", str(page), "--map", "none", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["output"] == str(page)
    assert told["bytes"] == page.stat().st_size
    assert f"Written to {page}: 12 sections" in err
    assert command("report", str(full), "-o", str(page))[0] == 2
    assert command("report", str(full), "-o", str(page), "--map", "none", "--overwrite")[0] == 0


def test_what_cannot_be(full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"neither probe\.json nor comparison\.json in it"):
        report(tmp_path)
    with pytest.raises(UsageError, match="no probe 'forest' in it: --probe linear, mlp, features"):
        report(full, overwrite=True, probe="forest")
    folder = tmp_path / "damaged"
    folder.mkdir()
    for path in full.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "predictions.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="the probe folder is damaged"):
        report(folder, overwrite=True)
    edit(folder, lambda info: info.pop("confusion"))
    with pytest.raises(InputError, match="no confusion in it: fit the probe again"):
        report(folder, overwrite=True)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"a report needs matplotlib: pip install 'wearcli\[report\]'"):
        report(full, overwrite=True)


def test_nothing_is_left_behind_where_it_fails(full: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        report(
            full, tmp_path / "page.html", figures=tmp_path / "figures", embeddings=tmp_path / "none.parquet"
        )
    assert list(tmp_path.iterdir()) == []


def test_it_is_one_function_too() -> None:
    assert wearcli.report is report
