"""Options that several commands share: each flag, its help and its panel are defined here once."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from wearcli.cli.completion import model_names, task_names

# The panels of a command's help, beside its own "Arguments" and "Options".
FILES = "How files are read"
LABELS = "Labels and targets"
WINDOWS = "Which windows count"
EVALUATION = "Evaluation"
OUTPUT = "Output"
GENERAL = "General"

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATHS",
        help="Files or folders of recordings (folders are searched). Default: recordings/",
    ),
]
PathsOrTable = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATHS",
        help="Recordings or folders of them, or one embeddings table, or - for an Arrow stream of one. "
        "Default: recordings/",
    ),
]

# How files are read.
ParticipantFrom = Annotated[
    str | None,
    typer.Option(
        metavar="RULE",
        help="What names the participant: folder, file, recording, or regex:PATTERN with one group.",
        rich_help_panel=FILES,
    ),
]
Unit = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT",
        help="Unit of the signal in the files: g, mg or m/s2 of acceleration, deg/s or rad/s of rotation; of "
        "raw counts their scale, such as 1/256g.",
        rich_help_panel=FILES,
    ),
]
RateHz = Annotated[
    float | None,
    typer.Option(metavar="HZ", help="Sample rate of files that hold no time.", rich_help_panel=FILES),
]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Columns of the signal, comma-separated, such as x,y,z.",
        rich_help_panel=FILES,
    ),
]
TimeColumn = Annotated[
    str | None, typer.Option(metavar="NAME", help="Column that holds the time.", rich_help_panel=FILES)
]
TimeUnit = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT",
        help="Unit of the time column: s, ms, us, ns, iso; excel or matlab for day numbers, days since 1970; "
        "dmy, mdy or ymd for the order of written dates.",
        rich_help_panel=FILES,
    ),
]
Timezone = Annotated[
    str | None,
    typer.Option(
        metavar="ZONE",
        help="Zone of clocks that state none, and of days: Europe/Berlin, or an offset such as -05:00. "
        "Default: UTC.",
        rich_help_panel=FILES,
    ),
]
Channels = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Number of channels to take of PPG or ECG. Default: all.", rich_help_panel=FILES
    ),
]

# Labels and targets, of the commands that fit probes.
Task = Annotated[
    str | None,
    typer.Option(
        metavar="TASK",
        help="activity or rhythm (classes of labels.csv); gait or heart (metrics of gait.csv, heart.csv); "
        "age, bmi or sex (of participants.csv); or a name of yours.",
        autocompletion=task_names,
        rich_help_panel=LABELS,
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Table of labels. Default: the one beside the recordings.",
        rich_help_panel=LABELS,
    ),
]
Target = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Column to predict; may be given again. Default: the task's columns.",
        rich_help_panel=LABELS,
    ),
]
Kind = Annotated[
    Literal["classification", "regression"] | None,
    typer.Option(help="Default: regression for numbers, else classification.", rich_help_panel=LABELS),
]
Positive = Annotated[
    str | None,
    typer.Option(
        metavar="CLASS",
        help="Two classes only: this one, and all others as one.",
        rich_help_panel=LABELS,
    ),
]
Epoch = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Cut label intervals into epochs of this length; the windows of an epoch are pooled.",
        rich_help_panel=LABELS,
    ),
]

# Which windows count.
MaxMissing = Annotated[
    float,
    typer.Option(
        metavar="SHARE",
        min=0,
        max=1,
        help="Leave out windows with a larger share in gaps.",
        rich_help_panel=WINDOWS,
    ),
]
KeepNonwear = Annotated[
    bool,
    typer.Option(
        "--keep-nonwear",
        help="Keep windows worn for less than half of their time. Default: they are left out.",
        rich_help_panel=WINDOWS,
    ),
]
MinQuality = Annotated[
    float,
    typer.Option(
        metavar="QUALITY",
        help="Leave out windows of PPG or ECG of a lower quality, 0 to 1; 0 keeps all.",
        rich_help_panel=WINDOWS,
    ),
]

# Evaluation.
Folds = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Number of folds by participant (at most the number of participants).",
        rich_help_panel=EVALUATION,
    ),
]
Bootstrap = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Number of resamples of participants for the 95 % intervals.",
        rich_help_panel=EVALUATION,
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed of all random numbers.", rich_help_panel=GENERAL)]

# Many machines.
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="K/N",
        help="Take the K-th of N shards of the study; every node can take one, and none has to ask another.",
        rich_help_panel=GENERAL,
    ),
]

# Output.
TruthOutput = Annotated[
    Path, typer.Option("-o", "--output", metavar="FILE", help="Table to write.", rich_help_panel=OUTPUT)
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace an output that exists already.", rich_help_panel=OUTPUT),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print what would be done, and do nothing.", rich_help_panel=OUTPUT),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout.", rich_help_panel=OUTPUT)
]
JsonLines = Annotated[
    bool,
    typer.Option("--jsonl", help="Print one line of JSON a recording on stdout.", rich_help_panel=OUTPUT),
]

# A saved probe on new recordings.
UseProbe = Annotated[
    str | None,
    typer.Option(
        metavar="PROBE", help="Which of the folder's probes, such as linear. Default: the first one."
    ),
]
ProbeModel = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Model to embed recordings with: a name or a folder. Default: the model that the probe names.",
        autocompletion=model_names,
    ),
]

# General.
Model = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Name of a bundled model, or a model folder.",
        autocompletion=model_names,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Number of threads. Default: one a core.", rich_help_panel=GENERAL),
]
Quiet = Annotated[
    bool,
    typer.Option("-q", "--quiet", help="Print errors only (and data on stdout).", rich_help_panel=GENERAL),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "-v", "--verbose", help="Print each decision, with the time since the start.", rich_help_panel=GENERAL
    ),
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=GENERAL)
]
