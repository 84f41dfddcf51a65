"""The first sentences: what was found, and whether it beats hand-made features."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.reporting.make import probe_folder
from wearcli.probing.document import ProbeDocument
from wearcli.reporting.headline import headline
from wearcli.reporting.study import Study, read_study


@pytest.fixture(scope="module")
def of_classes(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return read_study(probe_folder(tmp_path_factory.mktemp("classes"), epoch=4.0, positive="walk"), None)


@pytest.fixture(scope="module")
def of_values(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return read_study(probe_folder(tmp_path_factory.mktemp("values"), task="gait"), None)


def with_info(study: Study, change: Callable[[dict[str, Any]], Any], probe: str = "linear") -> Study:
    info = deepcopy(study.document.to_json())
    change(info)
    return Study(study.folder, ProbeDocument.from_json(info, study.folder), study.predictions, probe)


def test_what_was_probed(of_classes: Study) -> None:
    def change(info: dict[str, Any]) -> None:
        info["scores"]["linear"]["macro_f1"] = {"mean": 0.8594, "low": 0.8045, "high": 0.9109}
        info["scores"]["linear"]["auroc"] = {"mean": 0.9, "low": 0.85, "high": 0.95}
        info["scores"]["majority"]["macro_f1"]["mean"] = 0.4

    # 8 people, each with rest and stairs (20 s, now one class) and walk (10 s) twice: 5, 2, 5 and 2 epochs.
    assert headline(with_info(of_classes, change))[0] == (
        "Activity: the linear probe on embeddings of toy tells 2 classes apart with a macro-F1 of 0.859 "
        "[0.804, 0.911] (1 is perfect; the majority class alone gets 0.400), 'walk' with an AUROC of 0.900 "
        "[0.850, 0.950]. 112 epochs of 4 s of 8 participants, each predicted by a probe that had not seen "
        "the person."
    )


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.2, "lies above zero, so the embeddings tell more than the features do."),
        (-0.2, -0.01, "lies below zero, so the features tell more than the embeddings do."),
        (-0.1, 0.1, "holds zero, so it is not shown that the embeddings tell more than the features."),
    ],
)
def test_the_verdict(of_classes: Study, low: float, high: float, said: str) -> None:
    found = {"mean": 0.0, "low": low, "high": high}
    study = with_info(of_classes, lambda info: info["differences"]["linear"].update(macro_f1=found))
    line = headline(study)[1]
    assert f"a difference of 0.000 [{low:.3f}, {high:.3f}]; the interval " in line
    assert line.endswith(said)


def test_of_values_a_smaller_error_is_the_better_one(of_values: Study) -> None:
    def change(info: dict[str, Any]) -> None:
        less = info["differences"]["linear"]
        less["stride_time_s.mae"] = {"mean": -0.2, "low": -0.3, "high": -0.1}
        less["cadence_spm.mae"] = {"mean": 0.2, "low": 0.1, "high": 0.3}
        info["scores"]["mean"]["cadence_spm.mae"]["mean"] = 1e-9

    lines = headline(with_info(of_values, change))
    assert lines[-2].endswith("smaller for stride time (s); larger for cadence (steps/min).")
    assert lines[-1] == "No better than the mean of the other people: cadence (steps/min)."
    less = of_values.result.differences["linear"]
    both = {key: {**less[key], "low": -1.0, "high": 1.0} for key in less}
    lines = headline(with_info(of_values, lambda info: info["differences"].update(linear=both)))
    assert lines[-1].endswith("is not shown to differ for stride time (s) and cadence (steps/min).")


def test_without_hand_made_features(of_classes: Study) -> None:
    nothing = with_info(of_classes, lambda info: info.update(differences={}))
    assert headline(nothing)[1] == "There is no probe on hand-made features to compare with."
    features = with_info(of_classes, lambda info: None, probe="features")
    first, second = headline(features)
    assert first.startswith("Activity: the linear probe on hand-made features tells 2 classes apart")
    assert second.startswith("The figures show the probe on hand-made features")


def test_an_outside_set(of_classes: Study) -> None:
    study = with_info(of_classes, lambda info: info.update(tested=["data/clinic.parquet"]))
    assert headline(study)[0].endswith(
        "112 epochs of 4 s of 8 participants of data/clinic.parquet, an outside set that the probe had not "
        "seen."
    )
