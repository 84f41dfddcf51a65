"""Ways in which a file is damaged, at random and repeatable: the one home of them."""

import copy
import gzip
import io
import json
import random
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow.parquet as pq

from wearcli.embedding.table import KEY

Mutation = Callable[[bytearray, Sequence[bytes], random.Random], None]

_WORDS = (
    *(
        b"",
        b"-1",
        b"0",
        b"1",
        b"nan",
        b"inf",
        b"-inf",
        b"1e308",
        b"-1e308",
        b"1e-320",
        b"99999999999999999999",
    ),
    *(b"9" * 400, b"1_000", b"0x1f", b"1,5", b"1.5.2", b"2024-13-45T99:99:99", b"9999-12-31 23:59:59", b"%s"),
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b'"',
        b"'",
        b",",
        b";",
        b"\t",
        b"\x00",
        b"\x1b[31m",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    ),
    *("\u202e".encode(), "µ".encode(), b"../../x", b"~", b"(" * 50, b"[" * 50, b"{}", b"None", b"time,x,y,z"),
    *(b"null", b"true", b"NaN", b"-Infinity", b"[" * 5000, b'{"a":' * 2000, b'"\\ud800"'),
)
_VALUES: tuple[object, ...] = (
    *(None, True, -1, 0, 1, 0.5, 2**63, 10**400, 1e308, -1e308, float("nan"), float("inf"), "", "a", "1"),
    *(
        "\ud800",
        "\u202e\n",
        "x" * 3000,
        [],
        {},
        [[]],
        [None],
        ["a", "a"],
        {"": 1},
        {"a": {"a": 0}},
        [0] * 300,
    ),
)
_EXTREMES = (0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1)


def _span(data: bytearray, generator: random.Random, longest: int = 400) -> slice:
    begin = generator.randrange(len(data) + 1)
    return slice(begin, begin + generator.randrange(1, longest))


def _flip_bits(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    for _ in range(generator.choice((1, 1, 2, 8, 40))):
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)


def _change_bytes(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    for _ in range(generator.choice((1, 4, 30))):
        data[generator.randrange(len(data))] = generator.randrange(256)


def _cut(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    at = generator.randrange(len(data) + 1)
    if generator.random() < 0.8:
        del data[at:]
    else:
        del data[:at]


def _delete(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    del data[_span(data, generator)]


def _repeat(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    span = _span(data, generator)
    data[span] = bytes(data[span]) * generator.choice((2, 3, 20))


def _swap(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    size = generator.choice((1, 8, 64, 512))
    a, b = (generator.randrange(len(data) // size + 1) * size for _ in range(2))
    one, other = bytes(data[a : a + size]), bytes(data[b : b + size])
    data[a : a + size] = other[: len(one)].ljust(len(one), b"\0")
    data[b : b + size] = one[: len(other)].ljust(len(other), b"\0")


def _splice(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    other = generator.choice(others)
    span = _span(bytearray(other), generator, 2000)
    data[_span(data, generator)] = other[span]


def _insert_same(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    at = generator.randrange(len(data) + 1)
    data[at:at] = generator.choice((b"\0", b"\xff", b" ", b"\n", b"a")) * generator.choice((1, 3, 100, 3000))


def _lie_about_length(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    width, order = generator.choice((1, 2, 4, 8)), generator.choice(("little", "big"))
    head = generator.random() < 0.6
    at = generator.randrange(min(len(data), 512) if head else len(data))
    number = generator.choice(_EXTREMES) + generator.choice((0, 0, -1, 1))
    data[at : at + width] = (number % 2 ** (8 * width)).to_bytes(width, order)  # type: ignore[arg-type]


def _lie_in_digits(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    at = generator.randrange(min(len(data), 600) if generator.random() < 0.5 else len(data))
    digits = b"0123456789.-+"
    begin = next((i for i in range(at, len(data)) if data[i] in digits), at)
    end = next((i for i in range(begin, len(data)) if data[i] not in digits), len(data))
    word = generator.choice(_WORDS)
    # Of a header with fields of fixed width the others stay where they are.
    data[begin:end] = word[: end - begin].ljust(end - begin) if generator.random() < 0.5 else word


def _edit_header(data: bytearray, others: Sequence[bytes], generator: random.Random) -> None:
    at = generator.randrange(min(len(data), 600))
    data[at : at + generator.choice((0, 1, 4, 16))] = generator.choice(_WORDS)


MUTATIONS: tuple[Mutation, ...] = (
    *(_flip_bits, _change_bytes, _cut, _delete, _repeat, _swap, _splice, _insert_same),
    *(_lie_about_length, _lie_in_digits, _edit_header),
)


def mutate(data: bytes, others: Sequence[bytes], generator: random.Random) -> bytes:
    """Return a file damaged in one to four ways; of a packed one, or of a
    document, in half of the cases what is in it."""
    if generator.random() < 0.5:
        try:
            if data[:2] == b"\x1f\x8b":
                return gzip.compress(mutate(gzip.decompress(data), others, generator), 1)
            if data[:4] == b"PK\x03\x04":
                return _mutate_member(data, others, generator)
            if data[:1] == b"{":
                return _mutate_document(data, generator)
            if data[:4] == b"PAR1" and (notes := _notes(data)):
                return _rewrite_notes(data, {**notes, KEY: _mutate_document(notes[KEY], generator)})
        except (OSError, ValueError, zlib.error, zipfile.BadZipFile):
            pass
    damaged = bytearray(data)
    for _ in range(generator.choice((1, 1, 1, 2, 4))):
        if not damaged:
            break
        generator.choice(MUTATIONS)(damaged, others, generator)
    return bytes(damaged)


def _mutate_member(data: bytes, others: Sequence[bytes], generator: random.Random) -> bytes:
    """A zip whose checksums are right, and one file in it damaged."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    victim = generator.choice(sorted(members))
    members[victim] = mutate(members[victim], others, generator)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _mutate_document(data: bytes, generator: random.Random) -> bytes:
    """A JSON document with one to four values of another kind, or without them."""
    document = json.loads(data)
    for _ in range(generator.choice((1, 1, 1, 2, 4))):
        places = list(_places(document))
        if not places:
            break
        inside, key = generator.choice(places)
        if isinstance(inside, dict) and generator.random() < 0.15:
            del inside[key]
        else:
            inside[key] = copy.deepcopy(generator.choice(_VALUES))
    return json.dumps(document).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """All values within a JSON value: what holds them, and their key or number there."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(min(len(value), 20)):
            yield value, key
            yield from _places(value[key])


def _notes(data: bytes) -> dict[bytes, bytes] | None:
    """The metadata of an embeddings table; None of another Parquet file."""
    notes = pq.read_schema(io.BytesIO(data)).metadata or {}
    return notes if KEY in notes else None


def _rewrite_notes(data: bytes, notes: dict[bytes, bytes]) -> bytes:
    packed = io.BytesIO()
    pq.write_table(
        pq.read_table(io.BytesIO(data)).replace_schema_metadata(notes), packed, write_page_checksum=True
    )
    return packed.getvalue()
