"""Words and forms in the names of folders and files that do, or do not, mean a person."""

import re
from datetime import date

from wearcli.modality import MODALITIES

SIGNAL_WORDS: dict[str, str] = {
    word: record.name for record in MODALITIES.values() for word in record.file_words
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# With a number or a letter behind them they name a person.
PERSON = _words(
    "p pt pp ppt pat par ptcp participant participants sub subj subject subjects suj sujet vp vpn pb "
    "proband person user id pid sid uid volunteer patient child adult player athlete runner rider driver "
    "case member"
)
# With a number or a letter behind them: a part of what one person did.
SESSION = _words(
    "day days session sessions ses sess visit week wk month trial trials run runs rep reps repetition "
    "take attempt round set block phase stage condition cond part epoch bout period time timepoint wave "
    "task exp experiment test tests night morning afternoon evening tag jour nacht baseline followup bl "
    "fu pre post before after begin end on off first second third daytime nighttime weekday weekend "
    "retest train val validation calibration calib practice warmup lab home free living free-living "
    "freeliving daily nv"
)
SIDE = _words(
    "left right both bilateral lhs rhs dominant nondominant nondom dom affected unaffected links rechts "
    "gauche droite lft rgt upper lower front rear middle medial lateral inner outer"
)
PLACE = _words(
    "wrist wrists ankle ankles waist hip hips thigh thighs chest back lumbar sternum foot feet shank shin "
    "arm forearm upperarm pocket head neck ear finger fingers thumb shoe shoes insole trunk torso pelvis "
    "sacrum hand hands leg legs knee belt body pants trousers bag shirt shoulder calf heel lowback "
    "lowerback handheld wristband armband headband chestband trouser jacket toe nail temple forehead"
)
DEVICE = _words(
    "imu imus sensor sensors device devices unit node shimmer empatica e4 actigraph actilife gt3x gt9x "
    "axivity ax3 ax6 omgui geneactiv genea activpal fitbit garmin polar muse xsens dot movisens phone "
    "smartphone watch smartwatch applewatch iphone android samsung apple embrace embraceplus logger band "
    "meta wear mc10 opal apdm delsys hexoskin bitalino lead leads"
)
# Devices that a study numbers by itself: the number behind them is theirs.
NUMBERED = _words("imu imus sensor sensors device devices unit node shimmer dot")
SIGNAL = frozenset(SIGNAL_WORDS) | _words(
    "acceleration accelerometer accelerometers gyroscope magnetometer mag linear gravity uncalibrated raw "
    "motion signal signals pulse heart hr total user orientation inertial ppg ecg ekg bvp xyz axis stream"
)
GENERIC = _words(
    "rec recs recording recordings record file files data dataset sample samples export csv mat txt json "
    "out output log measurement measure meas acquisition capture no nr number num new copy final clean "
    "cleaned processed filtered resampled synced the and with of"
)
ACTIVITY = _words(
    "walk walks walking run running jog jogging sit sits sitting stand standing lie lying stairs stair "
    "upstairs downstairs up down climb climbing cycle cycling bike biking rest resting sleep sleeping adl "
    "adls fall falls falling gait hop hopping jump jumping bend bending clap clapping drive driving swim "
    "swimming eat eating drink drinking cook cooking clean cleaning type typing write writing idle still "
    "turn turning stretch exercise treadmill tug 6mwt 2mwt slow normal fast moderate vigorous light "
    "stroll activity activities action move movement nap stress breathe breathing"
)
# Kinds of people, which lie above people.
GROUP = _words(
    "control controls patient patients healthy unhealthy young old older elderly adult adults child "
    "children kids male males female females men women man woman boys girls intervention interventions "
    "treatment placebo treated untreated sham case cases fallers nonfallers faller nonfaller stroke "
    "parkinson parkinsons diabetic diabetics copd athletes nonathletes smokers nonsmokers sick disease "
    "diseased normals"
)
# They name a kind of people or a place with the number or letter behind them: site 2.
COHORT = _words(
    "group groups grp gr cohort cohorts site sites center centre clinic hospital ward country region "
    "study studies batch institution team school class"
)
# Short for a kind of people where they are written in capitals, or are a whole name.
GROUP_SHORT = _words("hc pd ms ha chf pff hd ad als cp tbi sci ctrl ctl con oa ra yo ya ea cva mci tka")

# What a single letter with a number may mean beside a person: day, trial, run, visit, week, night.
WEAK_LETTERS = frozenset("dtrvwn")

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_TIME = r"(?:[01]\d|2[0-3])[-_:.h]?[0-5]\d(?:[-_:.m]?[0-5]\d)?(?:\.\d+)?(?:Z|am|pm)?"
_END = rf"(?:[T _-]{{0,2}}{_TIME})?(?!\d)"
_DATES = [
    re.compile(rf"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<s>[-_.]?)(?P<m>\d\d)(?P=s)(?P<d>\d\d){_END}", re.I),
    re.compile(rf"(?<!\d)(?P<d>\d\d?)(?P<s>[-_.])(?P<m>\d\d?)(?P=s)(?P<y>(?:19|20)\d\d){_END}", re.I),
    re.compile(rf"(?<!\d)(?P<d>\d\d)(?P<m>\d\d)(?P<y>20\d\d){_END}", re.I),
    re.compile(rf"(?<!\d)\d\d?[-_ ]?{_MONTH}[-_ ]?(?:20)?\d\d{_END}", re.I),
    re.compile(rf"(?<!\d)20\d\d[-_ ]?{_MONTH}[-_ ]?\d\d?{_END}", re.I),
]
_CLOCK = re.compile(r"(?<![A-Za-z\d])(?:[01]?\d|2[0-3])[-:h.][0-5]\d[-:m.][0-5]\d(?!\d)")
_UNIX = re.compile(r"(?<![A-Za-z\d])1\d{9}(?:\d{3}){0,3}(?:\.\d+)?(?![A-Za-z\d])")

# A device that names the file itself: Empatica's time_device, OMGUI's device_session.
E4_NAME = re.compile(r"\d{10}_(A[0-9A-Fa-f]{5})")
OMGUI_NAME = re.compile(r"(?:CWA-?)?\d{4,7}_(\d{10})")
# ActiGraph's serial numbers, and addresses of radio modules.
_SERIAL = re.compile(
    r"(?:MOS|TAS|CLE|NEO|MRA|LYN|MAT)\d[A-Z]\d{8}|[0-9A-F]{2}(?:[:-][0-9A-F]{2}){5}|"
    r"(?=[0-9A-F]*\d)(?=[0-9A-F]*[A-F])[0-9A-F]{12}"
)


def without_times(text: str) -> str:
    """Return a name with a `|` in place of every date and time."""
    for pattern in _DATES:
        text = pattern.sub(lambda match: "|" if _is_date(match) else match[0], text)
    return _UNIX.sub("|", _CLOCK.sub("|", text))


def is_serial(text: str) -> bool:
    """Return whether a text has the form of a device's serial number."""
    return _SERIAL.fullmatch(text) is not None


def is_noise(word: str) -> bool:
    """Return whether a word, in lower case, says of a recording what is no person: side, place, sensor."""
    plain = SIDE | PLACE | DEVICE | SIGNAL | GENERIC
    if word in plain:
        return True
    return any(word[:cut] in SIDE | PLACE and word[cut:] in SIDE | PLACE for cut in range(3, len(word) - 2))


def _is_date(match: re.Match[str]) -> bool:
    parts = match.groupdict()
    if "y" not in parts:
        return True
    year, month, day = int(parts["y"]), int(parts["m"]), int(parts["d"])
    if month > 12:
        month, day = day, month
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1990 <= year <= 2049
