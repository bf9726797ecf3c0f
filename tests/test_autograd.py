"""The graph and the backward pass: what a learner is promised to see, and what must never go wrong."""

from __future__ import annotations

import gc
import inspect
import math
import operator
import threading
import warnings
import weakref

import numpy as np
import pytest
from engines import same, torch

import minigrad
from benchmarks.cost import executed_by
from minigrad.autograd import raw, record
from minigrad.engine import places


def leaf(*values: float, dtype=minigrad.float64):
    return minigrad.tensor(values, dtype=dtype, requires_grad=True)


# Stepping through ---------------------------------------------------------------------------------------------


def test_stepping_into_every_operator_is_one_frame():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    for method in (
        "__add__",
        "__sub__",
        "__mul__",
        "__truediv__",
        "__pow__",
        "__matmul__",
        "__neg__",
        "__getitem__",
    ):
        function = getattr(minigrad.Tensor, method)
        assert inspect.isfunction(function), method
        assert function.__module__.startswith("minigrad.ops."), f"{method} is not the op itself"
    assert (x * y).tolist() == [3.0, 8.0]


def test_a_node_knows_the_users_line():
    x = leaf(1.0)
    y = x.exp()  # this very line
    assert "test_autograd.py:" in y.grad_fn.line
    assert "y = x.exp()  # this very line" in y.grad_fn.line
    loss = minigrad.nn.functional.mse_loss(minigrad.nn.Linear(1, 1)(minigrad.ones(1)), minigrad.ones(1))
    assert "loss = minigrad.nn.functional.mse_loss" in loss.grad_fn.line


# Size ---------------------------------------------------------------------------------------------------------


def test_a_chain_of_100_000_ops():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1.0
    del y  # freeing the chain must not recurse either


def test_a_chain_of_100_000_ops_with_saved_values_is_freed_without_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y.tanh() * x
    probe = weakref.ref(y.grad_fn)
    del y
    assert probe() is None


def test_a_node_with_10_000_consumers_takes_linear_time():
    def bytecodes(consumers: int) -> int:
        x = leaf(1.0)
        y = x * 2
        total = minigrad.stack([y * float(i) for i in range(consumers)]).sum()
        executed = executed_by(total.backward)
        assert x.grad.item() == consumers * (consumers - 1)
        return executed

    assert bytecodes(10_000) < 11 * bytecodes(1_000), "ten times the consumers may cost ten times as much, no more"


def test_no_reference_cycles():
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0, 3.0)
        model = minigrad.nn.Sequential(minigrad.nn.Linear(3, 4), minigrad.nn.ReLU(), minigrad.nn.Linear(4, 1))
        y = x.exp()
        z = (y * x).tanh().softmax(0)
        z = z.sum() + model(x.float()).sum()
        w = x * 1.0
        w += z
        w[0] = 5.0
        probes = [weakref.ref(t) for t in (y, z, w)] + [weakref.ref(t.grad_fn) for t in (y, z, w)]
        w.sum().backward(create_graph=False)
        del y, z, w
        assert [probe() for probe in probes] == [None] * 6
    finally:
        gc.enable()


def test_a_node_keeps_only_what_its_rules_read():
    x, c = leaf(1.0, 2.0), minigrad.tensor([3.0, 4.0], dtype=minigrad.float64)
    big = x * 1.0
    kept_by_sum = weakref.ref(big.array)
    total = big.sum()
    del big
    assert kept_by_sum() is None, "sum's rule reads no values"
    hidden = x * 1.0
    kept = weakref.ref(hidden.array)
    y = hidden * c  # only hidden needs a gradient, whose rule reads c
    del hidden
    assert kept() is None
    (total + y.sum()).backward()
    assert x.grad.tolist() == [4.0, 5.0]


def test_rules_run_only_for_inputs_that_need_a_gradient():
    called = []

    def f(a, b):
        return record(raw(a) * raw(b), (a, b), (f_da, f_db))

    def f_da(g, _out, _a, b):
        called.append("a")
        return g * b

    def f_db(g, _out, a, _b):
        called.append("b")
        return g * a

    f(minigrad.ones(2), leaf(1.0, 2.0)).sum().backward()
    assert called == ["b"]


# Gradients are arrays of their own ----------------------------------------------------------------------------


