"""The model card: README.md of a model folder, from its config alone."""

from collections.abc import Mapping
from typing import Any

Scores = Mapping[str, Mapping[str, str]]  # row (a set and its task) -> column -> figure


def card(config: Mapping[str, Any]) -> str:
    """The card as Markdown.

    config: of the model folder; its `notes` (lines) and the `people` of a training set (their names, or a
    range as text) stand with the data where they are given, its `scores` and `robustness` (row -> column ->
    figure, as text) as tables. A card without scores says so.
    """
    recipe = config.get("training", {})
    sets = config["training_sets"]
    parity = config.get("parity", {})
    how = "with" if any(s.get("classes") or s.get("target") for s in sets) else "without"
    rate = f"{config['rate_hz']:g} Hz"
    channels = ", ".join(config["channels"])
    unit = "any unit" if config["unit"] == "raw" else config["unit"]
    sections = [
        f"# {config['name']}",
        f"An encoder of {config['modality']} windows, trained by {recipe.get('method', '?')} {how} labels. "
        f"In: `windows` (batch, {config['samples']}, {len(config['channels'])}) float32, {channels} in "
        f"{unit}, {config['window_s']:g} s at {rate}, as measured: the graph holds all "
        f"normalisation ({config['normalisation']}). "
        f"Out: `embedding` (batch, {config['dimension']}) float32.",
        "## Use",
        f"    wearcli embed recordings/ --model {config['name']}\n\n"
        "Give the folder's path for `--model` where the model does not come with wearcli.",
        "## Data it was trained on",
        _table(
            ["set", "participants", "hours", "windows", "terms of the data"],
            [
                [s["name"], s["participants"], s["hours"], s["windows"], s.get("licence") or "not stated"]
                for s in sets
            ],
        ),
        "Participants set aside to validate are not counted; they chose when to stop, nothing else.",
        *_lines([f"People of {s['name']}: {_people(s['people'])}" for s in sets if s.get("people")]),
        *_lines([f"Classes of {s['name']}: {', '.join(s['classes'])}" for s in sets if s.get("classes")]),
        *_lines([f"Learned of {s['name']}: {s['target']}" for s in sets if s.get("target")]),
        *_lines([_teacher(config["teacher"])] if config.get("teacher") else []),
        *_lines(config.get("notes", [])),
        "## Recipe",
        _table(["setting", "value"], [[key, value] for key, value in recipe.items()]),
        f"Encoder `{config['encoder']}`, {config['parameters']:,} parameters. The ONNX graph differs from "
        f"the torch module by at most {parity.get('max_abs_difference', float('nan')):.1e} over "
        f"{parity.get('windows', 0)} real windows.",
        *_diagnostics(config.get("metrics", {})),
        "## Scores",
        _score_table(config["scores"])
        if config.get("scores")
        else "Not scored yet. `wearcli probe` scores it on your own labels.",
        *(["## Robustness", _score_table(config["robustness"])] if config.get("robustness") else []),
        "## Limits",
        "- It knows the people, devices and body places of the sets above; on others, measure first.\n"
        f"- It expects {_expected(config)} and {rate}; `wearcli embed` sees to both.\n"
        "- The embeddings may tell people apart: treat them as personal data, like the recordings.\n"
        "- It is no medical device.",
        "## Licence",
        f"Weights: {config['licence']}. Made with wearcli {config['wearcli']}; sha256 of model.onnx "
        f"`{config['sha256']}`.",
    ]
    return "\n\n".join(sections) + "\n"


def _expected(config: Mapping[str, Any]) -> str:
    if config["unit"] == "g":
        return "g, about 1 at rest,"
    count = len(config["channels"])
    return f"{count} channel{'s' if count > 1 else ''} of {config['modality']}, in any unit,"


def _diagnostics(metrics: Mapping[str, Any]) -> list[str]:
    """What the last validation told of the embeddings of people set aside."""
    told = {
        "effective rank": metrics.get("effective_rank"),
        "dispersion ratio within / between people": metrics.get("dispersion_ratio"),
        "validation loss": metrics.get("validation_loss"),
    }
    rows = [[name, f"{value:.3g}"] for name, value in told.items() if value is not None]
    return ["## Diagnostics", _table(["figure", "value"], rows)] if rows else []


def _teacher(teacher: Mapping[str, Any]) -> str:
    how = "frozen" if teacher["frozen"] else "trained along"
    return (
        f"Teacher: {teacher['name']}, a model of {teacher['modality']} windows of the same people and times, "
        f"{how}; sha256 {teacher['sha256'][:12]}. Its own training sets are on its card."
    )


def _people(people: str | list[str]) -> str:
    return people if isinstance(people, str) else ", ".join(people)


def _lines(texts: list[str]) -> list[str]:
    return ["\n".join(f"- {text}" for text in texts)] if texts else []


def _score_table(scores: Scores) -> str:
    columns = list(dict.fromkeys(column for row in scores.values() for column in row))
    return _table(
        ["", *columns], [[name, *(row.get(c, "") for c in columns)] for name, row in scores.items()]
    )


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
