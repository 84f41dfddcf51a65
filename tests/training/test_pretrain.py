import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training import make
from tests.training.make import lines, weights
from wearcli.errors import InputError, UsageError
from wearcli.models import load_model
from wearcli.models.config import TrainingSet
from wearcli.training import begin
from wearcli.training import pretrain as module
from wearcli.training.config_file import read_config, write_config
from wearcli.training.plan import plan
from wearcli.training.pretrain import pretrain
from wearcli.training.sampler import PairSampler

SMALL = {"batch": 8, "validate_every": 4, "checkpoint_every": 4, "workers": 1, "precision": "fp32"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make.store(tmp_path_factory.mktemp("study") / "walks").folder


@pytest.fixture(scope="module")
def run(store, tmp_path_factory):
    """A finished run and what it returned."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    deterministic = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        result = pretrain(store, folder, steps=16, seed=5, licence="MIT", terms=("walks=made up",), **SMALL)
    finally:
        torch.use_deterministic_algorithms(deterministic)
    return folder, result


@pytest.fixture
def no_export(monkeypatch):
    """Leave out the slow end of a run where a test looks at the training alone."""
    monkeypatch.setattr(module, "write_model", lambda encoder, folder, config, windows: config)
    monkeypatch.setattr(module, "draw_curves", lambda run, say: None)


def test_a_run_gives_what_others_rely_on(run):
    folder, result = run
    assert {"method", "steps", "seconds", "anchors_per_s", "loss", "run"} <= set(result)
    assert (result["method"], result["steps"], result["run"]) == ("simclr", 16, str(folder))
    assert result["anchors_per_s"] == pytest.approx(16 * 8 / result["seconds"], rel=0.05)
    assert sorted(p.name for p in folder.iterdir()) == [
        *("checkpoint", "config.toml", "curves.png", "metrics.jsonl", "model", "people.json")
    ]
    assert json.loads(json.dumps(result)) == result


def test_the_model_names_its_data_and_loads(run, store):
    model = load_model(run[0])
    config = model.config
    assert (config.rate_hz, config.window_s, config.stride_s, config.samples) == (50, 2, 1, 100)
    assert (config.unit, config.channels, config.modality) == ("g", ("x", "y", "z"), "acc")
    (walks,) = config.training_sets
    # One of the six people validates; each has 2 recordings of 60 s.
    assert walks == TrainingSet("walks", participants=5, windows=300, hours=0.17, licence="made up")
    assert config.licence == "MIT"
    assert str(store.parent) not in config.to_text()  # a model that is given away tells no local path
    assert "made up" in (model.folder / "README.md").read_text()


def test_the_same_seed_gives_the_same_bits(run, store, tmp_path, no_export):
    folder, _ = run
    pretrain(store, tmp_path / "again", steps=16, seed=5, **SMALL)
    pretrain(store, tmp_path / "other", steps=16, seed=6, **SMALL)
    assert weights(tmp_path / "again") == weights(folder)
    assert lines(tmp_path / "again") == lines(folder)
    assert weights(tmp_path / "other") != weights(folder)


@pytest.mark.slow
def test_killed_and_resumed_is_as_never_killed(run, store, tmp_path):
    """SIGKILL at a random step of a process of its own, twice; then to the end."""
    folder, _ = run
    killed = tmp_path / "killed"
    code = (
        "import time\nfrom wearcli.training.pretrain import pretrain\nfrom wearcli.training import loop\n"
        "import sys\nfrom wearcli.training.methods.simclr.learner import SimclrLearner as m\n"
        "before = m.batches\n"
        "def batches(*a):\n    draw = before(*a)\n    return lambda n: (time.sleep(0.05), draw(n))[1]\n"
        "m.batches = batches\nstore, run, resume = sys.argv[1:]\n"
        f"args = dict(workers=1) if resume == 'yes' else dict(steps=16, seed=5, **{SMALL!r})\n"
        "where = dict(resume=run) if resume == 'yes' else dict(paths=store, output=run)\n"
        "pretrain(**where, **args)\n"
    )
    rng = np.random.default_rng()
    for resume in ("no", "yes"):
        process = subprocess.Popen([sys.executable, "-c", code, str(store), str(killed), resume])
        wait_for(lambda: (killed / "config.toml").exists(), process)
        if resume == "no":
            wait_for(lambda: (killed / "checkpoint" / "state.json").exists(), process)
        time.sleep(rng.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    result = pretrain(resume=killed, workers=1)
    assert (result["steps"], result["ended"]) == (16, "steps")
    assert (killed / "model" / "model.onnx").read_bytes() == (folder / "model" / "model.onnx").read_bytes()
    assert lines(killed) == lines(folder)
    assert weights(killed) == weights(folder)


def wait_for(happened, process: subprocess.Popen) -> None:
    for _ in range(1200):
        if happened() or process.poll() is not None:
            return
        time.sleep(0.05)
    raise AssertionError("the run did not come so far in a minute")


def test_resuming_a_finished_run_exports_anew(run, tmp_path):
    folder, _ = run
    before = (folder / "model" / "model.onnx").read_bytes()
    (folder / "model" / "model.onnx").unlink()
    result = pretrain(resume=folder, workers=1)
    assert result["steps"] == 16
    assert (folder / "model" / "model.onnx").read_bytes() == before


def test_config_toml_is_what_was_resolved(run):
    settings = make.flat(run[0] / "config.toml")
    assert (settings.steps, settings.batch, settings.seed, settings.encoder) == (16, 8, 5, "fast")
    assert (settings.rate, settings.window, settings.stride) == (50, 2, 2)
    assert settings.terms == ("walks=made up",)
    assert settings.precision == "fp32"


def test_settings_survive_toml(tmp_path):
    settings = make.settings(
        paths=("a b/c", 'quote"d', "ümlaut"), minutes=1.5, lr=1e-5, terms=("a=b",), columns="x,y,z", name="n"
    )
    write_config(settings, tmp_path / "config.toml", "made by a test")
    assert read_config(tmp_path / "config.toml") == settings


def test_runs_are_numbered(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = []
    for _ in range(3):
        names.append(plan(store)["run"])
        Path(names[-1]).mkdir(parents=True)
    assert names == ["runs/simclr-fast", "runs/simclr-fast-2", "runs/simclr-fast-3"]


def test_overwrite_removes_runs_only(run, store, tmp_path):
    folder, _ = run
    with pytest.raises(UsageError, match="--overwrite"):
        pretrain(store, folder)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    for _ in range(2):
        with pytest.raises(UsageError, match="is not replaced"):
            pretrain(store, tmp_path / "thesis", overwrite=True)
        (tmp_path / "thesis" / "config.toml").write_text('title = "Thesis"')
    assert (tmp_path / "thesis" / "chapter.tex").exists()


def test_overwrite_does_not_remove_what_is_trained_on(store, tmp_path, no_export):
    """The windows of an earlier run, given back to it by a path that does not look like it."""
    folder = tmp_path / "run"
    pretrain(store, folder, steps=2, **SMALL)
    shutil.copytree(store, folder / "windows")
    (tmp_path / "link").symlink_to(folder / "windows")
    before = sorted(folder.rglob("*"))
    for path in (folder / "windows", folder, tmp_path / "link", tmp_path / "x" / ".." / "run" / "windows"):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(UsageError, match="which --overwrite would remove"):
            pretrain([store, path], folder, overwrite=True, steps=2, **SMALL)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("cause", ["no windows", "too short", "interrupted"])
def test_a_run_that_cannot_begin_leaves_the_old_one(store, tmp_path, no_export, monkeypatch, cause):
    folder = tmp_path / "run"
    pretrain(store, folder, steps=2, **SMALL)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (tmp_path / "study").mkdir()
    rows = "".join(f"{k / 50:.2f},0.0,{0.1 * (k % 25) / 25:.4f},1.0\n" for k in range(200))
    (tmp_path / "study" / "a.csv").write_text("time,x,y,z\n" + (rows if cause != "no windows" else "broken"))
    if cause == "interrupted":

        def stop(*given: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(begin, "new_objective", stop)
    with pytest.raises((InputError, KeyboardInterrupt)):
        pretrain(tmp_path / "study", folder, overwrite=True, steps=2, **SMALL)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "study"]
    monkeypatch.undo()
    monkeypatch.setattr(module, "write_model", lambda encoder, folder, config, windows: config)
    assert pretrain(store, folder, overwrite=True, steps=4, **SMALL)["steps"] == 4
    assert make.flat(folder / "config.toml").steps == 4


def swing(path: Path, seconds: int = 30) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{k / 50:.2f},0.0,{0.1 * (k % 25) / 25:.4f},1.0\n" for k in range(50 * seconds))
    path.write_text("time,x,y,z\n" + rows)


@pytest.mark.parametrize("given", ["above", "folders", "files"])
@pytest.mark.parametrize("names", ["bids/sub-{p:02d}/ses-{s}/motion.csv", "study/place{s}/P{p:02d}/walk.csv"])
def test_a_person_is_on_one_side_however_the_folders_are(tmp_path, monkeypatch, given, names):
    files = [tmp_path / names.format(p=p, s=s) for p in range(4) for s in (1, 2)]
    for path in files:
        swing(path)
    (root,) = tmp_path.iterdir()
    paths = {"above": [root], "folders": sorted(root.iterdir()), "files": files}[given]
    captured = {}
    monkeypatch.setattr(
        module, "write_model", lambda encoder, folder, config, windows: captured.update(config)
    )
    pretrain(paths, tmp_path / "run", steps=2, window=2.0, unit="g", validation=0.5, **SMALL)
    people = json.loads((tmp_path / "run" / "people.json").read_text())
    (training,), (validation,) = people["training"].values(), people["validation"].values()
    everybody = [path.parent.parent.name if root.name == "bids" else path.parent.name for path in files]
    assert sorted([*training, *validation]) == sorted(set(everybody))
    assert len(training) == len(validation) == 2
    (described,) = captured["training_sets"]
    assert (described["name"], described["participants"], described["windows"]) == (root.name, 2, 60)
    assert "people" not in described  # the names stay in the run folder


def test_revin_goes_into_the_model(store, tmp_path, monkeypatch):
    captured = {}

    def keep(encoder, folder, config, windows):
        captured.update(config, encoder=encoder.eval())

    monkeypatch.setattr(module, "write_model", keep)
    pretrain(store, tmp_path / "run", steps=2, revin=True, **SMALL)
    assert captured["normalisation"] == "revin"
    assert make.flat(tmp_path / "run" / "config.toml").revin
    x = torch.randn(4, 3, 100)
    moved = 3 * x + torch.randn(4, 3, 1)
    torch.testing.assert_close(captured["encoder"](x), captured["encoder"](moved), atol=1e-3, rtol=1e-3)
    assert plan(store, revin=True)["parameters"] == plan(store)["parameters"] + 6
    pretrain(store, tmp_path / "plain", steps=2, **SMALL)
    assert captured["normalisation"] == "none"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "magic"}, "--method takes simclr"),
        ({"encoder": "huge"}, "--encoder takes fast, relcon"),
        ({"precision": "fp8"}, "--precision takes"),
        ({"device": "tpu"}, "--device takes"),
        ({"steps": 0}, "--steps 0: must be above 0"),
        ({"minutes": -1.0}, "--minutes -1: must be above 0"),
        ({"batch": 1}, "--batch 1: must be at least 2"),
        ({"warmup": -1}, "--warmup -1: must be at least 0"),
        ({"validation": 1.0}, "--validation 1: must be below 1"),
        ({"terms": ("walks",)}, "give SET=TERMS"),
        ({"unit": "furlong"}, "--unit 'furlong': give g, mg or m/s2"),
        ({"time_unit": "foo"}, "--time-unit 'foo'"),
        ({"columns": "x,y"}, "needs three columns"),
        ({"rate": 100.0}, "its rate is 50, not 100"),
        ({"window": 5.0}, "its window is 2, not 5"),
    ],
)
def test_what_no_run_can_have_is_refused_before_anything_is_written(store, tmp_path, options, says):
    with pytest.raises(UsageError, match=says):
        pretrain(store, tmp_path / "run", **options)
    assert list(tmp_path.iterdir()) == []


def test_no_paths_and_wrong_paths(tmp_path):
    with pytest.raises(UsageError, match="nothing to train on"):
        pretrain((), tmp_path / "run")
    with pytest.raises(UsageError, match="no such file or folder"):
        pretrain(tmp_path / "nothing", tmp_path / "run")
    with pytest.raises(UsageError, match="no run to resume"):
        pretrain(resume=tmp_path)


def test_a_broken_config_is_one_line(run, tmp_path):
    for text in ("[pretrain]\nsteps = ", "[pretrain]\ncolour = 1", "steps = 3"):
        (tmp_path / "config.toml").write_text(text)
        with pytest.raises(InputError, match="cannot be resumed") as error:
            pretrain(resume=tmp_path)
        assert "\n" not in str(error.value)


def test_the_views_of_a_step_depend_on_its_number_alone(store):
    from wearcli.signals.store import WindowStore
    from wearcli.training.data import TrainingData

    data = TrainingData([WindowStore.open(store)])
    rows = np.arange(len(data))
    settings = make.settings(batch=8, seed=2)
    first, second = (make.drawer(data, rows, settings, 0) for _ in range(2))
    for step in (4, 1):
        views, ignore = first(step)
        assert views.shape == (16, 100, 3)
        assert ignore.shape == (16, 16)
        again, same = second(step)
        assert torch.equal(views, again)
        assert torch.equal(ignore, same)
    assert not torch.equal(first(1)[0], first(2)[0])


def test_it_learns_to_tell_recordings_apart(store, tmp_path, no_export):
    result = pretrain(store, tmp_path / "run", steps=40, **{**SMALL, "batch": 32, "warmup": 5})
    chance = np.log(2 * 32 - 1)
    assert result["loss"] < 0.7 * chance
    assert result["effective_rank"] > 3


def test_without_augmentation_a_view_is_the_window(store):
    from wearcli.signals.store import WindowStore
    from wearcli.training.data import TrainingData

    data = TrainingData([WindowStore.open(store)])
    rows = np.arange(len(data))
    off = {"max_degrees": 0.0, "noise": 0.0, "scale": 0.0, "warp": 0.0}
    for setting in (None, *off):
        settings = make.settings(batch=8, **({**off, setting: 0.2} if setting else off))
        views, _ = make.drawer(data, rows, settings, 0)(3)
        chosen, _ = PairSampler(data.index, rows, 8, settings.own.positive_seconds, 0).draw(3, 0)
        same = torch.equal(views, torch.from_numpy(data.take(chosen)))
        assert same == (setting is None), setting


def test_an_encoder_that_cannot_take_the_windows_is_refused_before_they_are_cut(tmp_path, monkeypatch):
    swing(tmp_path / "a.csv")
    monkeypatch.setattr(begin, "open_stores", lambda *given: pytest.fail("the recordings were read"))
    with pytest.raises(UsageError, match="too short for the encoder 'streams'"):
        pretrain(tmp_path / "a.csv", tmp_path / "run", encoder="streams", window=0.9, steps=2)
    assert not (tmp_path / "run").exists()
