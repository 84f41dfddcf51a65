"""`wearcli info`."""

from typing import TYPE_CHECKING

from wearcli.cli.options import Json

if TYPE_CHECKING:
    from wearcli.information import Information, Place

_TITLE_WIDTH = 21


def info(json: Json = False) -> None:
    """Print what is installed, what it can do, and where it looks for files: for bug reports and programs."""
    from wearcli.cli.console import print_json
    from wearcli.information import info as run

    information = run()
    if json:
        print_json(information.to_json())
    else:
        for title, text in _lines(information):
            print(f"{title:<{_TITLE_WIDTH}} {text}")


def _lines(information: "Information") -> list[tuple[str, str]]:
    """Return titles and texts, a line each."""
    machine, latest = information.machine, information.latest
    short = {name: f" ({word})" for word, name in latest.items()}
    memory = "" if machine.memory_bytes is None else f", {machine.memory_bytes / 2**30:.0f} GiB of memory"
    gpus = "torch is not installed" if machine.gpus is None else ", ".join(machine.gpus) or "none"
    return [
        ("wearcli", information.version),
        ("models", ", ".join(f"{name}{short.get(name, '')}" for name in information.models)),
        ("default model", information.default_model),
        ("formats", ", ".join(information.formats)),
        ("modalities", ", ".join(f"{name} ({title})" for name, title in information.modalities.items())),
        ("tasks", ", ".join(information.tasks)),
        ("probe kinds", ", ".join(information.probe_kinds)),
        ("training methods", ", ".join(information.methods)),
        ("encoders", ", ".join(information.encoders)),
        *_package_lines(information.packages),
        ("python", machine.python),
        ("platform", f"{machine.platform}, {machine.cores} cores{memory}"),
        ("GPU", gpus),
        ("onnxruntime", f"{information.runtime['version']}, on the CPU"),
        *(_place_line(name, place) for name, place in information.places.items()),
    ]


def _place_line(name: str, place: "Place") -> tuple[str, str]:
    return f"path: {name}", place.path if place.exists else f"{place.path} (not there)"


def _package_lines(packages: dict[str, dict[str, str | None]]) -> list[tuple[str, str]]:
    """Return a line for the core and for each extra, with what is missing and how to install it."""
    lines = []
    for extra, versions in packages.items():
        listed = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
        if extra == "core":
            lines.append((extra, listed))
        else:
            help_ = "" if all(versions.values()) else f": pip install 'wearcli[{extra}]'"
            lines.append((f"extra {extra}", listed + help_))
    return lines
