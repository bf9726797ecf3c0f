"""PyTorch's own samples of its ops, those that its developers test each op with, on both engines.

They come with PyTorch (torch.testing._internal, which needs expecttest).  Ops that minigrad has no name for are left
out.  The default run takes a few samples in float64 of each function, `-m slow` all samples in
six dtypes, of methods, in-place methods and aliases too.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Iterator
from itertools import islice
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
import pytest
from engines import TENSORS, torch
from parity import check_equal, results

import minigrad
from minigrad import on_use

pytestmark = pytest.mark.filterwarnings("ignore")
pytest.importorskip("expecttest")
database = pytest.importorskip("torch.testing._internal.common_methods_invocations")

TOLERANCE = {"float64": (1e-9, 1e-9), "float32": (1e-4, 1e-5), "float16": (2e-2, 2e-3)}
QUICK_SAMPLES = 4
DTYPES = ("float64", "float32", "float16", "int64", "uint8", "bool")
Call = Callable[..., Any]


def of_minigrad(x: Any) -> Any:
    """A sample's argument, or several, for minigrad: tensors are copied."""
    if isinstance(x, torch.Tensor):
        copy = x.detach().clone(memory_format=torch.preserve_format)
        return minigrad.from_numpy(copy.numpy()).requires_grad_(x.requires_grad)
    if isinstance(x, (torch.dtype, torch.memory_format)):
        return getattr(minigrad, str(x).removeprefix("torch."))
    if isinstance(x, torch.device):
        return str(x)
    if isinstance(x, (BuiltinFunctionType, torch.nn.Module)):
        return CALLED[getattr(x, "__name__", type(x).__name__)]
    return inside(x, of_minigrad)


CALLED = {
    "pairwise_distance": minigrad.pairwise_distance,
    "PairwiseDistance": minigrad.nn.PairwiseDistance(),
}
"""What a sample passes to be called, by its name."""


def of_torch(x: Any) -> Any:
    """A sample's argument, or several: tensors are copied."""
    if isinstance(x, torch.Tensor):
        return x.detach().clone(memory_format=torch.preserve_format).requires_grad_(x.requires_grad)
    return inside(x, of_torch)


def inside(x: Any, convert: Call) -> Any:
    """What is in a list, a tuple or a dict converted; anything else as it is."""
    if isinstance(x, dict):
        return {name: convert(value) for name, value in x.items()}
    return type(x)(convert(each) for each in x) if type(x) in (list, tuple) else x


def leaves(x: Any) -> Iterator[Any]:
    """The tensors that require grad, also in lists, tuples and dicts."""
    for each in x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else []:
        yield from leaves(each)
    if isinstance(x, TENSORS) and x.requires_grad:
        yield x


def with_seed(op: Call, *args: Any, **kwargs: Any) -> Any:
    """What the samples' functions call for ops that draw random numbers."""
    minigrad.manual_seed(42)
    return op(*args, **kwargs)


OF_MINIGRAD = {"torch": minigrad, "F": minigrad.nn.functional, "wrapper_set_seed": with_seed}


def named(name: str) -> Call | None:
    """minigrad's function or method of a name, if it has one."""
    for path in (name, f"Tensor.{name}"):
        try:
            found: Call = operator.attrgetter(path)(minigrad)
        except AttributeError:
            continue
        return found
    return None


def counterpart(info: Any) -> Call | None:
    """What to call on minigrad: a function of the samples' own, given minigrad for torch, or that of the name."""
    op = info.op
    if isinstance(op, FunctionType) and op.__globals__.get("wrapper_set_seed") is database.wrapper_set_seed:
        return FunctionType(op.__code__, {**op.__globals__, **OF_MINIGRAD}, None, op.__defaults__, op.__closure__)
    return named(info.name)


