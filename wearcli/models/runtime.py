"""onnxruntime, without its telemetry: the one place that imports it."""

import os
from pathlib import Path
from typing import Any

from wearcli.errors import InputError


def open_session(path: Path, threads: int = 0) -> Any:
    """An onnxruntime.InferenceSession on the CPU over an ONNX file.

    threads: within one call; 0 for all cores. Raises InputError where onnxruntime cannot load the file.
    """
    # onnxruntime >= 1.29 writes a device id under the user's cache and queues what it sees at the first
    # session; only this, set before its import, stops it. Nothing of a health study leaves the machine.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base but Exception
        first = str(error).splitlines()[0]
        raise InputError(f"{path}: onnxruntime cannot load it: {first}") from error


def runtime_version() -> dict[str, Any]:
    """Return what `open_session` runs on: {version, providers} of onnxruntime."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return {"version": onnxruntime.__version__, "providers": onnxruntime.get_available_providers()}
