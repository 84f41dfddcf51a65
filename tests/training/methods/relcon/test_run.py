"""`--method relcon` from end to end: two stages, in one run folder."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training import make
from wearcli.errors import InputError, UsageError
from wearcli.models import load_model
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.signals.store import WindowStore
from wearcli.signals.store_writer import write_store
from wearcli.signals.windows import WindowSpec
from wearcli.training import pretrain as module
from wearcli.training.checks import check_settings
from wearcli.training.config_file import read_config
from wearcli.training.data import TrainingData
from wearcli.training.methods.relcon import first_stage
from wearcli.training.methods.relcon import learner as relcon
from wearcli.training.methods.relcon.distance import MotifDistance
from wearcli.training.methods.relcon.learner import RelconLearner
from wearcli.training.methods.relcon.pairwise import pair_distances
from wearcli.training.plan import plan
from wearcli.training.presets import settings_with_defaults
from wearcli.training.pretrain import pretrain
from wearcli.training.sampler import TRAIN, VALIDATION

SMALL = {
    **{"method": "relcon", "workers": 1, "precision": "fp32", "seed": 5, "steps": 10, "batch": 20},
    **{"within": 4, "between": 6, "reuse": 2, "validate_every": 4, "checkpoint_every": 4},
    **{"distance_steps": 10, "distance_batch": 4},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make.store(tmp_path_factory.mktemp("study") / "walks").folder


@pytest.fixture(scope="module", autouse=True)
def nothing_exported():
    """The export has tests of its own, and `test_the_run_ends_with_a_model` one of it here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "write_model", lambda encoder, folder, config, windows: config)
        patch.setattr(module, "draw_curves", lambda run, say: None)
        patch.setattr(relcon, "POOL", 3)  # so that batches come again in a short run
        yield


