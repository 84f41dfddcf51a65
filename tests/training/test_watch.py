"""Watching a study while training: what is scored, and that training does not notice."""

import json
import re
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import wearcli
from tests.training import make
from tests.training.make import weights
from wearcli.cli.app import main
from wearcli.errors import InputError, UsageError
from wearcli.signals.store import INDEX_SCHEMA, WindowStore
from wearcli.training import pretrain as module
from wearcli.training.pretrain import pretrain
from wearcli.training.watch import Watch, open_watch

SAMPLE = Path(__file__).parents[2] / "sample_data"
SMALL = {"batch": 8, "validate_every": 4, "checkpoint_every": 4, "workers": 1, "precision": "fp32", "seed": 5}


def study(folder: Path, people: int = 5, prefix: str = "w") -> Path:
    """Of each person 20 s at rest and 20 s of swinging at a rhythm of their own, at 50 Hz, with labels."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    labels = ["recording,onset,duration,label"]
    time = np.arange(2000) / 50
    for number in range(people):
        name = f"{prefix}{number}_day"
        swing = 0.3 * np.sin(2 * np.pi * rng.uniform(1, 2) * time) * (time >= 20)
        values = np.stack([swing, 0.1 * swing, 1 + 0.5 * swing], axis=1) + rng.normal(
            scale=0.01, size=(2000, 3)
        )
        rows = "\n".join(
            f"{t:.2f},{x:.4f},{y:.4f},{z:.4f}" for t, (x, y, z) in zip(time, values, strict=True)
        )
        (folder / f"{name}.csv").write_text("time,x,y,z\n" + rows + "\n")
        labels += [f"{name},0,20,rest", f"{name},20,20,swing"]
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make.store(tmp_path_factory.mktemp("study") / "walks").folder


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    return study(tmp_path_factory.mktemp("held out") / "swings")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nothing is exported or drawn; what would be told of the model is kept."""
    told: dict = {}
    monkeypatch.setattr(
        module, "write_model", lambda encoder, folder, config, windows: told.update(config) or config
    )
    monkeypatch.setattr(module, "draw_curves", lambda run, say: None)
    return told


