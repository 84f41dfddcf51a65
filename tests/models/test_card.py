from typing import Any

from wearcli.models import card as module
from wearcli.models.config import ModelConfig

CONFIG: dict[str, Any] = {
    "name": "tiny-v1",
    "encoder": "fast",
    "rate_hz": 50.0,
    "window_s": 5.0,
    "samples": 250,
    "channels": ["x", "y", "z"],
    "unit": "g",
    "modality": "acc",
    "normalisation": "none",
    "dimension": 256,
    "parameters": 1_046_784,
    "sha256": "ab" * 32,
    "parity": {"max_abs_difference": 3.21e-6, "windows": 512},
    "training_sets": [
        {"name": "a", "participants": 5, "hours": 1.5, "windows": 1080, "licence": "MIT"},
        {"name": "b", "participants": 7, "hours": 2.0, "windows": 1440},
    ],
    "training": {"method": "simclr", "steps": 100},
    "licence": "Apache-2.0",
    "wearcli": "0.1.0",
}


def card(document: dict[str, Any]) -> str:
    return module.card(ModelConfig.from_json(document, "config.json"))


def test_card_says_where_the_model_comes_from():
    text = card(CONFIG)
    for part in (
        "# tiny-v1",
        "(batch, 250, 3)",
        "| a | 5 | 1.5 | 1080 | MIT |",
        "| b | 7 | 2.0 | 1440 | not stated |",
        "1,046,784 parameters",
        "3.2e-06 over 512 real windows",
        "Not scored yet",
        "Weights: Apache-2.0",
        "ab" * 32,
    ):
        assert part in text


def test_people_and_notes_stand_with_the_data():
    first, second = CONFIG["training_sets"]
    sets = [{**first, "people": ["P1", "P2"]}, {**second, "people": "S03 to S09"}]
    text = card({**CONFIG, "training_sets": sets, "notes": ["The phone was in a pocket.", "Two sets."]})
    data = text[text.index("## Data") : text.index("## Recipe")]
    assert "- People of a: P1, P2\n- People of b: S03 to S09\n" in data
    assert "- The phone was in a pocket.\n- Two sets.\n" in data
    assert "People of" not in card(CONFIG)


def test_a_model_of_labels_says_so():
    first, second = CONFIG["training_sets"]
    text = card({**CONFIG, "training_sets": [first, {**second, "classes": ["sit", "walk"]}]})
    assert "trained by simclr with labels." in text
    assert "- Classes of b: sit, walk\n" in text
    assert "Classes of a" not in text
    assert "trained by simclr without labels." in card(CONFIG)


def test_a_student_names_its_teacher_and_amounts_their_column():
    teacher = {"name": "ppg-v1", "sha256": "cd" * 32, "modality": "ppg", "dimension": 153, "frozen": True}
    text = card({**CONFIG, "teacher": teacher})
    assert "Teacher: ppg-v1" in text
    assert "frozen" in text
    assert "cdcdcdcdcdcd" in text
    assert "without labels" in text
    assert "trained along" in card({**CONFIG, "teacher": {**teacher, "frozen": False}})
    sets = [{**CONFIG["training_sets"][0], "target": "hr_bpm"}]
    text = card({**CONFIG, "training_sets": sets})
    assert "Learned of a: hr_bpm" in text
    assert "with labels" in text


def test_scores_become_a_table():
    rows = {"walks": {"linear": ".80", "features": ".75"}, "falls": {"linear": ".60"}}
    text = card({**CONFIG, "scores": rows, "robustness": {"clipped at 2 g": {"walks": ".79"}}})
    assert "|  | linear | features |" in text
    assert "| walks | .80 | .75 |" in text
    assert "| falls | .60 |  |" in text
    assert "| clipped at 2 g | .79 |" in text
    assert "Not scored" not in text
