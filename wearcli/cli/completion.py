"""What the shell completes after an option: names of models, tasks and probes."""

from pathlib import Path


def model_names(incomplete: str) -> list[str]:
    """Return the bundled models and the model and run folders in the usual places."""
    from wearcli.models.folder import LATEST, bundled_models

    folders = [str(path.parent) for path in Path().glob("models/*/config.json")]
    runs = [str(path.parent) for path in Path().glob("runs/*/config.toml")]
    return _starting([*LATEST, *bundled_models(), *sorted(folders), *sorted(runs)], incomplete)


def task_names(incomplete: str) -> list[str]:
    """Return the tasks that have a name."""
    from wearcli.labels.named import NAMED

    return _starting(list(NAMED), incomplete)


def probe_kinds(incomplete: str) -> list[str]:
    """Return the kinds of probes, after a comma too: `--probe linear,l` completes to linear,lda."""
    from wearcli.probing.kinds import BOTH, KINDS

    before, comma, last = incomplete.rpartition(",")
    names = KINDS if comma else (*KINDS, BOTH)
    return [before + comma + name for name in _starting(list(names), last)]


def probe_folders(incomplete: str) -> list[str]:
    """Return the probe folders where `wearcli probe` writes them."""
    return _starting(sorted(str(path.parent) for path in Path().glob("probes/*/probe.json")), incomplete)


def _starting(names: list[str], incomplete: str) -> list[str]:
    """Keep the names that start as typed, in their order, without repetition."""
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]