def test_gradients_are_never_shared_nor_read_only():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = minigrad.tensor([1.0, 1.0], dtype=minigrad.float64)
    (a + b).backward(seed)
    for one, other in [(a.grad, b.grad), (a.grad, seed), (b.grad, seed)]:
        assert not np.shares_memory(one.array, other.array)
    a.grad += 1
    assert (a.grad.tolist(), b.grad.tolist(), seed.tolist()) == ([2, 2], [1, 1], [1, 1])
    c = leaf(1.0, 2.0)
    c.expand(3, 2).sum().backward()
    assert c.grad.array.flags.writeable
    assert c.grad.array.flags.owndata


def test_a_rule_that_returns_an_array_it_keeps_does_not_lose_it():
    constant = np.array([5.0, 6.0])

    def f(x):
        return record(raw(x) * constant, (x,), (f_dx,))

    def f_dx(_g, _out, _x):
        return constant

    x = leaf(1.0, 1.0)
    f(x).sum().backward()
    x.grad.zero_()
    assert constant.tolist() == [5.0, 6.0]


def test_gradients_accumulate_in_place():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad is first
    assert first.tolist() == [5.0, 5.0]


def test_float32_stays_float32():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    y = (x * 2.0 + np.float64(3.0)).mean() / 7 + x.std() + x.logsumexp(0) + x[0] ** 2
    y.backward()
    assert y.dtype is minigrad.float32
    assert x.grad.dtype is minigrad.float32


# Errors leave everything as it was ----------------------------------------------------------------------------


def test_a_second_pass_is_refused():
    x = leaf(1.0, 2.0)
    y = x.exp().sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == pytest.approx([2 * np.e, 2 * np.e**2])
    before = x.grad.tolist()
    with pytest.raises(RuntimeError, match=r"backward through the graph a second time.*retain_graph=True"):
        y.backward()
    assert x.grad.tolist() == before


@pytest.mark.parametrize("create_graph", [False, True])
def test_an_error_in_a_rule_changes_no_gradient_and_names_the_line(create_graph):
    def broken(x):
        return record(raw(x) + 1, (x,), (broken_dx,))

    def broken_dx(_g, _out, _x):
        raise ZeroDivisionError("no derivative today")

    a, b = leaf(1.0), leaf(2.0)
    loss = broken(a) * 2 + b.exp()
    with pytest.raises(ZeroDivisionError) as caught:
        loss.backward(create_graph=create_graph)
    assert a.grad is None
    assert b.grad is None
    assert minigrad.is_grad_enabled()
    (note,) = caught.value.__notes__
    assert "broken_dx of BrokenBackward0" in note
    assert "loss = broken(a) * 2 + b.exp()" in note
    (b.exp() + 1).backward()
    assert b.grad.item() == pytest.approx(np.exp(2))


def test_a_rule_without_return_is_named():
    def forgetful(x):
        return record(raw(x) * 2, (x,), (forgetful_dx,))

    def forgetful_dx(g, _out, _x):
        g * 2

    with pytest.raises(TypeError, match=r"forgetful_dx returned None.*Is a `return` missing"):
        forgetful(leaf(1.0)).backward()


def test_a_rule_that_reads_what_it_declared_unread_fails_loudly():
    def f(x):
        return record(raw(x) ** 2, (x,), (f_dx,))

    def f_dx(g, _out, _x):
        return g * _x * 2

    with pytest.raises(TypeError):
        f(leaf(1.0)).backward()


def test_a_rule_of_the_wrong_shape_is_named():
    def f(x):
        return record(raw(x) ** 2, (x,), (f_dx,))

    def f_dx(_g, _out, _x):
        return np.ones(7)

    with pytest.raises(RuntimeError, match=r"f_dx returned a gradient of shape \[7\] for an input of shape \[2\]"):
        f(leaf(1.0, 2.0)).sum().backward()


def test_backward_refuses_what_torch_refuses():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn"):
        minigrad.ones(()).backward()
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        (x * 2).backward(minigrad.ones(3))
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        minigrad.autograd.grad((x * 2).sum(), leaf(1.0))
    with pytest.raises(RuntimeError, match="does not require grad"):
        minigrad.autograd.grad((x * 2).sum(), minigrad.ones(1))
    assert x.grad is None