@pytest.fixture(scope="module")
def run(store, tmp_path_factory):
    """A finished run, what it returned, and what it reported."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    reports: list[dict] = []
    result = pretrain(
        store, folder, report=lambda done, line: reports.append({"done": done, **line}), **SMALL
    )
    return folder, result, reports


def lines(folder: Path) -> list[dict]:
    return [
        {**json.loads(line), "seconds": 0} for line in (folder / "metrics.jsonl").read_text().splitlines()
    ]


def state(folder: Path) -> dict[str, bytes | list]:
    """All that a run has learned and logged, but for its times."""
    parts: dict[str, bytes | list] = {"log": lines(folder)}
    for name, file in json.loads((folder / "checkpoint" / "state.json").read_text())["files"].items():
        parts[name] = (folder / "checkpoint" / file).read_bytes()
    return parts


def both(run: Path) -> tuple:
    return state(run / "distance"), (run / "distance" / "distance.safetensors").read_bytes(), state(run)


def test_a_run_has_a_distance_and_an_encoder(run, store):
    folder, result, reports = run
    assert {"method", "steps", "seconds", "anchors_per_s", "loss", "run", "model"} <= set(result)
    assert (result["method"], result["steps"], result["ended"]) == ("relcon", 10, "steps")
    assert json.loads(json.dumps(result)) == result
    assert sorted(p.name for p in (folder / "distance").iterdir()) == [
        *("checkpoint", "distance.json", "distance.safetensors", "metrics.jsonl")
    ]
    about = json.loads((folder / "distance" / "distance.json").read_text())
    assert (about["steps"], about["rate_hz"], about["samples"], about["unit"]) == (10, 50, 100, "g")
    assert about["channels"] == ["x", "y", "z"]
    assert [each["name"] for each in about["training_sets"]] == ["walks"]
    assert str(store.parent) not in json.dumps(about)
    loaded = MotifDistance()
    first_stage.load_distance(loaded, folder / "distance")
    # The progress names the stage, and each stage has its own share of 1.
    stages = [line.get("stage") for line in reports]
    assert set(stages[: stages.index("encoder")]) == {"distance"}
    assert set(stages[stages.index("encoder") :]) == {"encoder"}
    assert [line["done"] for line in reports if "loss" in line] == [1, 1]


def test_the_distance_is_frozen_in_the_second_stage(run):
    folder, *_ = run
    from safetensors.torch import load_file

    learned = load_file(folder / "distance" / "distance.safetensors")
    (file,) = (folder / "checkpoint").glob("weights-*.safetensors")
    kept = {k.removeprefix("distance."): v for k, v in load_file(file).items() if k.startswith("distance.")}
    assert kept.keys() == learned.keys()
    assert all(torch.equal(kept[name], learned[name]) for name in learned)


def test_the_same_seed_gives_the_same_bits(run, store, tmp_path):
    folder, *_ = run
    pretrain(store, tmp_path / "again", **SMALL)
    assert both(tmp_path / "again") == both(folder)
    pretrain(store, tmp_path / "other", **{**SMALL, "seed": 6, "stage": "distance"})
    assert state(tmp_path / "other" / "distance") != state(folder / "distance")


class PowerCut(Exception):
    """Nothing of the process goes on after it."""


def until(cut: int) -> Callable:
    """A `batches` in place of another whose training batches end before step `cut`."""

    def of(before: Callable) -> Callable:
        def batches(*arguments):
            draw = before(*arguments)

            def stopping(step: int):
                if arguments[-1] == TRAIN and step == cut:
                    raise PowerCut
                return draw(step)

            return stopping

        return batches

    return of


@pytest.mark.parametrize("place", [first_stage, RelconLearner])
@pytest.mark.parametrize("cut", [3, 9])
def test_stopped_in_a_stage_and_resumed_is_as_never_stopped(run, store, tmp_path, monkeypatch, place, cut):
    folder, *_ = run
    with monkeypatch.context() as patch:
        patch.setattr(place, "batches", until(cut)(place.batches))
        with pytest.raises(PowerCut):
            pretrain(store, tmp_path / "cut", **SMALL)
    assert (tmp_path / "cut" / "distance" / "distance.json").exists() == (place is RelconLearner)
    result = pretrain(resume=tmp_path / "cut", workers=1)
    assert (result["steps"], result["ended"]) == (10, "steps")
    assert both(tmp_path / "cut") == both(folder)


@pytest.mark.parametrize("file", ["distance.safetensors", "distance.json"])
def test_stopped_while_the_distance_is_written(run, store, tmp_path, monkeypatch, file):
    folder, *_ = run
    before = first_stage.atomic_file

    def failing(path: Path):
        if path.name == file:
            raise PowerCut
        return before(path)

    with monkeypatch.context() as patch:
        patch.setattr(first_stage, "atomic_file", failing)
        with pytest.raises(PowerCut):
            pretrain(store, tmp_path / "cut", **SMALL)
    pretrain(resume=tmp_path / "cut", workers=1)
    assert both(tmp_path / "cut") == both(folder)


@pytest.mark.parametrize("place", [first_stage, RelconLearner])
def test_interrupted_it_says_how_to_go_on(run, store, tmp_path, monkeypatch, place):
    folder, *_ = run
    before = place.batches

    def batches(*arguments):
        draw = before(*arguments)

        def interrupting(step: int):
            if arguments[-1] == TRAIN and step == 5:
                os.kill(os.getpid(), signal.SIGINT)
            return draw(step)

        return interrupting

    with monkeypatch.context() as patch:
        patch.setattr(place, "batches", batches)
        with pytest.raises(KeyboardInterrupt) as stopped:
            pretrain(store, tmp_path / "cut", **SMALL)
    assert str(stopped.value).endswith(f"--resume {tmp_path / 'cut'}")
    pretrain(resume=tmp_path / "cut", workers=1)
    assert both(tmp_path / "cut") == both(folder)


def test_resuming_a_finished_run_trains_nothing(run, tmp_path):
    folder, result, _ = run
    shutil.copytree(folder, tmp_path / "run")
    again = pretrain(resume=tmp_path / "run", workers=1)
    assert {**again, "run": 0, "model": 0, "anchors_per_s": 0} == {
        **{**result, "run": 0, "model": 0, "anchors_per_s": 0}
    }
    assert both(tmp_path / "run") == both(folder)


def test_stage_distance_stops_there_and_another_run_takes_it(run, store, tmp_path):
    folder, whole, _ = run
    result = pretrain(store, tmp_path / "first", **SMALL, stage="distance")
    assert {"method", "steps", "seconds", "loss", "run"} <= set(result)
    assert (result["stage"], result["steps"]) == ("distance", 10)
    assert sorted(p.name for p in (tmp_path / "first").iterdir()) == [
        "config.toml",
        "distance",
        "people.json",
    ]
    assert pretrain(resume=tmp_path / "first", workers=1) == result
    for n, source in enumerate([tmp_path / "first", tmp_path / "first" / "distance"]):
        taken = tmp_path / f"second{n}"
        second = pretrain(store, taken, distance=str(source), **SMALL)
        assert sorted(p.name for p in (taken / "distance").iterdir()) == [
            *("distance.json", "distance.safetensors")
        ]
        assert second["loss"] == whole["loss"]
        assert state(taken) == state(folder)


def test_a_taken_distance_outlives_its_run(run, store, tmp_path):
    folder, *_ = run
    shutil.copytree(folder, tmp_path / "source")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RelconLearner, "batches", until(3)(RelconLearner.batches))
        with pytest.raises(PowerCut):
            pretrain(store, tmp_path / "run", distance=str(tmp_path / "source"), **SMALL)
    shutil.rmtree(tmp_path / "source")
    pretrain(resume=tmp_path / "run", workers=1)
    assert state(tmp_path / "run") == state(folder)


def damage(folder: Path, kind: str) -> None:
    """Spoil a copy of a run's distance."""
    weights, about = folder / "distance" / "distance.safetensors", folder / "distance" / "distance.json"
    if kind == "no weights":
        weights.unlink()
    elif kind == "half the weights":
        weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    elif kind == "empty":
        weights.write_bytes(b"")
    elif kind == "of another model":
        from safetensors.torch import save_file

        save_file({"weight": torch.zeros(3)}, weights)
    elif kind == "not JSON":
        about.write_text('{"rate_hz": 50,')
    elif kind == "not a table":
        about.write_text("[1, 2]")
    else:
        key, value = kind.split("=")
        about.write_text(json.dumps({**json.loads(about.read_text()), key: json.loads(value)}))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("no weights", "cannot be read"),
        ("half the weights", "cannot be read"),
        ("empty", "cannot be read"),
        ("of another model", "cannot be read"),
        ("not JSON", "not valid JSON"),
        ("not a table", "it is not a JSON object"),
        ("rate_hz=100.0", "rate_hz 100.0, not 50.0"),
        ("samples=256", "samples 256, not 100"),
        ('unit="m/s2"', "unit m/s2, not g"),
        ('channels=["x", "y"]', "channels"),
    ],
)
def test_a_distance_that_does_not_fit_is_refused(run, store, tmp_path, kind, says):
    folder, *_ = run
    shutil.copytree(folder, tmp_path / "source")
    damage(tmp_path / "source", kind)
    with pytest.raises(InputError, match=says) as error:
        pretrain(store, tmp_path / "run", distance=str(tmp_path / "source"), **SMALL)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["no weights", "half the weights", "not JSON"])
