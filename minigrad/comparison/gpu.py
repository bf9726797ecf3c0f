"""A GPU for both engines: what is missing, what the card is, and how a script that names no device gets there."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from types import ModuleType
from typing import Any


def missing() -> str:
    """Why the two engines cannot be compared on a GPU here; empty when they can."""
    from minigrad.gpu.finding import find_gpu

    torch = importlib.import_module("torch")
    reason = find_gpu()[1]
    reasons = [f"minigrad has no GPU to use: {reason}"] if reason else []
    if not torch.cuda.is_available():
        built = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "is built without CUDA"
        reasons.append(f"torch has no GPU to use: torch {torch.__version__} {built}, and torch.cuda says no")
    return "; ".join(reasons)


def card() -> dict[str, Any]:
    """What the GPU and the software under it are.  There must be one (see `missing`)."""
    from minigrad.gpu.finding import gpu

    torch = importlib.import_module("torch")
    cupy = gpu()
    properties = torch.cuda.get_device_properties(0)
    return {
        "name": properties.name,
        "memory": properties.total_memory,
        "compute capability": f"{properties.major}.{properties.minor}",
        "driver": cupy.cuda.runtime.driverGetVersion(),
        "CUDA of CuPy": cupy.cuda.runtime.runtimeGetVersion(),
        "CUDA of torch": torch.version.cuda,
        "cupy": cupy.__version__,
        "torch": torch.__version__,
    }


def chooses_device(script: Path) -> bool:
    """Whether a script places its tensors itself: it speaks of CUDA or of an accelerator."""
    source = script.read_text(encoding="utf-8")
    return "cuda" in source or "accelerator" in source


def full_precision(torch: ModuleType) -> None:
    """Let torch on CUDA compute in float32 proper, without TF32, and alike in each run where that is easy to have."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def draw_masks_on_the_cpu(torch: ModuleType) -> None:
    """Let torch draw dropout's masks on the CPU and move them, as minigrad does: its CUDA generator has other numbers.

    `dropout` of a tensor of ones is the mask, already divided by 1 - p.
    """
    dropout = torch.nn.functional.dropout

    @functools.wraps(dropout)
    def with_mask_of_cpu(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
        if input.device.type == "cpu" or not training:
            return dropout(input, p, training, inplace)
        mask = dropout(torch.ones_like(input, device="cpu"), p, training).to(input.device)
        return input.mul_(mask) if inplace else input * mask

    torch.nn.functional.dropout = with_mask_of_cpu


def let_modules_compute_on(torch: ModuleType, device: str) -> None:
    """Let every module that is called with tensors on the CPU compute on a device, and give its result on the CPU.

    So a script that names no device trains on the GPU unchanged: its models, and losses that are modules, compute
    there; its data, plots and sums stay on the CPU.  The weights are made on the CPU, from its random numbers, and
    move when their module is first called; a parameter stays the same object, so its optimizer goes on with it.
    """
    call = torch.nn.Module.__call__

    def call_there(module: Any, *args: Any, **options: Any) -> Any:
        values = [*args, *options.values()]
        if not any(isinstance(x, torch.Tensor) and x.device.type == "cpu" for x in values):
            return call(module, *args, **options)
        if any(x.device.type == "cpu" for x in [*module.parameters(), *module.buffers()]):
            module.to(device)
        args = tuple(there(x) for x in args)
        result = call(module, *args, **{name: there(x) for name, x in options.items()})
        return result.cpu() if isinstance(result, torch.Tensor) else result

    def there(x: Any) -> Any:
        return x.to(device) if isinstance(x, torch.Tensor) else x

    torch.nn.Module.__call__ = call_there
    optimizers = importlib.import_module(f"{torch.optim.__name__}.optimizer")
    optimizers.register_optimizer_step_pre_hook(let_state_follow)


def let_state_follow(optimizer: Any, *_: Any) -> None:
    """Put an optimizer's state beside its parameters: Adagrad makes its sums at once, where the model is then."""
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if name != "step" and hasattr(value, "device"):
                state[name] = value.to(parameter.device)
