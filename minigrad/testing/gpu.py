"""The same op on a GPU: on CuPy where there is one, else on the strict stand-in for CuPy, which is none.

The stand-in computes with NumPy on this processor and refuses what CuPy refuses.  It shows that nothing but CuPy's own
functions is called.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

import minigrad
from minigrad.gpu.finding import gpu
from minigrad.tensor import Tensor
from minigrad.testing.calls import Run, backward, results, run
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
    if subject.engine is minigrad:
        with a_gpu():
            check_values_on_gpu(subject, sample)
            check_gradients_on_gpu(subject, sample)


def check_values_on_gpu(subject: Subject, sample: Sample) -> None:
    """Its results are those of the CPU."""
    here, there = subject.run(sample), on_gpu(subject, sample)
    if here.error is not None:
        return
    kind = "cuda" if any(isinstance(x, (np.ndarray, list)) for x in sample.operands) else "cpu"
    if any(y.device.type != kind for y in results(run_well(there).result)):
        raise Found(f"on a GPU its result is not on {kind}", hint=HINT)
    compare(on_cpu(there.result, kind), here.result, subject.rounding(sample), "the CPU", "y")


def check_gradients_on_gpu(subject: Subject, sample: Sample, create_graph: bool = False) -> None:
    """Its gradients are those of the CPU."""
    here, there = subject.run(sample, True), on_gpu(subject, sample, True)
    if here.error is not None or not here.differentiable:
        return
    gradients = on_cpu(gone_back(run_well(there), create_graph))
    expected = went_back(minigrad, here, create_graph=create_graph)
    compare_gradients(gradients, expected, subject.rounding(sample), "the CPU", subject.leaves(sample))


def check_second_on_gpu(subject: Subject, sample: Sample) -> None:
    """Its second derivatives are those of the CPU."""
    here, there = (second(each, subject, sample) for each in (minigrad, OnGpu()))
    if here is not None:
        assert there is not None
        compare_gradients(on_cpu(there), here, subject.rounding(sample), "the CPU", subject.leaves(sample))


def second(engine: Any, subject: Subject, sample: Sample) -> list[Any] | None:
    """The gradients of the squares of the gradients; None where it refuses the sample, or nothing depends on it."""
    ran = run(subject.call, engine, sample, True)
    if ran.error is not None or not ran.differentiable:
        return None
    gradients = [g for g in backward(engine, ran, create_graph=True) if g is not None and g.requires_grad]
    if not gradients:
        return None
    return list(minigrad.autograd.grad(sum((g * g).sum() for g in gradients), ran.leaves, allow_unused=True))


def on_gpu(subject: Subject, sample: Sample, requires_grad: bool = False) -> Run:
    """The call on the GPU."""
    return run(subject.call, OnGpu(), sample, requires_grad)


def run_well(ran: Run) -> Run:
    """A call that gave a result; Found for one that did not."""
    if ran.error is not None:
        raise Found(f"on a GPU it raises {said(ran.error)}", hint=MOVED if "same device" in str(ran.error) else HINT)
    return ran


def gone_back(ran: Run, create_graph: bool) -> list[Any]:
    """The gradients on the GPU."""
    try:
        return went_back(OnGpu(), ran, create_graph=create_graph)
    except Found as found:
        raise Found(f"on a GPU {found.words}", hint=HINT) from None


MOVED = "A tensor that is made within the op goes to the device of an operand: `device=x.device`."
HINT = "CuPy's arrays are none of NumPy's: take the functions of `minigrad.arrays.array_module(x)`, for x a raw array."
