"""A day and a week of each kind of device file, read by wearcli and by the library actfast, in turn.

    python benchmarks/device_files.py [--days 1 7] [--kinds cwa ax6 bin gt3x link] [--turns 2]

Makes the files at 100 Hz, then reads each one in processes of their own, wearcli and the library one after
the other, as often as `--turns`. Prints the least seconds of each, the peak resident memory and the ratio of
the seconds (library over wearcli: above 1 wearcli is faster). wearcli streams samples and times, as `embed`
reads them; the library reads all of a file at once. It needs actfast, which is in the extra dev.
"""

import argparse
import binascii
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

RATE = 100
START = datetime(2024, 3, 4, 9, 30)
KINDS = {"cwa": "AX3 .cwa, 10 bits", "ax6": "AX6 .cwa", "bin": "GENEActiv .bin", "gt3x": "ActiGraph .gt3x",
         "link": "GT9X Link .gt3x"}  # fmt: skip
SUFFIXES = {"cwa": "cwa", "ax6": "cwa", "bin": "bin", "gt3x": "gt3x", "link": "gt3x"}
HEADER = f"""Device Identity
Device Unique Serial Code:000001
Device Type:GENEActiv
Device Model:1.2
Device Firmware Version:Ver06.17 15June23
Calibration Date:2023-09-08 14:14:04:000

Device Capabilities
Accelerometer Range:-8 to 8
Accelerometer Resolution:0.0039
Accelerometer Units:g
Light Meter Range:0 to 20000
Light Meter Resolution:3 to 48
Light Meter Units:lux
Temperature Sensor Range:0 to 70
Temperature Sensor Resolution:0.1
Temperature Sensor Units:deg. C

Configuration Info
Measurement Frequency:{RATE} Hz
Measurement Period:576 Hours
Start Time:{START:%Y-%m-%d %H:%M:%S}:000
Time Zone:GMT +01:00

Trial Info
Study Centre:
Study Code:
Investigator ID:
Exercise Type:
Config Operator ID:
Config Time:2024-03-04 08:00:00:000
Config Notes:
Extract Operator ID:
Extract Time:2024-03-14 08:00:00:000
Extract Notes:

Subject Info
Device Location Code:
Subject Code:
Date of Birth:1900-01-01
Sex:
Height:
Weight:
Handedness Code:
Subject Notes:

Calibration Data
x gain:25600
x offset:0
y gain:25600
y offset:0
z gain:25600
z offset:0
Volts:300
Lux:800

Memory Status
Number of Pages:"""


