"""The bouts of participants and placements over time, as one picture."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PEOPLE = 12
_SHOWN = ("cadence_spm", "stride_time_s")  # the first of them that the probe has, else its first metric
_TITLES = {"cadence_spm": "cadence, steps/min", "stride_time_s": "stride time, s"}


def draw_gait(path: Path, bouts: pd.DataFrame, targets: list[str]) -> str | None:
    """Draw the rows of bouts.csv as a PNG.

    A bout is a bar as long as it lasted, at the height of its cadence (or stride time, or the first target);
    the shade is its 95 % interval.

    Args:
        path: The file to write.
        bouts: The rows of bouts.csv.
        targets: The metrics.

    Returns:
        Why there is no picture, or not all of it, in one line; None where there is nothing to say.
    """
    target = next((name for name in _SHOWN if name in targets), targets[0] if targets else None)
    if target is None or not len(bouts):
        return None
    if find_spec("matplotlib") is None:
        return "gait.png is left out, as matplotlib is missing: pip install 'wearcli[report]'"
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    owner = bouts["participant"]
    if bouts["placement"].nunique() > 1:
        owner = owner + ", " + bouts["placement"]
    people = owner.drop_duplicates().tolist()
    shown = people[:MOST_PEOPLE]
    columns = 1 if len(shown) < 3 else 2
    lines = -(-len(shown) // columns)
    figure = Figure(figsize=(6.5 * columns, 0.5 + 2.1 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    first: Axes | None = None
    for number, person in enumerate(shown):
        axes = figure.add_subplot(lines, columns, number + 1, sharey=first)
        first = first or axes
        _draw(axes, bouts[owner == person], target)
        axes.set_title(person, loc="left", fontsize=9)
    figure.supylabel(_TITLES.get(target, target), fontsize=9)
    figure.savefig(path, format="png", dpi=110, metadata={"Software": None})
    if len(people) > len(shown):
        return f"gait.png shows the first {len(shown)} of {len(people)} participants (or sensors) with a bout"
    return None


def _draw(axes: "Axes", bouts: pd.DataFrame, target: str) -> None:
    from matplotlib.dates import ConciseDateFormatter, date2num

    middle = bouts[target]
    low, high = (bouts.get(f"{target}_{end}", middle).to_numpy() for end in ("low", "high"))
    if dated := bool(bouts["start"].notna().all()):
        moments = pd.to_datetime(
            bouts["start"].str[:23]
        )  # the clock on the wall, without its offset from UTC
        begin = np.asarray(date2num(moments.to_numpy()))  # type: ignore[no-untyped-call]
        end = begin + bouts["duration"].to_numpy() / 86400
        axes.xaxis_date()
        formatter = ConciseDateFormatter(axes.xaxis.get_major_locator())  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(formatter)
    else:
        begin, end = _minutes(bouts)
    axes.hlines(bouts[target].to_numpy(), begin, end, color="C0", lw=3)
    for number in range(len(bouts)):
        axes.fill_between(
            [begin[number], end[number]], low[number], high[number], color="C0", alpha=0.15, lw=0
        )
    if not dated:
        axes.set_xlabel("minutes, recordings end to end", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _minutes(bouts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of bouts, minutes, with the recordings (up to their last bout) laid end to end."""
    stop = bouts["onset"] + bouts["duration"]
    longest = stop.groupby(bouts["recording"], sort=False).max()
    offset = bouts["recording"].map(longest.cumsum() - longest)
    return ((offset + bouts["onset"]) / 60).to_numpy(), ((offset + stop) / 60).to_numpy()
