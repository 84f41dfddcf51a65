"""The elements of a .mat file of version 5: a type, a size, and as many bytes; matrices hold elements.

scipy takes the type of an element unchecked as a place in a table of its own, in C: a damaged one ends the
process. So the types are looked at first. Source: MATLAB, MAT-File Format, chapter 1, version 5.
"""

import struct
import zlib

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_LEAVES = frozenset((*range(1, 8), 9, 12, 13, 16, 17, 18))
_DEEPEST = 50  # matrices in matrices, as cells and structs are


def check_elements(data: bytes, most_bytes: int) -> None:
    """Check that all elements of a file have types that there are, and end within what holds them.

    Args:
        data: The file; one of version 4, which has no elements, is taken as it is.
        most_bytes: How many bytes a packed element may have.

    Raises:
        ValueError: An element has no such type, or goes beyond its end.
    """
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is not None:
        _check(memoryview(data)[_HEADER:], order, most_bytes, 0)


def _check(data: memoryview, order: str, most_bytes: int, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} matrices in one another")
    place = 0
    while place < len(data):
        if len(data) - place < 8:
            raise ValueError("it breaks off")
        kind, size = struct.unpack_from(f"{order}II", data, place)
        begin = place + 8
        if kind >> 16:  # a small one: the size stands beside the type, the bytes in the place of the size
            kind, size, begin = kind & 0xFFFF, kind >> 16, place + 4
            if size > 4:
                raise ValueError(f"a small element of {size} bytes")
        if begin + size > len(data):
            raise ValueError("it breaks off")
        content = data[begin : begin + size]
        if kind == _MATRIX:
            _check(content, order, most_bytes, depth + 1)
        elif kind == _COMPRESSED and depth == 0:
            _check(_unpacked(content, most_bytes), order, most_bytes, 1)
        elif kind not in _LEAVES:
            raise ValueError(f"an element of type {kind}")
        end = begin + size
        place = end if kind == _COMPRESSED or depth == 0 else end + -end % 8


def _unpacked(content: memoryview, most_bytes: int) -> memoryview:
    unpacked = zlib.decompressobj()
    data = unpacked.decompress(content, most_bytes)
    if unpacked.unconsumed_tail:
        raise ValueError(f"more than {most_bytes} bytes in one packed element")
    return memoryview(data)