# In-place changes ---------------------------------------------------------------------------------------------


def test_a_changed_value_that_a_rule_needs_is_an_error_naming_both_lines():
    x = leaf(1.0, 2.0)
    y = x.exp()
    z = y.sum()
    y += 1  # the change
    with pytest.raises(RuntimeError, match="modified by an inplace operation") as caught:
        (z + y.sum()).backward()
    assert "y = x.exp()" in str(caught.value)
    assert "y += 1  # the change" in str(caught.value)


def change_through(name: str, y) -> None:
    with minigrad.no_grad():
        {
            "base": lambda: y.mul_(2),
            "view": lambda: y[0].fill_(9.0),
            "reshape": lambda: y.reshape(2, 1).add_(1),
            "transpose": lambda: y.reshape(2, 1).T.zero_(),
            "detached": lambda: y.detach().sub_(1),
            "setitem": lambda: y.__setitem__(0, 3.0),
            "copy": lambda: y.copy_(minigrad.zeros(2)),
        }[name]()


@pytest.mark.parametrize("way", ["base", "view", "reshape", "transpose", "detached", "setitem", "copy"])
@pytest.mark.parametrize("op", ["saved output", "saved input"])
def test_changes_are_seen_through_every_view(way, op):
    x = leaf(1.0, 2.0)
    y = x.exp() if op == "saved output" else x * 1.0
    z = y if op == "saved output" else y * y
    change_through(way, y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
    assert x.grad is None


def test_changes_of_values_that_no_rule_needs_are_allowed():
    results = []
    for engine in (minigrad, torch):
        x = engine.tensor([1.0, 2.0], requires_grad=True)
        y = x * 3
        y += 1
        y *= 2
        y[0] = x[1] * 10
        y.sub_(x)
        y.clamp_(min=-1.0)
        y.sum().backward()
        results.append((y.tolist(), x.grad.tolist(), y._version))
    assert results[0] == results[1]


def test_an_in_place_op_keeps_the_old_values_that_its_own_rules_read():
    results = []
    for engine in (minigrad, torch):
        x, w = (engine.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0]))
        y = x * 1.0
        y.mul_(w)
        y.clamp_(max=50.0)
        y.sum().backward()
        results.append((x.grad.tolist(), w.grad.tolist()))
    assert results[0] == results[1]


def test_leaves_and_their_views_cannot_be_changed_under_recording():
    x = leaf(1.0, 2.0)
    for change in (
        lambda: x.add_(1),
        lambda: x.zero_(),
        lambda: x.__setitem__(0, 1.0),
        lambda: x[0].fill_(1),
        lambda: x.view(2, 1).mul_(2),
    ):
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            change()
    assert x.tolist() == [1.0, 2.0]
    with minigrad.no_grad():
        x += 1
    assert x.tolist() == [2.0, 3.0]
    assert x.is_leaf


def test_in_place_errors_change_nothing():
    x = minigrad.tensor([1, 2])
    with pytest.raises(RuntimeError, match="can't be cast"):
        x.add_(1.5)
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        x.add_(minigrad.ones(2, 2, dtype=minigrad.int64))
    with pytest.raises(RuntimeError, match="shape mismatch"):
        x[:] = minigrad.ones(3)
    with pytest.raises(IndexError):
        x[2] = 1
    assert x.tolist() == [1, 2]
    assert x._version == 0


PARTS = {
    "the next elements": lambda x: x[1:].add_(x[:-1]),
    "of the detached": lambda x: x[1:].sub_(x.detach()[:-1], alpha=2),
    "copied": lambda x: x[:-1].copy_(x[1:]),
    "assigned": lambda x: x.__setitem__(slice(1, None), x[:-1]),
    "assigned to positions": lambda x: x.__setitem__([0, 1], x[1:3]),
    "a bound": lambda x: x[1:].clamp_(min=x[:-1]),
    "a power": lambda x: x[1:].pow_(x[:-1]),
    "a remainder": lambda x: x[1:].__imod__(x[:-1]),
}
WHOLES = {
    "itself": lambda x: x.add_(x),
    "the same part": lambda x: x[1:].mul_(x[1:]),
    "apart": lambda x: x[:2].add_(x[2:]),
    "filled": lambda x: x.fill_(x[1]),
    "one for all": lambda x: x.__setitem__(slice(None), x[1]),
    "of another dtype": lambda x: x[1:].copy_(x[:-1].double()),
}


