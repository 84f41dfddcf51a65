import json

import pytest
import torch
from torch import nn

from wearcli.errors import InputError
from wearcli.training import checkpoint
from wearcli.training.checkpoint import Progress


def trained(steps: int, seed: int = 0) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    optimizer = torch.optim.AdamW(model.parameters())
    for step in range(steps):
        model(torch.randn(8, 3, generator=torch.Generator().manual_seed(step))).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return model, optimizer


def test_round_trip_to_the_bit(tmp_path):
    model, optimizer = trained(5)
    best = checkpoint.copy_weights(trained(2)[0])
    progress = Progress(step=5, seconds=1 / 3, loss=0.1 + 0.2, best_loss=1e-17, best_step=2, stale=1)
    checkpoint.save(tmp_path, progress, model, optimizer, best)
    other, other_optimizer = trained(1, seed=9)
    found, found_best = checkpoint.load(tmp_path, other, other_optimizer)
    assert found == progress
    assert found_best is not None
    assert all(torch.equal(found_best[name], tensor) for name, tensor in best.items())
    for name, tensor in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)  # BatchNorm's buffers too
    ours, theirs = optimizer.state_dict()["state"], other_optimizer.state_dict()["state"]
    for number, slots in ours.items():
        assert all(torch.equal(theirs[number][key], value) for key, value in slots.items())


def test_one_checkpoint_is_kept_and_it_names_its_files(tmp_path):
    for step in (1, 2, 2, 3):
        checkpoint.save(tmp_path, Progress(step=step), *trained(step), None)
        names = set(json.loads((tmp_path / "state.json").read_text())["files"].values())
        assert {path.name for path in tmp_path.iterdir()} == names | {"state.json"}


def test_killed_while_writing_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    model, optimizer = trained(2)
    checkpoint.save(tmp_path, Progress(step=2), model, optimizer, None)
    written = []

    def dies(tensors, path) -> None:
        written.append(path)
        path.write_bytes(b"half")
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save_file", dies)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(tmp_path, Progress(step=3), *trained(3), None)
    other, other_optimizer = trained(0)
    progress, _ = checkpoint.load(tmp_path, other, other_optimizer)
    assert progress.step == 2
    assert torch.equal(other[0].weight, model[0].weight)


@pytest.mark.parametrize("damage", ["state", "weights", "missing"])
def test_damage_is_one_line(tmp_path, damage):
    model, optimizer = trained(2)
    checkpoint.save(tmp_path, Progress(step=2), model, optimizer, None)
    weights = next(tmp_path.glob("weights-*"))
    if damage == "state":
        (tmp_path / "state.json").write_text('{"prog')
    elif damage == "weights":
        weights.write_bytes(weights.read_bytes()[:100])
    else:
        weights.unlink()
    with pytest.raises(InputError, match="start the run anew") as error:
        checkpoint.load(tmp_path, *trained(0))
    assert "\n" not in str(error.value)


def test_another_model_is_refused(tmp_path):
    checkpoint.save(tmp_path, Progress(step=2), *trained(2), None)
    other = nn.Linear(3, 3)
    with pytest.raises(InputError, match="cannot be resumed"):
        checkpoint.load(tmp_path, other, torch.optim.AdamW(other.parameters()))
