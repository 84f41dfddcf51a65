"""Put a trained run's model among those that come with wearcli.

    python -m recipes.bundle RUN NAME [--smaller half|quarter]

Adds to its config what `recipes/NAME.json` says (notes, scores, robustness) and the people of its run, whose
sets are public; writes the card anew; stores the embeddings of the fixed windows of the golden test. With
--smaller the large weights are stored in half precision or in 8 bits, and the card says what that changes.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from recipes.smaller import halve, quarter
from tests.embedding.test_golden import GOLDEN, fixed_windows
from wearcli.files import content_sha256
from wearcli.models.card import card
from wearcli.models.config import ModelConfig
from wearcli.models.encoder import Encoder
from wearcli.models.folder import BUNDLED, CARD_NAME, CONFIG_NAME, INPUT, LATEST, ONNX_NAME, load_model
from wearcli.models.runtime import open_session
from wearcli.signals.store import WindowStore
from wearcli.training.config_file import read_config

SMALLER = {"half": (halve, "half precision"), "quarter": (quarter, "8 bits")}


def main() -> None:
    """Write the bundled folder and, of the default, the golden embeddings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--smaller", choices=SMALLER)
    options = parser.parse_args()
    config = json.loads((options.run / "model" / CONFIG_NAME).read_text())
    people = json.loads((options.run / "people.json").read_text())
    facts = json.loads((Path(__file__).parent / f"{options.name}.json").read_text())
    for training_set in config["training_sets"]:
        training_set["people"] = people["training"][training_set["name"]]
    aside = "; ".join(f"{name}: {', '.join(names)}" for name, names in people["validation"].items())
    note = f"Validated only (count them as seen when you choose people to score the model on): {aside}."
    config |= facts | {"name": options.name, "notes": [note, *facts.get("notes", [])]}
    folder = BUNDLED / options.name
    folder.mkdir(exist_ok=True)
    shutil.copy(options.run / "model" / ONNX_NAME, folder)
    if options.smaller:
        make, how = SMALLER[options.smaller]
        make(folder / ONNX_NAME)
        config["sha256"] = content_sha256(folder / ONNX_NAME)
        config["notes"].append(changed_by(how, options.run, folder / ONNX_NAME))
    (folder / CONFIG_NAME).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    (folder / CARD_NAME).write_text(card(ModelConfig.from_json(config, CONFIG_NAME)))
    if options.name in LATEST.values():
        model = load_model(options.name)
        embedding = Encoder(model)(fixed_windows(model))
        np.savez(GOLDEN / f"{options.name}.npz", sha256=config["sha256"], embedding=embedding)


def changed_by(how: str, run: Path, smaller: Path) -> str:
    """What fewer bytes change of the embeddings of the run's own windows, in words."""
    stores = [WindowStore.open(Path(path)) for path in read_config(run / "config.toml").data.paths]
    chosen = [np.linspace(0, len(store) - 1, 512).astype(int) for store in stores]
    windows = np.concatenate([store.take(rows) for store, rows in zip(stores, chosen, strict=True)])
    single = run / "model" / ONNX_NAME
    one, other = (open_session(path).run(None, {INPUT: windows})[0] for path in (single, smaller))
    changed = np.abs(one - other) / one.std(axis=0)
    return (
        f"Large weights are stored in {how}: over {len(windows)} windows a number of an embedding changes by "
        f"{changed.mean():.1%} of its deviation in the mean, and by {changed.max():.1%} at most."
    )


if __name__ == "__main__":
    main()
