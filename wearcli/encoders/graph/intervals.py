"""The intervals of `signals.features.pulse` on tensors, so that the graph of a model can hold them."""

import torch

from wearcli.signals.features.pulse import CHANGE_EDGES, MATCH_S, NORMAL, RATIO_EDGES

BEYOND = 1e6  # replaces values that are not valid, so that they sort last


def interval_features(times: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """Return the interval features of beats, like `signals.features.pulse.interval_features`.

    Args:
        times: Beat times (n, most), s.
        there: (n, most) bool, which of them are beats.

    Returns:
        (n, features).
    """
    valid, both = there[:, 1:], there[:, 2:]
    rr = (times[:, 1:] - times[:, :-1]) * valid
    count = valid.sum(dim=1)
    mean = masked_mean(rr, valid)
    ordered = rr.where(valid, BEYOND).sort(dim=1).values
    low, p10, p25, median, p75, p90, high = (
        quantile(ordered, count, q) for q in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1)
    )
    deviation = masked_deviation(rr, valid)
    change = (rr[:, 1:] - rr[:, :-1]) * both
    rmssd = masked_mean(change.square(), both).sqrt()
    sd1 = rmssd / 2**0.5
    sd2 = (2 * deviation.square() - sd1.square()).clamp_min(0).sqrt()
    turning = masked_mean((change[:, 1:] * change[:, :-1] < 0).float(), both[:, 1:])
    centred = rr - mean[:, None]
    lag1 = divide(masked_mean(centred[:, 1:] * centred[:, :-1], both), deviation.square())
    entropy = _sample_entropy(rr, valid)
    some = (count > 0).float()
    ratio = divide(rr, median[:, None])
    relative = divide(change.abs(), mean[:, None])
    normal = valid & ((ratio - 1).abs() < NORMAL)
    pairs = normal[:, 1:] & normal[:, :-1]
    cosen = entropy - torch.log(torch.tensor(2 * MATCH_S)) - mean.where(count > 0, 1.0).log()
    columns = [
        *(divide(torch.full_like(mean, 60.0), mean), mean, median, 1e3 * deviation, 1e3 * rmssd),
        *(divide(deviation, mean), divide(rmssd, mean)),
        *(masked_mean((change.abs() > limit).float(), both) for limit in (0.02, 0.05)),
        *(low * some, p10 * some, p25 * some, p75 * some, p90 * some, high * some),
        *(divide(sd1, sd2), turning, lag1, entropy, cosen * some),
        *(masked_mean((ratio < edge).float(), valid) for edge in RATIO_EDGES),
        *(masked_mean((relative > edge).float(), both) for edge in CHANGE_EDGES),
        divide(normal.sum(dim=1).float(), count.float()),
        divide(torch.full_like(mean, 60.0), masked_mean(rr, normal)),
        1e3 * masked_deviation(rr, normal),
        1e3 * masked_mean(change.square(), pairs).sqrt(),
    ]
    return torch.stack(columns, dim=1)


def divide(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return the quotient, 0 where the divisor is 0.

    Args:
        one: The dividend.
        other: The divisor.

    Returns:
        one / other.
    """
    fine = other != 0
    return torch.where(fine, one / other.where(fine, 1.0), 0.0)


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean of each row over the values of a mask, 0 where the mask has none.

    Args:
        values: (n, m).
        mask: (n, m) bool.

    Returns:
        (n,).
    """
    return divide((values * mask).sum(dim=1), mask.sum(dim=1).to(values.dtype))


def masked_deviation(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the standard deviation (with n - 1) of each row over a mask, 0 for fewer than two values.

    Args:
        values: (n, m).
        mask: (n, m) bool.

    Returns:
        (n,).
    """
    squared = (values - masked_mean(values, mask)[:, None]).square() * mask
    freedom = mask.sum(dim=1).to(values.dtype) - 1
    return divide(squared.sum(dim=1), freedom.clamp_min(0)).sqrt()


def quantile(ordered: torch.Tensor, count: torch.Tensor, q: float) -> torch.Tensor:
    """Return a quantile of the first `count` values of each sorted row, 0 where there is no value.

    Args:
        ordered: Sorted rows (n, m).
        count: (n,) how many values of each row are valid.
        q: The quantile, 0 to 1.

    Returns:
        (n,).
    """
    last = (count - 1).clamp_min(0)
    place = q * last.to(ordered.dtype)
    below = place.floor().long()
    above = torch.minimum(below + 1, last)
    low, high = (ordered.gather(1, at[:, None])[:, 0] for at in (below, above))
    return torch.where(count > 0, low + (place - below.to(ordered.dtype)) * (high - low), 0.0)


def _sample_entropy(rr: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Return the sample entropy of intervals (n, most), see `signals.features.pulse`."""
    alike = ((rr[:, :, None] - rr[:, None, :]).abs() < MATCH_S) & valid[:, :, None] & valid[:, None, :]
    places = torch.arange(rr.shape[1] - 1, device=rr.device)
    later = places[None, :] > places[:, None]
    followed = valid[:, 1:]
    first = alike[:, :-1, :-1] & later & followed[:, :, None] & followed[:, None, :]
    second = first & alike[:, 1:, 1:]
    return -((second.sum(dim=(1, 2)) + 1.0) / (first.sum(dim=(1, 2)) + 1.0)).log()