def test_a_damaged_distance_of_its_own_is_one_line(run, tmp_path, kind):
    folder, *_ = run
    shutil.copytree(folder, tmp_path / "run")
    damage(tmp_path / "run", kind)
    with pytest.raises(InputError, match="learn the distance anew") as error:
        pretrain(resume=tmp_path / "run", workers=1)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "simclr", "stage": "distance"}, "of --method relcon, not of simclr"),
        ({"method": "simclr", "distance": "x"}, "of --method relcon, not of simclr"),
        ({"stage": "encoder"}, "--stage takes both or distance"),
        ({"stage": "distance", "distance": "x"}, "leave one out"),
        ({"preset": "fast"}, "--preset takes default or paper"),
        ({"method": "simclr", "preset": "paper"}, "is of --method relcon, not of simclr"),
        ({"distance_steps": 0}, "--distance-steps 0: must be above 0"),
        ({"distance_lr": 0.0}, "--distance-lr 0: must be above 0"),
        ({"distance_batch": 0}, "--distance-batch 0: must be at least 1"),
        ({"within": 0}, "--within 0: must be at least 1"),
        ({"between": -1}, "--between -1: must be at least 0"),
        ({"within_seconds": 0.0}, "--within-seconds 0: must be above 0"),
        ({"temperature": 0.0}, "--temperature 0: must be above 0"),
        ({"reuse": 0}, "--reuse 0: must be at least 1"),
        ({"anchors_per_person": 6}, "--anchors-per-person 6: at most 5"),
        ({"distance": "nowhere"}, "nowhere: no learned distance"),
    ],
)
def test_what_no_run_can_have_is_refused_before_anything_is_written(store, tmp_path, options, says):
    for function in (pretrain, plan):
        if function is plan and "workers" in SMALL:
            given = {key: value for key, value in SMALL.items() if key != "workers"}
        else:
            given = SMALL
        with pytest.raises(UsageError, match=says) as error:
            function(store, tmp_path / "run", **{**given, **options})
        assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("validation", [0.0, 0.2])
