"""What this installation is and can do: what a person pastes into a bug report, and a program reads first."""

import importlib.metadata
import os
import platform
import re
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wearcli._version import __version__
from wearcli.encoders import ENCODERS
from wearcli.labels.named import NAMED
from wearcli.modality import MODALITIES
from wearcli.models.folder import BUNDLED, DEFAULT_MODEL, LATEST, bundled_models
from wearcli.models.listing import LOCAL
from wearcli.models.runtime import runtime_version
from wearcli.probing.kinds import KINDS
from wearcli.recordings.formats.registry import FORMATS
from wearcli.training.methods.registry import METHODS

_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)[^;]*(?:;\s*extra\s*==\s*['\"](?P<extra>[\w-]+)['\"])?")
CORE = "core"


@dataclass(frozen=True)
class Machine:
    """The machine and its Python.

    Attributes:
        cores: Processor cores that this process may use.
        memory_bytes: Memory of the machine; None where the system does not say.
        gpus: Names of the GPUs that torch sees; None where torch is not installed.
    """

    platform: str
    python: str
    cores: int
    memory_bytes: int | None
    gpus: list[str] | None


@dataclass(frozen=True)
class Place:
    """A file or folder that wearcli looks for."""

    path: str
    exists: bool


@dataclass(frozen=True)
class Information:
    """An installation of wearcli.

    Attributes:
        models: Names of the bundled models.
        latest: The short names that `--model` takes, and their models.
        formats: Titles of the file formats by name.
        modalities: Titles of the signals by name.
        methods: Titles of the training methods by name.
        packages: Versions by extra ("core" without one) and package; None where a package is missing.
        runtime: What runs the models: version of onnxruntime, and its providers.
        places: Where files are looked for, or written.
    """

    version: str
    default_model: str
    models: list[str]
    latest: dict[str, str]
    formats: dict[str, str]
    modalities: dict[str, str]
    tasks: list[str]
    probe_kinds: list[str]
    methods: dict[str, str]
    encoders: list[str]
    runtime: dict[str, Any]
    packages: dict[str, dict[str, str | None]]
    machine: Machine
    places: dict[str, Place]

    def to_json(self) -> dict[str, Any]:
        """Return the document of `wearcli info --json`."""
        return asdict(self)


def info() -> Information:
    """Describe this installation: what it has, what it can do, and where it looks for files.

    Example:
        >>> wearcli.info().default_model
        'motion-v5'
    """
    return Information(
        version=__version__,
        default_model=DEFAULT_MODEL,
        models=bundled_models(),
        latest=dict(LATEST),
        formats={name: record.title for name, record in FORMATS.items()},
        modalities={name: record.title for name, record in MODALITIES.items()},
        tasks=list(NAMED),
        probe_kinds=list(KINDS),
        methods={name: method.title for name, method in METHODS.items()},
        encoders=list(ENCODERS),
        runtime=runtime_version(),
        packages=_packages(),
        machine=_machine(),
        places=_places(),
    )


def _packages() -> dict[str, dict[str, str | None]]:
    """Return the version of each required package, by extra; those for developers left out."""
    packages: dict[str, dict[str, str | None]] = {CORE: {}}
    for requirement in importlib.metadata.requires("wearcli") or []:
        match = _REQUIREMENT.match(requirement)
        if match is not None and match["name"] != "wearcli" and match["extra"] not in ("all", "dev", "docs"):
            packages.setdefault(match["extra"] or CORE, {})[match["name"]] = _version(match["name"])
    return packages


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _machine() -> Machine:
    return Machine(
        platform=platform.platform(),
        python=f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})",
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=_memory_bytes(),
        gpus=_gpus(),
    )


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _gpus() -> list[str] | None:
    """Name the GPUs that torch sees; a torch that is broken must not hide all the rest."""
    try:
        import torch

        return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    except ImportError:
        return None
    except Exception as error:
        return [f"torch fails: {type(error).__name__}: {error}"]


def _places() -> dict[str, Place]:
    """Return where files are looked for, in the working folder or elsewhere."""
    places = {
        "config": Path("wearcli.toml"),
        "recordings": Path("recordings"),
        **{folder.name: folder for folder in LOCAL},
        "bundled models": BUNDLED,
        "temporary files": Path(tempfile.gettempdir()),
    }
    return {name: Place(str(path.absolute()), path.exists()) for name, path in places.items()}
