"""Checkpoints: safetensors for what is large, JSON for what one wants to read, and nothing to unpickle.

`state.json` is renamed into place last and names the files that belong to it, so a run that is killed at
any moment finds a whole checkpoint, the old one or the new.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from wearcli.documents import Fields, parse, read_json
from wearcli.errors import InputError
from wearcli.files import atomic_file
from wearcli.training.distributed import first

Weights = dict[str, torch.Tensor]
_TODO = "start the run anew"


@dataclass
class Progress:
    """How far a run is; the learning rate and every random number follow from `step` (and `seconds`)."""

    step: int = 0
    seconds: float = 0.0
    loss: float = float("nan")  # running mean over about 50 steps
    best_loss: float | None = None  # on the validation people
    best_step: int = 0
    effective_rank: float | None = None  # at the last validation
    dispersion_ratio: float | None = None  # likewise
    collapsed: bool = False  # at any validation, see `monitor.COLLAPSED`
    stale: int = 0  # validations since the best
    ended: str | None = None  # steps, minutes or patience, at the end

    def take_score(self, score: float) -> bool:
        """Note a loss on the validation people; returns whether it is the best one yet."""
        self.stale += 1
        better = self.best_loss is None or score < self.best_loss
        if better:
            self.best_loss, self.best_step, self.stale = score, self.step, 0
        return better


@dataclass(frozen=True)
class State:
    """state.json: how far the run is, and the files of the checkpoint by what they hold."""

    progress: Progress
    files: dict[str, str]


def save(
    folder: Path, progress: Progress, model: nn.Module, optimizer: torch.optim.Optimizer, best: Weights | None
) -> None:
    """Write a checkpoint into `folder` and then drop the one before it; the first process does, for all."""
    if not first():
        return
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"weights": _whole(model.state_dict()), "optimizer": _moments(optimizer)}
    if best is not None:
        parts["best"] = best
    # A second checkpoint at one step gets other names, so that neither touches the other's files.
    old = read_state(folder).files if has_checkpoint(folder) else {}
    turn = next(n for n in range(2) if f"weights-{progress.step:08d}-{n}.safetensors" not in old.values())
    files = {name: f"{name}-{progress.step:08d}-{turn}.safetensors" for name in parts}
    for name, tensors in parts.items():
        with atomic_file(folder / files[name]) as path:
            save_file(tensors, path)
    with atomic_file(folder / "state.json") as path:
        path.write_text(json.dumps({"progress": asdict(progress), "files": files}, indent=2) + "\n")
    for path in folder.glob("*.safetensors"):
        if path.name not in files.values():
            path.unlink()


def has_checkpoint(folder: Path) -> bool:
    """Whether a checkpoint was ever completed in `folder`."""
    return (folder / "state.json").is_file()


def load(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Progress, Weights | None]:
    """Bring model and optimizer to the state of the checkpoint.

    Returns:
        The progress, and the weights that validated best.

    Raises:
        InputError: The checkpoint cannot be read, or belongs to another model.
    """
    state = read_state(folder)
    try:
        parts = {name: load_file(folder / file) for name, file in state.files.items()}
        model.load_state_dict(parts["weights"])
        _restore_moments(optimizer, parts["optimizer"])
    except (OSError, KeyError, RuntimeError, ValueError, SafetensorError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{folder}: cannot be resumed ({first}): {_TODO}") from None
    return state.progress, parts.get("best")


def copy_weights(model: nn.Module) -> Weights:
    """The weights as they are now, apart from the model, on the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def read_state(folder: Path) -> State:
    """The content of state.json; InputError where there is no checkpoint, or a damaged one."""
    path = folder / "state.json"
    if not path.is_file():
        raise InputError(f"{folder}: no checkpoint to resume from: {_TODO}")
    fields = Fields(read_json(path, _TODO), str(path), _TODO)
    # A loss that is no number yet is written as NaN.
    progress = {key: value for key, value in fields.table("progress").items() if value == value}
    values = {
        "progress": parse(Progress, progress, f"{path}: progress", _TODO),
        "files": fields.table("files"),
    }
    state = parse(State, values, str(path), _TODO)
    if not {"weights", "optimizer"} <= set(state.files):
        raise fields.error("no files of weights and optimizer in it")
    return state


def _whole(tensors: Weights) -> Weights:
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}


def _moments(optimizer: torch.optim.Optimizer) -> Weights:
    state = optimizer.state_dict()["state"]
    return {f"{n}.{key}": value.contiguous() for n, slots in state.items() for key, value in slots.items()}


def _restore_moments(optimizer: torch.optim.Optimizer, flat: Weights) -> None:
    state: dict[int, Weights] = {}
    for name, value in flat.items():
        number, key = name.split(".", 1)
        state.setdefault(int(number), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