@pytest.mark.parametrize("change", PARTS.values(), ids=PARTS)
def test_an_operand_that_shares_part_of_what_is_changed_is_refused(change):
    for engine in (minigrad, torch):
        x = engine.arange(1.0, 5.0)
        with pytest.raises(RuntimeError, match="unsupported operation: some elements of the input tensor"):
            change(x)
        assert x.tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("change", WHOLES.values(), ids=WHOLES)
def test_an_operand_may_share_all_of_what_is_changed_or_nothing(change):
    def scenario(torch):
        x = torch.arange(1.0, 5.0)
        change(x)
        return x.tolist()

    same(scenario)


AUGMENTED = {
    "//=": (operator.ifloordiv, [5.0, 7.0], 2),
    "%=": (operator.imod, [5.0, 7.0], 2),
    "**=": (operator.ipow, [5.0, 7.0], 2),
    "&=": (operator.iand, [5, 7], 3),
    "|=": (operator.ior, [True, False], True),
    "^=": (operator.ixor, [5, 7], 3),
    "<<=": (operator.ilshift, [5, 7], 3),
    ">>=": (operator.irshift, [5, 7], 1),
}


@pytest.mark.parametrize(("change", "values", "operand"), AUGMENTED.values(), ids=AUGMENTED)
def test_augmented_assignment_changes_the_tensor_its_views_and_its_other_names(change, values, operand):
    def scenario(torch):
        x = other_name = torch.tensor([values, values])
        row = x[0]
        row = change(row, operand)
        x = change(x, operand)
        return x is other_name, x.tolist(), row.tolist(), x._version

    same(scenario)


def test_augmented_assignment_keeps_the_dtype_and_refuses_leaves():
    for engine in (minigrad, torch):
        with pytest.raises(RuntimeError, match="can't be cast to the desired output type"):
            operator.ifloordiv(engine.tensor([5]), 2.5)
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            operator.imod(engine.ones(1, requires_grad=True), 2)
        parameter = engine.nn.Parameter(engine.ones(1))
        with engine.no_grad():
            assert operator.ifloordiv(parameter, 0.5) is parameter
        assert parameter.tolist() == [2.0]


