"""One name of a folder or a file, taken apart: what in it may mean a person, and what does not."""

import re
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from wearcli.recordings.study.name_words import (
    ACTIVITY,
    COHORT,
    E4_NAME,
    GROUP,
    GROUP_SHORT,
    NUMBERED,
    OMGUI_NAME,
    PERSON,
    PLACE,
    SESSION,
    WEAK_LETTERS,
    is_noise,
    is_serial,
    without_times,
)


class Form(IntEnum):
    """How much the form of a part looks like a person."""

    DEVICE = 0  # a device's serial number
    WEAK = 1  # L, D03, the number of a walk
    WORD = 2  # alice
    CODE = 3  # 001, A01, NL-01-003, HC_001
    SUBJECT = 4  # S01, which may be a session
    PERSON = 5  # P01, subject 3, sub-07


class Part(NamedTuple):
    """A part of a name that may mean a person.

    Attributes:
        text: As it is written.
        form: What it looks like.
        pieces: Letters with a number that follow one another without a gap, as in S1A1; of one piece none.
    """

    text: str
    form: Form
    pieces: tuple["Part", ...] = ()


class Name(NamedTuple):
    """What a name of a folder or a file holds.

    Attributes:
        parts: What may mean a person, in order.
        groups: What means a kind of people, such as control.
    """

    parts: tuple[Part, ...]
    groups: tuple[str, ...]


