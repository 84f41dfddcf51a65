"""Where to train, and in which precision."""

import torch

from wearcli.errors import UsageError


def choose_device(name: str) -> torch.device:
    """The device of a name: cpu, cuda, or auto for the GPU if there is one."""
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"no device '{name}': --device takes auto, cpu or cuda")
    gpu = torch.cuda.is_available()
    if name == "cuda" and not gpu:
        raise UsageError(
            "torch finds no CUDA device here: leave --device out, or install a CUDA build of torch"
        )
    return torch.device("cuda" if gpu and name != "cpu" else "cpu")


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 in hardware; elsewhere bf16 only costs."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    flags = torch.cpu.get_capabilities()
    return bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))
