"""The commands that `kill.py` kills, the study that they run on, and what is made of it first."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Verb:
    """A command, and the one that wrote what it replaces.

    Attributes:
        words: The command; OUT is the output.
        earlier: The command that wrote the earlier output; empty where there was none.
        output: The name of the output.
        parts: Patterns of what is compared of an output; empty for all of it.
        again: The command after a kill, where it is another one.
        shared: The output is a folder in which finished parts stay, such as a run's checkpoints.
    """

    words: str
    earlier: str
    output: str
    parts: tuple[str, ...] = ()
    again: Callable[[Path], str] | None = None
    shared: bool = False


def _go_on(output: Path) -> str:
    """Resume a run that has a checkpoint; start one anew that has none."""
    saved = (output / "checkpoint" / "state.json").is_file()
    return "pretrain --resume OUT --workers 1" if saved else VERBS["pretrain"].words


NEW = "recordings --unit g"
TASK = "--task activity"
COMPARED = f"--epoch 5 --recordings {NEW} {TASK} --no-untrained --bootstrap 20 --folds 2"
PROBED = "e.parquet --labels recordings/labels.csv --probe linear --bootstrap 20 --folds 2"
VERBS = {
    "embed": Verb(f"embed {NEW} -o OUT --overwrite", f"embed {NEW} -o OUT --stride 5", "t.parquet"),
    "embed an update": Verb(
        f"embed {NEW} -o OUT", "embed recordings/P0_walks.csv --unit g -o OUT", "t.parquet"
    ),
    "embed a shard": Verb(
        f"embed {NEW} -o OUT --shard 1/2", f"embed {NEW} -o OUT --shard 2/2", "shards", shared=True
    ),
    "embed a shard anew": Verb(
        f"embed {NEW} -o OUT --shard 1/2 --overwrite",
        f"embed {NEW} -o OUT --shard 1/2 --stride 5",
        "shards",
        shared=True,
    ),
    "embed --collect": Verb(
        "embed --collect parts -o OUT --overwrite", f"embed {NEW} -o OUT --stride 5", "t.parquet"
    ),
    "embed to Arrow": Verb(f"embed {NEW} -o OUT --overwrite", f"embed {NEW} -o OUT --stride 5", "t.arrow"),
    "preprocess": Verb(
        f"preprocess {NEW} -o OUT --overwrite", f"preprocess {NEW} -o OUT --window 4", "store"
    ),
    "preprocess a shard": Verb(
        f"preprocess {NEW} -o OUT --shard 1/2 --overwrite",
        f"preprocess {NEW} -o OUT --shard 1/2 --window 4",
        "stores",
        shared=True,
    ),
    "probe": Verb(
        f"probe {PROBED} --task activity -o OUT --overwrite",
        f"probe {PROBED} --task activity -o OUT --seed 1",
        "act",
    ),
    "predict": Verb(
        f"predict {NEW} --probe activity -o OUT --overwrite",
        f"predict {NEW} --probe activity --merge -o OUT",
        "p.parquet",
    ),
    "predict to CSV": Verb(
        "predict e.parquet --probe activity -o OUT --overwrite",
        "predict e.parquet --probe activity --merge -o OUT",
        "p.csv",
    ),
    "predict to BIDS": Verb(
        "predict e.parquet --probe activity --bids -o OUT --overwrite",
        "predict e.parquet --probe activity --bids --min-bout 9 -o OUT",
        "events",
    ),
    "gait": Verb(
        f"gait {NEW} --probe gait -o OUT --overwrite",
        "gait e.parquet --probe gait --min-bout 20 -o OUT",
        "walks",
    ),
    "gait-truth": Verb(
        "gait-truth --events contacts.csv -o OUT --overwrite",
        "gait-truth --events first.csv -o OUT",
        "g.csv",
    ),
    "heart-truth": Verb(
        "heart-truth heart --modality ecg --window 20 -o OUT --overwrite",
        "heart-truth heart --modality ecg --window 30 -o OUT",
        "h.csv",
    ),
    "report": Verb("report activity -o OUT --overwrite --map none", "report activity -o OUT", "page.html"),
    "report of figures": Verb(
        "report activity -o page.html --figures OUT --overwrite --map none",
        "report activity -o page.html --figures OUT --overwrite",
        "figures",
    ),
    "compare": Verb(
        f"compare motion-v5 simclr-fast-v1 {COMPARED} -o OUT --overwrite",
        f"compare motion-v5 {COMPARED} -o OUT",
        "models",
        shared=True,
    ),
    "retrieve": Verb(
        "retrieve e.parquet e.parquet --map none --pool 3 --bootstrap 20 -o OUT --overwrite",
        "retrieve e.parquet e.parquet --map none --pool 4 --bootstrap 20 -o OUT",
        "r.json",
    ),
    "sample": Verb(
        "sample OUT --study heart --participants 1 --seed 1 --overwrite",
        "sample OUT --study heart --participants 1",
        "study",
    ),
    "pretrain": Verb(
        "pretrain windows -o OUT --method simclr --encoder fast --steps 4 --batch 4 --precision fp32 "
        "--workers 1 --checkpoint-every 2 --validation 0",
        "",
        "run",
        parts=("model/model.onnx", "config.toml", "people.json"),
        again=_go_on,
        shared=True,
    ),
}
PREPARATION = (
    f"embed {NEW} -o e.parquet",
    f"embed {NEW} -o parts --shard 1/2",
    f"embed {NEW} -o parts --shard 2/2",
    f"probe {PROBED} --task activity -o activity",
    f"probe {PROBED} --task gait --labels recordings/gait.csv -o gait",
    "sample heart --study heart --participants 1",
)


def write_study(folder: Path) -> None:
    """Three people who rest and walk, 50 Hz in g, with labels, gait and foot contacts."""
    rng = np.random.default_rng(0)
    (folder / "recordings").mkdir()
    tables = {
        "recordings/labels.csv": ["recording,onset,duration,label"],
        "recordings/gait.csv": ["recording,onset,duration,cadence_spm"],
        "contacts.csv": ["recording,foot,contact,off"],
    }
    time_s = np.arange(60 * 50) / 50
    for person in range(3):
        step_s = 0.45 + 0.05 * person
        swing = np.where(time_s < 20, 0, 0.3) * np.sin(2 * np.pi * time_s / step_s)
        values = np.stack([0 * time_s, swing / 2, 1 + swing], 1) + rng.normal(
            scale=0.02, size=(len(time_s), 3)
        )
        lines = [f"{t:.2f},{x:.4f},{y:.4f},{z:.4f}" for t, (x, y, z) in zip(time_s, values, strict=True)]
        name = f"P{person}_walks"
        (folder / "recordings" / f"{name}.csv").write_text("\n".join(["time,x,y,z", *lines]) + "\n")
        tables["recordings/labels.csv"] += [f"{name},0,20,rest", f"{name},20,40,walking"]
        tables["recordings/gait.csv"] += [f"{name},{20 + 10 * n},10,{60 / step_s + n}" for n in range(4)]
        for number in range(60):
            begin = 20 + number * step_s
            foot = "left" if number % 2 else "right"
            tables["contacts.csv"].append(f"{name},{foot},{begin:.3f},{begin + 1.2 * step_s:.3f}")
    tables["first.csv"] = tables["contacts.csv"][:40]
    for path, rows in tables.items():
        (folder / path).write_text("\n".join(rows) + "\n")
