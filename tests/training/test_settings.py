"""Options of a run: written and read again, refused, and at their defaults."""

import math
import tomllib
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training import make
from wearcli.errors import InputError, UsageError
from wearcli.options import option_fields
from wearcli.training.checks import check_settings
from wearcli.training.config_file import read_config, write_config
from wearcli.training.methods.registry import METHODS
from wearcli.training.presets import settings_with_defaults
from wearcli.training.settings import PARTS, Settings

# As version 0.1.0 wrote it: the options of all methods, whichever the run's.
OF_0_1_0 = """# wearcli 0.1.0, torch 2.13.0, cpu
[pretrain]
paths = ["walks"]
method = "simclr"
preset = "default"
modality = "acc"
min_quality = 0.5
encoder = "fast"
revin = false
steps = 100
batch = 64
lr = 0.002
weight_decay = 0.01
schedule = "cosine"
warmup = 200
clip_norm = 1.0
rate = 50.0
window = 2.0
stride = 2.0
positive_seconds = 5.0
max_degrees = 25.0
noise = 0.05
scale = 0.1
warp = 0.15
poor = 0.0
contrast = 1.0
whiten = true
temperature = 0.2
positives = "participant"
koleo = 0.1
momentum = 0.99
train_teacher = false
clock_offset = 0.0
near_seconds = 120.0
negatives = "all"
augment = true
mask_share = 0.5
mask_seconds = 0.2
labels = []
target = "label"
within = 20
between = 63
within_seconds = 3600.0
anchors_per_person = 0
reuse = 1
stage = "both"
distance_steps = 500
distance_batch = 64
distance_lr = 0.001
distance_loss = "squares"
validation = 0.1
validate_every = 500
patience = 20
checkpoint_every = 500
precision = "fp32"
seed = 0
licence = "not stated"
terms = ["a=b"]
watch_task = "activity"
tensorboard = false
"""


@given(
    st.fixed_dictionaries(
        {
            "paths": st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3).map(tuple),
            "name": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
            "minutes": st.none() | st.floats(allow_nan=False),
            "lr": st.floats(allow_nan=False),
            "batch": st.integers(0, 10**9),
            "revin": st.booleans(),
        }
    )
)
def test_whatever_was_set_is_read_again(tmp_path_factory, options):
    """A name beyond the basic plane and a number without end are TOML that JSON's writer does not give."""
    path = tmp_path_factory.mktemp("run") / "config.toml"
    settings = make.settings(**options)
    write_config(settings, path, "made by a test")
    assert read_config(path) == settings


@pytest.mark.parametrize("options", [{"paths": ("walks \U0001f6b6",)}, {"minutes": math.inf}])
def test_a_path_with_an_emoji_and_a_run_without_end_are_read_again(tmp_path, options):
    write_config(make.settings(**options), tmp_path / "config.toml", "made by a test")
    assert read_config(tmp_path / "config.toml") == make.settings(**options)
    assert tomllib.loads((tmp_path / "config.toml").read_text(encoding="utf-8"))["pretrain"]["batch"] == 256


def test_a_run_of_an_older_version_is_read(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(OF_0_1_0)
    settings = read_config(path)
    assert (settings.own.positive_seconds, settings.own.temperature) == (5.0, 0.2)
    table = tomllib.loads(OF_0_1_0)["pretrain"]
    flat = {key: list(value) if isinstance(value, tuple) else value for key, value in settings.flat().items()}
    assert {key: value for key, value in flat.items() if value is not None}.items() <= table.items()
    path.write_text(OF_0_1_0.replace('"simclr"', '"relcon"'))
    assert (read_config(path).own.distance_loss, read_config(path).own.between) == ("squares", 63)
    path.write_text(OF_0_1_0 + "colour = 1\n")
    with pytest.raises(InputError, match=r"cannot be resumed \(unknown setting colour\): start the run anew"):
        read_config(path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mask_share": 0.7}, "--mask-share is of --method masked, not of simclr"),
        ({"target": "sex"}, "--target is of --method supervised and multitask, not of simclr"),
        ({"whiten": False}, "--no-whiten is of --method multitask, not of simclr"),
        ({"method": "masked", "temperature": 0.2}, "--temperature is of --method simclr and "),
        ({"stage": "distance"}, "--stage is of --method relcon, not of simclr"),
        ({"colour": "red"}, "no option 'colour': see 'wearcli pretrain --help'"),
        ({"lr": "fast"}, "--lr fast: give a number"),
        ({"batch": 2.5}, "--batch 2.5: give a whole number"),
        ({"lr": math.nan}, "--lr nan: must be a number"),
        ({"schedule": "zigzag"}, "no schedule 'zigzag': --schedule takes cosine, constant or step"),
        ({"method": "participant", "momentum": 1.0}, "--momentum 1: must be below 1"),
        ({"modality": "ppg", "noise": 0.1}, "--noise is of acceleration, not of ppg"),
        ({"channels": 2}, "--channels is of PPG and ECG, not of acc"),
        ({"method": "relcon", "modality": "ecg"}, "--method relcon is of acceleration, not of ecg"),
        ({"method": "masked", "preset": "paper"}, "there is none of masked, only of relcon, participant"),
        ({"watch_every": 3}, "are of --watch: name a study with it"),
        ({"modality": "smell"}, "no modality 'smell'"),
    ],
)
def test_an_option_that_a_run_cannot_have_is_refused_in_one_line(options, says):
    with pytest.raises(UsageError, match=says) as error:
        check_settings(settings_with_defaults(options))
    assert "\n" not in str(error.value)


def test_an_option_of_another_method_at_its_default_is_no_harm():
    assert settings_with_defaults({"mask_share": 0.5}) == settings_with_defaults({})


def test_every_option_stands_once():
    """A name in two parts, or in a part and a method, would have two homes."""
    names = [field.name for part in PARTS.values() for field in fields(part)]
    assert len(names) == len(set(names))
    for method in METHODS.values():
        assert not {field.name for field in fields(method.options)} & set(names)
    # What several methods have is one definition that they inherit.
    by_name = {}
    for method in METHODS.values():
        for field in option_fields(method.options):
            assert by_name.setdefault(field.name, field) == field


def test_what_a_preset_sets_is_an_option_of_the_method_and_allowed():
    for method in METHODS.values():
        for name in ("default", *(["paper"] if method.paper else [])):
            modality = method.modalities[0] if method.modalities else "acc"
            settings = settings_with_defaults({"method": method.name, "preset": name, "modality": modality})
            check_settings(settings)
            for key, value in {**(method.defaults if name == "default" else method.paper or {})}.items():
                assert settings.flat()[key] == value


def test_a_change_is_of_the_option_alone():
    settings = Settings.from_options({"method": "masked"})
    changed = settings.changed(mask_share=0.3, lr=0.5)
    different = {key for key, value in changed.flat().items() if value != settings.flat()[key]}
    assert different == {"mask_share", "lr"}
