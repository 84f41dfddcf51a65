"""The model card: README.md of a model folder, from its config alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from wearcli.models.config import ModelConfig, Scores, TeacherModel


def card(config: ModelConfig) -> str:
    """Return the card of a model as Markdown; one without scores says so."""
    sets = config.training_sets
    how = "with" if any(item.classes or item.target for item in sets) else "without"
    method = config.training.get("method", "?")
    rate = f"{config.rate_hz:g} Hz"
    channels = ", ".join(config.channels)
    unit = "any unit" if config.unit == "raw" else config.unit
    sections = [
        f"# {config.name}",
        f"An encoder of {config.modality} windows, trained by {method} {how} labels. "
        f"In: `windows` (batch, {config.samples}, {len(config.channels)}) float32, {channels} in "
        f"{unit}, {config.window_s:g} s at {rate}, as measured: the graph holds all "
        f"normalisation ({config.normalisation}). "
        f"Out: `embedding` (batch, {config.dimension}) float32.",
        "## Use",
        f"    wearcli embed recordings/ --model {config.name}\n\n"
        "Give the folder's path for `--model` where the model does not come with wearcli.",
        "## Data it was trained on",
        _table(
            ["set", "participants", "hours", "windows", "terms of the data"],
            [
                [item.name, item.participants, item.hours, item.windows, item.licence or "not stated"]
                for item in sets
            ],
        ),
        "Participants set aside to validate are not counted; they chose when to stop, nothing else.",
        *_lines([f"People of {item.name}: {_people(item.people)}" for item in sets if item.people]),
        *_lines([f"Classes of {item.name}: {', '.join(item.classes)}" for item in sets if item.classes]),
        *_lines([f"Learned of {item.name}: {item.target}" for item in sets if item.target]),
        *_lines([_teacher(config.teacher)] if config.teacher else []),
        *_lines(config.notes),
        "## Recipe",
        _table(["setting", "value"], [[key, value] for key, value in config.training.items()]),
        f"Encoder `{config.encoder}`, {config.parameters or 0:,} parameters. The ONNX graph differs from "
        f"the torch module by at most {config.parity.max_abs_difference:.1e} over "
        f"{config.parity.windows} real windows.",
        *_diagnostics(config.metrics),
        "## Scores",
        _score_table(config.scores)
        if config.scores
        else "Not scored yet. `wearcli probe` scores it on your own labels.",
        *(["## Robustness", _score_table(config.robustness)] if config.robustness else []),
        "## Limits",
        "- It knows the people, devices and body places of the sets above; on others, measure first.\n"
        f"- It expects {_expected(config)} and {rate}; `wearcli embed` sees to both.\n"
        "- The embeddings may tell people apart: treat them as personal data, like the recordings.\n"
        "- It is no medical device.",
        "## Licence",
        f"Weights: {config.licence}. Made with wearcli {config.wearcli}; sha256 of model.onnx "
        f"`{config.sha256}`.",
    ]
    return "\n\n".join(sections) + "\n"


def _expected(config: ModelConfig) -> str:
    if config.unit == "g":
        return "g, about 1 at rest,"
    count = len(config.channels)
    return f"{count} channel{'s' if count > 1 else ''} of {config.modality}, in any unit,"


def _diagnostics(metrics: Mapping[str, Any]) -> list[str]:
    """What the last validation measured of the embeddings of people set aside."""
    figures = {
        "effective rank": metrics.get("effective_rank"),
        "dispersion ratio within / between people": metrics.get("dispersion_ratio"),
        "validation loss": metrics.get("validation_loss"),
    }
    rows = [[name, f"{value:.3g}"] for name, value in figures.items() if value is not None]
    return ["## Diagnostics", _table(["figure", "value"], rows)] if rows else []


def _teacher(teacher: TeacherModel) -> str:
    how = "frozen" if teacher.frozen else "trained along"
    return (
        f"Teacher: {teacher.name}, a model of {teacher.modality} windows of the same people and times, "
        f"{how}; sha256 {teacher.sha256[:12]}. Its own training sets are on its card."
    )


def _people(people: str | tuple[str, ...]) -> str:
    return people if isinstance(people, str) else ", ".join(people)


def _lines(texts: Sequence[str]) -> list[str]:
    return ["\n".join(f"- {text}" for text in texts)] if texts else []


def _score_table(scores: Scores) -> str:
    columns = list(dict.fromkeys(column for row in scores.values() for column in row))
    return _table(
        ["", *columns], [[name, *(row.get(c, "") for c in columns)] for name, row in scores.items()]
    )


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