def test_a_floored_quotient_has_no_derivative_and_a_division_that_rounds_one_of_0():
    for engine in (minigrad, torch):
        x = engine.ones(2, requires_grad=True)
        for quotient in (x // 2, operator.ifloordiv(x * 1, 2)):
            assert quotient.requires_grad
            with pytest.raises(RuntimeError, match="derivative for aten::floor_divide"):
                quotient.sum().backward()
        engine.div(x, 2, rounding_mode="floor").sum().backward()
        assert x.grad.tolist() == [0.0, 0.0]


def test_an_optimizer_step_between_two_passes_is_noticed():
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    minigrad.optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


# Modes, hooks, retained gradients -----------------------------------------------------------------------------


@pytest.mark.parametrize("lib", [torch, minigrad])
def test_the_mode_of_a_decorated_generator(lib):
    """It is on while the generator computes, whatever its caller does to it, and off in between."""
    x = lib.ones(1, requires_grad=True)

    @lib.no_grad()
    def doubled():
        while True:
            try:
                sent = yield x * 2
                if sent is not None:
                    return sent
            except ValueError:
                yield x * 3

    generator = doubled()
    assert not next(generator).requires_grad
    assert (x * 2).requires_grad
    assert generator.throw(ValueError).tolist() == [3]
    assert (x * 2).requires_grad
    assert not next(generator).requires_grad
    with pytest.raises(StopIteration) as end:
        generator.send("the end")
    assert end.value.value == "the end"
    assert lib.is_grad_enabled()
    abandoned = doubled()
    next(abandoned)
    abandoned.close()
    assert lib.is_grad_enabled()


def test_grad_modes():
    x = leaf(1.0)
    with minigrad.no_grad():
        assert not (x * 2).requires_grad
        with minigrad.enable_grad():
            assert (x * 2).requires_grad
        assert not minigrad.is_grad_enabled()
    with minigrad.inference_mode():
        assert minigrad.is_inference_mode_enabled()
        assert not (x * 2).requires_grad
    with minigrad.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad

    @minigrad.no_grad()
    def with_call():
        return (x * 2).requires_grad

    @minigrad.no_grad
    def without_call():
        return (x * 2).requires_grad

    @minigrad.inference_mode()
    def inference():
        return (x * 2).requires_grad

    @minigrad.set_grad_enabled(False)
    def switched():
        return (x * 2).requires_grad

    assert not any([with_call(), without_call(), inference(), switched()])
    assert minigrad.is_grad_enabled()
    with pytest.raises(ZeroDivisionError), minigrad.no_grad():
        raise ZeroDivisionError
    assert minigrad.is_grad_enabled()
    previous = minigrad.set_grad_enabled(False)
    assert not minigrad.is_grad_enabled()
    minigrad.set_grad_enabled(True)
    assert previous is not None


def test_grad_modes_are_of_their_thread():
    """Where one thread is within no_grad or in a backward pass, the others record all the same."""
    x, recorded = leaf(1.0), []
    y = x * 1
    y.register_hook(lambda g: record_elsewhere())

    def record_elsewhere():
        thread = threading.Thread(target=lambda: recorded.append((x * 2).requires_grad))
        thread.start()
        thread.join()

    y.backward()
    with minigrad.no_grad():
        record_elsewhere()
    minigrad.set_grad_enabled(False)
    record_elsewhere()
    minigrad.set_grad_enabled(True)
    assert recorded == [True, True, True]


def test_a_thread_begins_with_recording_and_leaves_no_mode_behind():
    def within():
        minigrad.set_grad_enabled(False)

    with minigrad.no_grad():
        thread = threading.Thread(target=within)
    thread.start()
    thread.join()
    assert minigrad.is_grad_enabled()


def test_one_decorated_function_in_two_threads():
    """Each restores its own mode, whichever ends first."""
    inside, leave, modes = threading.Event(), threading.Event(), {}

    @minigrad.no_grad()
    def waiting(name):
        if name == "first":
            inside.set()
            leave.wait(60)
        return minigrad.is_grad_enabled()

    def thread(name, before):
        minigrad.set_grad_enabled(before)
        modes[name] = waiting(name), minigrad.is_grad_enabled()

    first = threading.Thread(target=thread, args=("first", False))
    first.start()
    inside.wait(60)
    second = threading.Thread(target=thread, args=("second", True))
    second.start()
    second.join()
    leave.set()
    first.join()
    assert modes == {"first": (False, False), "second": (False, True)}


@pytest.mark.parametrize("convert", ["long", "int", "short", "char", "byte", "bool"])
def test_whole_numbers_are_constants(convert):
    """A tensor of integers or bools has no node: gradients end there, and what is computed from it is no secret."""

    def scenario(engine):
        x = engine.tensor([1.5, 0.0], requires_grad=True)
        whole = getattr(x, convert)()
        (x - whole.float() + x * whole).sum().backward()
        picked = engine.zeros(2, dtype=whole.dtype).copy_(x)
        joined = engine.cat([whole, whole])
        chosen = engine.where(x > 1, whole, whole)
        written = engine.ones(2, dtype=whole.dtype)
        written[0] = x[0]
        tensors = whole, picked, joined, chosen, written
        return x.grad.tolist(), [(y.requires_grad, y.is_leaf, y.numpy().tolist()) for y in tensors]

    same(scenario)


def test_hooks_see_and_replace_gradients():
    results = []
    for engine in (minigrad, torch):
        seen = []
        x = engine.tensor([1.0, 2.0], requires_grad=True)
        y = x * 2
        y.retain_grad()
        y.register_hook(lambda g, seen=seen: seen.append(("y", g.tolist())))
        y.register_hook(lambda g: g * 10)
        x.register_hook(lambda g, seen=seen: seen.append(("x", g.tolist())))
        removed = x.register_hook(lambda g: g * 1000)
        removed.remove()
        (y * y).sum().backward()
        results.append((seen, x.grad.tolist(), y.grad.tolist()))
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("hook", "message"),
    [(lambda g: g.sum(), "has changed the size of value"), (lambda g: g.float(), "has changed the type of value")],
)
def test_a_hook_may_change_neither_shape_nor_dtype(hook, message):
    for engine in (minigrad, torch):
        x = engine.tensor([1.0, 2.0], dtype=engine.float64, requires_grad=True)
        x.register_hook(hook)
        with pytest.raises(RuntimeError, match=message):
            (x * 2).sum().backward()
        assert x.grad is None


