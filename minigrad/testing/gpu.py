"""The same op on a GPU: on CuPy where there is one, else on the strict stand-in for CuPy, which is none.

The stand-in computes with NumPy on this processor and refuses what CuPy refuses.  It shows that nothing but CuPy's own
functions is called.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import minigrad
from minigrad.gpu.finding import gpu
from minigrad.tensor import Tensor
from minigrad.testing.calls import results, run
from minigrad.testing.checks import Subject, compare, compare_gradients, said, went_back
from minigrad.testing.finding import Found
from minigrad.testing.samples import Sample
from minigrad.testing.stand_in import installed


def last_gpu() -> str:
    """The GPU for tests: the last, while "cuda" is the first."""
    return f"cuda:{minigrad.cuda.device_count() - 1}"


class OnGpu:
    """minigrad, whose tensors made from NumPy arrays are put on a GPU while CuPy works on the first."""

    def __getattr__(self, name: str) -> Any:
        gpu().cuda.runtime.setDevice(0)
        return getattr(minigrad, name)

    @staticmethod
    def from_numpy(array: Any) -> Any:
        """A tensor on the GPU."""
        return minigrad.from_numpy(array).to(last_gpu())


def on_cpu(x: Any, kind: str = "cuda") -> Any:
    """A result on the CPU; it was on the kind of device that it belongs to."""
    if isinstance(x, Tensor):
        assert x.device.type == kind
        return x.cpu()
    return [on_cpu(each, kind) for each in x] if isinstance(x, (list, tuple)) else x


def a_gpu() -> AbstractContextManager[Any]:
    """A real one, or the stand-in."""
    return nullcontext() if minigrad.cuda.is_available() else installed()


def check_on_gpu(subject: Subject, sample: Sample) -> None:
    """It runs on a GPU, or on the strict stand-in for CuPy, and gives the numbers of the CPU."""
    here = subject.run(sample, True)
    if subject.engine is not minigrad or here.error is not None:
        return
    with a_gpu():
        there = run(subject.call, OnGpu(), sample, True)
        if there.error is not None:
            raise Found(f"on a GPU it raises {said(there.error)}", hint=HINT)
        if any(y.device.type != "cuda" for y in results(there.result)):
            raise Found("on a GPU its result is on the CPU", hint=HINT)
        compare(on_cpu(there.result), here.result, subject.rounding(sample), "the CPU", "y")
        if here.differentiable:
            try:
                gradients = on_cpu(went_back(OnGpu(), there))
            except Found as found:
                raise Found(f"on a GPU {found.words}", hint=HINT) from None
            expected = went_back(minigrad, here)
            compare_gradients(gradients, expected, subject.rounding(sample), "the CPU", subject.leaves(sample))


HINT = "CuPy's arrays are none of NumPy's: take the functions of `minigrad.arrays.array_module(x)`, for x a raw array."
