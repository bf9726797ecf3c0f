"""Raw arrays: the one table of the libraries that they belong to, and what every library can be asked for.

Nothing else in minigrad tells NumPy's arrays from CuPy's.  CuPy works on one GPU at a time: whoever takes an array out
of a tensor by `engine.graph.raw`, or asks for its library here, has CuPy work on the array's GPU.
"""

from __future__ import annotations

from contextvars import Context, ContextVar, Token
from functools import lru_cache
from types import NoneType
from typing import Any

import numpy as np

libraries: dict[type, Any] = {np.ndarray: np}
"""Which library each kind of array belongs to: NumPy, and CuPy once a GPU was found."""

IN_MEMORY = frozenset({np.ndarray, np.float32, np.float64, np.float16, np.bool_, bool, int, float, NoneType})
"""What an op computes with where there is no GPU: NumPy's arrays and numbers."""


def array_module(array: Any) -> Any:
    """The library, numpy or cupy, whose functions take this array; CuPy then works on the array's GPU."""
    if type(array) is np.ndarray:
        return np
    return libraries.get(type(on_its_gpu(array)), np)


def on_its_gpu(array: Any) -> Any:
    """An array itself; if it is CuPy's, CuPy works on its GPU from now on."""
    cupy = libraries.get(type(array), np)
    if cupy is not np and not isinstance(array, np.ndarray) and several_gpus(cupy):
        cupy.cuda.runtime.setDevice(array.device.id)
    return array


@lru_cache(maxsize=1)
def several_gpus(cupy: Any) -> bool:
    """Whether there is more than one GPU."""
    return bool(cupy.cuda.runtime.getDeviceCount() > 1)


def gpu_of(array: Any) -> int | None:
    """The number of the GPU on which a raw array lives; None on the CPU."""
    if isinstance(array, np.ndarray) or type(array) not in libraries:
        return None
    number: int = array.device.id
    return number


def result_array(value: Any, operands: tuple[Any, ...] = ()) -> Any:
    """An op's result as an array: NumPy gives scalars in place of 0-d arrays.

    RuntimeError where the operands of CuPy's were on two devices, TypeError for what is no raw array.
    """
    if isinstance(value, np.generic):
        return np.asarray(value)
    if operands and not isinstance(value, np.ndarray):
        from minigrad.gpu.placement import check_devices

        check_devices(*operands)
        if not hasattr(value, "dtype") or hasattr(value, "requires_grad"):
            name = type(value).__name__
            raise TypeError(f"record() takes an op's raw result, an array, and got {name}: compute on raw(x)")
    return value


def total(x: Any, axes: Any = None, keepdims: bool = False) -> Any:
    """The sum of a raw array, in its dtype.  float16 is added up in float32: by itself it counts to 2048 and stays."""
    if x.dtype.char == "e":
        return x.sum(axes, np.float32, keepdims=keepdims).astype(x.dtype)
    return x.sum(axes, keepdims=keepdims)


def copy_of(array: Any, order: str = "C") -> Any:
    """A copy of a raw array, where it is; order: in memory, as NumPy's."""
    return on_its_gpu(array).copy(order=order)


def is_writeable(array: Any) -> bool:
    """Whether the elements may be changed: not so where NumPy was told that they may not."""
    return not isinstance(array, np.ndarray) or array.flags.writeable


def repeats_elements(array: Any) -> bool:
    """Whether several elements are one piece of memory, as in an expanded tensor."""
    return bool(array.size) and 0 in array.strides and any(n > 1 and s == 0 for n, s in zip(array.shape, array.strides))


def error_setting(**kinds: str) -> tuple[ContextVar[Any], Any]:
    """Where NumPy keeps, for each thread, what `np.seterr` said, and what stands there for some kinds of errors."""
    context = Context()
    context.run(np.seterr, **kinds)  # type: ignore[arg-type]
    ((numpy_errors, setting),) = context.items()
    return numpy_errors, setting


numpy_errors, SILENT = error_setting(all="ignore")
_, NUMPYS_OWN = error_setting()


class quiet:
    """Within `with quiet():` NumPy says nothing of 1 / 0, of an overflow, of nan: PyTorch does not, nor does an op.

    NumPy would warn, or raise an error where a user has asked for that: this setting of theirs, which their own code
    keeps, is back afterwards.  It is what `np.errstate(all="ignore")` does, in a third of the time.
    """

    __slots__ = ("before",)

    def __enter__(self) -> quiet:
        self.before = numpy_errors.set(SILENT)
        return self

    def __exit__(self, _kind: object, _error: object, _trace: object) -> None:
        numpy_errors.reset(self.before)


class aloud:
    """Within `with aloud(silence):` code of the user's own, such as a hook, has the setting from before the silence.

    silence: the token of `numpy_errors.set(SILENT)`.
    """

    __slots__ = ("setting", "before")

    def __init__(self, silence: Token[Any]) -> None:
        self.setting = NUMPYS_OWN if silence.old_value is Token.MISSING else silence.old_value

    def __enter__(self) -> None:
        self.before = numpy_errors.set(self.setting)

    def __exit__(self, _kind: object, _error: object, _trace: object) -> None:
        numpy_errors.reset(self.before)


def shared_ones(like: Any, size: int) -> Any:
    """So many ones in the dtype of a raw array, where it is, made once: not to be changed."""
    return cached_ones(type(like), gpu_of(like), size, like.dtype)  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def cached_ones(kind: Any, gpu: int | None, size: Any, dtype: Any) -> Any:  # noqa: ARG001 - a GPU has its own
    """An array of ones for each library, GPU, size and dtype."""
    made = for_every_stream(libraries[kind].ones(size, dtype))
    if kind is np.ndarray:
        made.flags.writeable = False
    return made


def for_every_stream(array: Any) -> Any:
    """A raw array that is kept for later.  Made in a stream of the user's it is waited for: others may use it too."""
    if gpu_of(array) is not None:
        stream = libraries[type(array)].cuda.get_current_stream()
        if stream.ptr:
            stream.synchronize()
    return array
