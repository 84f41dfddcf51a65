"""The settings of a run from the options that a person gave, and what is refused among them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wearcli.errors import UsageError
from wearcli.modality import MODALITIES, check_modality
from wearcli.options import OptionField
from wearcli.training.methods.method import Method
from wearcli.training.methods.registry import METHODS, method_named
from wearcli.training.settings import Settings, common_options

LENGTHS = {"steps", "minutes"}


def settings_with_defaults(options: Mapping[str, Any]) -> Settings:
    """The settings with these options, and the others at the defaults of their method and preset.

    Args:
        options: Options by name; None is as if not given. Without a modality, that of the window stores among
            the paths is taken.

    Raises:
        InputError: A window store among the paths is damaged.
        UsageError: There is no such option, method or preset, or an option does not belong to the method.
    """
    given = {key: value for key, value in options.items() if value is not None}
    method = method_named(given.get("method", "simclr"))
    refuse_foreign(given, method)
    if "modality" not in given and method.paired is None:
        signals = _signals(map(Path, given.get("paths", ())))
        if len(signals) == 1:
            given["modality"] = signals.pop()
    return Settings.from_options({**preset(method, given), **given})


def _signals(paths: Iterable[Path]) -> set[str]:
    """The modalities of the window stores among these paths; without a store nothing heavy is imported."""
    stores = [path for path in paths if path.is_dir() and any(path.glob("store*.json"))]
    if not stores:
        return set()
    from wearcli.signals.store import WindowStore
    from wearcli.signals.store_shards import store_folders

    return {WindowStore.open(store).settings.modality for path in stores for store in store_folders(path)}


def preset(method: Method, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a preset sets otherwise than their fields do.

    Args:
        method: The method.
        given: The options that a person gave; the preset makes room for them.
    """
    name, modality = given.get("preset", "default"), given.get("modality", "acc")
    check_modality(modality)
    if name not in ("default", "paper"):
        raise UsageError(f"no preset '{name}': --preset takes default or paper")
    if name == "paper":
        if method.paper is None:
            with_paper = ", ".join(other.name for other in METHODS.values() if other.paper is not None)
            raise UsageError(f"--preset paper: there is none of {method.name}, only of {with_paper}")
        chosen = {**method.paper}
        # A length that was asked for takes the place of the paper's.
        if given.keys() & LENGTHS and "epochs" not in given:
            chosen.pop("epochs", None)
        if "distance_steps" in given and "distance_epochs" not in given:
            chosen.pop("distance_epochs", None)
    else:
        fitting = {item.name for item in (*common_options(), *method.own_options) if fits(item, modality)}
        chosen = {key: value for key, value in method.defaults.items() if key in fitting}
        if encoder := MODALITIES[modality].encoder:
            chosen["encoder"] = encoder
    return {**chosen, **method.depending({**chosen, **given})}


def fits(item: OptionField, modality: str) -> bool:
    """Whether an option is for a signal."""
    return item.option.modalities is None or item.option.modalities(modality)


def without_use(settings: Settings) -> set[str]:
    """The common options that play no part in a run on this signal."""
    signal = MODALITIES[settings.data.modality]
    names = {item.name for item in common_options() if not fits(item, signal.name)}
    # A method with a teacher asks for the quality of the teacher's windows.
    if not signal.quality and METHODS[settings.run.method].paired is None:
        names.add("min_quality")
    return names


def refuse_foreign(given: Mapping[str, Any], method: Method) -> None:
    """Raise UsageError for an option that there is not, or that only other methods have."""
    own = {"paths", *(item.name for item in (*common_options(), *method.own_options))}
    for name, value in given.items():
        if name in own:
            continue
        owners = [other for other in METHODS.values() if any(o.name == name for o in other.own_options)]
        if not owners:
            raise UsageError(f"no option '{name}': see 'wearcli pretrain --help'")
        item = next(item for item in owners[0].own_options if item.name == name)
        if item.parse(value) != item.default:
            flag = item.flag.replace("--", "--no-", 1) if value is False else item.flag
            names = " and ".join(other.name for other in owners)
            raise UsageError(f"{flag} is of --method {names}, not of {method.name}")