def spellings(info: Any) -> Iterator[tuple[str, Call, Call]]:
    """How an op can be called beside its function: the way, PyTorch's and minigrad's."""
    for way, theirs in (("method", info.get_method()), ("in place", info.get_inplace())):
        mine = getattr(minigrad.Tensor, getattr(theirs, "__name__", ""), None)
        if mine:
            yield way, theirs, mine
    for alias in info.aliases:
        mine = named(alias.name)
        if mine:
            yield alias.name, alias.op, mine


def samples(info: Any, dtype: str, number: int | None) -> Iterator[Any]:
    """So many samples of an op, the same in each run, whose floats require grad where the op has a derivative."""
    kind = getattr(torch, dtype)
    if kind not in info.supported_dtypes("cpu"):
        return iter(())
    has_derivative = info.supports_autograd and kind in info.supported_backward_dtypes("cpu")
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    every = info.sample_inputs("cpu", kind, requires_grad=has_derivative and kind.is_floating_point)
    return islice(every, number)


def tolerance(dtype: str, expected: Any) -> tuple[float, float]:
    """Relative, and absolute: that grows with the largest value, for sums cancel out."""
    relative, absolute = TOLERANCE.get(dtype, (1e-5, 1e-6))
    largest = [x[x.isfinite()].abs().max().item() for x in map(torch.Tensor.detach, results(expected)) if finite(x)]
    return relative, absolute * max([1.0, *largest])


def finite(x: Any) -> bool:
    """Whether a tensor has finite floats."""
    return bool(x.is_floating_point() and x.isfinite().any())


COARSE = ("float16", "uint8", "bool")
"""Dtypes in which many of the samples' elements are equal, of which PyTorch takes any."""


def order_of(args: list[Any], options: dict[str, Any]) -> Any:
    """The order of a norm."""
    return options.get("p", options.get("ord", args[1] if len(args) > 1 else None))


DIFFERENT: dict[str, Callable[[str, list[Any], dict[str, Any]], bool]] = {
    "all": lambda dtype, _args, _options: dtype == "uint8",
    "any": lambda dtype, _args, _options: dtype == "uint8",
    **dict.fromkeys(
        [*(f"nn.functional.avg_pool{dims}d" for dims in (1, 2, 3)), "nn.functional.local_response_norm"],
        lambda dtype, _args, _options: dtype == "int64",
    ),
    **dict.fromkeys(
        ("nn.functional.interpolate", "nn.functional.upsample_bilinear"),
        lambda dtype, _args, options: dtype == "uint8" and options.get("mode", "bilinear") in ("bilinear", "bicubic"),
    ),
    **dict.fromkeys(  # gradients of the triangle that is not read: test_linalg.py
        ("cholesky_inverse", "cholesky_solve"), lambda _dtype, _args, _options: True
    ),
    "nn.functional.normalize": lambda dtype, _args, _options: dtype == "float16",
    "nn.functional.hardsigmoid": lambda dtype, _args, _options: dtype == "float64",
    "__rpow__": lambda dtype, _args, _options: dtype in ("int64", "uint8"),
    "normal": lambda _dtype, _args, options: "layout" in options,
    "nn.functional.grid_sample": lambda dtype, _args, _options: dtype == "float16",
    "addcdiv": lambda dtype, _args, _options: dtype == "float16",
    "nn.functional.linear_cross_entropy": lambda _dtype, _args, options: options.get("options") is not None,
    "nn.functional.ctc_loss": lambda dtype, _args, _options: dtype != "float64",
    "logcumsumexp": lambda dtype, _args, _options: dtype != "float64",
    "nextafter": lambda dtype, _args, _options: "float" in dtype,
    "sgn": lambda dtype, _args, _options: "float" in dtype,
    "norm": lambda _dtype, args, options: order_of(args, options) == 0,
    "linalg.norm": lambda _dtype, args, options: order_of(args, options) == 0,
    "linalg.eigh": lambda _dtype, _args, _options: True,  # the signs of the vectors are LAPACK's: test_linalg.py
    **dict.fromkeys(("svd", "linalg.svd"), lambda _dtype, _args, _options: True),  # as eigh
    "linalg.lstsq": lambda _dtype, _args, _options: True,  # one is a function of the samples' own: test_linalg.py
    "linalg.pinv": lambda _dtype, args, _options: len(args) > 1,  # the same
    "linalg.vector_norm": lambda dtype, args, options: order_of(args, options) == 0 or dtype == "float16",
    **dict.fromkeys(("sort", "argsort", "msort"), lambda dtype, _args, _options: dtype in COARSE),
    **dict.fromkeys(("topk", "kthvalue", "mode"), lambda dtype, _args, _options: dtype in (*COARSE, "int64")),
}
"""Where minigrad means to differ, as differences.py says, and what few digits leave of sums that cancel."""


