"""What a run would be, without making it."""

from pathlib import Path
from typing import Any

from wearcli.training.begin import Paths, planned_encoder, settle
from wearcli.training.device import choose_device
from wearcli.training.stores import own_stores


def plan(
    paths: Paths = (),
    output: str | Path | None = None,
    *,
    resume: str | Path | None = None,
    overwrite: bool = False,
    device: str = "auto",
    **options: Any,
) -> dict[str, Any]:
    """What `pretrain` would do with the same arguments; nothing is written."""
    chosen = choose_device(device)
    run, settings = settle(paths, output, resume, overwrite, chosen, options)
    encoder, spec = planned_encoder(settings)
    flat = settings.flat()
    return {
        "run": str(run),
        "paths": list(settings.data.paths),
        "method": settings.run.method,
        **({"teacher": flat["teacher"]} if flat.get("teacher") else {}),
        "encoder": settings.run.encoder,
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "rate_hz": spec.rate_hz,
        "window_s": spec.window_s,
        "windows_in_stores": sum(len(store) for store in own_stores(settings)),
        "steps": settings.optimisation.steps,
        "minutes": settings.optimisation.minutes,
        "epochs": settings.optimisation.epochs,
        "device": chosen.type,
        "precision": settings.optimisation.precision,
    }
