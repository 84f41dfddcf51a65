"""A small whole file of every format, to damage."""

import gzip
import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.io import savemat

from tests.fuzz.case import Case
from tests.fuzz.documents import document_cases
from tests.recordings.formats import device_writers as devices
from tests.recordings.formats.test_apple_ecg import ENGLISH, GERMAN
from tests.recordings.formats.test_bids_motion import dataset
from tests.recordings.formats.test_edf import by_hand
from tests.recordings.formats.test_matlab_avro import embrace_plus
from tests.recordings.formats.test_phone import M_S2, phyphox, sensor_logger
from tests.recordings.make import wrist

TIME, ACC = wrist(4.0)
COUNTS = np.round(ACC * 256).astype(int)
PULSE = np.round(300 * np.sin(np.arange(400) / 9), 3)


def _text(header: str, *columns: object, separator: str = ",", decimal: str = ".") -> bytes:
    rows = zip(*(np.asarray(column).tolist() for column in columns), strict=True)
    lines = [separator.join(str(cell).replace(".", decimal) for cell in row) for row in rows]
    return "\n".join([header, *lines, ""]).encode()


def _zip(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _npz(compressed: bool, **arrays: object) -> bytes:
    packed = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(packed, **arrays)  # type: ignore[arg-type]
    return packed.getvalue()


def _parquet(table: pa.Table, **options: object) -> bytes:
    packed = io.BytesIO()
    pq.write_table(table, packed, **options)
    return packed.getvalue()


def _edf() -> bytes:
    """Two seconds of an ECG at 100 Hz, by hand."""

    def fields(width: int, *cells: object) -> bytes:
        return b"".join(str(cell).encode().ljust(width) for cell in cells)

    head = fields(8, 0) + fields(80, "X X X X", "Startdate X X X X") + fields(8, "07.05.24", "09.30.05")
    head += fields(8, 768) + fields(44, "EDF+C") + fields(8, 4, 1) + fields(4, 2)
    head += fields(16, "EDF Annotations", "ECG II") + fields(80, "", "") + fields(8, "", "uV", -1, -3276.8)
    head += fields(8, 1, 3276.7, -32768, -32768, 32767, 32767) + fields(80, "", "")
    head += fields(8, 20, 100) + fields(32, "", "")
    body = b""
    for second in range(4):
        stamp = b"+%d\x14\x14\0" % second
        body += stamp.ljust(40, b"\0") + PULSE[:100].astype("<i2").tobytes()
    return head + body


def _written(write: Callable[[Path], object], name: str) -> bytes:
    """What a writer of tests puts into a file."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return (Path(folder) / name).read_bytes()


def _bids() -> Mapping[str, bytes]:
    """A BIDS motion dataset of 30 s."""
    with tempfile.TemporaryDirectory() as folder:
        dataset(Path(folder))
        files = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _interrupted() -> bytes:
    """An EDF+D whose records follow each other."""
    return by_hand([("ECG II", "uV", PULSE[:100].astype(int).tolist())], "EDF+D", b"")


def _cwa(axes: int, packing: int, rate_code: int = 0x4A) -> bytes:
    """Five seconds of an AX3, or of an AX6 with its rotation."""
    size = 80 if axes == 3 and packing == 2 else 120 if packing == 0 else 40
    counts = np.hstack([COUNTS] * (axes // 3))
    blocks = [
        devices.cwa_block(
            number,
            devices.START + timedelta(seconds=number * size / 100),
            counts[np.arange(number * size, (number + 1) * size) % len(counts)].tolist(),
            rate_code,
            packing,
        )
        for number in range(500 // size)
    ]
    return devices.cwa_header(rate_code, 0x64 if axes == 6 else 0) + b"".join(blocks)


def _geneactiv() -> bytes:
    samples = np.tile(np.hstack([COUNTS[:100], np.zeros((100, 2), int)]), (3, 1)).tolist()
    pages = [
        devices.geneactiv_page(number, devices.START + timedelta(seconds=6 * number), samples, 50)
        for number in range(2)
    ]
    return _written(lambda path: devices.write_geneactiv(path, pages), "a.bin")


def _gt3x(newer: bool) -> bytes:
    pack, kind = (devices.activity2, 0x1A) if newer else (devices.activity, 0x00)
    second = devices.seconds(devices.START)
    log = b"".join(
        devices.record(kind, second + k, pack(COUNTS[30 * k : 30 * k + 30].tolist())) for k in range(5)
    )
    return _written(lambda path: devices.write_gt3x(path, devices.info(), log_bin=log), "a.gt3x")


@cache
def whole_cases() -> dict[str, Case]:
    """Return the cases by name."""
    axes = dict(zip("xyz", ACC.T, strict=True))
    table = pa.table({"time": TIME, **axes})
    stamps = pa.array((TIME * 1e6).astype(np.int64) + 1_709_544_600_000_000, pa.timestamp("us", "UTC"))
    moments = [str(np.datetime64("2024-03-04T09:30:00.000") + int(1000 * t)) for t in TIME]
    plain = _text("time,x,y,z", TIME, *ACC.T)
    start = b"1644227574.0, 1644227574.0, 1644227574.0\n32.0, 32.0, 32.0\n"
    export = start + _text("0,0,64", *(COUNTS // 4).T)
    pulse = b"1644227574.0\n64.0\n" + _text("0.0", PULSE)
    header = b"a 2 100 400 09:30:05.25 07/05/2024\n"
    header += b"a.dat 16 200(10)/mV 16 0 0 0 0 V5\na.dat 16 100/uV 16 0 0 0 0 II\n"
    wave = np.stack([PULSE, -PULSE], 1).astype("<i2").tobytes()
    recordings = (
        b"recording,file,participant,placement,rate_hz,start\na,P1_a.csv,P1,wrist,50,2024-03-04T09:30:00Z\n"
    )
    parts = {"Accelerometer": (ACC - [0, 0, 1]) * M_S2, "Gravity": np.tile([0, 0, M_S2], (len(TIME), 1))}
    logged = {name: text.encode() for name, text in sensor_logger(TIME, parts).items()}
    fields = {"walk": {"t": TIME, "acceleration": ACC, "who": "nobody"}}
    bids = _bids()
    channels = next(name for name in bids if name.endswith("_channels.tsv"))
    walk = phyphox(TIME, {"Accelerometer": ("{} (m/s^2)", ACC * M_S2)})
    return {
        "csv": Case({"P1_a.csv": plain}),
        "csv of dates": Case({"P1_a.csv": _text("timestamp,acc_x,acc_y,acc_z", moments, *ACC.T)}),
        "csv of commas": Case({"P1_a.csv": _text("t;x;y;z", TIME, *ACC.T, separator=";", decimal=",")}),
        "csv of utf-16": Case({"P1_a.csv": plain.decode().encode("utf-16")}),
        "csv without names": Case({"P1_a.csv": plain.split(b"\n", 1)[1]}),
        "csv packed": Case({"P1_a.csv.gz": gzip.compress(plain)}),
        "tsv": Case({"P1_a.tsv": _text("time\tx\ty\tz", TIME, *ACC.T, separator="\t")}),
        "apple ecg": Case({"ecg.csv": ENGLISH.encode() + _text("", PULSE).lstrip()}, "ecg"),
        "apple ecg of commas": Case(
            {"ecg.csv": GERMAN.encode() + _text("", PULSE, decimal=",").lstrip()}, "ecg"
        ),
        "parquet": Case({"P1_a.parquet": _parquet(table)}),
        "parquet of dates": Case(
            {"P1_a.parquet": _parquet(table.set_column(0, "time", stamps), compression="zstd")}
        ),
        "npz": Case({"P1_a.npz": _npz(False, time=TIME, acc=ACC, fs=50.0)}),
        "npz packed": Case(
            {"P1_a.npz": _npz(True, acc=ACC.T, rate_hz=50.0, unit="g", start="2024-03-04T09:30:00")}
        ),
        "e4 zip": Case({"P1.zip": _zip({"ACC.csv": export, "BVP.csv": pulse})}),
        "e4 folder": Case({"P1/ACC.csv": export, "P1/BVP.csv": pulse}),
        "e4 pulse": Case({"P1.zip": _zip({"ACC.csv": export, "BVP.csv": pulse})}, "ppg"),
        "edf": Case({"P1.edf": _edf()}, "ecg"),
        "wfdb": Case({"a.hea": header, "a.dat": wave}, "ecg"),
        "sensor logger": Case({f"P1_walk/{name}": text for name, text in logged.items()}),
        "sensor logger zip": Case({"P1_walk.zip": _zip(logged)}),
        "phyphox": Case({f"P1/{name}": text.encode() for name, text in walk.items()}),
        "cwa": Case({"P1.cwa": _cwa(3, 2)}),
        "cwa of ten bits": Case({"P1.cwa": _cwa(3, 0)}),
        "cwa of rotation": Case({"P1.cwa": _cwa(6, 2)}, "gyro"),
        "cwa packed": Case({"P1.cwa.gz": gzip.compress(_cwa(3, 2))}),
        "geneactiv": Case({"P1.bin": _geneactiv()}),
        "gt3x": Case({"P1.gt3x": _gt3x(newer=False)}),
        "gt3x of 16 bits": Case({"P1.gt3x": _gt3x(newer=True)}),
        "bids motion": Case(bids),
        "bids channels": Case(bids, only=channels),
        "embraceplus": Case({"P1.avro": _written(embrace_plus, "P1.avro")}),
        "matlab": Case({"P1.mat": _written(lambda path: savemat(path, {"acc": ACC, "fs": 50.0}), "P1.mat")}),
        "matlab packed": Case(
            {"P1.mat": _written(lambda path: savemat(path, fields, do_compression=True), "P1.mat")}
        ),
        "edf of interruptions": Case({"P1.edf": _interrupted()}, "ecg"),
        **document_cases(),
        "sidecars": Case({"recordings.csv": recordings, "P1_a.csv": plain}, only="recordings.csv"),
    }
