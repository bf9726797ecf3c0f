"""Views and in-place changes in a graph: values, gradients and refusals are PyTorch's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engines import error_of, same, torch
from hypothesis import given
from hypothesis import strategies as st
from programs import CHANGES, STARTS, Running, Statement, programs

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore")

Scenario = Callable[[Any], Any]


def leaf(lib: Any, *values: Any) -> Any:
    return lib.tensor(list(values), requires_grad=True)


def named(tensor: Any) -> str:
    """The name of a tensor's grad_fn."""
    return tensor.grad_fn.name().rpartition("::")[2]


def change_of_a_reshaped_view(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0, 3.0)
    y = x * 2
    z = y.view(3, 1)
    z[0] = 5
    (y * y).sum().backward()
    return y.tolist(), named(y), named(z), x.grad.tolist()


def change_of_a_column(lib: Any) -> Any:
    x = leaf(lib, [1.0, 2.0], [3.0, 4.0])
    y = x.t() * 1
    y[:, 0] *= 2
    y.t()[0].pow_(2)
    (y * y).sum().backward()
    return y.tolist(), named(y), x.grad.tolist()


def chain_of_views(lib: Any) -> Any:
    x = leaf(lib, [1.0, 2.0], [3.0, 4.0])
    y = x * 1
    row = y[1]
    last = row[-1:]
    transposed = y.t()
    last.mul_(3)
    y.add_(x)
    transposed[0] = 7.0
    (row * last).sum().backward()
    names = [named(v) for v in (y, row, last, transposed)]
    return names, [v._base is y for v in (row, last, transposed)], y._version, x.grad.tolist()


def a_constant_that_takes_part(lib: Any) -> Any:
    w = leaf(lib, 1.0, 2.0)
    buffer = lib.zeros(3, 2)
    first, whole = buffer[0], buffer.view(-1)
    for i in range(3):
        buffer[i] = w * (i + 1)
    (first * first).sum().backward(retain_graph=True)
    whole.sum().backward()
    return first.requires_grad, buffer.tolist(), w.grad.tolist()


def rows_that_are_read_later(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0, 3.0)
    states = lib.zeros(4)
    for i in range(3):
        states[i + 1] = states[i].clone() * 0.5 + x[i]
    states[-1].backward()
    return states.tolist(), x.grad.tolist()


def positions_of_a_view(lib: Any) -> Any:
    x, v = leaf(lib, [1.0, 2.0], [3.0, 4.0]), leaf(lib, 5.0, 6.0)
    y = x * 1
    y.t()[lib.tensor([1, 0]), 0] = v
    y[y > 5] = 0.5
    (y * y).sum().backward()
    return y.tolist(), named(y), x.grad.tolist(), v.grad.tolist()


