"""Which columns are optical channels or leads of an ECG, by their words, and which of them to take."""

import re
from collections.abc import Sequence

from wearcli.modality import MODALITIES, ModalityRecord

Words = Sequence[str]  # of one column's name, in lower case
# Green light is disturbed least by motion, infrared less than red.
_COLOURS = ({"green"}, {"ir", "nir", "infrared"}, {"red"})
_LIGHTS = {"led", *_COLOURS[0], *_COLOURS[1], *_COLOURS[2]}
_PLAIN = {"raw", "signal", "value", "adc", "channel", "ch", "light", "reflectance", "intensity"}
# Limb, augmented, chest and Frank leads, and the modified ones of Holter recorders (MLII, MV1, MCL1).
_LEAD = re.compile(r"i{1,3}|av[rlf]|v[1-9]?r?|v[xyz]|ml(i{1,3}|[1-3]|v[1-6])|mv[1-6]|mcl[1-6]")
_ECG_WORDS = MODALITIES["ecg"].words | {"lead"}
_LEADS = ({"i", "mli", "ml1"}, {"ii", "mlii", "ml2"})
# Beside the name of a signal these say that the column is something else, told from it or about it.
_NO_SIGNAL = {
    *("hr", "bpm", "rate", "heartrate", "rr", "nn", "ibi", "spo2", "peak", "peaks", "beat", "beats"),
    *("quality", "sqi", "snr", "confidence", "valid", "flag", "status", "state", "label", "labels"),
    *("time", "times", "timestamp", "index", "idx", "counter", "seq", "sequence", "id", "event", "events"),
    *("annotation", "annotations", "marker", "ambient", "dark", "current", "gain", "temp", "temperature"),
    *("impedance", "battery"),
}
_COPIES = {
    *("filtered", "filt", "clean", "cleaned", "processed", "smooth", "smoothed", "normalized", "normalised"),
    *("norm", "detrended", "inverted", "derivative", "envelope"),
}


def find_channels(names: Sequence[Words], signal: ModalityRecord, bare_leads: bool) -> list[int]:
    """Positions of the columns that mean ppg or ecg; none where that is in doubt.

    Lights without the word (red, ir, LED1) are ppg where nothing else is, unless blue beside them makes
    them colours; leads without the word (II, V5) are ecg where `bare_leads`. A filtered copy gives way to
    what it was made from.
    """
    hits = [i for i, words in enumerate(names) if _means(words, signal, bare_leads)]
    lights = signal.channel_names == "lights" and not any("blue" in words for words in names)
    if not hits and lights:
        hits = [i for i, words in enumerate(names) if _is_light(words)]
    originals = [i for i in hits if _COPIES.isdisjoint(_stems(names[i]))]
    return originals or hits


def prefer_channels(names: Sequence[Words], hits: list[int], signal: ModalityRecord, count: int) -> list[int]:
    """`count` of the positions `hits`, in order: green, infrared, red; lead I, II; else the first ones."""

    def rank(i: int) -> tuple[int, int]:
        if signal.channel_names == "leads":
            ranks = [lead_name(names[i]) in leads for leads in _LEADS]
        else:
            ranks = [bool(colour & _stems(names[i])) for colour in _COLOURS]
        return (ranks.index(True) if any(ranks) else len(ranks)), i

    return sorted(sorted(hits, key=rank)[:count])


def lead_name(words: Words) -> str | None:
    """The lead that a name tells ("ECG aVR", "lead II", "MLII"), in lower case."""
    rest = "".join(word for word in words if word not in _ECG_WORDS)
    return rest if _LEAD.fullmatch(rest) else None


def _means(words: Words, signal: ModalityRecord, bare_leads: bool) -> bool:
    if not _NO_SIGNAL.isdisjoint(_stems(words)):
        return False
    if signal.channel_names == "leads" and (bare_leads or "lead" in words) and lead_name(words) is not None:
        return True
    return not signal.words.isdisjoint(_stems(words))


def _is_light(words: Words) -> bool:
    stems = _stems(words)
    return not stems.isdisjoint(_LIGHTS) and stems <= _LIGHTS | _PLAIN | {""}


def _stems(words: Words) -> set[str]:
    """The words without the numbers at their ends: of ppg2 and LED1 the ppg and led."""
    return {word.rstrip("0123456789") for word in words}