# Words with a number in them that is a part of the word.
_WHOLE = r"\d+mwt|mc10|gt3x|gt9x|ax3|ax6|e4|\d+ ?(?:sec|hz|min)"
_TOKEN = re.compile(
    rf"(?i:(?<![^\W_])(?:{_WHOLE})(?![^\W_]))|\d+|[^\W\d_]+|[\W_]+",
)
# Words that may have a letter in place of a number: siteA.
_LETTERED = PERSON | SESSION | COHORT | GROUP | PLACE
_SIDE_LETTERS = {"l", "r", "lw", "rw", "la", "ra", "lt", "rt", "lf", "rf"}
_UNITS = re.compile(r"\d+ ?(?:sec|hz|min)", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")


class _Piece(NamedTuple):
    """A stretch of a name: from where to where, and its form; None for what is no part, with its group."""

    begin: int
    end: int
    form: Form | None
    group: str = ""


@lru_cache(maxsize=100_000)
def read_name(text: str) -> Name:
    """Return what a name of a folder, or of a file without suffix, holds.

    Example:
        >>> [part.text for part in read_name("P01 (2024-03-04)RAW").parts]
        ['P01']
        >>> read_name("day2_left").parts
        ()
    """
    if match := E4_NAME.fullmatch(text):
        return Name((Part(match[1], Form.DEVICE),), ())
    if match := OMGUI_NAME.fullmatch(text):
        return Name((Part(match[1], Form.DEVICE),), ())
    plain = without_times(text)
    pieces = _pieces(plain)
    groups = tuple(piece.group for piece in pieces if piece.group)
    return Name(tuple(_parts(plain, pieces)), groups)


def _tokens(text: str) -> list[tuple[int, int, str]]:
    """The words, numbers and gaps of a text with their places; LeftWrist is two words."""
    tokens = []
    for match in _TOKEN.finditer(text):
        begin = match.start()
        for word in _camel_words(match[0]):
            tokens.append((begin, begin + len(word), word))
            begin += len(word)
    return tokens


def _camel_words(text: str) -> list[str]:
    """LeftWrist as two words, siteA as a word and a letter."""
    words = _CAMEL.split(text)
    if len(text) > 2 and text[-1].isupper() and words[-1][:-1].lower() in _LETTERED:
        words[-1:] = [words[-1][:-1], words[-1][-1]]
    return words


def _pieces(text: str) -> list[_Piece]:
    """The text as pieces; gaps between words are left out."""
    tokens = _tokens(text)
    pieces: list[_Piece] = []
    at = 0
    while at < len(tokens):
        begin, end, word = tokens[at]
        at += 1
        if not word[0].isalnum():
            continue
        if _UNITS.fullmatch(word):
            pieces.append(_Piece(begin, end, None))
            continue
        if word.isdigit():
            pieces.append(_Piece(begin, end, Form.CODE))
            continue
        # What follows: a number right behind the word, or one (or a letter) behind a short gap.
        behind = tokens[at] if at < len(tokens) and tokens[at][0] == end else None
        lettered = behind is not None and len(behind[2]) == 1 and behind[2].isupper()
        attached = behind if behind and (behind[2].isdigit() or lettered) else None
        apart = None
        if attached is None and at + 1 < len(tokens) and tokens[at][2] in {"_", "-", " ", ".", "#", " #"}:
            following = tokens[at + 1][2]
            lonely = at + 2 >= len(tokens) or not tokens[at + 2][2][0].isalnum()
            if following.isdigit() or (len(following) == 1 and following.isupper() and lonely):
                apart = tokens[at + 1]
        piece, used = _piece(text, word, begin, end, attached, apart)
        pieces.append(piece)
        at += 0 if used is None else 1 if used is attached else 2
    return pieces


_Token = tuple[int, int, str]


def _piece(
    text: str, word: str, begin: int, end: int, attached: _Token | None, apart: _Token | None
) -> tuple[_Piece, _Token | None]:
    """The piece of a word, and the token after it that belongs to it."""
    lower = word.lower()
    number = attached or apart
    whole = len(word) == len(text.strip("|()[] _-"))
    if number is not None and lower in PERSON and (number[2].isdigit() or lower not in GROUP):
        return _Piece(begin, number[1], Form.PERSON), number
    if lower in SESSION:
        return _Piece(begin, number[1] if number else end, None), number
    if lower in COHORT:
        return _Piece(
            begin, number[1] if number else end, None, text[begin : number[1] if number else end]
        ), number
    if lower in GROUP or (lower in GROUP_SHORT and (word.isupper() or whole)) or (whole and lower in "mf"):
        if number is not None:
            return _Piece(begin, number[1], Form.CODE), number
        return _Piece(begin, end, None, word), None
    if lower in ACTIVITY:
        if number is not None and number[2].isdigit():
            return _Piece(number[0], number[1], Form.WEAK), number
        return _Piece(begin, end, None), None
    if is_noise(lower) or (lower in PERSON and len(lower) > 2):
        if attached is not None:
            return _Piece(begin, attached[1], None), attached
        if apart is not None and lower in NUMBERED:
            return _Piece(begin, apart[1], None), apart
        return _Piece(begin, end, None), None
    if attached is None:
        weak = lower in _SIDE_LETTERS or (len(word) == 1 and (not whole or lower in "xyz"))
        return _Piece(begin, end, Form.WEAK if weak else Form.WORD), None
    if lower == "s":
        return _Piece(begin, attached[1], Form.SUBJECT), attached
    if lower in WEAK_LETTERS and len(attached[2]) <= 3:
        return _Piece(begin, attached[1], Form.WEAK), attached
    return _Piece(begin, attached[1], Form.CODE), attached


def _parts(text: str, pieces: list[_Piece]) -> list[Part]:
    """The parts of a name: pieces that stand together, or with a hyphen or a point between them."""
    runs: list[list[_Piece]] = []
    last: _Piece | None = None
    for piece in pieces:
        if piece.form is None:
            last = None
            continue
        gap = text[last.end : piece.begin] if last else None
        if gap == "" and text[piece.begin : piece.end] in ("L", "R"):
            continue  # the side in 001L
        one = gap in ("", "-", ".") and last is not None
        if one and not (Form.PERSON in (last.form, piece.form) if last else False):
            runs[-1].append(piece)
        else:
            runs.append([piece])
        last = piece
    return [_part(text, run) for run in runs]


def _part(text: str, run: list[_Piece]) -> Part:
    whole = text[run[0].begin : run[-1].end]
    forms = [piece.form for piece in run if piece.form is not None]
    if is_serial(whole):
        return Part(whole, Form.DEVICE)
    if len(run) == 1:
        return Part(whole, forms[0])
    if set(forms) == {Form.WEAK}:
        return Part(whole, Form.WEAK)
    form = Form.SUBJECT if forms[0] is Form.SUBJECT else Form.WORD if set(forms) <= {Form.WORD} else Form.CODE
    pieces: tuple[Part, ...] = ()
    coded = all(not text[piece.begin : piece.end].isdigit() for piece in run)
    if (coded and Form.WORD not in forms) or forms[0] is Form.SUBJECT:
        pieces = tuple(
            Part(text[piece.begin : piece.end], form) for piece, form in zip(run, forms, strict=True)
        )
    return Part(whole, form, pieces)
