"""The registry of ops is complete, and what it says of PyTorch is true."""

from __future__ import annotations

import importlib
import inspect
import operator
import pkgutil
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

import numpy as np
import pytest
from differences import GRADIENTS, NAMES, VALUES, Difference, differs
from engines import torch
from hypothesis import given, settings
from parity import bind, both_succeeded, check_equal, results, run
from registry import OPS, Op
from samples import Sample
from test_ops import compare_gradients, compare_values, grad_fns

import minigrad
from minigrad.engine import broadcasting, views

pytestmark = pytest.mark.filterwarnings("ignore")

NO_OPS = (
    *("dtype", "device", "shape", "ndim", "dim", "size", "numel", "nelement", "element_size", "is_floating_point"),
    *(
        "is_cuda",
        "get_device",
        "is_contiguous",
        "stride",
        "storage_offset",
        "data_ptr",
        "untyped_storage",
        "resize_",
        "itemsize",
        "nbytes",
        "ndimension",
        "item",
        "tolist",
        "numpy",
        "cpu",
        "cuda",
        "data",
        "array",
        "node",
        "frozen",
        "reshaped",
        "changes",
    ),
    *("view_of", "backward", "requires_grad", "requires_grad_", "is_leaf", "grad", "grad_fn", "retain_grad"),
    *("is_cpu", "is_ipu", "is_maia", "is_meta", "is_mkldnn", "is_mps", "is_mtia", "is_nested", "is_quantized"),
    *("is_sparse", "is_sparse_csr", "is_vulkan", "is_xla", "is_xpu"),
    *("retains_grad", "register_hook", "register_post_accumulate_grad_hook", "detach_", "is_pinned", "pin_memory"),
)
"""What a Tensor has besides ops."""
MODULES = [
    importlib.import_module(module.name) for module in pkgutil.walk_packages(minigrad.ops.__path__, "minigrad.ops.")
]


def public_ops() -> Iterator[str]:
    """The names under which a user finds an op: those of functions, methods and operators."""
    namespaces = {
        "": (minigrad, torch),
        "nn.functional.": (minigrad.nn.functional, torch.nn.functional),
        "linalg.": (minigrad.linalg, torch.linalg),
    }
    for prefix, (mine, theirs) in namespaces.items():
        for name in mine.__all__:
            value = getattr(mine, name)
            if is_op(value) and hasattr(theirs, name):
                yield prefix + name
    for name in dir(minigrad.Tensor):
        value = getattr(minigrad.Tensor, name)
        is_operator = name.startswith("__") and (is_op(value) or name in ("__eq__", "__ne__", "__iter__"))
        is_method = not name.startswith("_") and name not in NO_OPS and not is_random(value)
        if is_operator or is_method:
            yield f"Tensor.{name}"


def is_op(value: Any) -> bool:
    """Whether a function is one of the ops."""
    of_ops = (getattr(value, "__module__", None) or "").startswith(("minigrad.ops", "minigrad.nn.functional"))
    return inspect.isfunction(value) and of_ops and not is_random(value)


def is_random(value: Any) -> bool:
    """Whether a function draws random numbers: these have tests of their own, test_random.py."""
    return getattr(value, "__module__", None) in ("minigrad.ops.sampling", "minigrad.ops.further.drawing")


def test_every_public_op_is_registered() -> None:
    registered = {spelling for op in OPS.values() for spelling in op.calls}
    assert sorted(set(public_ops()) - registered - set(ELSEWHERE)) == []


KINDS = ("Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short")
ELSEWHERE = {
    **dict.fromkeys(("tensor", "as_tensor", "asarray", "from_numpy"), "test_creation.py"),
    **{f"{kind}Tensor": "test_creation.py" for kind in KINDS},
    **dict.fromkeys(
        ("promote_types", "result_type", "can_cast", "detach_", "resize_as_", "get_device"), "test_spelling.py"
    ),
    **dict.fromkeys(("Tensor.new", "Tensor.resize", "Tensor.resize_as_"), "test_spelling.py"),
}
"""Ops that make tensors from other things, or from random numbers, and where they are tested."""


def rules() -> dict[CodeType, str]:
    """The derivative rules of all ops, by their code."""
    return {
        function.__code__: name
        for module in (*MODULES, broadcasting, views)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and "_d" in name
        and next(iter(inspect.signature(function).parameters)) == "g"
    }