def test_retain_grad_is_of_the_tensor_as_it_is_at_the_end_and_a_hook_of_what_it_was():
    def scenario(torch):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y, seen = x * 1, []
        y.register_hook(lambda g: seen.append(("before", g.tolist())))
        y.retain_grad()
        y.mul_(3.0)
        y[0] = 7.0
        y.register_hook(lambda g: seen.append(("after", g.tolist())))
        (y * y).sum().backward()
        return y.retains_grad, y.grad.tolist(), x.grad.tolist(), seen

    same(scenario)


def test_a_leaf_that_was_frozen_after_the_forward_pass_gets_no_gradient():
    def scenario(torch):
        x, w = (torch.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        seen = []
        x.register_hook(lambda g: seen.append(g.tolist()))
        loss = (x * w).sum()
        x.requires_grad_(False)
        loss.backward(retain_graph=True)
        frozen = x.grad
        x.requires_grad_()
        loss.backward()
        return frozen, x.grad.tolist(), w.grad.tolist(), seen

    same(scenario)


def test_the_shape_of_a_leaf_may_change_while_it_is_frozen():
    x = leaf(1.0)
    x.requires_grad_(False)
    x.data = minigrad.zeros(2, 2)
    x.requires_grad_()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [[2.0, 2.0], [2.0, 2.0]]


def chain_rule_by_hand(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    (g,) = torch.autograd.grad((h * h).sum(), h)
    h.backward(g)
    return x.grad.tolist()


def two_losses_of_one_intermediate(torch):
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    h = x.exp()
    torch.autograd.grad((h * 2).sum(), h)
    (h * h).sum().backward()
    return [round(value, 4) for value in x.grad.tolist()]


def an_intermediate_whose_op_was_freed(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    h.sum().backward()
    return torch.autograd.grad((h * h).sum(), h)[0].tolist(), torch.autograd.grad(h, h, torch.ones(2))[0].tolist()


def beside_a_root_on_no_way_to_the_input(torch):
    x, w = (torch.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    other = w * w
    other.retain_grad()
    g = torch.autograd.grad([(x * x).sum(), other], x, [None, torch.ones(2)])
    other.sum().backward()
    return g[0].tolist(), other.grad.tolist(), w.grad.tolist()


@pytest.mark.parametrize(
    "scenario",
    [
        chain_rule_by_hand,
        two_losses_of_one_intermediate,
        an_intermediate_whose_op_was_freed,
        beside_a_root_on_no_way_to_the_input,
    ],
)
def test_a_pass_frees_and_needs_only_the_ops_that_it_goes_through(scenario):
    same(scenario)


def test_an_op_that_a_pass_went_through_is_freed_although_its_result_was_asked_for_too():
    for engine in (minigrad, torch):
        x = engine.tensor([1.0], requires_grad=True)
        h = x * x
        engine.autograd.grad((h * h).sum(), [h, x])
        with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
            h.sum().backward()


@pytest.mark.parametrize("ask", ["backward", "backward of the result", "grad", "grad of the result"])
def test_what_retains_its_grad_gets_it_beside_the_inputs_that_were_asked_for(ask):
    def scenario(torch):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x * 2
        y.retain_grad()
        inputs = [y] if "result" in ask else [x]
        if "backward" in ask:
            (y * y).sum().backward(inputs=inputs)
        else:
            torch.autograd.grad((y * y).sum(), inputs)
        return y.grad.tolist(), x.grad is None

    same(scenario)


def test_no_inputs_at_all_are_refused():
    for engine in (minigrad, torch):
        x = engine.tensor([1.0], requires_grad=True)
        with pytest.raises(RuntimeError, match=r"`inputs` argument to `backward\(\)` cannot be empty"):
            (x * 2).sum().backward(inputs=[])
        with pytest.raises(RuntimeError, match=r"`inputs` argument to `grad\(\)` cannot be empty"):
            engine.autograd.grad((x * 2).sum(), [])
        assert x.grad is None


def test_the_gradient_of_a_result_is_not_kept_unless_asked_for():
    x = leaf(1.0)
    y = x * 2
    y.backward()
    with pytest.warns(UserWarning, match="not a leaf"):
        assert y.grad is None


def test_a_number_made_of_a_tensor_that_requires_grad_is_warned_of_once(monkeypatch):
    def warnings_of(engine, make):
        x = engine.tensor([2.0], requires_grad=True)
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            make(engine, x)
        return ["Converting a tensor with requires_grad=True to a scalar" in str(each.message) for each in given]

    def without_grad(engine, x):
        with engine.no_grad():
            float(x)

    for engine in (torch, minigrad):
        engine.set_warn_always(True)
    try:
        for number, make in (
            (1, lambda engine, x: float(x)),
            (1, lambda engine, x: float(x * 2)),
            (1, lambda engine, x: complex(x)),
            (1, lambda engine, x: math.sqrt(x)),
            (1, lambda engine, x: engine.tensor([x])),
            (1, lambda engine, x: engine.tensor([1.0, x.sum()])),
            (0, without_grad),
            (0, lambda engine, x: (int(x), bool(x), x.item(), x.tolist(), f"{x.sum():.1f}", float(x.detach()))),
        ):
            assert warnings_of(torch, make) == warnings_of(minigrad, make) == [True] * number
    finally:
        for engine in (torch, minigrad):
            engine.set_warn_always(False)
    monkeypatch.setattr(places, "told", set())
    assert warnings_of(minigrad, lambda _, x: [float(x) for _ in range(3)]) == [True]


def test_only_the_inputs_asked_for_get_gradients():
    a, b = leaf(1.0), leaf(2.0)
    h = a * b
    (h * h).backward(inputs=[a, h])
    assert a.grad.item() == 8.0
    assert b.grad is None
    assert h.grad.item() == 4.0


# Higher order, functional, own ops ------------------------------------------------------------------------------


def test_derivatives_of_any_order():
    x = leaf(1.3)
    y, expected = x.sin(), [np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v), np.sin]
    for derivative in expected:
        (y,) = minigrad.autograd.grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(derivative(1.3), abs=1e-14)
    y.backward()
    assert x.grad.item() == pytest.approx(np.cos(1.3))


def test_gradients_with_a_graph_do_not_share_memory():
    a, b = leaf(1.0), leaf(2.0)
    (a + b).backward(create_graph=True)
    assert not np.shares_memory(a.grad.array, b.grad.array)
    a.grad.data.add_(1)
    assert b.grad.item() == 1.0


@pytest.mark.parametrize("name", ["vjp", "jvp", "jacobian", "hessian", "hvp"])
def test_functional_agrees_with_torch(name):
    def function():
        def scalar(a, b):
            return (a.exp() * b).sum() + (a @ b) ** 2

        def several(a, b):
            return a.exp() * b, (a @ b).sin()

        return scalar if name in ("hessian", "hvp") else several

    results = []
    for engine in (minigrad, torch):
        xs = tuple(engine.tensor(v, dtype=engine.float64) for v in ([1.0, 2.0], [0.5, -0.3]))
        v = {"vjp": (xs[1], engine.tensor(2.0, dtype=engine.float64)), "jvp": xs[::-1], "hvp": xs[::-1]}.get(name)
        args = (xs,) if v is None else (xs, v)
        results.append(flat(getattr(engine.autograd.functional, name)(function(), *args)))
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def flat(result):
    if isinstance(result, tuple):
        return [array for part in result for array in flat(part)]
    return [np.asarray(result.detach().tolist())]


def test_functional_without_a_dependence_gives_zeros_or_an_error():
    x = minigrad.ones(2)
    assert minigrad.autograd.functional.jacobian(lambda _: minigrad.ones(3), x).tolist() == [[0, 0]] * 3
    with pytest.raises(RuntimeError, match="independent"):
        minigrad.autograd.functional.vjp(lambda _: minigrad.ones(()), x, strict=True)
    with pytest.raises(RuntimeError, match="can only be None"):
        minigrad.autograd.functional.vjp(lambda a: a * 2, x)
    with pytest.raises(RuntimeError, match="single element"):
        minigrad.autograd.functional.hessian(lambda a: a * 2, x)


def wrong_square(x):
    return record(raw(x) ** 2, (x,), (wrong_square_dx,))


def wrong_square_dx(g, _out, x):
    return g * x * 2.01


def right_first_wrong_second(x):
    return record(raw(x) ** 3, (x,), (right_first_wrong_second_dx,))


def right_first_wrong_second_dx(g, _out, x):
    return g * 3 * x.detach() ** 2 if isinstance(x, minigrad.Tensor) else g * 3 * x**2


@pytest.mark.parametrize("fast_mode", [False, True])
def test_gradcheck_finds_a_wrong_rule(fast_mode):
    x = leaf(1.0, 2.0)
    assert minigrad.autograd.gradcheck(lambda x: x**2, x, fast_mode=fast_mode)
    assert not minigrad.autograd.gradcheck(wrong_square, x, raise_exception=False, fast_mode=fast_mode)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        minigrad.autograd.gradcheck(wrong_square, x, fast_mode=fast_mode)
    assert minigrad.autograd.gradcheck(right_first_wrong_second, x, fast_mode=fast_mode)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        minigrad.autograd.gradgradcheck(right_first_wrong_second, x, fast_mode=fast_mode)


@pytest.mark.parametrize("fast_mode", [False, True])
def test_gradcheck_finds_a_gradient_that_was_lost(fast_mode):
    for lib in (torch, minigrad):
        x = lib.tensor([1.0, 2.0], dtype=lib.float64, requires_grad=True)
        check = lib.autograd.gradcheck
        for lost in (lambda x: (x * x).detach(), lambda x, lib=lib: lib.tensor((x * x).tolist(), dtype=lib.float64)):
            assert not check(lost, x, raise_exception=False, fast_mode=fast_mode)
            with pytest.raises(RuntimeError, match="Numerical gradient for function expected to be zero"):
                check(lost, x, fast_mode=fast_mode)
        assert check(lambda x: x.detach() * 0 + 1, x, fast_mode=fast_mode)
    with pytest.raises(TypeError, match="must return Tensors, not int"):
        minigrad.autograd.gradcheck(lambda x: 3, leaf(1.0))


def test_gradcheck_refuses_inputs_without_grad_and_warns_of_float32():
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        minigrad.autograd.gradcheck(lambda x: x, minigrad.ones(2))
    with pytest.warns(UserWarning, match="not a double precision"):
        minigrad.autograd.gradcheck(lambda x: x * 2, leaf(1.0, dtype=minigrad.float32), eps=1e-2)


def test_gradcheck_notices_a_pass_that_is_not_deterministic():
    state = [0.0]

    def f(x):
        return record(raw(x) * 1.0, (x,), (f_dx,))

    def f_dx(g, _out, _x):
        state[0] += 1e-7
        return g * (1 + state[0])

    with pytest.raises(RuntimeError, match="not reentrant"):
        minigrad.autograd.gradcheck(f, leaf(1.0))


# Powers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    "exponent", [-0.5, 0.5, -1.5, 1.5, 2.5, -1.0, -2, 0, 1, 2, 3, 4.0, torch.tensor(0.5), torch.tensor(1.5)]
)
def test_powers_of_special_numbers(exponent, dtype):
    """Some are no powers in PyTorch but roots and products, which differ at -0.0 and -inf."""
    numbers = [0.0, -0.0, 1.0, -1.0, 2.25, -2.5, 30.0, math.inf, -math.inf, math.nan]

    def run(lib, create_graph):
        x = lib.tensor(numbers, dtype=getattr(lib, dtype), requires_grad=True)
        y = x ** (lib.tensor(exponent.item(), dtype=x.dtype) if torch.is_tensor(exponent) else exponent)
        (slope,) = lib.autograd.grad(y, x, lib.ones_like(y), create_graph=create_graph)
        return [found.detach().numpy() for found in (y, slope)]

    for create_graph in (False, True):
        for mine, theirs in zip(run(minigrad, create_graph), run(torch, create_graph), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=4 * np.finfo(dtype).eps)
            np.testing.assert_array_equal(np.signbit(mine)[theirs == 0], np.signbit(theirs)[theirs == 0])