def lines(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_scores_go_into_the_log_and_nothing_else_changes(store, watched, tmp_path, quick):
    said: list[str] = []
    pretrain(store, tmp_path / "plain", steps=10, **SMALL)
    result = pretrain(
        store, tmp_path / "watched", steps=10, watch=str(watched), watch_every=5, say=said.append, **SMALL
    )
    assert weights(tmp_path / "watched") == weights(tmp_path / "plain")
    log = lines(tmp_path / "watched")
    looks = {line["step"]: line for line in log if "watch_macro_f1" in line}
    assert list(looks) == [0, 5, 10]
    # Rest and swinging are told apart by their deviation alone.
    assert all(line["watch_features"] == 1.0 for line in looks.values())
    assert looks[10]["watch_macro_f1"] > 0.8
    others = [{**line, "seconds": 0} for line in log if "watch_macro_f1" not in line]
    assert others == [{**line, "seconds": 0} for line in lines(tmp_path / "plain")]
    assert [line["step"] for line in others if "alignment" in line] == [4, 8, 10]
    assert result["collapsed"] is False
    assert result["effective_rank"] == others[-1]["effective_rank"]
    assert f"watching {watched}: 100 windows of 5 people" in said
    assert not [line for line in said if "trained on" in line]
    # A model that is given away tells nothing of what lies on this machine.
    assert not [key for key in quick["training"] if key.startswith(("watch", "tensorboard"))]


def test_resumed_it_goes_on_as_it_would_have(store, watched, tmp_path, monkeypatch):
    options = {"steps": 10, "watch": str(watched), "tensorboard": True, **SMALL}
    pretrain(store, tmp_path / "whole", **options)
    looks = []

    def failing(self: Watch, encoder: object) -> dict[str, float]:
        looks.append(encoder)
        if len(looks) == 3:
            raise RuntimeError("power cut")
        return before(self, encoder)

    before = Watch.__call__
    with monkeypatch.context() as patch:
        patch.setattr(Watch, "__call__", failing)
        with pytest.raises(RuntimeError, match="power cut"):
            pretrain(store, tmp_path / "cut", **options)
    pretrain(resume=tmp_path / "cut")
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    strip = [[{**line, "seconds": 0} for line in lines(tmp_path / name)] for name in ("whole", "cut")]
    assert strip[0] == strip[1]
    assert len(list((tmp_path / "cut" / "tensorboard").iterdir())) == 2


def test_the_score_is_that_of_embed_and_probe(tmp_path):
    """The hand-made features through `embed` and `probe`; the store holds windows in 0.5 mg steps."""
    table = tmp_path / "embeddings.parquet"
    wearcli.embed([SAMPLE], table, stride_s=5.0)  # the watch has windows side by side
    settings = make.settings(watch=str(SAMPLE), watch_epoch=10.0, seed=1)
    wearcli.preprocess(
        [SAMPLE / "P01_walks.parquet"], tmp_path / "like"
    )  # 5 s at 50 Hz, as the default model
    like = WindowStore.open(tmp_path / "like").settings
    watch = open_watch(settings, tmp_path / "own", like, print)
    expected = wearcli.probe(
        table, task="activity", epoch=10, probe="linear", seed=1, bootstrap=2, output=tmp_path / "probe"
    )
    assert len(watch.probe.rows) == expected.n_windows
    assert watch.features == pytest.approx(expected.scores["features"]["macro_f1"]["mean"], abs=0.02)


def test_the_command_says_what_is_seen(store, watched, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    quick = ["--steps", "4", "--batch", "8", "--validate-every", "4", "--workers", "1", "--precision", "fp32"]
    monkeypatch.setattr(sys, "argv", ["wearcli", "pretrain", str(store), *quick, "--watch", str(watched)])
    with suppress(SystemExit):
        main()
    said = capsys.readouterr().err.splitlines()
    start, seen, look = (line for line in said if line.startswith("step "))
    assert re.fullmatch(r"step 0: macro-F1 \d\.\d{3} on the watched study, hand-made features 1\.000", start)
    assert re.fullmatch(r"step 4: validation loss \d+\.\d{3}, effective rank \d+\.\d, 0 min left", seen)
    assert re.fullmatch(r"step 4: macro-F1 \d\.\d{3} on .*, hand-made features 1\.000, 0 min left", look)
    monkeypatch.setattr("wearcli.training.tensorboard.find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["wearcli", "pretrain", str(store), *quick, "--tensorboard", "-o", "r"])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert leaving.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--tensorboard needs tensorboardX: pip install 'wearcli[train]'" in line
    assert not Path("r").exists()


def test_only_windows_that_were_worn_are_seen(watched, tmp_path):
    wearcli.preprocess([watched], tmp_path / "own", window_s=2.0)
    index = pd.read_parquet(tmp_path / "own" / "index.parquet")
    index["wear"] = np.where(np.arange(len(index)) % 4 == 0, 0.25, 1.0).astype(np.float32)
    index.to_parquet(tmp_path / "own" / "index.parquet", schema=INDEX_SCHEMA)
    store = WindowStore.open(tmp_path / "own")
    watch = open_watch(make.settings(watch=str(watched)), tmp_path / "own", store.settings, print)
    worn = np.flatnonzero(np.arange(len(store)) % 4)
    assert np.array_equal(watch.windows, store.take(worn))


def test_the_file_of_labels_names_the_study_too(store, watched, tmp_path):
    for name, watch in (("folder", watched), ("file", watched / "labels.csv")):
        pretrain(store, tmp_path / name, steps=1, watch=str(watch), **SMALL)
    assert [line for line in lines(tmp_path / "file") if "watch_macro_f1" in line][-1]["watch_macro_f1"] == [
        line for line in lines(tmp_path / "folder") if "watch_macro_f1" in line
    ][-1]["watch_macro_f1"]


@pytest.mark.parametrize(("name", "suffix"), [(None, ""), ("copy", "_day.csv"), ("swings", "_night.csv")])
def test_people_who_are_trained_on_are_named(watched, tmp_path, name, suffix):
    """The same study; a copy of its recordings under another name; other recordings of its people."""
    train = watched
    if name:
        train = tmp_path / name
        train.mkdir()
        for person in ("w0", "w1"):
            (train / f"{person}{suffix}").write_bytes((watched / f"{person}_day.csv").read_bytes())
    said: list[str] = []
    options = {**SMALL, "window": 2.0, "validation": 0.5, "unit": "g"}
    pretrain(train, tmp_path / "run", steps=1, watch=str(watched), say=said.append, **options)
    (warning,) = [line for line in said if "trained on too" in line]
    people = json.loads((tmp_path / "run" / "people.json").read_text())["training"]
    (names,) = people.values()
    assert warning.startswith(f"warning: {len(names)} people of --watch")
    assert f"'{names[0]}'" in warning


def test_what_cannot_be_watched_is_said_before_anything_is_trained(store, watched, tmp_path):
    (tmp_path / "unlabelled").mkdir()
    (tmp_path / "unlabelled" / "a_day.csv").write_text((watched / "w0_day.csv").read_text())
    one = study(tmp_path / "one", people=1)
    other = study(tmp_path / "other", prefix="o")
    (other / "labels.csv").write_text((watched / "labels.csv").read_text())
    for watch, error, says in (
        ({"watch": str(tmp_path / "nothing")}, UsageError, "nothing: no such file or folder.*--watch"),
        ({"watch": str(tmp_path / "unlabelled")}, UsageError, "no labels.csv.*with --watch"),
        ({"watch": str(watched), "watch_task": "gait"}, UsageError, "no gait.csv.*--watch-task"),
        ({"watch": str(one)}, InputError, "--watch .*one.*of one participant"),
        ({"watch": str(other)}, InputError, "--watch .*other.*no recording of .*labels.csv"),
        ({"watch_every": 5}, UsageError, "are of --watch: name a study with it"),
        ({"watch": str(watched), "watch_every": 0}, UsageError, "--watch-every 0: must be above 0"),
        ({"watch": str(watched), "watch_epoch": -1.0}, UsageError, "--watch-epoch -1: must be above 0"),
    ):
        with pytest.raises(error, match=says) as raised:
            pretrain(store, tmp_path / "run", steps=1, **watch, **SMALL)
        assert "\n" not in str(raised.value)
        assert not (tmp_path / "run").exists()


def test_a_broken_recording_is_left_out_and_said(store, watched, tmp_path):
    broken = study(tmp_path / "broken", people=4)
    (broken / "w1_day.csv").write_text("no table at all")
    said: list[str] = []
    result = pretrain(store, tmp_path / "run", steps=1, watch=str(broken), say=said.append, **SMALL)
    assert result["failed"] == []
    assert [line for line in said if line.startswith("left out of --watch") and "w1_day" in line]
    assert f"watching {broken}: 60 windows of 3 people" in said


def test_a_watched_study_in_the_run_is_not_overwritten(store, tmp_path):
    pretrain(store, tmp_path / "run", steps=1, **SMALL)
    inside = study(tmp_path / "run" / "mine")
    with pytest.raises(UsageError, match="which --overwrite would remove"):
        pretrain(store, tmp_path / "run", steps=1, overwrite=True, watch=str(inside), **SMALL)
    assert (inside / "labels.csv").is_file()
