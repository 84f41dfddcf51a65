"""What is wrong with the words of a command is said before anything heavy is imported."""

import subprocess
import sys
from pathlib import Path

WRONG = (
    "embed nowhere",
    "inspect nowhere",
    "preprocess nowhere",
    "heart-truth nowhere",
    "predict nowhere --probe nowhere",
    "gait nowhere --probe nowhere",
    "report nowhere",
    "retrieve nowhere nowhere",
    "probe nowhere --task activity",
    "compare motion-v5 --recordings nowhere --task activity",
    "pretrain nowhere",
    "pretrain . --method masked --mask-share 1",
    "pretrain --resume nowhere",
)


def test_no_error_of_usage_waits_for_heavy_imports(tmp_path: Path) -> None:
    """A missing path cost up to seven seconds."""
    code = (
        "import sys\nfrom wearcli.cli.app import main\n"
        f"for words in {WRONG!r}:\n"
        "    sys.argv = ['wearcli', *words.split()]\n"
        "    try:\n        main()\n"
        "    except SystemExit as done:\n        assert done.code == 2, words\n"
        "    heavy = {'pandas', 'scipy', 'sklearn', 'torch', 'onnxruntime'} & {*sys.modules}\n"
        "    assert not heavy, (words, heavy)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == len(WRONG)
