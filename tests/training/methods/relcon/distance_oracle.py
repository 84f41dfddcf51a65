"""RelCon's learned distance (Xu et al., ICLR 2025, section 3.1) in float64, written out with loops.

It shares no code with wearcli, only the names of the weights.
"""

import math

import numpy as np
import torch

from wearcli.training.methods.relcon.distance import MotifDistance

EPSILON = 1e-5
Weights = dict[str, np.ndarray]


def motif(seed: int = 0, channels: int = 3) -> MotifDistance:
    """With an affine map that is not the identity, as after training."""
    torch.manual_seed(seed)
    distance = MotifDistance(channels)
    with torch.no_grad():
        distance.scale.copy_(0.5 + torch.rand(channels))
        distance.shift.copy_(0.3 * torch.randn(channels))
    return distance


def convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, dilation: int = 1) -> np.ndarray:
    """'same' with zeros around: (in, samples) -> (out, samples)."""
    samples, kernel = x.shape[1], weight.shape[2]
    out = np.repeat(bias[:, None], samples, axis=1)
    for t in range(samples):
        for k in range(kernel):
            source = t + (k - kernel // 2) * dilation
            if 0 <= source < samples:
                out[:, t] += weight[:, :, k] @ x[:, source]
    return out


def gelu_and_norm(x: np.ndarray) -> np.ndarray:
    """Each channel of (channels, samples) by its own statistics over time, after GELU."""
    out = np.empty_like(x)
    for c, row in enumerate(x):
        y = np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in row])
        out[c] = (y - y.mean()) / math.sqrt(((y - y.mean()) ** 2).mean() + EPSILON)
    return out


def features(weights: Weights, name: str, x: np.ndarray) -> np.ndarray:
    """One of the three nets: (samples, channels) normalised -> (64, samples)."""
    w = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
    y = gelu_and_norm(convolve(x.T, w["first.weight"], w["first.bias"]))
    for n, dilation in enumerate((1, 2)):
        narrow = convolve(y, w[f"down.{n}.weight"], w[f"down.{n}.bias"])
        change = convolve(narrow, w[f"up.{n}.weight"], w[f"up.{n}.bias"], dilation)
        y = gelu_and_norm(change + y)
    return y


def sparsemax(row: np.ndarray) -> np.ndarray:
    """By sorting."""
    total, tau = 0.0, 0.0
    for place, score in enumerate(sorted(row.tolist(), reverse=True), start=1):
        total += score
        if 1 + place * score > total:
            tau = (total - 1) / place
    return np.array([max(score - tau, 0.0) for score in row])


def distance(
    weights: Weights, anchor: np.ndarray, candidate: np.ndarray, keep: np.ndarray | None = None
) -> float:
    """Of one pair of windows (samples, channels); keep: of the attention, as in training with dropout 0.1."""
    anchor, candidate = anchor.astype(np.float64), candidate.astype(np.float64)
    samples, channels = anchor.shape
    mean = [sum(candidate[:, c]) / samples for c in range(channels)]
    deviation = [
        math.sqrt(sum((candidate[:, c] - mean[c]) ** 2) / samples + EPSILON) for c in range(channels)
    ]

    def normalise(x: np.ndarray) -> np.ndarray:
        columns = [
            (x[:, c] - mean[c]) / deviation[c] * weights["scale"][c] + weights["shift"][c]
            for c in range(channels)
        ]
        return np.stack(columns, axis=1)

    q = features(weights, "query", normalise(anchor))
    k = features(weights, "key", normalise(candidate))
    v = features(weights, "value", normalise(candidate))
    error = 0.0
    for t in range(samples):
        row = sparsemax(np.array([q[:, t] @ k[:, s] / math.sqrt(64) for s in range(samples)]))
        if keep is not None:
            row = row * keep[t] / 0.9
        mixed = sum(row[s] * v[:, s] for s in range(samples))
        for c in range(channels):
            out = weights["out.weight"][c] @ mixed + weights["out.bias"][c]
            out = (out - weights["shift"][c]) / weights["scale"][c] * deviation[c] + mean[c]
            error += (out - anchor[t, c]) ** 2
    return error