def test_every_rule_is_run() -> None:
    waiting = rules()
    assert len(waiting) > 90  # lest a change of style hide them all

    def note(frame: Any, event: str, _argument: Any) -> None:
        if event == "call":
            waiting.pop(frame.f_code, None)

    for op in OPS.values():
        if op.differentiable:
            sys.setprofile(note)
            try:
                differentiate_twice(op)
            finally:
                sys.setprofile(None)
    assert waiting.keys() == {code for code, name in rules().items() if name in NOT_RUN}


NOT_RUN = {
    "to_device_da": "it needs two devices: test_devices.py",
    **dict.fromkeys(
        ("binomial_da", "poisson_da", "standard_dirichlet_da", "standard_gamma_da"),
        "of random numbers: test_distributions.py",
    ),
    **dict.fromkeys(("bernoulli_da", "normal_dmean", "normal_dstd"), "of random numbers: test_random.py"),
    **dict.fromkeys(("floor_divide_da", "floor_divide_db"), "errors: test_autograd.py"),
}
"""Rules of what is no op of the registry, or not differentiable there."""


def differentiate_twice(op: Op) -> None:
    """Run an op's first and second derivatives on some samples."""

    @settings(max_examples=20)
    @given(op.samples(smooth=True))
    def on_sample(spelling_and_sample: tuple[str, Sample]) -> None:
        spelling, sample = spelling_and_sample
        ran = run(op.calls[spelling], minigrad, sample, requires_grad=True)
        if any(y.requires_grad for y in results(ran.result)):
            function, _ = bind(op.calls[spelling], minigrad, sample)
            minigrad.autograd.gradgradcheck(function, ran.leaves, fast_mode=True, raise_exception=False)

    on_sample()


def parameters(spelling: str) -> list[inspect.Parameter]:
    """The parameters of one of minigrad's functions."""
    return list(inspect.signature(operator.attrgetter(spelling)(minigrad)).parameters.values())


PUBLIC = set(public_ops())
NAMED = [
    (op, spelling)
    for op in OPS.values()
    for spelling in op.calls
    if spelling in PUBLIC
    and not spelling.startswith("Tensor.")
    and all(parameter.kind != inspect.Parameter.VAR_POSITIONAL for parameter in parameters(spelling))
]


@pytest.mark.parametrize(("op", "spelling"), NAMED, ids=[spelling for _, spelling in NAMED])
def test_arguments_have_the_names_that_they_have_in_pytorch(op: Op, spelling: str) -> None:
    names = [parameter.name for parameter in parameters(spelling)]

    def by_name(engine: Any, *operands: Any, **options: Any) -> Any:
        return op.calls[spelling](engine, **dict(zip(names, operands)), **options)

    @settings(max_examples=3)
    @given(op.samples(smooth=True))
    def check_sample(spelling_and_sample: tuple[str, Sample]) -> None:
        sample = spelling_and_sample[1]
        if not all(isinstance(x, np.ndarray) for x in sample.operands):
            return
        mine, theirs = (run(by_name, engine, sample) for engine in (minigrad, torch))
        if not differs(op.name, sample, VALUES) and both_succeeded(mine, theirs):
            check_equal(mine.result, theirs.result, None)

    check_sample()


def each_of(differences: list[Difference]) -> pytest.MarkDecorator:
    certain = [difference for difference in differences if difference.on_every_processor]
    return pytest.mark.parametrize("difference", certain, ids=[difference.how for difference in certain])


@each_of(VALUES)
def test_values_differ_as_the_registry_says(difference: Difference) -> None:
    for name in difference.ops[:1]:
        assert difference.applies(difference.example)
        with pytest.raises(AssertionError):
            compare_values(OPS[name], next(iter(OPS[name].calls)), difference.example)


@each_of([difference for difference in GRADIENTS if not any(difference is of_values for of_values in VALUES)])
def test_gradients_differ_as_the_registry_says(difference: Difference) -> None:
    op = OPS[difference.ops[0]]
    assert difference.applies(difference.example)
    with pytest.raises((AssertionError, RuntimeError)):
        compare_gradients(op, next(iter(op.calls)), difference.example)


@each_of(NAMES)
def test_names_differ_as_the_registry_says(difference: Difference) -> None:
    op = OPS[difference.ops[0]]
    assert difference.applies(difference.example)
    call = next(iter(op.calls.values()))
    mine, theirs = (run(call, engine, difference.example, requires_grad=True) for engine in (minigrad, torch))
    assert grad_fns(mine) != grad_fns(theirs)