def test_too_few_windows_of_everybody_is_known_before_the_first_stage(store, tmp_path, validation):
    with pytest.raises(InputError, match="nobody has 61 windows") as error:
        pretrain(store, tmp_path / "run", **{**SMALL, "within": 60, "validation": validation})
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_other_than_acceleration_is_refused(tmp_path):
    def recording(n: int) -> Recording:
        values = np.random.default_rng(n).normal(size=(3000, 1)).astype(np.float32)
        source = Source(f"P{n}_a", tmp_path / f"P{n}_a.csv", "csv", f"P{n}", root=tmp_path)
        stream = lambda: iter([Chunk(np.arange(3000) / 50, values)])  # noqa: E731
        return Recording(source, "ppg", ("green",), 50.0, None, "raw", "said", None, stream)

    (tmp_path / "one").mkdir()
    write_store((recording(n) for n in range(3)), make.SPEC, tmp_path / "one")
    for options, says in (
        ({}, "--method relcon is of acceleration, not of ppg"),  # the store says what it is of
        ({"modality": "acc"}, "its windows are of ppg, not acc"),
        ({"modality": "ppg"}, "--method relcon is of acceleration, not of ppg"),
    ):
        with pytest.raises(UsageError, match=says):
            pretrain(tmp_path / "one", tmp_path / "run", **SMALL, **options)
        assert not (tmp_path / "run").exists()


def test_one_person_alone_is_enough(tmp_path):
    alone = make.store(tmp_path / "alone", people=1).folder
    result = pretrain(alone, tmp_path / "run", **{**SMALL, "steps": 2, "distance_steps": 2})
    assert (result["steps"], result["validation_loss"]) == (2, None)
    assert np.isfinite(result["loss"])


def test_the_papers_preset(tmp_path):
    settings = settings_with_defaults({"method": "relcon", "preset": "paper"})
    check_settings(settings)
    published = {
        **{"encoder": "relcon", "rate": 100, "window": 2.56, "batch": 64, "temperature": 0.1, "lr": 1e-6},
        **{"epochs": 100, "weight_decay": 0, "schedule": "constant", "warmup": 0, "clip_norm": 0},
        **{"within": 20, "between": 63, "within_seconds": 3600, "anchors_per_person": 1, "reuse": 1},
        **{"distance_epochs": 10, "distance_batch": 64, "distance_lr": 1e-3, "patience": 0, "revin": False},
        **{"max_degrees": 0, "noise": 0, "scale": 0, "warp": 0},
    }
    for name, value in published.items():
        assert settings.flat()[name] == value, name
    assert settings.optimisation.steps is None
    # What is asked for goes first; a length in place of the paper's length.
    paper = {"method": "relcon", "preset": "paper"}
    changed = settings_with_defaults({**paper, "lr": 1e-4, "minutes": 5.0, "noise": None})
    assert (changed.optimisation.lr, changed.optimisation.epochs, changed.views.noise) == (1e-4, None, 0)
    longer = settings_with_defaults({**paper, "steps": 9, "epochs": 2.0}).optimisation
    assert (longer.steps, longer.epochs) == (9, 2.0)
    default = settings_with_defaults({"method": "relcon"}).flat()
    assert (default["preset"], default["encoder"], default["schedule"]) == ("default", "fast", "cosine")
    # What was measured to train better here than the paper's.
    here = {"batch": 168, "between": 20, "reuse": 8, "distance_loss": "log", "distance_lr": 3e-3}
    assert {key: default[key] for key in here} == here


