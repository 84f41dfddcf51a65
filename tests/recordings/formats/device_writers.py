"""Tiny files of Axivity, GENEActiv and ActiGraph devices, written to their documented layouts."""

import struct
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
START = datetime(2024, 3, 4, 9, 30, 0, tzinfo=UTC)
Sample = Sequence[int]


def bits_of(number: int, width: int) -> str:
    """A number with a sign as binary digits, the most significant first."""
    return format(number & ((1 << width) - 1), f"0{width}b")


def packed(digits: str) -> bytes:
    """Binary digits as bytes, with zeros at the end."""
    digits += "0" * (-len(digits) % 8)
    return bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits), 8))


def record(kind: int, time_s: int, payload: bytes) -> bytes:
    """A record of log.bin."""
    body = struct.pack("<BBIH", 0x1E, kind, time_s, len(payload)) + payload
    check = 0
    for byte in body:
        check ^= byte
    return body + bytes([~check & 0xFF])


def activity(samples: Sequence[Sample]) -> bytes:
    """Samples of x, y, z as an ACTIVITY record, or activity.bin, has them: 12 bits each, y first."""
    return packed("".join(bits_of(number, 12) for x, y, z in samples for number in (y, x, z)))


def activity2(samples: Sequence[Sample]) -> bytes:
    """Samples of x, y, z as an ACTIVITY2 record has them."""
    return b"".join(struct.pack("<3h", *sample) for sample in samples)


def parameters(**values: int) -> bytes:
    """Payload of a PARAMETERS record; accel_scale: as the encoded word, sample_rate: in Hz."""
    keys = {"accel_scale": (0, 55), "sample_rate": (1, 10), "battery_state": (0, 6)}
    return b"".join(struct.pack("<HHI", *keys[name], value) for name, value in values.items())


def ticks(moment: datetime) -> int:
    """A date as .NET counts it."""
    return (moment - YEAR_1) // timedelta(microseconds=1) * 10


def info(start: datetime = START, last: datetime | None = None, **facts: object) -> str:
    """info.txt; facts: further lines, "_" standing for a space."""
    lines = {
        "Serial Number": "MOS2D00000000",
        "Device Type": "wGT3XBT",
        "Sample Rate": 30,
        "Start Date": ticks(start),
        "Stop Date": 0,
        "Last Sample Time": ticks(last) if last else 0,
        **{name.replace("_", " "): value for name, value in facts.items()},
    }
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)


def write_gt3x(path: Path, info_txt: str, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    """An archive of info.txt and other members, "_" in a name standing for the point."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
        archive.writestr("info.txt", info_txt)
    return path


def seconds(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


def cwa_header(rate_code: int, hardware: int = 0) -> bytes:
    """The header of a .cwa file."""
    header = bytearray(b"\xff" * 1024)
    header[:4] = b"MD" + struct.pack("<H", 1020)
    struct.pack_into("<BHI", header, 4, hardware, 1234, 77)
    header[36] = rate_code
    return bytes(header)


def cwa_block(
    number: int,
    start: datetime,
    samples: Sequence[Sample],
    rate_code: int = 0x4A,  # 100 Hz, 8 g
    packing: int = 2,
    light: int = 0,
    fraction: bool = True,
    temperature: int = 256,
    device_hz: float | None = None,
) -> bytes:
    """A block whose first sample is taken at `start`: of three numbers each, or of six, rotation first.

    device_hz: the rate at which the device samples indeed; None: the nominal one.
    """
    rate = 3200 / (1 << (15 - (rate_code & 15)))
    block = bytearray(512)
    whole = start.replace(microsecond=0)
    part = start.microsecond * 32768 // 10**6
    stamp = (start.year - 2000) << 26 | start.month << 22 | start.day << 17
    stamp |= start.hour << 12 | start.minute << 6 | start.second
    if fraction:
        device, offset = 0x8000 | part, -int(part * 2 * int(rate) >> 16)
    else:  # the whole second before the block's first sample
        device, offset = 1234, -round((start - whole).total_seconds() * (device_hz or rate))
    axes = len(samples[0])
    struct.pack_into("<2sHHII", block, 0, b"AX", 508, device, 77, number)
    struct.pack_into("<IHHBBBB", block, 14, stamp, light, temperature, 0, 200, rate_code, axes << 4 | packing)
    struct.pack_into("<hH", block, 26, offset, len(samples))
    if packing == 2:
        data = b"".join(struct.pack(f"<{axes}h", *sample) for sample in samples)
    else:
        data = b"".join(struct.pack("<I", _word(sample)) for sample in samples)
    block[30 : 30 + len(data)] = data
    total = sum(struct.unpack("<256H", block)) & 0xFFFF
    struct.pack_into("<H", block, 510, -total & 0xFFFF)
    return bytes(block)


def _word(sample: Sample) -> int:
    """Three numbers with a common exponent of two, 10 bits each."""
    exponent = next(e for e in range(4) if all(-512 <= number >> e <= 511 for number in sample))
    x, y, z = (bits_of(number >> exponent, 10) for number in sample)
    return int(f"{exponent:02b}{z}{y}{x}", 2)


GENEACTIV_HEADER = """Device Identity
Device Unique Serial Code:000001
Device Type:GENEActiv
Device Model:1.2

Device Capabilities
Accelerometer Range:-8 to 8

Configuration Info
Measurement Frequency:{rate} Hz
Start Time:2024-03-04 09:30:00:000
Time Zone:{zone}

Subject Info
Subject Code:Zoë

Calibration Data
x gain:25000
x offset:-1000
y gain:26000
y offset:500
z gain:24000
z offset:0
Volts:300
Lux:800

Memory Status
Number of Pages:{pages}

"""


def geneactiv_page(number: int, start: datetime, samples: Sequence[Sample], rate: float) -> bytes:
    """A page of samples x, y, z, light, button."""
    lines = [
        "Recorded Data",
        "Device Unique Serial Code:000001",
        f"Sequence Number:{number}",
        f"Page Time:{start:%Y-%m-%d %H:%M:%S}:{start.microsecond // 1000:03}",
        "Unassigned:",
        "Temperature:22.5",
        "Battery voltage:4.1",
        "Device Status:Recording",
        f"Measurement Frequency:{rate:.1f}",
        "".join(_geneactiv_digits(sample) for sample in samples),
    ]
    return "\n".join(lines).encode() + b"\n"


def _geneactiv_digits(sample: Sample) -> str:
    x, y, z, light, button = sample
    digits = "".join(bits_of(number, 12) for number in (x, y, z)) + bits_of(light, 10) + f"{button:b}0"
    return f"{int(digits, 2):012X}"


def write_geneactiv(
    path: Path, pages: Sequence[bytes], rate: float = 50, zone: str = "GMT +01:00", count: int | None = None
) -> Path:
    """A file of pages; count: how many the header says there are."""
    header = GENEACTIV_HEADER.format(
        rate=f"{rate:g}", zone=zone, pages=len(pages) if count is None else count
    )
    path.write_bytes(header.encode("latin-1") + b"".join(pages))
    return path
