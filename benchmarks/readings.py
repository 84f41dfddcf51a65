"""What each part of the default model's embedding is worth: learned numbers, thresholds, posture and so on.

    wearcli embed STUDY --model MODEL -o TABLE
    python benchmarks/readings.py TABLE OUT --task activity [--epoch 10]

MODEL is one of the encoder `streams` that was trained with --no-whiten: whitening mixes all numbers.
Each part becomes a table of its own under OUT, and `wearcli compare`
probes all of them on the same samples and folds. Prints a Markdown table: the score of each part, and its
paired difference to hand-made features and to the whole embedding.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.comparison.compare import compare
from wearcli.encoders.graph.readings import THRESHOLDS
from wearcli.encoders.streams import LEARNED, MORE
from wearcli.signals.features.motion import FEATURE_NAMES


def parts() -> dict[str, slice]:
    """By name, the columns of an embedding: the whole first, then one reading more each time."""
    end = LEARNED + len(THRESHOLDS) * len(FEATURE_NAMES)
    columns = {"whole": slice(None), "learned": slice(LEARNED), "thresholds": slice(LEARNED, end)}
    for name, numbers in MORE.items():
        end += numbers
        columns[f"with_{name}"] = slice(LEARNED, end)
    return columns


def cut(table: pa.Table, columns: slice, path: Path) -> Path:
    """The table with these columns of its embeddings."""
    chosen = np.ascontiguousarray(np.stack(table["embedding"].to_numpy())[:, columns])
    lists = pa.FixedSizeListArray.from_arrays(pa.array(chosen.ravel()), chosen.shape[1])
    place = table.schema.get_field_index("embedding")
    field = pa.field("embedding", lists.type, metadata=table.schema.field(place).metadata)
    pq.write_table(table.set_column(place, field, lists), path)
    return path


def main() -> None:
    """Print the table, a row a part."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--task", default="activity")
    parser.add_argument("--epoch", type=float)
    parser.add_argument("--labels", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    table = pq.read_table(options.table)
    tables = [cut(table, columns, options.out / f"{name}.parquet") for name, columns in parts().items()]
    result = compare(
        tables,
        task=options.task,
        labels=options.labels,
        epoch=options.epoch,
        untrained=False,
        output=options.out / "comparison",
        overwrite=True,
    )
    metrics = [
        name for name in next(iter(result.scores.values())) if name.split(".")[-1] in ("macro_f1", "mae")
    ]
    print("| part | numbers | metric | score | less features | less whole |")
    print("|---|---|---|---|---|---|")
    for name in result.models:
        numbers = result.models[name]["dimension"]
        for metric in metrics:
            summaries = [result.scores[name][metric], result.less_features[name][metric]]
            summaries += [result.less_first[name][metric]] if name in result.less_first else []
            cells = ["{mean:.3f} [{low:.3f}, {high:.3f}]".format(**summary) for summary in summaries]
            print(
                f"| {name} | {numbers} | {metric} | {' | '.join(cells + [''] * (3 - len(cells)))} |",
                flush=True,
            )
    for metric in metrics:
        print(
            "| features | | {0} | {mean:.3f} [{low:.3f}, {high:.3f}] | | |".format(
                metric, **result.scores["features"][metric]
            )
        )


if __name__ == "__main__":
    main()