def raw_values(first: int, count: int) -> np.ndarray:
    """Samples (count, 3) int16 from a number on, 256 steps a g: walking, moving about and lying still."""
    time_s = (first + np.arange(count)) / RATE
    size = np.array([0.3, 0.05, 0.002])[(time_s // 3600).astype(int) % 3]
    wave = np.sin(2 * np.pi * 1.8 * time_s[:, None] + [0.0, 1.0, 2.0])
    noise = np.random.default_rng(first).normal(scale=0.3, size=wave.shape)
    return np.rint(256 * (size[:, None] * (wave + noise) + [0.0, 0.6, 0.8])).astype(np.int16)


def write_cwa(path: Path, days: float, axes: int) -> None:
    """AX3, packed (120 samples a block), or AX6 (40 samples a block)."""
    size = 120 if axes == 3 else 40
    block = np.dtype(
        {
            "names": ["mark", "length", "device", "session", "sequence", "stamp", "light", "temperature",
                      "rate", "axes", "offset", "count", "data", "check"],
            "formats": ["S2", "<u2", "<u2", "<u4", "<u4", "<u4", "<u2", "<u2", "u1", "u1", "<i2", "<u2",
                        ("u1", 480), "<u2"],
            "offsets": [0, 2, 4, 6, 10, 14, 18, 20, 24, 25, 26, 28, 30, 510],
            "itemsize": 512,
        }
    )  # fmt: skip
    header = bytearray(b"\xff" * 1024)
    header[:4], header[4], header[36] = b"MD\xfc\x03", 0x64 if axes == 6 else 0, 0x4A
    blocks_in_all, at_once = round(days * 86_400 * RATE / size), 3000
    with path.open("wb") as stream:
        stream.write(header)
        for first in range(0, blocks_in_all, at_once):
            number = np.arange(first, min(first + at_once, blocks_in_all))
            blocks = np.zeros(len(number), block)
            micros = number * (10**6 * size // RATE)
            moment = np.datetime64(START, "us") + micros
            seconds = moment.astype("M8[s]")
            month = seconds.astype("M8[M]")
            clock = (seconds - seconds.astype("M8[D]")).astype(np.int64)
            year, month_number = np.divmod(month.astype(np.int64), 12)
            day = (seconds.astype("M8[D]") - month.astype("M8[D]")).astype(np.int64) + 1
            date = (year - 30) << 26 | (month_number + 1) << 22 | day << 17
            blocks["stamp"] = date | clock // 3600 << 12 | clock // 60 % 60 << 6 | clock % 60
            part = (moment - seconds).astype(np.int64) * 32768 // 10**6
            blocks["device"] = 0x8000 | part
            blocks["offset"] = -(part * 2 * RATE >> 16)
            blocks["mark"], blocks["length"], blocks["sequence"] = b"AX", 508, number
            blocks["temperature"], blocks["rate"], blocks["count"] = 256, 0x4A, size
            values = raw_values(first * size, len(number) * size)
            if axes == 3:
                blocks["axes"] = 0x30
                low = np.clip(values, -512, 511).astype(np.uint32) & 1023
                data = low[:, 0] | low[:, 1] << 10 | low[:, 2] << 20
            else:
                blocks["axes"], blocks["light"] = 0x62, 3 << 13 | 2 << 10
                data = np.concatenate((values, values * 8), axis=1).astype("<i2")
            blocks["data"] = np.ascontiguousarray(data).view(np.uint8).reshape(len(number), 480)
            blocks["check"] = -blocks.view("<u2").reshape(len(number), 256).sum(1, dtype=np.uint16)
            stream.write(blocks.tobytes())


def write_bin(path: Path, days: float) -> None:
    """GENEActiv, pages of 300 samples."""
    pages = round(days * 86_400 * RATE / 300)
    with path.open("wb") as stream:
        stream.write(f"{HEADER}{pages}\n\n".encode())
        for first in range(0, pages, 1000):
            count = min(1000, pages - first)
            x, y, z = (raw_values(first * 300, count * 300).astype(np.int64) & 0xFFF).T
            data = (x << 36 | y << 24 | z << 12).astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:]
            digits = binascii.hexlify(data.tobytes()).upper()
            for page in range(count):
                moment = START + timedelta(milliseconds=(first + page) * 300_000 // RATE)
                stream.write(
                    f"Recorded Data\nDevice Unique Serial Code:000001\nSequence Number:{first + page}\n"
                    f"Page Time:{moment:%Y-%m-%d %H:%M:%S}:{moment.microsecond // 1000:03}\nUnassigned:\n"
                    f"Temperature:22.5\nBattery voltage:4.1\nDevice Status:Recording\n"
                    f"Measurement Frequency:{RATE}.0\n".encode()
                )
                stream.write(digits[page * 3600 : (page + 1) * 3600] + b"\n")


def write_gt3x(path: Path, days: float, kind: int) -> None:
    """ActiGraph, a record a second: 12 bits (kind 0) or 16 (kind 26)."""
    size = RATE * 9 // 2 if kind == 0 else RATE * 6
    record = np.dtype([("mark", "u1"), ("kind", "u1"), ("time", "<u4"), ("size", "<u2"), ("data", "u1", size),
                       ("check", "u1")])  # fmt: skip
    begin, total = round((START - datetime(1970, 1, 1)).total_seconds()), round(days * 86_400)
    ticks = (START - datetime(1, 1, 1)) // timedelta(microseconds=1) * 10
    info = (
        f"Serial Number: MOS2D00000000\r\nSample Rate: {RATE}\r\nStart Date: {ticks}\r\n"
        f"Last Sample Time: {ticks + total * 10**7}\r\nTimeZone: 01:00:00\r\nAcceleration Scale: 256.0\r\n"
        "Acceleration Min: -8.0\r\nAcceleration Max: 8.0\r\n"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("info.txt", info)
        with archive.open("log.bin", "w", force_zip64=True) as stream:
            for first in range(0, total, 3600):
                count = min(3600, total - first)
                records = np.zeros(count, record)
                values = raw_values(first * RATE, count * RATE)
                if kind == 0:
                    numbers = (values[:, [1, 0, 2]].astype(np.int64) & 0xFFF).reshape(-1, 2)
                    both = (numbers[:, 0] << 12 | numbers[:, 1]).astype(">u4")
                    data = both.view(np.uint8).reshape(-1, 4)[:, 1:]
                else:
                    data = values.astype("<i2").view(np.uint8)
                records["mark"], records["kind"], records["size"] = 0x1E, kind, size
                records["time"] = begin + first + np.arange(count)
                records["data"] = np.ascontiguousarray(data).reshape(count, size)
                cells = records.view(np.uint8).reshape(count, -1)
                records["check"] = ~np.bitwise_xor.reduce(cells, axis=1)
                stream.write(records.tobytes())


def write(path: Path, kind: str, days: float) -> None:
    """Make a file of a kind."""
    if kind in ("cwa", "ax6"):
        write_cwa(path, days, 3 if kind == "cwa" else 6)
    elif kind == "bin":
        write_bin(path, days)
    else:
        write_gt3x(path, days, 0 if kind == "gt3x" else 26)


def read(path: Path, reader: str) -> None:
    """Read a file in this process; print the seconds, the samples and the peak memory in GB."""
    if reader == "library":
        import actfast

        began, samples = time.perf_counter(), 0
        tables = actfast.read(str(path), lenient=True)["timeseries"].values()
        samples = max((len(table["datetime"]) for table in tables if "acceleration" in table), default=0)
    else:
        from wearcli.recordings.open import open_recording
        from wearcli.recordings.study.discovery import find_recordings

        began, samples = time.perf_counter(), 0
        (source,) = find_recordings([path]).sources
        for chunk in open_recording(source).chunks():
            samples += len(chunk.time)
    seconds = time.perf_counter() - began
    print(seconds, samples, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)


def measured(path: Path, reader: str, turns: list[tuple[float, int, float]]) -> None:
    """Read a file in a process of its own, and note what that took."""
    command = [sys.executable, __file__, "--read", reader, str(path)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    turns.append((float(out[0]), int(out[1]), float(out[2])))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=float, nargs="+", default=[1, 7])
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--read", nargs=2, metavar=("READER", "PATH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read(Path(arguments.read[1]), arguments.read[0])
        return
    print("file                        days     MB  wearcli s      GB  library s      GB  ratio")
    with tempfile.TemporaryDirectory() as folder:
        for days in arguments.days:
            for kind in arguments.kinds:
                path = Path(folder) / f"P01_{kind}.{SUFFIXES[kind]}"
                write(path, kind, days)
                turns: dict[str, list[tuple[float, int, float]]] = {"wearcli": [], "library": []}
                for _ in range(arguments.turns):
                    for reader, results in turns.items():
                        measured(path, reader, results)
                (ours, samples, memory), (theirs, seen, most) = (min(turns[name]) for name in turns)
                assert samples == days * 86_400 * RATE, samples
                line = (
                    f"{KINDS[kind]:26} {days:5g} {path.stat().st_size / 1e6:6,.0f} {ours:10.2f} {memory:7.2f}"
                )
                other = (
                    f" {theirs:10.2f} {most:7.2f} {theirs / ours:6.2f}"
                    if seen
                    else "    reads no sample of it"
                )
                print(line + other, flush=True)
                path.unlink()


if __name__ == "__main__":
    main()
