"""Probe scores of models of PPG or ECG on the people held out of their training, as one Markdown table.

    python benchmarks/pulse_recordings.py ppg|ecg HELD MODEL [MODEL ...] [--learned 64] [--out FOLDER]

HELD holds a folder a set, as `recipes.hold_out` writes it (ppg: stress_predict, mwppg_bp; ecg: cinc2017,
mitbih, and hexoskin whole, which trains nothing); a set that is not there is left out. Each is embedded and
probed by the commands a user types, which are printed. --learned: of the first so many numbers of each
embedding alone too.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from real_recordings import number, run

RHYTHM = ("--task", "rhythm", "--epoch", "100", "--min-quality", "0")  # an epoch: a whole recording
PEOPLE = ("--level", "participant")
HEART = ("hr_bpm.r", "hr_bpm.mae", "sdnn_ms.mae", "rmssd_ms.mae")
TASKS: dict[str, list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]] = {
    "ecg": [
        ("cinc2017", "AF against the rest", (*RHYTHM, "--positive", "AF"), ("auroc", "pauroc")),
        ("cinc2017", "four rhythms", RHYTHM, ("macro_f1", "auroc")),
        ("hexoskin", "heart", ("--task", "heart"), HEART),
        ("mitbih", "sex", ("--task", "sex", *PEOPLE), ("auroc",)),
        ("mitbih", "age", ("--task", "age", *PEOPLE), ("mae",)),
    ],
    "ppg": [
        ("stress_predict", "heart", ("--task", "heart"), HEART),
        ("stress_predict", "stress or rest", ("--task", "activity", "--epoch", "60"), ("macro_f1",)),
        ("mwppg_bp", "sex", ("--task", "sex", *PEOPLE), ("auroc",)),
        ("mwppg_bp", "bmi", ("--task", "bmi", *PEOPLE), ("mae",)),
    ],
}


def cut(table: Path, count: int) -> Path:
    """The table with the first `count` numbers of each embedding."""
    whole = pq.read_table(table)
    column = whole["embedding"].combine_chunks()
    values = np.asarray(column.flatten()).reshape(len(whole), -1)[:, :count]
    short = pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).reshape(-1)), count)
    place = whole.schema.get_field_index("embedding")
    whole = whole.set_column(place, "embedding", short).replace_schema_metadata(whole.schema.metadata)
    path = table.with_stem(f"{table.stem}-learned")
    pq.write_table(whole, path)
    return path


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("signal", choices=sorted(TASKS))
    parser.add_argument("held", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--learned", type=int)
    parser.add_argument("--out", type=Path, default=Path("runs/pulse"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    print("| set, task | score | people | model | linear | features | linear - features | trivial |")
    print("|---|---|---|---|---|---|---|---|")
    for name, title, options, metrics in TASKS[given.signal]:
        if not (given.held / name).is_dir():
            continue
        for model in given.models:
            short = Path(model).name
            table = given.out / f"{name}-{short}.parquet"
            run("embed", str(given.held / name), "-o", str(table), "--model", model)
            tables = {short: table}
            if given.learned:
                tables[f"{short}, learned numbers alone"] = cut(table, given.learned)
            for label, path in tables.items():
                folder = given.out / f"{path.stem}-{title.replace(' ', '-')}"
                printed = run(
                    *("probe", str(path), *options, "--probe", "linear", "--json", "--overwrite"),
                    "-o",
                    str(folder),
                )
                result = json.loads(printed)
                scores = result["scores"]
                trivial = scores.get("majority") or scores["mean"]
                for metric in metrics:
                    cells = [number(scores[probe].get(metric)) for probe in ("linear", "features")]
                    cells.append(number(result["differences"]["linear"].get(metric)))
                    print(
                        f"| {name}, {title} | {metric} | {result['n_participants']} | {label} | "
                        f"{' | '.join(cells)} | {number(trivial.get(metric))} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
