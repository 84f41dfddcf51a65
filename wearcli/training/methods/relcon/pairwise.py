"""RelCon's distance of many anchors to many candidates at once, with frozen weights.

`MotifDistance` says what the distance is; here the same numbers cost a fraction:

- keys and values are computed once a candidate, not once a pair;
- `out` comes before the attention instead of after it (both are linear): 3 numbers a sample instead of 64;
- the first layer of the query net is linear too: of an anchor normalised by 83 candidates it is 83 mixtures
  of the same 7 maps;
- pairs are taken in blocks that stay in the cache, each block on one core.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import cast

import torch
import torch.nn.functional as F

from wearcli.training.methods.relcon.distance import WIDTH, MotifDistance, MotifNet, activate, statistics
from wearcli.training.methods.relcon.kernels import activate_rows, attend, usable
from wearcli.training.methods.relcon.sparsemax import sparsemax

CPU_BLOCK = (1, 16)  # anchors x candidates: their scores, 4 MB, stay in the cache
GPU_BLOCK = (8, 128)  # 1,024 pairs, with what sparsemax needs about 1.5 GB

Work = Callable[[torch.Tensor], torch.Tensor]
Spread = Callable[[Work, Sequence[torch.Tensor]], list[torch.Tensor]]  # work done on each of some blocks


class Prepared:
    """What the windows of a batch need once, whatever pairs they are in.

    Args:
        distance: The distance.
        windows: (n, samples, channels), g.
        dtype: The type to multiply in.
        spread: See `_single_core_blocks`.

    Attributes:
        keys: (n, width, samples), of a window as a candidate.
        values: (n, channels, samples), what its samples give, g.
        mixture: (n, 2 channels + 1), see `maps`.
    """

    def __init__(
        self, distance: MotifDistance, windows: torch.Tensor, dtype: torch.dtype, spread: Spread
    ) -> None:
        self.distance, self.dtype = distance, dtype
        self.windows = windows.transpose(1, 2).contiguous()
        mean, deviation = statistics(windows)  # (n, 1, channels)
        normalised = distance.normalise(windows, mean, deviation)
        self.keys = (_features(distance.key, normalised, dtype, spread) / math.sqrt(WIDTH)).to(dtype)
        weight = distance.out.weight / distance.scale[:, None]
        bias = (distance.out.bias - distance.shift) / distance.scale
        values = weight @ _features(distance.value, normalised, dtype, spread) + bias[:, None]
        # The weights of a row sum to 1, so that what is constant may be added before them.
        self.values = values * deviation.transpose(1, 2) + mean.transpose(1, 2)
        factor = distance.scale / deviation
        ones = torch.ones_like(factor[..., :1])
        self.mixture = torch.cat([factor, distance.shift - mean * factor, ones], dim=2)[:, 0]
        # The first layer of each channel alone, and of a constant 1 in each, whose ends feel the padding.
        first = distance.query.first
        self.filters = first.weight.transpose(0, 1).reshape(-1, 1, first.kernel_size[0])
        self.constant = torch.cat([self._by_channel(torch.ones_like(self.windows[:1])), self._bias()], dim=1)

    def maps(self, anchors: torch.Tensor) -> torch.Tensor:
        """What the first convolution of the query net is mixed from, (a, 2 channels + 1, width * samples).

        The convolution of (x - mean) / deviation * scale + shift is a mixture of that of the channels of x,
        of that of a constant in each channel, and of the bias; `mixture` has a candidate's shares of them.

        Args:
            anchors: (a,) rows of the windows.
        """
        own = self._by_channel(self.windows[anchors])
        return torch.cat([own, self.constant.expand(len(anchors), -1, -1)], dim=1)

    def _by_channel(self, x: torch.Tensor) -> torch.Tensor:
        maps = F.conv1d(x, self.filters, padding="same", groups=x.shape[1])
        return maps.reshape(len(x), x.shape[1], -1)

    def _bias(self) -> torch.Tensor:
        bias = cast(torch.Tensor, self.distance.query.first.bias)
        return bias[:, None].expand(-1, self.windows.shape[2]).reshape(1, 1, -1)


@torch.no_grad()
def pair_distances(
    distance: MotifDistance,
    windows: torch.Tensor,
    anchors: torch.Tensor,
    candidates: torch.Tensor,
    bf16: bool = False,
) -> torch.Tensor:
    """The distances of anchors to their candidates, as `MotifDistance` gives them; without gradients.

    Args:
        distance: The distance.
        windows: (n, samples, channels), g.
        anchors: (a,) int64 rows of `windows`.
        candidates: (a, c) int64 rows of `windows`.
        bf16: Multiply in bfloat16.

    Returns:
        (a, c) float32.
    """
    out = torch.empty(candidates.shape, dtype=torch.float32, device=windows.device)
    several, some = CPU_BLOCK if windows.device.type == "cpu" else GPU_BLOCK
    with _single_core_blocks(windows.device) as spread:
        with torch.autocast(windows.device.type, enabled=False):
            prepared = Prepared(distance, windows, torch.bfloat16 if bf16 else torch.float32, spread)

        def fill(rows: torch.Tensor) -> torch.Tensor:
            maps = prepared.maps(anchors[rows])
            for columns in torch.split(torch.arange(candidates.shape[1]), some):
                block = rows[:, None], columns
                out[block] = _block(prepared, maps, anchors[rows], candidates[block])
            return rows

        spread(fill, torch.split(torch.arange(len(anchors)), several))
    return out


@contextmanager
def _single_core_blocks(device: torch.device) -> Iterator[Spread]:
    """Give a function that does some work on blocks, each block on one core, without gradients.

    All of it, and what is done beside it, has the same bits for any number of threads: on some processors
    torch's convolutions round by the number of threads.
    """

    def switched_off(work: Work) -> Work:
        def run(block: torch.Tensor) -> torch.Tensor:
            # Both switches are a thread's own.
            with torch.no_grad(), torch.autocast(device.type, enabled=False):
                return work(block)

        return run

    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1:
        yield lambda work, blocks: [switched_off(work)(block) for block in blocks]
        return
    try:
        torch.set_num_threads(1)
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield lambda work, blocks: list(pool.map(switched_off(work), blocks))
    finally:
        torch.set_num_threads(threads)  # threads that are yet to come would have one core too


def _block(
    prepared: Prepared, maps: torch.Tensor, anchors: torch.Tensor, candidates: torch.Tensor
) -> torch.Tensor:
    """Distances (a, c) of anchors (a,) to candidates (a, c)."""
    a, c = candidates.shape
    samples = prepared.windows.shape[2]
    first = (prepared.mixture[candidates] @ maps).view(a * c, WIDTH, samples)
    q = _after_first(prepared.distance.query, first, prepared.dtype)
    flat = candidates.reshape(-1)
    scores = torch.bmm(q.to(prepared.dtype).transpose(1, 2), prepared.keys[flat]).float()
    values, anchor = prepared.values[flat], prepared.windows[anchors]
    if a == 1 and usable(scores):
        out = torch.empty(c)
        attend(scores.numpy(), values.numpy(), anchor[0].numpy(), out.numpy())
        return out[None]
    rebuilt = torch.bmm(values, sparsemax(scores).transpose(1, 2)).view(a, c, *anchor.shape[1:])
    return (rebuilt - anchor[:, None]).square().sum(dim=(2, 3))


def _features(net: MotifNet, windows: torch.Tensor, dtype: torch.dtype, spread: Spread) -> torch.Tensor:
    """`MotifNet.forward`, some windows at a time: (n, samples, channels) -> (n, width, samples) float32."""
    parts = torch.split(windows.transpose(1, 2), CPU_BLOCK[1] if usable(windows) else len(windows))
    return torch.cat(spread(lambda part: _after_first(net, net.first(part), dtype), parts))


def _after_first(net: MotifNet, y: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What `MotifNet.forward` makes of the output of its first convolution."""
    y = _activate(y)
    for down, up in zip(net.down, net.up, strict=True):
        weight, bias = (cast(torch.Tensor, part).to(dtype) for part in (up.weight, up.bias))
        dilation = cast(tuple[int], up.dilation)
        # Multiplied, not convolved: torch convolves in another order where it has one thread.
        one, start = cast(torch.Tensor, down.weight)[:, :, 0], cast(torch.Tensor, down.bias)[:, None]
        narrow = torch.baddbmm(start, one.expand(len(y), -1, -1), y)
        change = F.conv1d(narrow.to(dtype), weight, bias, 1, "same", dilation)
        y = _activate(y.add_(change))
    return y


def _activate(x: torch.Tensor) -> torch.Tensor:
    """`distance.activate`, in place where it can be."""
    if not usable(x):
        return activate(x)
    x = x.contiguous()
    activate_rows(x.view(-1, x.shape[2]).numpy())
    return x
