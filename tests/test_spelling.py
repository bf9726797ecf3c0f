"""`out=`, NumPy's names of arguments, PyTorch's old ones, and second names: as in PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from differences import VALUES, differs
from engines import error_of, same, torch
from hypothesis import given, settings
from parity import bind, check_equal, results, tolerance
from registry import OPS, Op
from samples import Sample

import minigrad
from minigrad import later, spelling

pytestmark = pytest.mark.filterwarnings("ignore")

TAKES_OUT = [
    op
    for op in OPS.values()
    if op.name in spelling.CASTS | spelling.KEEPS_DTYPE and op.defined and hasattr(minigrad, op.name)
]


@pytest.mark.parametrize("op", TAKES_OUT, ids=lambda op: op.name)
def test_a_result_is_written_to_out(op: Op) -> None:
    @settings(max_examples=4)
    @given(op.samples())
    def check(spelling_and_sample: tuple[str, Sample]) -> None:
        sample = spelling_and_sample[1]
        if differs(op.name, sample, VALUES):
            return
        written = [into(engine, op, sample) for engine in (minigrad, torch)]
        if None not in written:
            check_equal(*written, tolerance(sample, op.sums))

    check()


def into(engine: Any, op: Op, sample: Sample) -> Any:
    """What an op writes to tensors that were empty; None where it has no result."""
    function, leaves = bind(op.calls[op.name], engine, sample)
    try:
        result = function(*leaves)
    except Exception:
        return None
    outs = tuple(engine.empty(0, dtype=y.dtype) for y in results(result))
    out = outs if isinstance(result, (tuple, list)) else outs[0]
    writing, leaves = bind(
        lambda engine, *operands, **options: op.calls[op.name](engine, *operands, **options, out=out), engine, sample
    )
    try:
        returned = writing(*leaves)
    except TypeError:
        if engine is torch:
            return None  # it has no `out` for these arguments
        raise
    assert all(x is y for x, y in zip(results(returned), outs, strict=True))
    return outs


def rows(engine: Any) -> Any:
    return engine.arange(6.0).reshape(2, 3)


OUT: dict[str, Callable[[Any], Any]] = {
    "of another shape": lambda e: e.add(rows(e), 1, out=e.zeros(4)),
    "in a wider dtype": lambda e: e.mul(rows(e), 2, out=e.zeros(2, 3, dtype=e.float64)),
    "in a narrower dtype": lambda e: e.exp(rows(e), out=e.zeros(2, 3, dtype=e.float16)),
    "a sum in a wider dtype": lambda e: e.sum(rows(e), 0, out=e.empty(0, dtype=e.float64)),
    "a new tensor": lambda e: e.zeros(3, out=e.empty(0, dtype=e.int64)),
    "random numbers": lambda e: (e.manual_seed(3), e.rand(3, out=e.empty(0, dtype=e.float64)))[1],
    "two results": lambda e: e.max(rows(e), 1, out=(e.empty(0), e.empty(0, dtype=e.int64))),
    "of NumPy's name": lambda e: e.cat([rows(e), rows(e)], axis=1, out=e.empty(0)),
    "what is read": lambda e: (x := rows(e), e.mul(x, 2, out=x), x)[2],
}


@pytest.mark.parametrize("what", OUT)
def test_out(what: str) -> None:
    same(lambda engine: [x.tolist() for x in results(OUT[what](engine))])


BY_NAME: dict[str, Callable[[Any], Any]] = {
    "view": lambda e: rows(e).view(size=(3, 2)),
    "reshape": lambda e: rows(e).reshape(shape=(3, 2)),
    "reshape, as a function": lambda e: e.reshape(rows(e), shape=(-1,)),
    "squeeze": lambda e: rows(e)[None, :, None].squeeze(axis=0),
    "squeeze of several": lambda e: rows(e)[None, :, None].squeeze(axis=(0, 2)),
    "squeeze, as a function": lambda e: e.squeeze(rows(e)[None], axis=0),
    "type": lambda e: rows(e).t().type(e.float64, memory_format=e.contiguous_format),
}


@pytest.mark.parametrize("what", BY_NAME)
def test_sizes_and_dimensions_of_methods_by_name(what: str) -> None:
    same(lambda e: (BY_NAME[what](e).tolist(), tuple(BY_NAME[what](e).stride())))


@pytest.mark.parametrize("call", [lambda x: x.view(3, 2, size=(2, 3)), lambda x: x.reshape(6, shape=(2, 3))])
def test_sizes_are_given_in_one_way(call: Callable[[Any], Any]) -> None:
    kinds = [error_of(call, rows(engine))[0] for engine in (minigrad, torch)]
    assert kinds[0] == kinds[1] == "TypeError"


REFUSED: dict[str, Callable[[Any], Any]] = {
    "an operand requires grad": lambda e: e.add(e.ones(2, requires_grad=True), 1, out=e.empty(2)),
    "out requires grad": lambda e: e.add(e.ones(2), 1, out=e.empty(2, requires_grad=True)),
    "one of a list requires grad": lambda e: e.cat([e.ones(2, requires_grad=True)], out=e.empty(2)),
    "floats to integers": lambda e: e.add(rows(e), 1, out=e.empty(2, 3, dtype=e.int64)),
    "elements in one place": lambda e: e.add(rows(e), 1, out=e.empty(1).expand(2, 3)),
    "two dtypes": lambda e: e.zeros(3, dtype=e.float32, out=e.empty(0, dtype=e.int64)),
    "both names": lambda e: e.sum(rows(e), dim=0, axis=0),
    "no such name": lambda e: e.nn.functional.softmax(rows(e), axis=1),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals(what: str) -> None:
    (kind, said), (torchs_kind, torch_said) = (
        error_of(lambda engine=engine: REFUSED[what](engine)) for engine in (minigrad, torch)
    )
    assert kind == torchs_kind
    assert said.startswith(torch_said.removesuffix(".")[:90])


def test_a_refusal_changes_nothing() -> None:
    out = minigrad.zeros(2, 3)
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype"):
        minigrad.sort(rows(minigrad), out=(out, minigrad.empty(0)))
    assert not out.any()


def test_a_resized_out_is_warned_of_unless_it_is_empty() -> None:
    for size, number in ((4, 1), (0, 0)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            minigrad.add(minigrad.ones(2), 1, out=minigrad.empty(size))
        assert len(caught) == number
        assert all("An output with one or more elements was resized" in str(each.message) for each in caught)


NAMED: dict[str, Callable[[Any], Any]] = {
    "sum": lambda e: e.sum(x=rows(e), axis=0, keepdims=True),
    "add": lambda e: e.add(rows(e), x2=rows(e)),
    "flip": lambda e: e.flip(rows(e), dims=[0]),
    "Tensor.flip": lambda e: rows(e).flip(dims=(0,)),
    "permute": lambda e: e.permute(rows(e), dims=(1, 0)),
    "Tensor.permute": lambda e: rows(e).permute(dims=(1, 0)),
    "zeros": lambda e: e.zeros(size=(2,)),
    "Tensor.expand": lambda e: rows(e).expand(size=(2, 2, 3)),
    "Tensor.repeat": lambda e: rows(e).repeat(repeats=(2, 1)),
    "reshape": lambda e: e.reshape(rows(e), shape=(3, 2)),
    "stack": lambda e: e.stack([rows(e), rows(e)], axis=1),
    **{
        f"Tensor.{name}": lambda e, name=name: getattr(rows(e), name)(axis=1)
        for name in (
            *("sum", "mean", "std", "var", "amax", "argmin", "softmax", "log_softmax", "logsumexp", "all", "any"),
            *("max", "min", "cumsum", "sort", "argsort", "median", "unsqueeze", "unbind", "prod", "nansum"),
        )
    },
    "Tensor.topk": lambda e: rows(e).topk(1, axis=0),
    "Tensor.mean": lambda e: rows(e).mean(axis=(0, 1), keepdims=True),
}


@pytest.mark.parametrize("what", NAMED)
def test_other_names_of_arguments(what: str) -> None:
    values = [[x.detach().numpy() for x in results(NAMED[what](engine))] for engine in (minigrad, torch)]
    for mine, theirs in zip(*values, strict=True):
        assert mine.shape == theirs.shape
        assert mine == pytest.approx(theirs)


@pytest.mark.parametrize("name", later.SECOND_NAMES)
def test_second_names(name: str) -> None:
    assert getattr(minigrad, name) is getattr(minigrad, later.SECOND_NAMES[name])
    assert name in minigrad.__all__
    assert callable(getattr(torch, name))


def test_ops_that_a_lesson_goes_through_are_themselves() -> None:
    from minigrad.ops import arithmetic, shaping

    assert minigrad.Tensor.squeeze is shaping.squeeze
    assert minigrad.Tensor.view is shaping.view
    assert minigrad.Tensor.add is arithmetic.add


def losses(engine: Any) -> list[Any]:
    functions = engine.nn.functional
    x, y = engine.tensor([0.25, 0.5]), engine.tensor([1.0, 0.0])
    logits, classes = engine.tensor([[1.0, 2.0], [0.5, 0.0]]), engine.tensor([0, 1])
    return [
        *(
            loss(x, y, **old).tolist()
            for loss in (
                *(functions.mse_loss, functions.l1_loss, functions.binary_cross_entropy),
                functions.binary_cross_entropy_with_logits,
            )
            for old in ({"size_average": False}, {"reduce": False}, {"size_average": True, "reduce": True})
        ),
        functions.mse_loss(x, y, False).tolist(),
        functions.nll_loss(logits, classes, None, False).tolist(),
        functions.cross_entropy(logits, classes, None, False).tolist(),
        *(kind(size_average=False).reduction for kind in (engine.nn.MSELoss, engine.nn.L1Loss, engine.nn.BCELoss)),
        *(kind(None, None, reduce=False).reduction for kind in (engine.nn.CrossEntropyLoss, engine.nn.NLLLoss)),
        engine.nn.BCEWithLogitsLoss(None, True).reduction,
    ]


def test_old_arguments_of_losses() -> None:
    assert losses(minigrad)[-6:] == losses(torch)[-6:]
    for mine, theirs in zip(losses(minigrad), losses(torch), strict=True):
        assert mine == theirs if isinstance(mine, str) else mine == pytest.approx(theirs)
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        minigrad.nn.MSELoss(size_average=False)


def test_questions_about_dtypes() -> None:
    names = ("uint8", "int8", "int32", "int64", "float16", "float32", "float64", "bool")
    for first in names:
        for second in names:
            same(
                lambda engine, a=first, b=second: [
                    str(engine.promote_types(getattr(engine, a), getattr(engine, b))).partition(".")[2],
                    engine.can_cast(getattr(engine, a), getattr(engine, b)),
                    str(engine.result_type(engine.ones(2, dtype=getattr(engine, a)), 1.5)).partition(".")[2],
                ]
            )
    pairs = ((1, 2), (1, 2.5), (True, 1), (True, False))
    same(lambda engine: [str(engine.result_type(*pair)).partition(".")[2] for pair in pairs])
    same(lambda engine: str(engine.result_type(engine.ones(2), engine.ones(3))).partition(".")[2])
    same(lambda engine: error_of(engine.result_type, engine.ones(2), "a")[0])


def test_tensors_like_one_that_is_there() -> None:
    def made(engine: Any) -> list[Any]:
        x, y = engine.ones(2, dtype=engine.float64), engine.arange(6.0)
        return [
            *(str(new.dtype).partition(".")[2] for new in (x.new(2, 3), x.new([1, 2]), x.new())),
            *(engine.FloatTensor([1, 2], device="cpu").tolist(), tuple(engine.Tensor(2, 3, device="cpu").shape)),
            [error_of(lambda make=make: make([1.0], device="cuda"))[0] for make in (engine.FloatTensor, x.new)],
            *(tuple(new.shape) for new in (x.new(2, 3), x.new([1, 2]), x.new(), x.new((2, 3)))),
            y.resize_as_(engine.ones(2, 2)).tolist(),
            engine.get_device(x),
            engine.resize_as_(engine.arange(4.0), engine.ones(2)).tolist(),
            engine.detach_(y * engine.ones(1, requires_grad=True)[0]).requires_grad,
        ]

    same(made)


@pytest.mark.filterwarnings("ignore:non-inplace resize")
def test_resize_is_a_view_or_a_copy_of_other_sizes() -> None:
    def resized(engine: Any) -> list[Any]:
        x = engine.arange(4.0)
        x.resize(2, 2)[0, 0] = 9
        y = engine.ones(2, 3, requires_grad=True)
        (y * 2).resize(3, 2).sum().backward()
        return [
            x.tolist(),
            engine.arange(6.0).reshape(2, 3).t().resize(6).tolist(),
            y.grad.tolist(),
            error_of(lambda: x.resize(3))[0],
        ]

    same(resized)
    with pytest.warns(UserWarning, match="non-inplace resize is deprecated"):
        minigrad.ones(2).resize(1, 2)
