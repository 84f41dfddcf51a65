"""Several processes train one model, as `torchrun` starts them: joining, agreeing, and a shared BatchNorm."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn

from wearcli.training.sharing import processes


@contextmanager
def joined(device: torch.device) -> Iterator[torch.device]:
    """Join the processes that torchrun started, over nccl or, on the CPU, gloo; gives this one's device."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    # The others wait while the first cuts the windows.
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=timedelta(days=1))
    try:
        yield device
    finally:
        dist.destroy_process_group()


def first() -> bool:
    """Whether this is the process that writes and speaks."""
    return processes()[0] == 0


def several() -> bool:
    """Whether there are others."""
    return processes()[1] > 1


def agree(device: torch.device, *values: float) -> tuple[float, ...]:
    """The first process's values, for all."""
    if not several():
        return values
    shared = torch.tensor(values, dtype=torch.float64, device=device)
    dist.broadcast(shared, 0)
    return tuple(shared.tolist())


def agree_text(device: torch.device, text: str) -> str:
    """The first process's text, for all."""
    if not several():
        return text
    encoded = text.encode()
    (length,) = agree(device, len(encoded))
    shared = torch.zeros(int(length), dtype=torch.uint8, device=device)
    if first():
        shared = torch.frombuffer(bytearray(encoded), dtype=torch.uint8).to(device)
    dist.broadcast(shared, 0)
    return bytes(shared.tolist()).decode()


def share_batchnorm(module: nn.Module) -> None:
    """Make every BatchNorm in `module` see the whole batch; torch has this for the GPU alone."""
    if not several():
        return
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            shared = SharedBatchNorm(child.num_features, child.eps, child.momentum, child.affine)
            shared.load_state_dict(child.state_dict())
            if child.affine:
                shared.requires_grad_(child.weight.requires_grad)  # a copy that only follows stays one
            setattr(module, name, shared.to(child.get_buffer("running_mean").device))
        else:
            share_batchnorm(child)


class _Sum(torch.autograd.Function):
    """The sum over processes; its gradient is the sum of theirs, as each loss hangs on all parts."""

    @staticmethod
    def forward(ctx: Any, part: torch.Tensor) -> torch.Tensor:
        whole = part.clone()
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        whole = gradient.clone()
        dist.all_reduce(whole)
        return whole


def _sum(part: torch.Tensor) -> torch.Tensor:
    """The sum over processes."""
    whole: torch.Tensor = _Sum.apply(part)  # type: ignore[no-untyped-call]
    return whole


class SharedBatchNorm(nn.modules.batchnorm._BatchNorm):
    """BatchNorm over the parts of all processes, in training; the sums and their gradients are added up."""

    def _check_input_dim(self, input: torch.Tensor) -> None:
        pass

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise x (part of a batch, features, ...)."""
        if not self.training:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        values = x.float()
        dims = [dim for dim in range(x.dim()) if dim != 1]
        shape = [-1 if dim == 1 else 1 for dim in range(x.dim())]
        count = torch.tensor(float(values[:, 0].numel()), device=x.device)
        dist.all_reduce(count)
        mean = _sum(values.sum(dim=dims)) / count
        centred = values - mean.view(shape)
        variance = _sum(centred.square().sum(dim=dims)) / count
        with torch.no_grad():
            share = self.momentum or 0.0
            for name, now in (("running_mean", mean), ("running_var", variance * count / (count - 1))):
                self.get_buffer(name).lerp_(now, share)
            self.get_buffer("num_batches_tracked").add_(1)
        scaled: torch.Tensor = centred * (variance + self.eps).rsqrt().view(shape)
        if not self.affine:
            return scaled.to(x.dtype)
        moved: torch.Tensor = scaled * self.weight.view(shape) + self.bias.view(shape)
        return moved.to(x.dtype)
