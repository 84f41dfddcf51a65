"""A batch shared by several processes: each embeds its part, and all see the whole.

Every process has the whole batch and the whole loss. What is costly is done in parts: a process takes its
own, and `gather` brings the parts together. Alone, both leave things as they are.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import nn


def processes() -> tuple[int, int]:
    """The number of this process, and how many there are: (0, 1) where it is alone."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def own_part(whole: torch.Tensor) -> torch.Tensor:
    """The rows of a batch that are this process's."""
    rank, size = processes()
    return whole.tensor_split(size)[rank]


def gather(part: torch.Tensor, rows: int) -> torch.Tensor:
    """All parts in order, (rows, ...), of `own_part` of so many rows, with their gradients."""
    if processes()[1] == 1:
        return part
    whole: torch.Tensor = _Gather.apply(part, rows)  # type: ignore[no-untyped-call]
    return whole


def embed(encoder: nn.Module, windows: torch.Tensor) -> torch.Tensor:
    """Embeddings (n, dimension) float32 of windows (n, samples, channels); each process embeds its part."""
    return gather(encoder(own_part(windows).transpose(1, 2)).float(), len(windows))


class _Gather(torch.autograd.Function):
    """Of the gradient of the loss, which each process has in whole, a part gets its own rows.

    They count as often as there are processes, whose gradients of the weights are averaged afterwards.
    """

    @staticmethod
    def forward(ctx: Any, part: torch.Tensor, rows: int) -> torch.Tensor:
        size = processes()[1]
        most = -(-rows // size)  # parts differ by one row; what is sent may not
        sent = torch.zeros(most, *part.shape[1:], dtype=part.dtype, device=part.device)
        sent[: len(part)] = part
        got = [torch.empty_like(sent) for _ in range(size)]
        dist.all_gather(got, sent)
        counts = [len(rows_) for rows_ in torch.arange(rows).tensor_split(size)]
        return torch.cat([piece[:count] for piece, count in zip(got, counts, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return own_part(gradient) * processes()[1], None
