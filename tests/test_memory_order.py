"""Results lie in memory as PyTorch's do: it decides what `view` takes, and where `reshape` gives a view."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest
from differences import GRADIENTS, ORDERS, VALUES, Difference, differs
from engines import ENGINES, error_of, same, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS, REGULAR, laid_out_anew
from parity import backward, both_succeeded, check_equal, results, run, tolerance
from registry import OPS, Op
from samples import Sample
from test_ops import every, examples, subject

import minigrad
from minigrad.testing import checks
from minigrad.testing.checks import steps_that_count

pytestmark = pytest.mark.filterwarnings("ignore")
SEEDS = st.integers(0, 2**32 - 1)


ORDERED = [op for op in OPS.values() if op.name != "as_strided"]  # its values depend on the memory around

REFUSED_BY_PYTORCH = (
    "(must|needs to) be contiguous|view size is not compatible|Subtraction, the `-` operator, with a bool"
)
"""In backward: of some orders of nll_loss, max_unpool and conv_transpose; of logaddexp with a bool."""


@pytest.mark.hypothesis
@every(ORDERED)
@examples(25)
def test_results_lie_in_memory_as_in_pytorch(op: Op, examples: int) -> None:
    @settings(max_examples=examples)
    @given(op.samples(), SEEDS)
    def check(spelling_and_sample: tuple[str, Sample], seed: int) -> None:
        spelling, sample = spelling_and_sample
        sample = laid_out_anew(sample, seed, REGULAR if op.regular else LAYOUTS)
        if not differs(op.name, sample, VALUES) and not differs(op.name, sample, ORDERS):
            compare_orders(op, spelling, sample)

    check()


def compare_orders(op: Op, spelling: str, sample: Sample) -> None:
    checks.check_orders(subject(op, spelling), sample)


@pytest.mark.hypothesis
@every([op for op in ORDERED if op.differentiable])
@examples(25)
def test_gradients_lie_in_memory_as_their_leaves_do(op: Op, examples: int) -> None:
    @settings(max_examples=examples)
    @given(op.samples(), SEEDS)
    def check(spelling_and_sample: tuple[str, Sample], seed: int) -> None:
        spelling, sample = spelling_and_sample
        sample = laid_out_anew(sample, seed, REGULAR if op.regular else LAYOUTS)
        if differs(op.name, sample, GRADIENTS):
            return
        mine, theirs = (run(op.calls[spelling], engine, sample, requires_grad=True) for engine in (minigrad, torch))
        if re.search("Unsupported memory format|view size is not compatible", str(theirs.error)):
            return  # PyTorch refuses some orders
        if both_succeeded(mine, theirs) and any(y.requires_grad for y in results(theirs.result)):
            try:
                expected = backward(torch, theirs)
            except RuntimeError as error:
                assert re.search(REFUSED_BY_PYTORCH, str(error))  # noqa: PT017
                return
            gradients = backward(minigrad, mine)
            check_equal(gradients, expected, tolerance(sample, op.sums))
            arrived = [[g for g in each if g is not None] for each in (gradients, expected)]
            checks.compare_orders(*arrived, "PyTorch")

    check()


CERTAIN = [difference for difference in ORDERS if difference.on_every_processor]


@pytest.mark.parametrize("difference", CERTAIN, ids=[difference.how for difference in CERTAIN])
def test_orders_differ_as_is_said(difference: Difference) -> None:
    op = OPS[difference.ops[0]]
    assert difference.applies(difference.example)
    with pytest.raises(AssertionError):
        compare_orders(op, next(iter(op.calls)), difference.example)


# Looking at memory ------------------------------------------------------------------------------------------------


def looks(engine: Any, x: Any) -> Any:
    """How a tensor lies in memory."""
    return x.stride(), x.storage_offset(), x.is_contiguous(), tuple(x.shape)


VIEWS = {
    "rows": lambda x: x,
    "transposed": lambda x: x.transpose(0, 2),
    "permuted": lambda x: x.permute(1, 2, 0),
    "one row": lambda x: x[1],
    "a column of length 1": lambda x: x[:, 1:2],
    "steps": lambda x: x[:, ::2, 1:],
    "a new dimension": lambda x: x[:, None],
    "a new last dimension": lambda x: x[..., None],
    "a new first dimension": lambda x: x.unsqueeze(0),
    "a new dimension of steps": lambda x: x[:, :, ::2].unsqueeze(-1),
    "expanded": lambda x: x[:, :1].expand(2, 5, 4),
    "expanded by dimensions": lambda x: x.expand(3, 1, 2, 3, 4),
    "of one row": lambda x: x[:1, :, :1].transpose(0, 1),
    "a view": lambda x: x.view(4, 1, 6),
    "a view of a part": lambda x: x[:, 1:].view(2, 2, 2, 2),
    "a number": lambda x: x[1, 2, 3],
    "unbound": lambda x: x.unbind(1)[2],
    "a chunk": lambda x: x.chunk(2, 2)[1],
    "without ones": lambda x: x[:, 1:2].squeeze(),
    "nothing": lambda x: x[:0],
}


@pytest.mark.parametrize("view", VIEWS)
def test_strides_and_offsets_of_views(view: str) -> None:
    same(lambda engine: looks(engine, VIEWS[view](engine.arange(24).reshape(2, 3, 4))))


def test_the_steps_along_one_dimension() -> None:
    same(lambda torch: [torch.zeros(2, 3, 4).stride(dim) for dim in (0, -1, 1)])
    x = minigrad.zeros(2)
    (kind, said), (torchs_kind, torch_said) = error_of(lambda: x.stride(1)), error_of(lambda: torch.zeros(2).stride(1))
    assert kind == torchs_kind
    assert said.startswith(torch_said)


def test_addresses_and_storages() -> None:
    def seen(torch: Any) -> Any:
        a = torch.arange(6.0).reshape(2, 3)
        storage = a[1].t().untyped_storage()
        return [
            a[1].data_ptr() - a.data_ptr(),
            storage.data_ptr() == a.data_ptr(),
            (storage.nbytes(), storage.size(), len(storage), str(storage.device), storage.tolist()[4:8]),
            a.clone().data_ptr() == a.data_ptr(),
            torch.zeros(0).data_ptr(),
            (a.nbytes, a.itemsize, a.ndimension()),
        ]

    same(seen)


@pytest.mark.parametrize("dtype", ["float32", "int8", "bool"])
def test_views_of_memory_by_strides(dtype: str) -> None:
    def seen(torch: Any) -> Any:
        x = torch.arange(12).to(getattr(torch, dtype))
        y = x[2:].as_strided((3, 2), (2, 1), 1)
        y[0] = 1
        return x.tolist(), y.tolist(), looks(torch, y), looks(torch, x[3:].as_strided((2,), (1,)))

    same(seen)


def test_an_element_that_is_seen_twice_is_not_changed_in_place() -> None:
    for engine in ENGINES:
        with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers to a single"):
            engine.zeros(3).as_strided((2, 3), (0, 1)).add_(1)


WRONG = [((9,), (1,)), ((2,), (-1,)), ((2,), (1,), -1), ((2,), (1, 1)), ((-3,), (1,))]


@pytest.mark.parametrize("arguments", WRONG)
def test_views_outside_of_memory(arguments: Any) -> None:
    kinds = {error_of(lambda engine=engine: engine.zeros(4).as_strided(*arguments))[0] for engine in ENGINES}
    assert kinds == {"RuntimeError"}


def test_gradients_of_views_by_strides() -> None:
    def gradient(torch: Any) -> Any:
        x = torch.arange(6.0).reshape(2, 3).requires_grad_()
        windows = (x * 2).t().as_strided((3, 3), (1, 1))
        (windows**2).sum().backward()
        repeated = torch.ones(1, requires_grad=True)
        repeated.expand(3).as_strided((3,), (0,)).sum().backward()
        return x.grad.tolist(), repeated.grad.tolist()

    same(gradient)


def test_resizing() -> None:
    def seen(torch: Any) -> Any:
        x = torch.arange(6.0)
        part = x[2:]
        before = x._version
        x.resize_(2, 2)
        x[0, 1] = 9
        part.resize_(3, 1)
        grown = torch.arange(3).resize_(2, 2)
        t = torch.zeros(2, 3).t().resize_(3, 2)
        return x.tolist(), part.tolist(), x._version - before, grown.reshape(-1)[:3].tolist(), looks(torch, t)

    same(seen)
    errors = [error_of(lambda e=engine: e.zeros(2, requires_grad=True).resize_(3)) for engine in ENGINES]
    assert errors[1][0] == errors[0][0]
    assert errors[1][1].startswith(errors[0][1])


# Copies and formats -----------------------------------------------------------------------------------------------

COPIES = {
    "clone": lambda torch, x: x.clone(),
    "contiguous": lambda torch, x: x.contiguous(),
    "deepcopy": lambda torch, x: copy.deepcopy(x),
    "pickle": lambda torch, x: pickle.loads(pickle.dumps(x)),
    "to": lambda torch, x: x.to(torch.float64),
    "to, copy": lambda torch, x: x.to(torch.float32, copy=True),
    "zeros_like": lambda torch, x: torch.zeros_like(x),
    "rand_like": lambda torch, x: torch.rand_like(x),
    "clone by rows": lambda torch, x: x.clone(memory_format=torch.contiguous_format),
    "zeros_like by rows": lambda torch, x: torch.zeros_like(x, memory_format=torch.contiguous_format),
    "randn_like as it is": lambda torch, x: torch.randn_like(x, memory_format=torch.preserve_format),
    "clone, channels last": lambda torch, x: x.clone(memory_format=torch.channels_last),
    "contiguous, channels last": lambda torch, x: x.contiguous(memory_format=torch.channels_last),
    "to, channels last": lambda torch, x: x.to(torch.float64, memory_format=torch.channels_last),
    "to, 3d": lambda torch, x: x.unsqueeze(-1).to(memory_format=torch.channels_last_3d),
}
FOUR = {
    "rows": lambda x: x,
    "channels last": lambda x: x.permute(0, 3, 1, 2),
    "reversed": lambda x: x.permute(3, 2, 1, 0),
    "a part": lambda x: x[:, :, 1:, ::2].permute(1, 0, 3, 2),
    "expanded": lambda x: x[:, :1].expand(2, 3, 4, 5),
    "no images": lambda x: x[:0],
}


@pytest.mark.parametrize("layout", FOUR)
@pytest.mark.parametrize("made", COPIES)
def test_copies_and_formats(made: str, layout: str) -> None:
    def seen(torch: Any) -> Any:
        torch.manual_seed(1)
        x = FOUR[layout](torch.arange(120.0).reshape(2, 3, 4, 5))
        y = COPIES[made](torch, x)
        formats = torch.contiguous_format, torch.channels_last, torch.channels_last_3d
        return (
            steps_that_count(y),
            [y.is_contiguous(memory_format=f) for f in formats[: 3 if y.numel() else 1]],
            y.tolist(),
        )

    same(seen)


def test_what_is_no_format() -> None:
    def errors(torch: Any) -> Any:
        x = torch.zeros(2, 3)
        return [
            error_of(lambda: x.clone(memory_format=3))[0],
            error_of(lambda: x.t().contiguous(memory_format=torch.channels_last))[0],
            error_of(lambda: x.t().contiguous(memory_format=torch.preserve_format)),
            error_of(lambda: torch.empty_like(x, memory_format=torch.channels_last))[0],
        ]

    same(errors)
    assert repr(minigrad.channels_last) == "minigrad.channels_last"
    assert pickle.loads(pickle.dumps(minigrad.channels_last)) is minigrad.channels_last


def test_a_module_in_channels_last() -> None:
    def seen(torch: Any) -> Any:
        nn = torch.nn
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.AvgPool2d(2))
        model.to(memory_format=torch.channels_last)
        x = torch.ones(2, 3, 12, 12).to(memory_format=torch.channels_last)
        steps = []
        for layer in model:
            x = layer(x)
            steps.append(x.stride())
        x.sum().backward()
        return steps, [p.stride() for p in model.parameters()], [p.grad.stride() for p in model.parameters()]

    same(seen)


ON_STRIDES = {
    "a product in float32": lambda t: t.ones(3).half().expand(3, 3).mT * 2,
    "another": lambda t: t.ones(3).half().expand(3, 3) * 2,
    "a scaled difference": lambda t: t.rsub(t.ones(3, 1).expand(3, 3), t.ones(3, 3).t(), alpha=2),
    "rows of one channel": lambda t: t.nn.functional.conv1d(
        t.ones(4).as_strided((2, 1, 2), (2, 1, 1)), t.ones(2, 1, 1)
    ),
    "one image in channels_last": lambda t: t.nn.functional.instance_norm(
        t.rand(1, 2, 3, 3).contiguous(memory_format=t.channels_last)
    ),
    "losses of rows against columns": lambda t: t.nn.functional.binary_cross_entropy(
        t.full((3,), 0.5).expand(3, 3), t.ones(3, 3).t(), reduction="none"
    ),
    "angles of integers": lambda t: t.atan2(t.arange(3).expand(3, 3), t.arange(9).view(3, 3).t()),
    "logarithms of integers": lambda t: t.xlogy(t.arange(3).expand(3, 3), t.arange(9).view(3, 3).t()),
    "a sum before a product": lambda t: t.einsum(
        "bhqd,bhkd->bhqk", t.ones(50).as_strided((2, 1, 1, 2), (1, 16, 2, 4)), t.ones(50)[:12].view(1, 2, 2, 3)[..., :1]
    ),
}
"""Results that hang on strides of dimensions of length 1, or on an operand that is repeated."""


@pytest.mark.parametrize("result", ON_STRIDES)
def test_results_by_strides_that_seldom_count(result: str) -> None:
    same(lambda torch: steps_that_count(ON_STRIDES[result](torch)))


def test_programs_that_depend_on_the_order() -> None:
    def attention(torch: Any) -> Any:
        torch.manual_seed(2)
        q = torch.randn(2, 5, 3, 4, requires_grad=True)
        heads = q.permute(0, 2, 1, 3)
        scores = (heads @ heads.transpose(-2, -1)).softmax(-1) * 2
        merged = (scores @ heads).permute(0, 2, 1, 3).contiguous().view(2, 5, 12)
        scaled = (heads * 2 + torch.ones(2, 3, 5, 4)).permute(0, 2, 1, 3).view(2, 5, 12)
        (merged + scaled).sum().backward()
        return merged.shape == scaled.shape, q.grad.stride()

    def written_through(torch: Any) -> Any:
        x = torch.arange(6.0).reshape(2, 3)[:, [1, 0]]
        x.reshape(-1)[0] = 9
        y = torch.arange(6.0).reshape(2, 3).t() + torch.zeros(3, 2)
        y.reshape(-1)[0] = 9  # a copy: y lies by columns
        return x.tolist(), y.tolist()

    same(attention)
    same(written_through)


def slope_of_columns(torch: Any) -> Any:
    x = torch.zeros(2, 3, requires_grad=True)
    return torch.autograd.grad((x.t() * torch.ones(3, 2)).sum(), x)[0]


def shared_after_growth(torch: Any) -> bool:
    x = torch.zeros(2)
    y = x.view(2)
    x.resize_(100)[0] = 1
    return bool(y[0] == 1)


OTHERWISE = {
    "strides of a dimension of length 1 in a result": lambda torch: (torch.ones(1, 4).t() * 2).stride(),
    "strides of an empty view": lambda torch: torch.ones(2, 3)[:, 1:1].t().stride(),
    "offset in a part of a NumPy array": lambda torch: torch.from_numpy(np.arange(6)[2:]).storage_offset(),
    "order of autograd.grad": lambda torch: slope_of_columns(torch).stride(),
    "memory shared with a tensor that grew": shared_after_growth,
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_what_differs_still(what: str) -> None:
    """The README lists these: none of them has another value, or refuses another view."""
    mine, theirs = (OTHERWISE[what](engine) for engine in (minigrad, torch))
    assert mine != theirs