def differs(name: str, dtype: str, args: list[Any], options: dict[str, Any]) -> bool:
    """Whether a sample is one of those where minigrad means to differ."""
    return name in DIFFERENT and DIFFERENT[name](dtype, args, options)


def compare(info: Any, dtype: str, way: str, theirs: Call, mine: Call, sample: Any) -> None:
    """One sample on both engines: results, and gradients."""
    given = [sample.input, *sample.args], sample.kwargs
    if differs(info.name, dtype, *given) or (way == "in place" and sample.broadcasts_input):
        return
    (args, options), (torch_args, torch_options) = of_minigrad(list(given)), of_torch(list(given))
    asked = list(leaves([args, options])), list(leaves([torch_args, torch_options]))
    if way == "in place":
        args[0], torch_args[0] = args[0].clone(), torch_args[0].clone()
    torch.manual_seed(42)
    minigrad.manual_seed(42)
    try:
        expected = theirs(*torch_args, **torch_options)
    except Exception:
        return
    result = mine(*args, **options)
    has_values = not info.name.startswith(("empty", "new_empty"))
    check_equal(result, expected, tolerance(dtype, expected) if has_values else None)
    outputs, torch_outputs = ([y for y in results(each) if y.requires_grad] for each in (result, expected))
    if outputs and dtype in TOLERANCE:
        gradients = [np.random.default_rng(1).normal(size=tuple(y.shape)).astype(y.array.dtype) for y in outputs]
        try:
            torch.autograd.backward(torch_outputs, [torch.from_numpy(np.array(g)) for g in gradients])
        except NotImplementedError:
            return
        minigrad.autograd.backward(outputs, [minigrad.from_numpy(np.array(g)) for g in gradients])
        mine_of, theirs_of = ([leaf.grad for leaf in each] for each in asked)
        check_equal(mine_of, theirs_of, tolerance(dtype, theirs_of))


def check(info: Any, dtype: str, number: int | None, with_spellings: bool) -> None:
    """So many samples of an op in a dtype; skipped where a function of the samples' own asks for another op."""
    mine = counterpart(info)
    ways = [("function", info.op, mine)] if mine else []
    ways += spellings(info) if with_spellings else []
    for sample in samples(info, dtype, number):
        for way, theirs, ours in ways:
            try:
                compare(info, dtype, way, theirs, ours, sample)
            except Exception as error:
                if isinstance(error, AttributeError) and raised_in(error) in (database.__file__, on_use.__file__):
                    pytest.skip(NO_SUCH_OP)
                error.add_note(f"The {way}, {dtype}, of {sample}")
                raise


def raised_in(error: Exception) -> str:
    """The file in which an error was raised: a function of the samples' own asks minigrad for what it has not."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_filename if traceback is not None else ""


NO_SUCH_OP = "minigrad has no op of this name"
OPS = [
    pytest.param(info, id=f"{info.name} {info.variant_test_name}".strip())
    for info in database.op_db
    if counterpart(info) or any(spellings(info))
]
EVERY_OP = pytest.mark.parametrize("info", OPS)


@EVERY_OP
def test_a_few_samples(info: Any) -> None:
    check(info, "float64", QUICK_SAMPLES, with_spellings=False)


@pytest.mark.slow
@EVERY_OP
def test_all_samples(info: Any) -> None:
    for dtype in DTYPES:
        check(info, dtype, None, with_spellings=True)