def test_the_papers_preset_on_the_command_line(tmp_path, monkeypatch, capsys):
    """No default of an option comes between."""
    from wearcli.cli.app import main

    folder = tmp_path / "walks"
    folder.mkdir()
    rng = np.random.default_rng(0)
    made = (make.recording(f"P{p}", 0, 70.0, rng, folder) for p in range(3))
    write_store(made, WindowSpec(rate_hz=100.0, window_s=2.56, stride_s=2.56), folder)
    windows = len(WindowStore.open(folder))
    arguments = ["--method", "relcon", "--preset", "paper", "--stage", "distance", "--distance-steps", "1"]
    arguments += ["--workers", "1", "-o", str(tmp_path / "run"), "--json"]
    monkeypatch.setattr(sys, "argv", ["wearcli", "pretrain", str(folder), *arguments])
    with pytest.raises(SystemExit, match=r"^0$"):
        main()
    out, err = capsys.readouterr()
    assert json.loads(out)["stage"] == "distance"
    assert "--distance" in err  # it says how to go on
    settings = read_config(tmp_path / "run" / "config.toml")
    # Of the paper's 64 anchors a step, as many as there are people to train on: two.
    train = round(windows * 2 / 3)
    expected = settings_with_defaults({"method": "relcon", "preset": "paper"}).changed(
        **{"paths": (str(folder),), "stage": "distance", "batch": 2, "steps": 50 * train},
        **{"distance_steps": 1, "stride": 2.56, "precision": settings.optimisation.precision},
        distance_epochs=None,
    )
    assert settings == expected


def test_epochs_are_turned_into_steps(store, tmp_path):
    options = {key: value for key, value in SMALL.items() if key not in ("steps", "distance_steps")}
    options |= {"epochs": 0.2, "distance_epochs": 0.1, "validation": 0.0}
    result = pretrain(store, tmp_path / "run", **options)
    assert result["steps"] == round(0.2 * 360 / 20)
    about = json.loads((tmp_path / "run" / "distance" / "distance.json").read_text())
    assert about["steps"] == round(0.1 * 360 / 4)


@pytest.fixture(scope="module")
def data(store):
    return TrainingData([WindowStore.open(store)])


