"""Whole tables and documents that users give or keep, to damage, and how they are read."""

import hashlib
import io
import json
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import wearcli
from tests.fuzz.case import Case
from tests.models.test_folder import write as write_model
from tests.probing.tables import study
from tests.recordings.make import wrist
from wearcli.models import load_model
from wearcli.models.listing import show_model
from wearcli.probing.saved import load_probe
from wearcli.reporting.study import read_study
from wearcli.signals.store import WindowStore
from wearcli.training.data import TrainingData

Files = Mapping[str, bytes]
START = datetime(2024, 3, 4, 9, 15, tzinfo=UTC)
_TABLES = ("labels.csv", "gait.csv", "participants.csv")


def document_cases() -> dict[str, Case]:
    """Return the cases by name."""
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _cases(Path(place))


def _cases(place: Path) -> dict[str, Case]:
    tables = _tables(place / "study")
    labels, gait, people = (tables[name] for name in _TABLES)
    given = {"embeddings.parquet": tables["embeddings.parquet"]}
    activity = partial(_labelled, task="activity", target=["label"])
    stride = partial(_labelled, task="gait", target=["stride_time_s"])
    cases = {
        "labels": Case({**given, "labels.csv": labels}, only="labels.csv", read=activity),
        "labels of tabs": Case(
            {**given, "labels.tsv": labels.replace(b",", b"\t")}, only="labels.tsv", read=activity
        ),
        "labels of clocks": Case(
            {**given, "labels.csv": _by_clock(labels)}, only="labels.csv", read=activity
        ),
        "gait": Case({**given, "gait.csv": gait}, only="gait.csv", read=stride),
        "participants": Case(
            {**given, "participants.csv": people},
            only="participants.csv",
            read=partial(_labelled, task="age", target=["age"]),
        ),
        "embeddings": Case({**given, "labels.csv": labels}, only="embeddings.parquet", read=activity),
        "embeddings of Arrow": Case(
            {"embeddings.arrow": _arrow(given["embeddings.parquet"]), "labels.csv": labels},
            only="embeddings.arrow",
            read=activity,
        ),
        "model": Case(_model(place / "model"), only="config.json", read=_read_model),
    }
    for task, kinds in (("activity", "linear,mlp,lda,knn"), ("gait", "linear")):
        folder, table = place / task, place / "study/embeddings.parquet"
        wearcli.probe(table, task=task, probe=kinds, folds=2, bootstrap=5, output=folder)
        cases[f"probe of {task}"] = Case(_content(folder), read=_read_probe)
    store = _store(place / "recordings")
    for name in ("store.json", "index.parquet", "values-00000.npy"):
        assert name in store
        cases[f"store: {name}"] = Case(store, only=name, read=_read_store)
    return cases


def _content(folder: Path) -> Files:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _tables(folder: Path) -> Files:
    """An embeddings table with checksums as `embed` writes it, and its tables of labels."""
    path = study(folder, people=5, bouts=3, windows=3)
    table = pq.read_table(path)
    place = table.schema.get_field_index("start")
    moments = [START + timedelta(seconds=onset) for onset in table["onset"].to_pylist()]
    starts = pa.array(moments, table.schema.field(place).type)
    pq.write_table(table.set_column(place, table.schema.field(place), starts), path, write_page_checksum=True)
    return _content(folder)


def _by_clock(labels: bytes) -> bytes:
    """Labels of people by clock time."""
    lines = ["participant,start,stop,label"]
    for line in labels.decode().splitlines()[1:]:
        recording, onset, duration, label = line.split(",")
        begin = START + timedelta(seconds=float(onset))
        end = begin + timedelta(seconds=float(duration))
        lines.append(f"{recording[:3]},{begin.isoformat()},{end.isoformat()},{label}")
    return "\n".join([*lines, ""]).encode()


def _arrow(parquet: bytes) -> bytes:
    table, packed = pq.read_table(io.BytesIO(parquet)), io.BytesIO()
    with pa.ipc.new_stream(packed, table.schema) as writer:
        writer.write_table(table)
    return packed.getvalue()


def _model(folder: Path) -> Files:
    """The config of a model that comes with wearcli, with weights of any bytes."""
    write_model(folder)
    config = load_model().config
    own = replace(config, sha256=hashlib.sha256(b"weights").hexdigest())
    (folder / "config.json").write_text(own.to_text())
    return _content(folder)


def _store(folder: Path) -> Files:
    folder.mkdir()
    for person in range(2):
        time, acc = wrist(4.0)
        rows = "".join(f"{t},{x},{y},{z}\n" for t, (x, y, z) in zip(time, acc.tolist(), strict=True))
        (folder / f"P{person}_a.csv").write_text(f"time,x,y,z\n{rows}")
    wearcli.preprocess([folder], folder.with_name("store"), window_s=1.0)
    return _content(folder.with_name("store"))


def _labelled(folder: Path, task: str, target: Sequence[str]) -> Sequence[np.ndarray]:
    """Join labels to embeddings, as `probe --dry-run`."""
    (table,) = folder.glob("embeddings.*")
    (labels,) = set(folder.iterdir()) - {table}
    result = wearcli.probe(table, task=task, target=list(target), labels=labels, folds=2, dry_run=True)
    json.dumps(result.to_json(), allow_nan=False)
    return [np.array(result.n_samples)]


def _read_probe(folder: Path) -> Sequence[np.ndarray]:
    """Load a probe and predict with it, and read it for a report."""
    probe = load_probe(folder)
    values = []
    for name in probe.probes:
        vectors = np.random.default_rng(0).normal(size=(3, probe.inputs(name))).astype(np.float32)
        values += [probe.predict(vectors, name, target) for target in probe.fitted_targets(name)]
    json.dumps(probe.document.to_json(), allow_nan=False)
    read_study(folder, None)
    return values


def _read_model(folder: Path) -> Sequence[np.ndarray]:
    document, _ = show_model(folder)
    json.dumps(document, allow_nan=False)
    return []


def _read_store(folder: Path) -> Sequence[np.ndarray]:
    data = TrainingData([WindowStore.open(folder)])
    return [data.take(np.arange(len(data)))]
