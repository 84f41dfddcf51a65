"""Where to train, and in which precision."""

import torch

from wearcli.errors import UsageError


def choose_device(name: str) -> torch.device:
    """cpu, cuda, or auto: the GPU if there is one."""
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"no device '{name}': --device takes auto, cpu or cuda")
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise UsageError(
            "torch finds no CUDA device here: leave --device out, or install a CUDA build of torch"
        )
    return torch.device("cuda" if found and name != "cpu" else "cpu")


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 in hardware; elsewhere bf16 only costs."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    flags = torch.cpu.get_capabilities()
    return bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))
