"""Sparsemax (Martins & Astudillo, ICML 2016): the point of the simplex nearest to a row of scores."""

from typing import Any

import torch

from wearcli.training.methods.relcon.kernels import ROUNDS, sparsemax_rows, usable


def sparsemax(scores: torch.Tensor) -> torch.Tensor:
    """Weights over the last axis: none below 0, summing to 1, exactly 0 where a score is far off.

    Args:
        scores: (..., n) of any floating type.

    Returns:
        float32 of the same shape.
    """
    weights: torch.Tensor = _Sparsemax.apply(scores.float())  # type: ignore[no-untyped-call]
    return weights


def threshold(scores: torch.Tensor) -> torch.Tensor:
    """The tau of each row such that max(scores - tau, 0) sums to 1.

    Newton's method on the convex, piecewise linear sum(max(scores - tau, 0)) - 1 (Michelot, 1986). It
    starts below the root, rises, and ends exactly there once no row loses an element of its support;
    it needs no sorting.

    Args:
        scores: (..., n), whose greatest in a row is 0.

    Returns:
        (..., 1).
    """
    n = scores.shape[-1]
    # Both are below the root: one element at most exceeds the first, and the second uses all of them.
    tau = ((scores.sum(-1, keepdim=True) - 1) / n).clamp_min(-1)
    size = torch.full_like(tau, n + 1)
    for _ in range(ROUNDS):
        support = scores > tau
        now = support.sum(-1, keepdim=True).to(scores.dtype)
        tau = ((scores * support).sum(-1, keepdim=True) - 1) / now
        if bool((now >= size).all()):
            break
        size = torch.minimum(now, size)  # rounding can put an element in and out again for ever
    return tau


class _Sparsemax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: torch.Tensor) -> torch.Tensor:
        if usable(scores):
            weights = scores.detach().clone(memory_format=torch.contiguous_format)
            sparsemax_rows(weights.view(-1, scores.shape[-1]).numpy())
        else:
            # The same for any constant in a row; without one its sums round least.
            scores = scores - scores.amax(-1, keepdim=True)
            weights = (scores - threshold(scores)).clamp_min(0)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        # The Jacobian is diag(s) - s s' / |s| with s the support (section 2.3).
        (weights,) = ctx.saved_tensors
        support = weights > 0
        mean = (gradient * support).sum(-1, keepdim=True) / support.sum(-1, keepdim=True)
        return torch.where(support, gradient - mean, 0)
