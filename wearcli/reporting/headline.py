"""The result in plain words: the first thing on the page."""

from wearcli.reporting.comparison import ReportedComparison
from wearcli.reporting.metrics import verdict
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, count, interval, listed, number, plain, with_interval


def headline(study: Study) -> list[str]:
    """Say what was probed, the score, and whether it beats hand-made features and the trivial guess.

    Returns:
        Paragraphs, and items of a list, which begin with "- ".
    """
    return _classes(study) if study.classify else _values(study)


def comparison_headline(comparison: ReportedComparison) -> list[str]:
    """Say what was compared, and for each target the best encoder and whether it beats hand-made features."""
    result = comparison.result
    subject = listed(map(plain, result.targets))
    if comparison.classify:
        subject = count(len(result.classes), "class", "classes")
    encoders, people = count(len(result.models), "encoder"), count(result.n_participants, "participant")
    first = (
        f"{result.task}: {encoders} by the same {PROBES[result.probe]} on {subject}; "
        f"{count(result.n_samples, 'sample')} of {people}, each predicted by a probe that had not "
        "seen the person."
    )
    lines = [_best(comparison, target) for target in result.targets]
    return [_upper(first), *(line for line in lines if line)]


def _best(comparison: ReportedComparison, target: str) -> str | None:
    """Name the best encoder; None where no score is defined."""
    result = comparison.result
    scores = comparison.leading({name: result.scores[name] for name in result.models}, target)
    means = {name: score["mean"] for name, score in scores.items() if score.get("mean") is not None}
    if not means:
        return None
    best = (max if comparison.classify else min)(means, key=lambda name: means[name])
    line = f"{best} has the best {comparison.metric_title(target)}: {with_interval(scores[best])}"
    difference = comparison.leading(result.less_features, target).get(best)
    if difference:
        words = {1: "better than", -1: "worse than", 0: "not shown to differ from", None: "beside"}
        side = words[verdict(difference, lower_is_better=not comparison.classify)]
        line += f", {side} hand-made features ({number(difference['mean'])} {interval(difference)})"
    return f"{line}."


def _probe_name(study: Study) -> str:
    """Name the probe and what it is fitted on."""
    if study.probe == "features":
        return "the linear probe on hand-made features"
    return f"the {PROBES[study.probe]} on embeddings of {study.result.model.get('name', 'an unknown model')}"


def _samples(study: Study) -> str:
    """Say how many samples of how many people were scored."""
    result = study.result
    scored = max((study.predictions_for(target) for target in study.targets), key=len)
    if result.level == "participant":
        samples = f"means of {count(result.n_windows, 'window')}"
    elif result.epoch:
        samples = f"epochs of {result.epoch:g} s"
    else:
        samples = "windows" if result.n_samples == result.n_windows else "labelled intervals"
    amount = f"{len(scored):,} {samples} of {count(scored['participant'].nunique(), 'participant')}"
    if tested := result.tested:
        return f"{amount} of {listed(map(str, tested))}, an outside set that the probe had not seen"
    return f"{amount}, each predicted by a probe that had not seen the person"


def _classes(study: Study) -> list[str]:
    """Write the paragraphs of a classification."""
    result = study.result
    score = study.score(study.probe, "macro_f1")
    first = (
        f"{result.task}: {_probe_name(study)} tells {count(len(result.classes), 'class', 'classes')} apart "
        f"with a macro-F1 of {with_interval(score)} (1 is perfect; the majority class alone gets "
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
    side = verdict(difference)
    second = (
        _no_features(study)
        if side is None
        else f"The same probe on hand-made features gets {features}: a difference of "
        f"{number(difference['mean'])} {interval(difference)}; {words[side]}."
    )
    return [f"{_upper(first)}. {_samples(study)}.", second]


def _no_features(study: Study) -> str:
    if study.probe == "features":
        return "The figures show the probe on hand-made features; those on embeddings stand in the tables."
    return "There is no probe on hand-made features to compare with."


def _values(study: Study) -> list[str]:
    """Write the paragraphs of a regression."""
    result = study.result
    lines = []
    for target in study.targets:
        scores = {name: study.score(name, "mae", target) for name in (study.probe, "features", "mean")}
        beside = [
            f"{name} {number(scores[key]['mean'])}"
            for key, name in (("features", "features"), ("mean", "mean of the others"))
            if scores[key] and key != study.probe
        ]
        lines.append(
            f"{plain(target)} is off by {with_interval(scores[study.probe])} on average"
            f"{' (' + '; '.join(beside) + ')' if beside else ''}"
        )
    first = f"{result.task}: {_probe_name(study)} predicts {listed(map(plain, study.targets))}"
    if len(lines) == 1:
        paragraphs = [f"{_upper(first)}: {lines[0]}. {_samples(study)}."]
    else:
        paragraphs = [f"{_upper(first)}. {_samples(study)}.", *(f"- {line}" for line in lines)]
    return [*paragraphs, _against_features(study), *_no_better(study)]


def _against_features(study: Study) -> str:
    """Say for which targets the error is smaller, larger, or not shown to differ."""
    targets: dict[int, list[str]] = {}
    for target in study.targets:
        side = verdict(study.difference("mae", target), lower_is_better=True)
        if side is not None:
            targets.setdefault(side, []).append(plain(target))
    if not targets:
        return _no_features(study)
    words = {1: "smaller for", -1: "larger for", 0: "not shown to differ for"}
    parts = [f"{words[side]} {listed(targets[side])}" for side in (1, -1, 0) if side in targets]
    return f"Against the same probe on hand-made features the mean absolute error is {'; '.join(parts)}."


def _no_better(study: Study) -> list[str]:
    """Name the targets that the mean of the other people predicts as well."""
    worse = []
    for target in study.targets:
        own, trivial = (study.score(name, "mae", target).get("mean") for name in (study.probe, "mean"))
        if own is not None and trivial is not None and own >= trivial:
            worse.append(plain(target))
    return [f"No better than the mean of the other people: {listed(worse)}."] if worse else []


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