def test_a_batch_comes_again_with_new_views(data):
    rows = np.arange(len(data))
    settings = make.settings(method="relcon", batch=20, within=4, between=6, reuse=3, seed=1)
    draw = make.drawer(data, rows, settings, TRAIN)
    seen: dict[int, list] = {}
    steps = 3 * (relcon.POOL + 30)
    for step in range(steps):
        windows, views, anchors, candidates, number = draw(step)
        assert windows.shape == views.shape == (20, 100, 3)
        assert (anchors.shape, candidates.shape) == ((20,), (20, 10))
        assert not torch.equal(windows, views)
        seen.setdefault(int(number), []).append((step, windows, views, anchors, candidates))
    for first, *again in seen.values():
        for other in again:
            assert all(torch.equal(first[k], other[k]) for k in (1, 3, 4))
            assert not torch.equal(first[2], other[2])
    apart = relcon.POOL // 3
    settled = [n for n in seen if apart * 2 <= n < steps // 3 - apart * 2]
    assert len(settled) > 10
    for n in settled:  # new at a third of the steps, and back after as many others
        assert [each[0] for each in seen[n]] == [3 * (n + turn * apart) + turn for turn in range(3)]
    different = {each[0][1].numpy().tobytes() for each in seen.values()}
    assert len(different) == len(seen) == steps // 3  # no two numbers for one batch, and none twice
    # Those that validate are others, and are numbered apart.
    held = make.drawer(data, rows, settings, VALIDATION)
    numbers = {int(held(n)[4]) for n in range(10)}
    assert len(numbers) == 10
    assert not numbers & {int(draw(n)[4]) for n in range(1000, 1010)} | numbers & set(seen)


def test_a_batch_depends_on_its_step_alone(data):
    rows = np.arange(0, len(data), 2)
    settings = make.settings(method="relcon", batch=20, within=4, between=6, reuse=2, seed=1)
    for stream in (TRAIN, VALIDATION):
        first, second = (make.drawer(data, rows, settings, stream) for _ in range(2))
        for step in (70, 1):
            assert all(torch.equal(a, b) for a, b in zip(first(step), second(step), strict=True))


def test_without_augmentation_the_views_are_the_windows(data):
    rows = np.arange(len(data))
    settings = settings_with_defaults({"method": "relcon", "preset": "paper", "within": 4, "batch": 5})
    windows, views, anchors, candidates, _ = make.drawer(data, rows, settings, TRAIN)(0)
    assert torch.equal(windows, views)
    assert windows.shape == (25, 100, 3)  # five people
    assert anchors.tolist() == [0, 5, 10, 15, 20]
    assert candidates.shape == (5, 4 + 4)


def test_the_first_stages_batch(data):
    rows = np.arange(0, len(data), 3)
    settings = make.settings(method="relcon", batch=32, seed=1)
    draw = first_stage.batches(data, rows, settings, 0)
    windows, copies, keep = draw(4)
    assert windows.shape == copies.shape == (32, 100, 3)
    assert (keep.shape, keep.dtype) == ((32, 100, 100), torch.bool)
    assert keep.float().mean().item() == pytest.approx(0.9, abs=0.005)
    assert (windows != copies).flatten(1).any(dim=1).all()
    allowed = {window.tobytes() for window in data.take(rows)}
    assert len({window.numpy().tobytes() for window in windows} & allowed) == 32  # without replacement
    again = first_stage.batches(data, rows, settings, 0)
    assert all(torch.equal(a, b) for a, b in zip(again(4), (windows, copies, keep), strict=True))
    for other in (draw(5), first_stage.batches(data, rows, settings, 1)(4)):
        assert not any(torch.equal(a, b) for a, b in zip(other, (windows, copies, keep), strict=True))
    assert first_stage.batches(data, rows[:7], settings, 0)(0)[0].shape == (32, 100, 3)


def wandering(participant: str, seconds: float, rng: np.random.Generator, root: Path) -> Recording:
    """A sensor that turns, and moves sometimes much and sometimes little, never twice alike."""
    count = round(seconds * 50)
    smooth = np.hanning(11) / np.sqrt((np.hanning(11) ** 2).sum())
    moves = [np.convolve(rng.normal(size=count + 10), smooth, "valid") for _ in range(3)]
    strength = 0.2 * np.exp(0.8 * np.repeat(rng.normal(size=count // 64 + 1), 64)[:count])
    posture = np.cumsum(rng.normal(scale=0.2, size=(count, 3)), axis=0) + rng.normal(size=3)
    posture /= np.linalg.norm(posture, axis=1, keepdims=True)
    values = posture + strength[:, None] * np.stack(moves, axis=1)
    source = Source(f"{participant}_0", root / f"{participant}_0.csv", "csv", participant, root=root)
    chunk = Chunk(np.arange(count) / 50, values.astype(np.float32))
    return Recording(source, "acc", ("x", "y", "z"), 50.0, None, "g", "said", None, lambda: iter([chunk]))


@pytest.mark.slow
def test_after_training_a_window_is_nearest_to_itself(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    rng = np.random.default_rng(0)
    made = (wandering(f"P{p}", 130.0, rng, folder) for p in range(4))
    write_store(made, WindowSpec(rate_hz=50.0, window_s=1.28, stride_s=1.28), folder)
    options = {**SMALL, "stage": "distance", "distance_steps": 240, "distance_batch": 16}
    options |= {"distance_lr": 3e-3, "validate_every": 120}
    pretrain(folder, tmp_path / "run", **options)

    everything = TrainingData([WindowStore.open(folder)])
    _, aside = everything.split(0.1, SMALL["seed"])
    windows = torch.from_numpy(everything.take(aside))  # of a person that the distance has not seen
    n = len(windows)
    each, everyone = torch.arange(n), torch.arange(n).repeat(n, 1)
    torch.manual_seed(0)
    fresh, learned = MotifDistance(), MotifDistance()
    first_stage.load_distance(learned, tmp_path / "run" / "distance")
    before, after = (pair_distances(distance, windows, each, everyone) for distance in (fresh, learned))
    assert (before.argmin(dim=1) == each).float().mean() < 0.5
    assert (after.argmin(dim=1) == each).float().mean() > 0.9
    assert after.diagonal().mean() < 0.5 * before.diagonal().mean()


@pytest.mark.slow
def test_the_run_ends_with_a_model(store, tmp_path, monkeypatch):
    from wearcli.training.export import write_model

    monkeypatch.setattr(module, "write_model", write_model)
    result = pretrain(store, tmp_path / "run", licence="MIT", **SMALL)
    config = load_model(Path(result["model"])).config
    assert config.training["method"] == "relcon"
    assert config.name == "relcon-fast"
    assert "distance" not in config.training
    taken = pretrain(store, tmp_path / "other", distance=str(tmp_path / "run"), **SMALL)
    config = load_model(Path(taken["model"])).config
    assert str(tmp_path) not in config.to_text()  # a model that is given away tells no local path
