"""Which recording of a second sensor goes with which of the study's own, and how far apart they begin."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from wearcli.errors import UsageError
from wearcli.recordings.recording import Source

# Of a recording: its start, None where nobody tells it, and its duration in seconds, infinite where unknown.
Span = tuple[datetime | None, float]


@dataclass(frozen=True)
class Pair:
    """Two recordings of one time.

    Attributes:
        main: The recording of the study.
        reference: That of the second sensor.
        shift_s: From the start of the main recording to that of the reference, s.
    """

    main: Source
    reference: Source
    shift_s: float


@dataclass
class Pairs:
    """Which recordings go together.

    Attributes:
        pairs: At most one for a main recording.
        how: Number of pairs by the rule that made them: "--pair", "name", "time" or "participant".
        alone: Main recordings without a reference.
        together: Number of pairs that are taken to start together, as a start is unknown.
    """

    pairs: list[Pair] = field(default_factory=list)
    how: Counter[str] = field(default_factory=Counter)
    alone: list[str] = field(default_factory=list)
    together: int = 0


def pair_recordings(
    references: Sequence[Source], mains: Sequence[Source], pattern: str | None, span: Callable[[Source], Span]
) -> Pairs:
    """Return a reference for every main recording that has one.

    Without a pattern, the first of these rules that gives a reference counts: the same participant and, but
    for the placement in it, the same name (P1_walk_wrist, P1_walk_thigh); the same participant and the
    longest time together; the same participant, where both have one recording and a start is unknown.

    Args:
        references: Recordings of the second sensor.
        mains: Recordings of the study.
        pattern: Regular expression with one group; recordings whose names have the same text in it are a
            pair.
        span: Gives the start and the duration of a recording.

    Raises:
        UsageError: The pattern is none, or does not tell references apart.
    """
    key, rule = (_by_pattern(pattern), "--pair") if pattern else (_less_placement, "name")
    named: dict[object, list[Source]] = defaultdict(list)
    people: dict[str, list[Source]] = defaultdict(list)
    for source in references:
        people[source.participant].append(source)
        if (text := key(source)) is not None:
            named[text].append(source)
    if pattern and (several := [group for group in named.values() if len(group) > 1]):
        raise UsageError(
            f"--pair '{pattern}': {several[0][0].recording} and {several[0][1].recording} have the same "
            "text in its group: make it longer, or choose with --placement"
        )
    count = Counter(main.participant for main in mains)
    result = Pairs()
    for main in mains:
        text, theirs = key(main), people[main.participant]
        same = named.get(text, []) if text is not None else []
        how: str = rule
        reference: Source | None = same[0] if len(same) == 1 else None
        if reference is None and not pattern:
            how, reference = "time", _together(main, theirs, span)
            alone = len(theirs) == count[main.participant] == 1
            if reference is None and alone and None in (span(main)[0], span(theirs[0])[0]):
                how, reference = "participant", theirs[0]
        if reference is None:
            result.alone.append(main.recording)
            continue
        begin, start = span(reference)[0], span(main)[0]
        shift = (begin - start).total_seconds() if begin and start else 0.0
        result.together += not (begin and start)
        result.pairs.append(Pair(main, reference, shift))
        result.how[how] += 1
    return result


def _by_pattern(pattern: str) -> Callable[[Source], str | None]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--pair '{pattern}': no regular expression ({error})") from None
    if compiled.groups != 1:
        raise UsageError(f"--pair '{pattern}': it needs one group, around what a pair has in common")

    def key(source: Source) -> str | None:
        match = compiled.search(source.recording)
        return match[1] if match else None

    return key


def _less_placement(source: Source) -> tuple[str, str] | None:
    """The participant and the name without the placement; None where the name does not tell it."""
    if not source.placement or source.placement not in source.recording:
        return None
    before, _, after = source.recording.rpartition(source.placement)
    return source.participant, f"{before}\0{after}"


def _together(main: Source, references: Sequence[Source], span: Callable[[Source], Span]) -> Source | None:
    """The reference that ran longest while the main recording did, of equals the nearest start's."""
    start, duration = span(main)
    if start is None:
        return None
    best, most = None, (0.0, 0.0)
    for reference in references:
        begin, length = span(reference)
        if begin is None:
            continue
        shift = (begin - start).total_seconds()
        shared = min(duration, shift + length) - max(0.0, shift)
        if shared > 0 and (best is None or (shared, -abs(shift)) > most):
            best, most = reference, (shared, -abs(shift))
    return best
