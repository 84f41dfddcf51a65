"""Scores of each participant and limits of agreement, against scikit-learn and the probe's own."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score

from tests.probing.tables import study
from tests.reporting.make import probe_folder
from wearcli.reporting.drawing import Drawing, drawing_style
from wearcli.reporting.sections.agreement import limits
from wearcli.reporting.sections.people import draw_people, own_scores
from wearcli.reporting.study import read_study


def test_balanced_accuracy_of_each() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "participant": rng.choice(["a", "b", "c"], 300),
            "truth": rng.choice(["x", "y", "z"], 300),
            "predicted": rng.choice(["x", "y", "z"], 300),
        }
    )
    table = table[(table["participant"] != "c") | (table["truth"] == "x")]  # who has one class alone
    found = own_scores(table, classify=True)
    for name, mine in table.groupby("participant"):
        if mine["truth"].nunique() > 1:
            expected = balanced_accuracy_score(mine["truth"], mine["predicted"])
        else:
            expected = (mine["truth"] == mine["predicted"]).mean()
        assert found.loc[name, "score"] == pytest.approx(expected)
        assert found.loc[name, "samples"] == len(mine)


def test_mean_error_of_each() -> None:
    table = pd.DataFrame(
        {"participant": ["a", "b", "a"], "truth": [1.0, 2.0, 3.0], "predicted": [2.0, 2.0, 0.0]}
    )
    found = own_scores(table, classify=False)
    assert found["score"].to_dict() == {"a": 2.0, "b": 0.0}
    assert found["samples"].to_dict() == {"a": 2, "b": 1}


def test_limits_of_agreement_are_the_probes(tmp_path: Path) -> None:
    """Computed here of predictions.parquet, and by `wearcli.probe` before."""
    opened = read_study(probe_folder(tmp_path, "gait"), None)
    for target in opened.targets:
        mine = opened.predictions_for(target)
        found = limits(mine["truth"].to_numpy(), mine["predicted"].to_numpy())
        known = [opened.score("linear", name, target)["mean"] for name in ("bias", "loa_low", "loa_high")]
        assert found == pytest.approx(known, abs=2e-6)  # probe.json has six decimals


def test_the_spread_in_words(tmp_path: Path) -> None:
    opened = read_study(probe_folder(tmp_path, table=study(tmp_path, people=6)), None)
    table = opened.predictions
    table.loc[(table["participant"] == "p03") & (table["probe"] == "linear"), "predicted"] = "nothing"
    with drawing_style():
        drawing = draw_people(opened, "label")
    assert isinstance(drawing, Drawing)
    assert "of 6 participants: from 0.000 to " in drawing.alternative
    assert "The worst: p03 (0.000)," in drawing.alternative
    names = [label.get_text() for label in drawing.figure.axes[0].get_yticklabels()]
    assert names[-1] == "p03 (30)"  # of 6 bouts of 5 windows; the best on top
    few = opened.predictions_for("label").drop_duplicates("participant")
    with drawing_style():
        said = draw_people(type(opened)(opened.folder, opened.document, few, "linear"), "label")
    assert isinstance(said, str)
    assert "Most participants have 1 sample" in said
