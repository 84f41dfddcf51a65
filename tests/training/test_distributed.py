"""Two processes against one, by the command that a user would type."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.training import make
from wearcli.encoders import build
from wearcli.signals.preprocess import preprocess
from wearcli.simulation.sample import write_sample
from wearcli.training import distributed
from wearcli.training.methods.participant.objective import Participant

# One step: of a weight with next to no gradient Adam makes a whole step of the sign of rounding.
LENGTH = ["--steps", "1", "--validate-every", "1", "--precision", "fp32", "--workers", "1", "--seed", "3"]
METHODS = {
    # 13 pairs and 2 x 6 windows, 12 anchors, 7 copies: parts of unlike size
    "simclr": ["--batch", "13"],
    "masked": ["--batch", "13"],
    "tokens": ["--batch", "13", "--encoder", "transformer", "--mask-seconds", "0.5"],
    "participant": ["--batch", "7"],
    "relcon": [
        *("--batch", "12", "--within", "5", "--between", "6", "--reuse", "2"),
        *("--distance-steps", "1", "--distance-batch", "7"),
    ],
    "distill": [
        *("--batch", "13", "--teacher", "ppg-v1", "--encoder", "fast", "--revin", "--max-movement", "1"),
        *("--lr", "0.001", "--noise", "0.05", "--warp", "0.15"),
    ],
}

# Two processes add float32 in another order, which is 5e-6 of a part of the gradient at most. Of distill the
# order of the batch alone, in one process, moves a part by 4e-4. A gradient shared wrongly is off by tenths.
ROUNDING = {"distill": 1e-3}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make.store(tmp_path_factory.mktemp("study") / "walks").folder


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Stores of two signals of three people, as distill needs them."""
    folder = tmp_path_factory.mktemp("wrist")
    write_sample(folder / "study", 3, study="wrist", minutes=2.0, seed=1)
    for modality in ("acc", "ppg"):
        preprocess(
            [folder / "study"], folder / modality, window_s=30, stride_s=10, align=0.0, modality=modality
        )
    return [str(folder / "acc"), str(folder / "ppg")]


def launch(processes: int, words: list[str], runs: list[list[str]] | None = None) -> str:
    """The stdout of a module with words, alone or under torchrun."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--master-port", str(port)]
    command = [sys.executable, *(launcher if processes > 1 else []), "-m", *words]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "WEARCLI_TEST_RUNS": json.dumps(runs)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def arguments(method: str, store: Path, pairs: list[str], run: Path) -> list[str]:
    """The words after `wearcli` that train one step into a folder."""
    paths = pairs if method == "distill" else [str(store)]
    name = {"tokens": "masked"}.get(method, method)
    return ["pretrain", *paths, "--method", name, *METHODS[method], *LENGTH, "-o", str(run), "--json"]


@pytest.fixture(scope="module")
def runs(store, pairs, tmp_path_factory) -> dict[str, tuple[Path, Path]]:
    """Of each method the folder of one process, and that of two."""
    root = tmp_path_factory.mktemp("runs")
    folders = {method: (root / method / "1", root / method / "2") for method in METHODS}

    def train(processes: int) -> None:
        commands = {
            method: arguments(method, store, pairs, folders[method][processes - 1]) for method in METHODS
        }
        if processes > 1:  # one as a user would type it, with its export
            out = launch(processes, ["wearcli", *commands.pop("simclr")])
            assert json.loads(out)["run"] == str(folders["simclr"][1])  # one document, from one process
            assert (folders["simclr"][1] / "model" / "model.onnx").is_file()
        launch(processes, ["tests.training.several_runs"], list(commands.values()))

    with ThreadPoolExecutor(2) as pool:  # most of their time is Python's start
        list(pool.map(train, (1, 2)))
    return folders


def log(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("method", list(METHODS))
def test_two_processes_learn_what_one_learns(method, runs):
    stages = [""] + (["distance"] if method == "relcon" else [])
    for stage in stages:
        alone, shared = (log(run / stage / "metrics.jsonl") for run in runs[method])
        assert [line["step"] for line in alone] == [line["step"] for line in shared]
        for one, other in zip(alone, shared, strict=True):
            for name in ("loss", "validation_loss", "grad_norm"):
                if name in one:
                    assert other[name] == pytest.approx(one[name], rel=1e-5), (stage, name)
        gradients = [
            load_file(next((run / stage / "checkpoint").glob("optimizer-*.safetensors")))
            for run in runs[method]
        ]
        assert gradients[0].keys() == gradients[1].keys()
        for name, value in gradients[0].items():
            if name.endswith("exp_avg"):  # a tenth of the first gradient
                difference = (gradients[1][name] - value).norm()
                assert difference <= ROUNDING.get(method, 2e-5) * value.norm() + 1e-8, (stage, name)


def test_a_copy_that_follows_is_not_trained_by_sharing_its_batchnorm(monkeypatch):
    monkeypatch.setattr(distributed, "several", lambda: True)
    objective = Participant(build("fast"), 256, 0.04, 0.1, 0.99)
    trained = {name for name, value in objective.named_parameters() if value.requires_grad}
    distributed.share_batchnorm(objective)
    assert any(isinstance(module, distributed.SharedBatchNorm) for module in objective.slow.modules())
    assert {name for name, value in objective.named_parameters() if value.requires_grad} == trained


@pytest.mark.slow
def test_what_the_first_process_refuses_ends_all(store, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").write_text("mine")
    with pytest.raises(AssertionError, match="--overwrite"):
        launch(2, ["wearcli", "pretrain", str(store), *LENGTH, "-o", str(tmp_path / "run")])
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine"]
