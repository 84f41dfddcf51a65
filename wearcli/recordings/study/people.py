"""Which part of the paths of a study tells its people apart, by the structure of all of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wearcli.recordings.study.name_parts import Form, Name, Part, read_name

# So few folders named by a word may be kinds of people.
_FEW = 3
# So many files with one word and numbers are not all of one person.
_MANY = 10


class Place(NamedTuple):
    """Where a recording lies in its study.

    Attributes:
        folders: Names of the folders from the root to it.
        stem: Its own name: of a file without suffix.
    """

    folders: tuple[str, ...]
    stem: str


class Person(NamedTuple):
    """Whom a recording is of, and the words that say how that is known."""

    name: str
    how: str


class _Pick(NamedTuple):
    """The part of one path that is taken as the person."""

    part: Part
    how: str


@dataclass
class _Paths:
    """The paths of a study, read.

    Attributes:
        folders: Of a recording the part of each folder that has one, outermost first.
        stems: Of a recording the parts of its own name.
        groups: Of a recording the kinds of people in its path.
        doubts: Why the people are not certain, in words.
    """

    folders: list[list[Part]]
    stems: list[list[Part]]
    groups: list[tuple[str, ...]]
    doubts: dict[str, None] = field(default_factory=dict)


def tell_people(places: Sequence[Place], root: str) -> tuple[list[Person], str]:
    """Return the person of every recording of a study, and why that is in doubt; "" where it is not.

    Days, sides, sessions, devices and other names that lie below several people are no people; of groups
    such as control and patient the same number is two people.

    Args:
        places: Where the recordings lie.
        root: Name of the study's folder, which tells the person where nothing below it does.
    """
    paths = _read(places)
    people: list[Person | None] = [None] * len(places)
    shapes: dict[int, list[int]] = defaultdict(list)
    for row, folders in enumerate(paths.folders):
        shapes[len(folders)].append(row)
    picks: dict[int, _Pick] = {}
    for rows in shapes.values():
        picks |= _pick(paths, rows)
    for row, name, how in _with_groups(paths, picks):
        people[row] = Person(name, how)
    rest = [row for row, person in enumerate(people) if person is None]
    for row, person in zip(rest, _without_names(paths, places, rest, root), strict=True):
        people[row] = person
    named = [person for person in people if person is not None]
    _judge(paths, named, picks)
    return named, "; ".join(paths.doubts)


def _read(places: Sequence[Place]) -> _Paths:
    """The parts of all paths, less what is the same in all stems."""
    folder_names = _folder_names(places)
    stem_names = [read_name(place.stem) for place in places]
    split = _splits([name for names in folder_names for name in names] + stem_names)
    stems = _less_constant(_less_prefix([_split(name.parts, split) for name in stem_names]))
    folders = []
    groups = []
    for names, stem in zip(folder_names, stem_names, strict=True):
        parts = [_best(_split(name.parts, split)) for name in names]
        folders.append([part for part in parts if part is not None])
        own = [group for name in names for group in name.groups if not name.parts]
        groups.append((*own, *stem.groups))
    return _Paths(_less_levels(folders), stems, groups)


def _folder_names(places: Sequence[Place]) -> list[list[Name]]:
    """The names of folders; a folder RA or Young among people that are named by words is one of them."""
    names: list[list[Name]] = [[] for _ in places]
    for depth in range(max((len(place.folders) for place in places), default=0)):
        texts = {place.folders[depth] for place in places if len(place.folders) > depth}
        best = {text: part for text in texts if (part := _best(read_name(text).parts)) and text.isalpha()}
        words = {text for text, part in best.items() if part.form <= Form.WORD}
        worded = any(part.form is Form.WORD for part in best.values())
        for own, place in zip(names, places, strict=True):
            if len(place.folders) > depth:
                text = place.folders[depth]
                named = read_name(text)
                if not named.parts and text.isalpha() and worded and len(words) > len(texts) / 2:
                    named = Name((Part(text, Form.WORD),), ())
                own.append(named)
    return names


def _splits(names: Iterable[Name]) -> bool:
    """Whether S1A1 is S1 and A1: some of the first pieces come with several others."""
    compound = {part.text: part.pieces[0].text for name in names for part in name.parts if part.pieces}
    return len({*compound.values()}) < len(compound)


def _split(parts: Iterable[Part], split: bool) -> list[Part]:
    return [piece for part in parts for piece in (part.pieces if split and part.pieces else (part,))]


def _less_prefix(stems: list[list[Part]]) -> list[list[Part]]:
    """The parts of stems without the word that all have before a subject: of predict-S21 the S21.

    The word is the name of the study. Capitals such as NL are a site, and S1 may be a session.
    """
    prefixes = set()
    shorter = []
    for parts in stems:
        own = []
        for part in parts:
            prefix, _, rest = part.text.rpartition("-")
            subject = _best(read_name(rest).parts) if prefix and not prefix.isupper() else None
            if subject and subject.text == rest and subject.form is Form.SUBJECT and _digits(subject) > 1:
                prefixes.add(prefix)
                part = subject
            own.append(part)
        shorter.append(own)
    return shorter if len(prefixes) == 1 else stems


def _less_constant(stems: list[list[Part]]) -> list[list[Part]]:
    """The parts of stems without those that all have, where the rest tells people apart by itself."""
    if len(stems) < 2:
        return stems
    shared = set.intersection(*({part.text for part in parts} for parts in stems))
    shared -= {part.text for part in stems[0] if part.form is Form.PERSON}
    if not shared:
        return stems
    subjects = {part.text for part in stems[0] if part.form is Form.SUBJECT} & shared
    rest = [[part for part in parts if part.text not in shared] for parts in stems]
    best = [_best(parts) for parts in rest]
    people = {part.text for part in best if part is not None}
    coded = all(part is not None and part.form >= Form.CODE for part in best)
    lettered = coded and all(any(sign.isalpha() for sign in text) for text in people)
    # anna_1 and anna_2 may be anna twice, sisfall_SA21 and sisfall_SA22 are two people.
    if coded and len(people) > 1 and (lettered or len(people) < len(stems) or len(stems) >= _MANY):
        return rest
    if subjects and all(any(part.text not in shared for part in parts) for parts in stems):
        return [[part for part in parts if part.text not in subjects] for parts in stems]
    return stems


def _less_levels(folders: list[list[Part]]) -> list[list[Part]]:
    """The parts of folders without levels that are one folder for all, where another level is left."""
    depth = min(map(len, folders), default=0)
    constant = [level for level in range(depth) if len({parts[level].text for parts in folders}) == 1]
    if len(folders) < 2 or not constant:
        return folders
    person = any(folders[0][level].form is Form.PERSON for level in constant)
    if person or any(len(parts) <= len(constant) for parts in folders):
        return folders
    return [[part for level, part in enumerate(parts) if level not in constant] for parts in folders]


def _best(parts: Sequence[Part]) -> Part | None:
    """Of the parts of one name that which is most likely a person: the first, or one that says so."""
    if not parts:
        return None
    best = max(parts, key=lambda part: part.form)
    if best.form >= Form.SUBJECT:
        return best
    strong = [part for part in parts if part.form >= Form.WORD]
    if strong and strong[0].text.isdigit() and parts[0].text.isdigit():
        return parts[0]._replace(form=Form.CODE)  # of gait_9_2 the 9
    return (strong or sorted(parts, key=lambda part: -part.form))[0]


def _pick(paths: _Paths, rows: list[int]) -> dict[int, _Pick]:
    """The part that is taken of the paths of one depth."""
    folders = [paths.folders[row] for row in rows]
    level = _level(paths, folders)
    stem_parts = _best_stems(paths, rows)
    use_stem = _stem_tells(paths, folders, level, stem_parts, [paths.stems[row] for row in rows])
    picks = {}
    for row, parts, stem in zip(rows, folders, stem_parts, strict=True):
        if use_stem and stem is not None:
            picks[row] = _Pick(stem, "the file's name")
        elif level is not None:
            picks[row] = _Pick(parts[level], "the recording's folder")
    return picks


def _best_stems(paths: _Paths, rows: list[int]) -> list[Part | None]:
    """The best part of the stems; S1 is a session beside anna, 013 or A01769, and a subject beside A1."""
    best = [_best(paths.stems[row]) for row in rows]
    subjects = [part for part in best if part is not None and part.form is Form.SUBJECT]
    if not subjects or len(subjects) < len(rows):
        return best
    # The first part that stands before the S1.
    first = [paths.stems[row][0] for row in rows]
    others = [part for part in first if part.form in (Form.WORD, Form.CODE)]
    if len(others) < len(rows):
        return best
    if all(part.form is Form.CODE for part in others):
        longer = min(map(_digits, others)) > min(map(_digits, subjects))
        return list(others) if longer else best
    names, sessions = [part.text for part in others], [part.text for part in subjects]
    if _recur([(name,) for name in names], sessions) and _recur([(one,) for one in sessions], names):
        paths.doubts["the file names have two parts that may be the person"] = None
        return list(others)
    return best


def _digits(part: Part) -> int:
    return sum(sign.isdigit() for sign in part.text)


def _recur(contexts: Sequence[tuple[str, ...]], values: Sequence[str]) -> bool:
    """Whether some value lies below several contexts."""
    above: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for context, value in zip(contexts, values, strict=True):
        above[value].add(context)
    return any(len(contexts) > 1 for contexts in above.values())


def _level(paths: _Paths, folders: list[list[Part]]) -> int | None:
    """The level of folders that tells people; None where none does."""
    depth = len(folders[0])
    if depth == 0:
        return None
    forms = [max(parts[level].form for parts in folders) for level in range(depth)]
    texts = [[parts[level].text for parts in folders] for level in range(depth)]
    strong = [level for level in range(depth) if forms[level] >= Form.WORD]
    if not strong:
        # L and R alone are sides; D01 and D02 may be people if nothing else is.
        coded = [level for level in range(depth) if any(any(map(str.isdigit, text)) for text in texts[level])]
        return coded[0] if coded else None
    persons = [level for level in strong if forms[level] is Form.PERSON]
    once = [level for level in strong if not _recurs(texts, strong, level)]
    if persons:
        level = persons[-1] if len(persons) == 1 else ([p for p in persons if p in once] or persons)[-1]
        words = [one for one in strong if one != level and forms[one] <= Form.CODE and one < level]
        if words and level not in once:
            example = next(text for text in texts[level])
            paths.doubts[
                f"'{example}' lies in several folders such as '{texts[words[0]][0]}', which may be groups"
            ] = None
        return level
    best = max(forms[level] for level in once)
    likely = [level for level in once if forms[level] == best]
    if best is Form.SUBJECT:
        return likely[-1]
    varied = [level for level in strong if len({*texts[level]}) > 1]
    rivals = [level for level in varied if level in once and level != likely[-1]]
    outer = [level for level in varied if level not in once and forms[level] >= forms[likely[-1]]]
    if rivals or (outer and len({*texts[likely[-1]]}) <= _FEW):
        other = (rivals or outer)[0]
        paths.doubts[
            f"both '{texts[likely[-1]][0]}' and '{texts[other][0]}' in the paths may be a person"
        ] = None
    return likely[-1]


def _recurs(texts: list[list[str]], strong: list[int], level: int) -> bool:
    """Whether a name of a level lies below several folders of the levels above it."""
    above = [one for one in strong if one < level]
    rows = range(len(texts[level]))
    return bool(above) and _recur([tuple(texts[one][row] for one in above) for row in rows], texts[level])


def _stem_tells(
    paths: _Paths,
    folders: list[list[Part]],
    level: int | None,
    stems: list[Part | None],
    stem_parts: list[list[Part]],
) -> bool:
    """Whether the file names tell the people rather than the folders."""
    parts = [part for part in stems if part is not None]
    if not parts or len(parts) < len(stems):
        return level is None
    if level is None:
        return True
    above = [folder[level] for folder in folders]
    names = [(part.text,) for part in above]
    values = [part.text for part in parts]
    folder_form, stem_form = max(part.form for part in above), max(part.form for part in parts)
    if folder_form is Form.WEAK or folder_form is Form.DEVICE:
        return stem_form >= Form.WORD
    if all(
        any(part.text.casefold() == one.text.casefold() for one in own)
        for part, own in zip(above, stem_parts, strict=True)
    ):
        return False
    recur = _recur(names, values)
    if stem_form is Form.PERSON and folder_form < Form.PERSON:
        if recur and folder_form is Form.WORD:
            paths.doubts[
                f"'{values[0]}' lies in several folders such as '{names[0][0]}', which may be groups"
            ] = None
        return not recur or folder_form is Form.WORD
    if folder_form > Form.WORD:
        return False
    per_folder = Counter(name for name, _ in {*zip(names, values, strict=True)})
    if stem_form is Form.SUBJECT and not recur and len(per_folder) > 1 and min(per_folder.values()) > 1:
        paths.doubts[f"'{names[0][0]}' may be a person, or the group of '{values[0]}'"] = None
        return True
    crossing = recur and len({*values}) > 1 and stem_form >= Form.WORD
    if crossing and (stem_form is Form.WORD or len(per_folder) <= _FEW):
        paths.doubts[f"both '{names[0][0]}' and '{values[0]}' in the paths may be a person"] = None
    return False


def _with_groups(paths: _Paths, picks: Mapping[int, _Pick]) -> Iterable[tuple[int, str, str]]:
    """Row, name and how of every pick; where a name is in several groups, the group stands before it."""
    above: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for row, pick in picks.items():
        above[pick.part.text].add(paths.groups[row])
    several = any(len(groups) > 1 for groups in above.values())
    for row, pick in picks.items():
        groups = paths.groups[row]
        if several and groups:
            yield row, "/".join([*groups, pick.part.text]), f"the group and {pick.how}"
        else:
            yield row, pick.part.text, pick.how


def _without_names(paths: _Paths, places: Sequence[Place], rows: list[int], root: str) -> list[Person]:
    """People of recordings whose paths name none."""
    if not rows:
        return []
    above = _best(read_name(root).parts)
    if above is not None and (above.form < Form.CODE or not root.startswith(above.text)):
        above = None
    if above is not None and above.form is Form.CODE and above.text != root:
        above = None
    if len(rows) == len(places) and above is not None:
        if above.form < Form.SUBJECT and len(places) > 1:
            paths.doubts[f"all recordings are taken as those of '{above.text}', the folder above them"] = None
        return [Person(above.text, "the folder above all")] * len(rows)
    if any(paths.groups[row] for row in rows):
        paths.doubts["some names tell groups, sides or sessions only"] = None
        return [
            Person("/".join(paths.groups[row]), "the group")
            if paths.groups[row]
            else Person(_own_name(places[row]), "the file name up to the first '_'")
            for row in rows
        ]
    if len(places) == 1 or len(rows) < len(places):
        if len(places) > 1:
            paths.doubts[f"'{places[rows[0]].stem}' names no person"] = None
        return [Person(_own_name(places[row]), "the file name up to the first '_'") for row in rows]
    paths.doubts["the names tell days, sides, sessions, activities or sensors, and no people"] = None
    return [Person(root, "the folder above all")] * len(rows)


def _own_name(place: Place) -> str:
    return place.stem.split("_")[0] or place.stem


def _judge(paths: _Paths, people: Sequence[Person], picks: Mapping[int, _Pick]) -> None:
    """Add what the outcome itself makes doubtful."""
    forms = {pick.part.form for pick in picks.values()}
    if forms and max(forms) is Form.DEVICE:
        paths.doubts["the names tell devices, and no people"] = None
    elif forms and max(forms) is Form.WEAK and not all(len(pick.part.text) == 1 for pick in picks.values()):
        paths.doubts["the names tell sessions, trials or sides, and perhaps no people"] = None
    if len(people) < 2 or paths.doubts or not forms or min(forms) >= Form.SUBJECT:
        return
    count = len({person.name for person in people})
    if count == 1:
        paths.doubts[f"all recordings are taken as those of '{people[0].name}'"] = None
    elif count == len(people) and not any(" group " in person.how for person in people):
        paths.doubts["every recording is taken as a person of its own"] = None
