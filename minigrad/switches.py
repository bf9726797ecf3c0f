"""PyTorch's switches for how results are computed.  minigrad has one way to compute, so they are kept and change none.

On the CPU every op gives the same result each time.  On a GPU sums of colliding elements (an index twice) need not.
"""

from __future__ import annotations

from typing import Any

from minigrad.engine import places

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_warn_always",
    "use_deterministic_algorithms",
]

state: dict[str, Any] = {"deterministic": False, "warn_only": False, "precision": "highest"}

attention = dict.fromkeys(("cudnn", "flash", "mem_efficient", "math", "overrideable"), True)
"""How attention may be computed, by PyTorch's names: see minigrad.nn.attention."""


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for ops that give the same result each time: minigrad's do on the CPU, with or without this.

    On a GPU no op is refused for this, unlike in PyTorch.  mode: on or off; TypeError for one that is no bool.
    warn_only: what `is_deterministic_algorithms_warn_only_enabled` then says.
    """
    if not isinstance(mode, bool):
        raise TypeError(
            f"_set_deterministic_algorithms(): argument 'mode' (position 1) must be bool, not {type(mode).__name__}"
        )
    state.update(deterministic=mode, warn_only=warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """Whether deterministic ops were asked for: what `use_deterministic_algorithms` was told last."""
    return bool(state["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether warn_only was set when `use_deterministic_algorithms` was called last."""
    return bool(state["warn_only"])


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """`use_deterministic_algorithms` by a number or a name, debug_mode: 0 or "default", 1 or "warn", 2 or "error".

    RuntimeError for another number or name, TypeError for anything else.
    """
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    names = ["default", "warn", "error"]
    if isinstance(debug_mode, str) and debug_mode not in names:
        raise RuntimeError(
            f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
        )
    mode = names.index(debug_mode) if isinstance(debug_mode, str) else debug_mode
    if mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {mode}")
    use_deterministic_algorithms(mode > 0, warn_only=mode == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, as `set_deterministic_debug_mode` has them; it follows `use_deterministic_algorithms`, too."""
    return 0 if not state["deterministic"] else 1 if state["warn_only"] else 2


def set_float32_matmul_precision(precision: str) -> None:
    """How exact products of float32 may be, precision: "highest", "high" or "medium".

    minigrad's always are float32.  Another word is a warning and changes nothing, as in PyTorch.
    """
    if precision in ("highest", "high", "medium"):
        state["precision"] = precision
    else:
        places.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the currentsetFloat32MatmulPrecision call has "
            "no effect."
        )


def get_float32_matmul_precision() -> str:
    """How exact products may be: what `set_float32_matmul_precision` was told last."""
    return str(state["precision"])


def set_flush_denormal(mode: bool) -> bool:  # noqa: ARG001 - PyTorch's
    """Have numbers below the smallest normal one become 0 (mode=True): NumPy cannot.

    So it gives False, as on a processor that cannot.
    """
    return False


def set_warn_always(b: bool, /) -> None:
    """Give each time (b=True) what else is warned of once in a process.

    All goes by Python's filters, with or without this.
    """
    places.warns_always = bool(b)


def is_warn_always_enabled() -> bool:
    """Whether warnings are to come each time: what `set_warn_always` was told last."""
    return places.warns_always