def part_of_an_expanded_tensor(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    y = (x * 1).expand(2, 2)
    y[0, 0] = 3.0
    (y * y).sum().backward()
    return y.tolist(), x.grad.tolist()


def kept_gradients(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    y = x * 1
    v = y[0]
    y.retain_grad()
    v.retain_grad()
    v.mul_(3)
    y.sum().backward(retain_graph=True)
    y.add_(1)
    v.backward()
    return y.retains_grad, v.retains_grad, y.grad.tolist(), v.grad.tolist(), x.grad.tolist()


def hooks(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    y, seen = x * 1, []
    v = y[0]
    v.register_hook(lambda g: seen.append(("view, as it was", g.tolist())))
    y.register_hook(lambda g: seen.append(("base, as it was", g.tolist())))
    v.mul_(3)
    y.register_hook(lambda g: seen.append(("base", g.tolist())))
    (y * y).sum().backward()
    return seen


def under_no_grad(lib: Any) -> Any:
    w = leaf(lib, 1.0, 2.0)
    with lib.no_grad():
        row = w[0]
    constant = (row * 2).sum()
    constant.backward()
    return row.requires_grad, row.is_leaf, str(row), constant.requires_grad, w.grad, w.tolist()


def a_view_of_what_is_a_leaf_later(lib: Any) -> Any:
    x = lib.ones(2)
    v = x[0]
    x.requires_grad_()
    return v.requires_grad, v.is_leaf, v.grad_fn, str(v)


def cut_off_with_its_base(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    y = x * 1
    v = y[0]
    y.detach_()
    before = v.requires_grad, named(v)
    y.add_(1)
    v.backward()
    return y.requires_grad, before, v.requires_grad, named(v), x.grad


def bases(lib: Any) -> Any:
    x = lib.ones(2, 2)
    views = x[0], x.view(4), x.t(), x[None], x[...], x.expand(2, 2, 2), x.unbind()[0], x.squeeze(), x.reshape(4)
    others = x, x.detach(), x.clone(), x.contiguous(), x.flatten(0, 0), x.data, x[0].detach(), x[[0, 1]]
    return [v._base is x and v._is_view() for v in views], [y._base is None and not y._is_view() for y in others]


@pytest.mark.parametrize(
    "scenario",
    [
        change_of_a_reshaped_view,
        change_of_a_column,
        chain_of_views,
        a_constant_that_takes_part,
        rows_that_are_read_later,
        positions_of_a_view,
        part_of_an_expanded_tensor,
        kept_gradients,
        hooks,
        under_no_grad,
        a_view_of_what_is_a_leaf_later,
        cut_off_with_its_base,
        bases,
    ],
)
def test_views_are_those_of_pytorch(scenario: Scenario) -> None:
    same(scenario)


def test_an_element_is_incremented() -> None:
    def scenario(lib: Any) -> Any:
        x = leaf(lib, 1.0, 2.0, 3.0)
        y = x * 2
        y[0] += 1
        y[1] *= 3
        (y * y).sum().backward()
        return y.tolist(), y._version, named(y), x.grad.tolist()

    same(scenario)


def unbound(lib: Any) -> Any:
    y = leaf(lib, 1.0, 2.0, 3.0, 4.0) * 1
    return y, *y.unbind()


def changed_view_of_several(lib: Any) -> None:
    unbound(lib)[2].mul_(2)


def changed_part_of_several(lib: Any) -> None:
    (leaf(lib, 1.0, 2.0) * 1).split(1)[0].view(1).mul_(2)


def one_of_several_after_a_change(lib: Any) -> None:
    y, first, *_ = unbound(lib)
    y.mul_(2)
    first * 2


def constant_of_several(lib: Any) -> None:
    lib.ones(4).chunk(2)[1].mul_(leaf(lib, 1.0))


def changed_after_no_grad(lib: Any) -> None:
    y = leaf(lib, 1.0, 2.0) * 1
    with lib.no_grad():
        v = y[0]
    v.mul_(2)


def base_changed_after_no_grad(lib: Any) -> None:
    y = leaf(lib, 1.0, 2.0) * 1
    with lib.no_grad():
        v = y[0]
    y.mul_(2)
    v * 2


def view_of_a_leaf(lib: Any) -> None:
    leaf(lib, 1.0, 2.0)[0].mul_(2)


def item_of_a_leaf(lib: Any) -> None:
    leaf(lib, 1.0, 2.0)[0] = 1.0


def leaf_itself(lib: Any) -> None:
    leaf(lib, 1.0, 2.0).mul_(2)


def detached_view(lib: Any) -> None:
    (leaf(lib, 1.0, 2.0) * 1)[0].detach_()


def product_with_itself(lib: Any) -> None:
    y = leaf(lib, 1.0, 2.0) * 1
    y.mul_(y)
    y.sum().backward()


def product_with_another_element(lib: Any) -> None:
    y = leaf(lib, 1.0, 2.0) * 1
    y[0] *= y[1]
    y.sum().backward()


def output_changed_again(lib: Any) -> None:
    y = leaf(lib, 1.0, 2.0) * 1
    y.exp_()
    y[0] = 1
    y.sum().backward()


@pytest.mark.parametrize(
    "refused",
    [
        changed_view_of_several,
        changed_part_of_several,
        one_of_several_after_a_change,
        constant_of_several,
        changed_after_no_grad,
        base_changed_after_no_grad,
        view_of_a_leaf,
        item_of_a_leaf,
        leaf_itself,
        detached_view,
        product_with_itself,
        product_with_another_element,
        output_changed_again,
    ],
)
def test_what_pytorch_refuses_is_refused_in_its_words(refused: Scenario) -> None:
    (kind, words), (theirs, first_words) = error_of(refused, minigrad), error_of(refused, torch)
    assert kind == theirs
    first_words = re.split(r"\.|:", first_words)[0]
    assert re.sub(r"Backward\d", "", words).startswith(first_words)


def changed_by(name: str, *operands: str, dtype: str = "float64") -> Scenario:
    """A method that changes four elements, by four that begin one further on, or by the same ones."""

    def scenario(lib: Any) -> None:
        memory = lib.arange(6, dtype=getattr(lib, dtype))
        given = {"part": memory[1:5], "same": memory[:4], "at": lib.tensor([3, 2, 1, 0]), "dim": 0, "sum": "sum"}
        getattr(memory[:4], name)(*(given[operand] for operand in operands))

    return scenario


@pytest.mark.parametrize(
    "refused",
    [
        *(changed_by(f"{name}_", "part") for name in ("atan2", "clamp_min", "fmod", "eq", "multiply", "hypot")),
        *(changed_by(f"{name}_", "same", "part") for name in ("addcmul", "addcdiv", "lerp")),
        *(changed_by(f"index_{name}_", "dim", "at", "same") for name in ("add", "copy")),
        *(changed_by(f"{name}_", "dim", "at", "same") for name in ("scatter", "scatter_add")),
        changed_by("scatter_reduce_", "dim", "at", "same", "sum"),
        changed_by("scatter_", "dim", "part", "at", dtype="int64"),
        changed_by("__setitem__", "at", "same"),
        changed_by("__setitem__", "at", "part"),
        changed_by("__setitem__", "same", "at", dtype="int64"),
        lambda lib: lib.cumsum((x := lib.arange(4.0))[1:], 0, out=x[:3]),
        lambda lib: lib.cat([(x := lib.arange(4.0))[1:]], out=x[:3]),
    ],
)
def test_operands_that_overlap_with_what_is_changed_are_refused(refused: Scenario) -> None:
    for lib in (torch, minigrad):
        kind, words = error_of(refused, lib)
        assert (kind, words[:30]) == ("RuntimeError", "unsupported operation: some el")


def test_a_value_that_fills_a_mask_may_overlap() -> None:
    def scenario(lib: Any) -> Any:
        x = lib.arange(6.0).reshape(2, 3)
        x[x > 3] = x[0, 1]
        x[0, lib.tensor([0, 1])] = x[1, 1:]
        return x.tolist()

    same(scenario)


@pytest.mark.parametrize("change", [lambda v: v.mul_(3), lambda v: v.copy_(v.detach() + 1), lambda v: v[:].neg_()])
def test_a_view_that_was_changed_outlives_the_graph_of_its_base(change: Any) -> None:
    def scenario(lib: Any) -> Any:
        a, b = leaf(lib, 1.0, 2.0), lib.zeros(2)
        b[:] = a * 2
        v = b.view(2, 1)
        change(v)
        b.detach_()
        (v.sum() + a.sum()).backward()
        return a.grad.tolist()

    same(scenario)


@pytest.mark.parametrize("hooked", [False, True])
@pytest.mark.parametrize("name", ["transpose_", "unsqueeze_", "squeeze_"])
def test_a_leaf_given_another_shape_under_no_grad_stays_a_leaf(name: str, hooked: bool) -> None:
    def scenario(lib: Any) -> Any:
        x = lib.ones(1, 3, requires_grad=True)
        if hooked:
            x.register_hook(lambda g: g * 10)
        with lib.no_grad():
            getattr(x, name)(*((0, 1) if name == "transpose_" else () if name == "squeeze_" else (0,)))
        (x * lib.arange(3.0).reshape(x.shape)).sum().backward()
        return x.requires_grad, x.is_leaf, x.grad.tolist()

    same(scenario)


def test_a_view_that_cannot_follow_is_printed_as_such() -> None:
    def scenario(lib: Any) -> str:
        y = leaf(lib, 1.0, 2.0) * 1
        first, _ = y.unbind()
        y.mul_(2)
        return str(first)

    same(scenario)


def test_second_derivatives_go_through_changes_of_views() -> None:
    def changed(x: Any, w: Any) -> Any:
        y = x * x
        row, column = y[0], y[:, 1]
        row *= w
        column.mul_(x[0])
        y[1, 0] = w[0] * w[1]
        y.t().view_as(y.t())[0].pow_(3)
        return y * row

    x = minigrad.tensor([[0.3, -0.7], [1.1, 0.4]], dtype=minigrad.float64, requires_grad=True)
    w = minigrad.tensor([0.6, 1.2], dtype=minigrad.float64, requires_grad=True)
    assert minigrad.autograd.gradcheck(changed, (x, w))
    assert minigrad.autograd.gradgradcheck(changed, (x, w))


def test_a_base_in_any_order_of_its_axes_in_memory() -> None:
    def scenario(lib: Any) -> Any:
        x = lib.arange(24, dtype=lib.float64).reshape(2, 3, 4).requires_grad_()
        y = lib.sin(x.permute(2, 0, 1))
        y.permute(1, 2, 0).view(-1)[5:9].mul_(2)
        y.sum().backward()
        return x.grad

    np.testing.assert_allclose(scenario(minigrad).numpy(), scenario(torch).numpy())


def test_assignments_do_not_copy_the_whole_tensor() -> None:
    y = minigrad.zeros(1000, 1000) * leaf(minigrad, 1.0)
    memory = y.array
    y[3] = leaf(minigrad, 2.0)
    y[y.detach()[:, 0] > 1] = 3.0
    assert y.array is memory
    assert memory[3].tolist() == [3.0] * 1000


def test_a_chain_of_views_takes_linear_time() -> None:
    y = leaf(minigrad, 1.0, 2.0) * 1
    v = y
    for _ in range(20_000):
        v = v.view(2)
    y.mul_(2)
    v.sum().backward()
    assert v.view_of is not None
    assert v._base is y


# Random programs ----------------------------------------------------------------------------------------------


@pytest.mark.hypothesis
@given(programs(), st.booleans())
def test_programs_run_as_on_pytorch(program: list[Statement], look_at_each_line: bool) -> None:
    """look_at_each_line: whether views are asked in between, which has them look at their base anew."""
    mine, theirs = Running(minigrad, STARTS), Running(torch, STARTS)
    frozen = False
    for statement in program:
        mine.error = theirs.error = None
        in_some_order = reads_what_it_changes(statement, mine)
        frozen = frozen or freezes_a_leaf(statement, theirs)
        refused = theirs.run(statement)
        if (in_some_order and not refused) or (frozen and refused and "leaf Variable" in str(theirs.error)):
            return
        if refused and REPEATED in str(theirs.error):
            continue
        if mine.run(statement) != refused:
            asked = statement.line in ("x.retain_grad()", "x.requires_grad_(False)")  # without effect in PyTorch
            known = "no_grad" in str(mine.error) if asked else REPEATED in str(mine.error)
            assert known, (statement, mine.error, theirs.error)
            return
        note = (statement, mine.error, theirs.error)
        if look_at_each_line:
            assert_same(mine.seen(), theirs.seen(), note)
    assert_same(mine.seen(), theirs.seen(), "at the end")
    ends = mine.end(), theirs.end()
    if frozen and any(words in str(theirs.error) for words in OF_FROZEN_LEAVES):
        return
    if ends[0] != "refused" or not any(x.requires_grad and x.node is None for x in mine.variables):
        assert_same(*ends, ("backward", mine.error, theirs.error))


OF_FROZEN_LEAVES = "detached in-place", "moved into the graph interior"
"""PyTorch's errors where a leaf was frozen, whose gradient is known all the same."""

REPEATED = "a single memory location"
"""Where PyTorch writes to such places all the same, its gradients are not those of the values."""


def reads_what_it_changes(statement: Statement, running: Running) -> bool:
    """Whether a line changes x in place by other places of x: what it reads then depends on the order."""
    x, y = (x.array for x in running.operands(statement))
    same = x.shape == y.shape and x.strides == y.strides and x.ctypes.data == y.ctypes.data
    return statement.line in CHANGES and "y" in statement.line and not same and np.shares_memory(x, y)


def freezes_a_leaf(statement: Statement, running: Running) -> bool:
    """Whether a line has a leaf require grad no longer: what was computed from it still does."""
    x = running.variables[statement.x % len(running.variables)]
    return statement.line in ("x.detach_()", "x.requires_grad_(False)") and x.requires_grad and not x._is_view()


def assert_same(mine: Any, theirs: Any, note: Any, where: str = "") -> None:
    """Nested lists are equal, numbers but for rounding."""
    if isinstance(theirs, (list, tuple)):
        assert isinstance(mine, (list, tuple)), f"{note} {where}: {mine}, not {theirs}"
        assert len(mine) == len(theirs), f"{note} {where}: {mine}, not {theirs}"
        for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            assert_same(a, b, note, f"{where}[{i}]")
    elif isinstance(theirs, float):
        assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12, nan_ok=True), f"{note} {where}"
    else:
        assert mine == theirs, f"{note} {where}: {mine}, not {theirs}"


@pytest.mark.hypothesis
@given(programs(cuts=False))
def test_gradients_are_those_of_finite_differences(program: list[Statement]) -> None:
    """A program, unless it is refused, is a function of its leaves."""
    running = computed(program, STARTS)
    for leaf in running.leaves:
        leaf.grad = None
    if running.end() == "refused":
        return
    for i, leaf in enumerate(running.leaves):
        starts = np.array(STARTS[i])
        for position in np.ndindex(starts.shape):
            slope = difference(program, i, position)
            got = leaf.grad[position].item() if leaf.grad is not None else 0.0
            assert got == pytest.approx(slope, rel=1e-4, abs=1e-6)


def computed(program: list[Statement], starts: list[Any]) -> Running:
    running = Running(minigrad, starts)
    for statement in program:
        if "backward" not in statement.line and not reads_what_it_changes(statement, running):
            running.run(statement)
    return running


def difference(program: list[Statement], i: int, position: tuple[int, ...]) -> float:
    """The slope of a program's loss along one element of a leaf."""
    losses = []
    for step in (1e-6, -1e-6):
        starts = [np.array(start) for start in STARTS]
        starts[i][position] += step
        losses.append(computed(program, [start.tolist() for start in starts]).loss().item())
    return (losses[0] - losses[1]) / 2e-6
