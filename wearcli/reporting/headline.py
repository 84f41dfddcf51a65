"""What was found, in plain words: the first thing on the page."""

from collections.abc import Mapping
from typing import Any

from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, count, interval, listed, number, plain, with_interval


def headline(study: Study) -> list[str]:
    """What was probed, the score, whether it beats hand-made features and the trivial guess.

    A line each paragraph, and each item of a list, which begins with "- ".
    """
    return _of_classes(study) if study.classify else _of_values(study)


def verdict(difference: Mapping[str, Any], lower_is_better: bool = False) -> int | None:
    """1 where the interval of a paired difference lies on the better side of 0, -1 on the worse, 0 where it
    holds 0; None without a difference."""
    low, high = difference.get("low"), difference.get("high")
    if low is None or high is None:
        return None
    side = 1 if low > 0 else -1 if high < 0 else 0
    return -side if lower_is_better else side


def _who(study: Study) -> str:
    if study.probe == "features":
        return "the linear probe on hand-made features"
    return f"the {PROBES[study.probe]} on embeddings of {study.result.model.get('name', 'an unknown model')}"


def _samples(study: Study) -> str:
    """How many were scored, of whom, and by whom it had not seen."""
    result = study.result
    scored = max((study.of(target) for target in study.targets), key=len)
    if result.level == "participant":
        samples = f"means of {result.n_windows:,} windows"
    elif result.epoch:
        samples = f"epochs of {result.epoch:g} s"
    else:
        samples = "windows" if result.n_samples == result.n_windows else "labelled intervals"
    amount = f"{len(scored):,} {samples} of {count(scored['participant'].nunique(), 'participant')}"
    if tested := result.tested:
        return f"{amount} of {listed(map(str, tested))}, an outside set that the probe had not seen"
    return f"{amount}, each predicted by a probe that had not seen the person"


def _of_classes(study: Study) -> list[str]:
    result = study.result
    score = study.score(study.probe, "macro_f1")
    first = (
        f"{result.task}: {_who(study)} tells {count(len(result.classes), 'class', 'classes')} apart with a "
        f"macro-F1 of {with_interval(score)} (1 is perfect; the majority class alone gets "
        f"{number(study.score('majority', 'macro_f1').get('mean'))})"
    )
    if result.positive:
        first += f", '{result.positive}' with an AUROC of {with_interval(study.score(study.probe, 'auroc'))}"
    difference = study.difference("macro_f1")
    features = number(study.score("features", "macro_f1").get("mean"))
    words = {
        1: "the interval lies above zero, so the embeddings tell more than the features do",
        -1: "the interval lies below zero, so the features tell more than the embeddings do",
        0: "the interval holds zero, so it is not shown that the embeddings tell more than the features",
    }
    found = verdict(difference)
    second = (
        _no_features(study)
        if found is None
        else f"The same probe on hand-made features gets {features}: a difference of "
        f"{number(difference['mean'])} {interval(difference)}; {words[found]}."
    )
    return [f"{_upper(first)}. {_samples(study)}.", second]


def _no_features(study: Study) -> str:
    if study.probe == "features":
        return "The figures show the probe on hand-made features; those on embeddings stand in the tables."
    return "There is no probe on hand-made features to compare with."


def _of_values(study: Study) -> list[str]:
    result = study.result
    told = []
    for target in study.targets:
        scores = {name: study.score(name, "mae", target) for name in (study.probe, "features", "mean")}
        beside = [
            f"{name} {number(scores[key]['mean'])}"
            for key, name in (("features", "features"), ("mean", "mean of the others"))
            if scores[key] and key != study.probe
        ]
        told.append(
            f"{plain(target)} is off by {with_interval(scores[study.probe])} on average"
            f"{' (' + '; '.join(beside) + ')' if beside else ''}"
        )
    first = f"{result.task}: {_who(study)} predicts {listed(map(plain, study.targets))}"
    if len(told) == 1:
        paragraphs = [f"{_upper(first)}: {told[0]}. {_samples(study)}."]
    else:
        paragraphs = [f"{_upper(first)}. {_samples(study)}.", *(f"- {line}" for line in told)]
    return [*paragraphs, _against_features(study), *_no_better(study)]


def _against_features(study: Study) -> str:
    """For which targets the error is smaller, larger, or not shown to differ."""
    by: dict[int, list[str]] = {}
    for target in study.targets:
        found = verdict(study.difference("mae", target), lower_is_better=True)
        if found is not None:
            by.setdefault(found, []).append(plain(target))
    if not by:
        return _no_features(study)
    words = {1: "smaller for", -1: "larger for", 0: "not shown to differ for"}
    parts = [f"{words[way]} {listed(by[way])}" for way in (1, -1, 0) if way in by]
    return f"Against the same probe on hand-made features the mean absolute error is {'; '.join(parts)}."


def _no_better(study: Study) -> list[str]:
    """Targets that the mean of the other people predicts as well."""
    worse = []
    for target in study.targets:
        own, trivial = (study.score(name, "mae", target).get("mean") for name in (study.probe, "mean"))
        if own is not None and trivial is not None and own >= trivial:
            worse.append(plain(target))
    return [f"No better than the mean of the other people: {listed(worse)}."] if worse else []


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
