"""config.json of the model that a run makes, but for what the export finds out."""

from typing import Any

from wearcli._version import __version__
from wearcli.encoders import ENCODERS
from wearcli.signals.store import WindowStore
from wearcli.training.presets import without_use
from wearcli.training.settings import Settings, Watching, option_names

# What stands elsewhere in the document, and paths on this machine, which are nobody else's business.
NOT_TRAINING = {
    *("paths", "name", "licence", "terms", "participant_from", "encoder", "labels", "distance", "teacher"),
    *option_names(Watching),
}


def model_config(
    settings: Settings,
    store: WindowStore,
    sets: list[dict[str, Any]],
    result: dict[str, Any],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """The document.

    Args:
        settings: The settings of the run.
        store: A store of its windows.
        sets: What it was trained on.
        result: The figures of the run.
        facts: What the method adds.
    """
    terms = dict(term.split("=", 1) for term in settings.run.terms)
    left_out = without_use(settings) | NOT_TRAINING
    run, cut = settings.run, store.settings
    encoder = ENCODERS[run.encoder]
    return {
        "name": run.name or f"{run.method}-{run.encoder}",
        "version": 1,
        "encoder": run.encoder,
        "rate_hz": cut.rate_hz,
        "window_s": cut.window_s,
        # With windows that overlap by half an epoch has more: every probe measured here is better for it.
        "stride_s": cut.window_s / 2,
        "samples": cut.samples,
        "channels": list(cut.channels),
        "unit": cut.unit,
        "modality": cut.modality,
        "normalisation": "revin" if run.revin else "zscore" if encoder.normalises else "none",
        "training_sets": [{**s, "licence": terms.get(str(s["name"]), "not stated")} for s in sets],
        "licence": run.licence,
        "training": {
            key: value for key, value in settings.flat().items() if value is not None and key not in left_out
        },
        "metrics": result,
        "wearcli": __version__,
        **({"features": encoder.features} if encoder.features else {}),
        **facts,
    }
