"""config.json is parsed once; the shipped ones come back key by key, in their order."""

import json
from typing import Any

import pytest

from wearcli.errors import InputError
from wearcli.models.config import ModelConfig, Parity, TeacherModel, TrainingSet
from wearcli.models.folder import BUNDLED, CONFIG_NAME, bundled_models

LEAST: dict[str, Any] = {
    "name": "tiny",
    "sha256": "ab" * 32,
    "rate_hz": 50,
    "window_s": 5,
    "samples": 250,
    "channels": ["x", "y", "z"],
    "unit": "g",
    "dimension": 256,
}


@pytest.mark.parametrize("name", bundled_models())
def test_a_shipped_config_comes_back_to_the_byte(name: str) -> None:
    text = (BUNDLED / name / CONFIG_NAME).read_text()
    config = ModelConfig.parse(text, name)
    assert config.to_text() == text
    assert config.more == {}


def test_a_model_of_another_tool_states_the_least() -> None:
    config = ModelConfig.from_json(LEAST, "config.json")
    assert (config.modality, config.stride_s, config.encoder, config.licence) == ("acc", None, None, None)
    assert (config.training_sets, config.parity, config.teacher) == ((), Parity(), None)
    assert config.to_json() == LEAST | {"modality": "acc", "training_sets": []}


def test_what_wearcli_does_not_use_is_kept() -> None:
    document = LEAST | {"modality": "acc", "training_sets": [], "paper": "doi", "any_length": True}
    config = ModelConfig.from_json(document, "config.json")
    assert config.more == {"paper": "doi"}
    assert config.any_length
    assert config.to_json() == document


def test_sets_and_teachers_are_records() -> None:
    sets = [
        {"name": "a", "participants": 5, "people": ["P1", "P2"], "classes": ["sit"]},
        {"name": "b", "people": "S03 to S09", "target": "hr_bpm", "licence": "MIT"},
    ]
    teacher = {"name": "ppg-v1", "sha256": "cd", "modality": "ppg", "dimension": 153, "frozen": True}
    config = ModelConfig.from_json(LEAST | {"training_sets": sets, "teacher": teacher}, "config.json")
    assert config.training_sets == (
        TrainingSet("a", participants=5, people=("P1", "P2"), classes=("sit",)),
        TrainingSet("b", people="S03 to S09", target="hr_bpm", licence="MIT"),
    )
    assert config.teacher == TeacherModel("ppg-v1", "cd", "ppg", 153, frozen=True)
    assert config.to_json()["training_sets"] == sets
    assert config.to_json()["teacher"] == teacher


def test_the_stride_is_its_own_for_its_own_windows() -> None:
    config = ModelConfig.from_json(LEAST | {"stride_s": 2.5}, "config.json")
    assert (config.stride_for(5), config.stride_for(4)) == (2.5, 4)
    assert ModelConfig.from_json(LEAST, "config.json").stride_for(5) == 5


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"training_sets": {}}, "its training_sets is {}, not a list of JSON objects"),
        ({"training_sets": [{"name": "a", "participants": "all"}]}, "its participants is 'all'"),
        ({"training_sets": [{"name": "a", "hours": float("inf")}]}, "training_sets: its hours is"),
        ({"parity": {"windows": [], "allowed": 1}}, "parity: its windows is [], not a whole number"),
        ({"training_sets": [{"participants": 3}]}, "training_sets: no name in it"),
        ({"teacher": {"name": "ppg-v1"}}, "teacher: no sha256 in it"),
        ({"notes": "text"}, "its notes is 'text', not a list of texts"),
        ({"scores": {"row": "0.5"}}, "scores: its row is '0.5', not a JSON object"),
        ({"any_length": 1}, "its any_length is 1, not true or false"),
        ({"modality": "eeg"}, "its modality is 'eeg', not one of acc"),
        ({"modality": "ppg", "features": "heart"}, "its features are 'heart', not pulse"),
    ],
)
def test_damage_is_one_line(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as error:
        ModelConfig.from_json(LEAST | change, "m/config.json")
    assert str(error.value).startswith("m/config.json: ")
    assert problem in str(error.value)
    assert str(error.value).endswith(": fetch the model again, or export it again")
    assert "\n" not in str(error.value)


def test_numbers_come_through_as_they_stand() -> None:
    """5 stays 5 and 5.0 stays 5.0, so that a config that is read and written is the same file."""
    text = json.dumps(LEAST | {"stride_s": 2.0})
    assert '"stride_s": 2.0' in ModelConfig.parse(text, "c").to_text()
    assert '"window_s": 5,' in ModelConfig.parse(text, "c").to_text()
