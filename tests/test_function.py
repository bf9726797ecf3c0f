"""autograd.Function: ops of the user's own, the same classes with both engines."""

from __future__ import annotations

import gc
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from engines import ENGINES, error_of, same
from processes import python
from stand_in import installed

import minigrad


def cube_of(engine):
    class Cube(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x**2

    return Cube


def exp_of(engine):
    """It saves its output."""

    class Exp(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y, None)
            return y

        @staticmethod
        def backward(ctx, g):
            y, nothing = ctx.saved_tensors
            assert nothing is None
            return g * y

    return Exp


def scale_of(engine):
    """With setup_context, a default, and an argument that is no tensor."""

    class Scale(engine.autograd.Function):
        @staticmethod
        def forward(x, w, times=2):
            return x * w * times

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, w, ctx.times = inputs
            ctx.save_for_backward(x, w)

        @staticmethod
        def backward(ctx, g):
            x, w = ctx.saved_tensors
            return (
                g * w * ctx.times if ctx.needs_input_grad[0] else None,
                (g * x).sum() * ctx.times if ctx.needs_input_grad[1] else None,
                None,
            )

    return Scale


def polar_of(engine):
    """Two outputs of two inputs."""

    class Polar(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            r = (x * x + y * y).sqrt()
            ctx.save_for_backward(x, y)
            return r, x / y

        @staticmethod
        def backward(ctx, g, h):
            x, y = ctx.saved_tensors
            r = (x * x + y * y).sqrt()
            return g * x / r + h / y, g * y / r - h * x / (y * y)

    return Polar


def function_of(engine, forward, backward):
    """A Function of two functions."""
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type(engine.autograd.Function)("Own", (engine.autograd.Function,), methods)


def text(tensor):
    """As it is printed, apart from the name of the library."""
    return str(tensor).replace("minigrad.", "torch.")


def leaf(engine, *values, dtype="float64"):
    return engine.tensor(values, dtype=getattr(engine, dtype), requires_grad=True)


# Values and gradients -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [cube_of, exp_of])
def test_values_gradients_and_second_derivatives(of):
    def scenario(engine):
        own, x = of(engine), leaf(engine, 0.5, -1.25, 2.0)
        y = own.apply(x)
        (g,) = engine.autograd.grad((y * y).sum(), x, create_graph=True)
        (h,) = engine.autograd.grad(g.sum(), x, create_graph=True)
        (h * x).sum().backward()
        return [t.tolist() for t in (y, g, h, x.grad)], text(y), y.grad_fn.name(), type(y.grad_fn).__name__

    same(scenario)


def test_arguments_that_are_no_tensors_and_setup_context():
    def scenario(engine):
        own, x, w = scale_of(engine), leaf(engine, 1.0, 2.0), leaf(engine, 3.0)
        whole, w = w, w[0]
        seen = []
        for args, options in (((x, w), {}), ((x, w, 5), {}), ((x,), {"w": w}), ((x,), {"times": 3, "w": w})):
            y = own.apply(*args, **options)
            y.sum().backward()
            seen += [y.tolist(), x.grad.tolist(), whole.grad.tolist(), y.grad_fn.needs_input_grad, y.grad_fn.times]
        return seen

    def scenario_of_numbers(engine):
        return (
            function_of(engine, lambda _ctx, x, n, name: x * n, lambda _ctx, g: (g * 3, None, None))
            .apply(leaf(engine, 2.0), 3, "a")
            .tolist()
        )

    same(scenario)
    same(scenario_of_numbers)


def test_several_outputs():
    def scenario(engine):
        own, x, y = polar_of(engine), leaf(engine, 3.0, 1.0), leaf(engine, 4.0, -2.0)
        a, b = own.apply(x, y)
        (a * b).sum().backward()
        first = [t.tolist() for t in (a, b, x.grad, y.grad)]
        alone = [t.tolist() for t in engine.autograd.grad(own.apply(x, y)[1].sum(), (x, y))]
        a, b = own.apply(x, y)
        (g,) = engine.autograd.grad((a + b * b).sum(), x, create_graph=True)
        second = [t.tolist() for t in engine.autograd.grad((g * g).sum(), (x, y))]
        return first, alone, second, text(a), text(b), a.grad_fn.name()

    values = [scenario(engine) for engine in ENGINES]
    for theirs, ours in zip(values[0][:3], values[1][:3]):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    assert values[1][3:] == values[0][3:]


def test_gradcheck_of_ones_own():
    def scenario(engine):
        x, y = leaf(engine, 0.5, -1.25), leaf(engine, 1.5, 2.0)
        check, again = engine.autograd.gradcheck, engine.autograd.gradgradcheck
        passed = [check(of(engine).apply, (x,)) and again(of(engine).apply, (x,)) for of in (cube_of, exp_of)]
        passed.append(check(polar_of(engine).apply, (x, y)) and again(polar_of(engine).apply, (x, y)))
        passed.append(check(lambda x, y: scale_of(engine).apply(x, y.sum(), 3), (x, y)))
        wrong = function_of(engine, lambda _ctx, x: x * 2, lambda _ctx, g: g * 3)
        with pytest.raises(RuntimeError, match="Jacobian mismatch"):
            check(wrong.apply, (x,))
        return passed

    assert same(scenario) == [True] * 4


def test_an_output_of_integers_and_one_marked_as_constant():
    def scenario(engine):
        seen = []

        def forward(ctx, x):
            marked = x * 3
            ctx.mark_non_differentiable(marked)
            return x * 2, engine.arange(2), marked, "text"

        def backward(_ctx, g, of_integers, of_marked, of_text):
            seen.extend([g.tolist(), of_integers.tolist(), str(of_integers.dtype)[-5:], of_marked.tolist(), of_text])
            return g * 2

        x = leaf(engine, 1.0, 2.0)
        y, n, marked, text = function_of(engine, forward, backward).apply(x)
        y.sum().backward()
        return seen, n.requires_grad, marked.requires_grad, marked.is_leaf, text, x.grad.tolist()

    same(scenario)


@pytest.mark.parametrize("materialize", [True, False])
def test_outputs_that_no_gradient_comes_to(materialize):
    def scenario(engine):
        seen = []

        def forward(ctx, x):
            ctx.set_materialize_grads(materialize)
            return x * 2, x.float(), x * 3

        def backward(_ctx, *gs):
            seen.append([None if g is None else (g.tolist(), str(g.dtype)[-7:], g.requires_grad) for g in gs])
            return sum(g for g in gs if g is not None)

        x = leaf(engine, 1.0, 2.0)
        for chosen in (0,), (1,), (0, 2), (0, 1, 2):
            outputs = function_of(engine, forward, backward).apply(x)
            sum((outputs[i] * outputs[i]).sum() for i in chosen).backward()
        return seen, x.grad.tolist()

    same(scenario)


def test_no_gradient_is_none_all_the_way_down():
    def scenario(engine):
        own = function_of(engine, lambda _ctx, x, y: x * y, lambda _ctx, g: (None, g * 2))
        x, y = leaf(engine, 1.0, 2.0), leaf(engine, 3.0, 4.0)
        own.apply(x.exp(), y).sum().backward()
        first = x.grad, y.grad.tolist()
        (own.apply(x.exp(), y) + x).sum().backward()
        unused = engine.autograd.grad(own.apply(x, y).sum(), x, allow_unused=True)
        zeros = engine.autograd.grad(own.apply(x, y).sum(), x, allow_unused=True, materialize_grads=True)
        refused = error_of(engine.autograd.grad, own.apply(x, y).sum(), x)
        return first, x.grad.tolist(), unused, zeros[0].tolist(), refused

    same(scenario)


def test_backward_is_called_once_for_each_pass():
    def scenario(engine):
        calls = []

        def backward(_ctx, g):
            calls.append(engine.is_grad_enabled())
            return g * len(calls), g * 10 * len(calls)

        own = function_of(engine, lambda _ctx, x, y: x + y, backward)
        x, y = leaf(engine, 1.0), leaf(engine, 2.0)
        loss, start = own.apply(x, y), engine.ones(1, dtype=engine.float64)
        loss.backward(start, retain_graph=True)
        loss.backward(start, retain_graph=True)
        loss = loss.sum()
        seen = [x.grad.item(), y.grad.item()]
        for wanted in (x, y, x, (y, x)):
            seen += [g.item() for g in engine.autograd.grad(loss, wanted, retain_graph=True)]
        engine.autograd.grad(loss, x, create_graph=True)
        return seen, calls

    same(scenario)


def test_what_forward_and_backward_are_told():
    def scenario(engine):
        seen = []

        def forward(ctx, x, *_others):
            seen.append((ctx.needs_input_grad, x.requires_grad, engine.is_grad_enabled(), type(ctx).__name__))
            return x * 2

        def backward(ctx, g):
            seen.append((ctx.needs_input_grad, g.requires_grad, engine.is_grad_enabled(), type(ctx).__name__))
            return g, None, None, None

        own, x = function_of(engine, forward, backward), leaf(engine, 1.0)
        own.apply(x, 3, engine.ones(1), None).sum().backward()
        with engine.no_grad():
            y = own.apply(x, 3, None, None)
        z = own.apply(engine.ones(1), 3, None, None)
        return seen, y.requires_grad, z.requires_grad, y.grad_fn

    same(scenario)


def test_a_backward_that_is_a_function_of_its_own():
    """As the tutorials write a second derivative by hand."""

    def scenario(engine):
        class SinhBackward(engine.autograd.Function):
            @staticmethod
            def forward(ctx, x, g):
                ctx.save_for_backward(x, g)
                return g * (x.exp() + (-x).exp()) / 2

            @staticmethod
            def backward(ctx, gg):
                x, g = ctx.saved_tensors
                return gg * g * (x.exp() - (-x).exp()) / 2, gg * (x.exp() + (-x).exp()) / 2

        class Sinh(engine.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return (x.exp() - (-x).exp()) / 2

            @staticmethod
            def backward(ctx, g):
                return SinhBackward.apply(*ctx.saved_tensors, g)

        x = leaf(engine, 0.5, -1.0)
        checks = engine.autograd.gradcheck(Sinh.apply, x), engine.autograd.gradgradcheck(Sinh.apply, x)
        (g,) = engine.autograd.grad(Sinh.apply(x).sum(), x, create_graph=True)
        (h,) = engine.autograd.grad(g.sum(), x)
        return checks, np.round(g.detach().numpy(), 12).tolist(), np.round(h.numpy(), 12).tolist(), g.grad_fn.name()

    same(scenario)


def test_a_pass_within_backward():
    def scenario(engine):
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        def backward(ctx, g):
            x = ctx.saved_tensors[0].detach().requires_grad_()
            with engine.enable_grad():
                (slope,) = engine.autograd.grad(x.sin().sum(), x)
            return g * slope

        x = leaf(engine, 0.5, -1.0)
        own = function_of(engine, forward, backward)
        (own.apply(x) * own.apply(x * 2)).sum().backward()
        return np.round(x.grad.numpy(), 12).tolist()

    same(scenario)


def test_threads_pass_one_graph_at_once():
    def backward(_ctx, g):
        time.sleep(0.001)
        return g * 2, g * 3

    x, y = leaf(minigrad, 1.0), leaf(minigrad, 2.0)
    z = function_of(minigrad, lambda _ctx, x, y: x + y, backward).apply(x, y)
    with ThreadPoolExecutor(4) as pool:
        starts = [minigrad.tensor([float(i)], dtype=minigrad.float64) for i in range(40)]
        found = list(pool.map(lambda g: minigrad.autograd.grad(z, (x, y), g, retain_graph=True), starts))
    assert [[g.item() for g in pair] for pair in found] == [[2.0 * i, 3.0 * i] for i in range(40)]


def test_what_was_saved_is_let_go_with_the_graph():
    x = leaf(minigrad, 1.0, 2.0)
    between = x * 1
    saved = weakref.ref(between)
    y = cube_of(minigrad).apply(between)
    del between
    assert saved() is not None
    y.sum().backward()
    assert saved() is None


# Inputs as outputs, views, changes in place -----------------------------------------------------------------------


def changing(ctx, x):
    x.mul_(2)
    ctx.mark_dirty(x)
    return x


def test_an_input_that_is_returned_is_a_view_of_it():
    def scenario(engine):
        own = function_of(engine, lambda _ctx, x: x, lambda _ctx, g: g * 5)
        x = leaf(engine, 1.0, 2.0)
        y = own.apply(x)
        y.sum().backward()
        constant = own.apply(engine.ones(2))
        return y is x, y._is_view(), y._base is x, x.grad.tolist(), error_of(y.mul_, 2), constant._is_view()

    same(scenario)


def test_a_view_is_not_changed_in_place():
    def scenario(engine):
        own = function_of(engine, lambda _ctx, x: x.view(2, 1), lambda _ctx, g: g.view(2) * 5)
        x = leaf(engine, 1.0, 2.0)
        y = own.apply(x)
        y.sum().backward()
        between = x * 1
        view = own.apply(between)
        between.mul_(2)
        return x.grad.tolist(), y._base is x, error_of(own.apply(x).mul_, 2), error_of(view.sum)

    theirs, ours = (scenario(engine) for engine in ENGINES)
    assert ours[:3] == theirs[:3]
    assert ours[3][1].startswith(theirs[3][1].partition(" The change:")[0])


def test_an_input_that_is_changed_in_place():
    def scenario(engine):
        own, x = function_of(engine, changing, lambda _ctx, g: g * 2), leaf(engine, 1.0, 2.0)
        between = x * 1
        y = own.apply(between)
        version = between._version
        (y * y).sum().backward()
        constant = engine.ones(2)
        own.apply(constant)
        return y is between, text(between), version, x.grad.tolist(), constant.tolist(), constant.requires_grad

    same(scenario)


def test_a_view_that_is_changed_in_place_changes_its_base():
    def scenario(engine):
        own, x = function_of(engine, changing, lambda _ctx, g: g * 3), leaf(engine, 1.0, 2.0, 3.0)
        base = x * 1
        view = base[:2]
        y = own.apply(view)
        (base * base).sum().backward()
        return y is view, view.grad_fn.name(), base.grad_fn.name(), base.tolist(), x.grad.tolist()

    same(scenario)


def test_a_constant_that_becomes_part_of_the_graph():
    def scenario(engine):
        def forward(ctx, a, b):
            a.add_(b)
            ctx.mark_dirty(a)
            return a, b * 2

        own = function_of(engine, forward, lambda _ctx, g, h: (g, g + h * 2))
        a, x = engine.ones(2, dtype=engine.float64), leaf(engine, 1.0, 2.0)
        changed, other = own.apply(a, x)
        (changed * a + other).sum().backward()
        view = (x * 1)[:2]
        return changed is a, a.requires_grad, a.tolist(), x.grad.tolist(), error_of(own.apply, view, x)[1][:300]

    same(scenario)


def test_changes_in_place_that_are_refused():
    def scenario(engine):
        def not_returned(ctx, x):
            ctx.mark_dirty(x.mul_(2))
            return x * 1

        def forgotten(_ctx, x):
            return x.mul_(2)

        x = leaf(engine, 1.0, 2.0)
        refused = [error_of(function_of(engine, changing, None).apply, x)]
        refused.append(error_of(function_of(engine, not_returned, None).apply, x * 1))
        y = function_of(engine, forgotten, lambda _ctx, g: g).apply(x * 1)
        return refused, y.requires_grad

    same(scenario)


def test_marking_what_is_no_input_is_warned_of():
    def scenario(engine):
        def forward(ctx, x):
            y = x * 1
            ctx.mark_dirty(y)
            return y

        with pytest.warns(UserWarning, match="received a tensor that was not an input"):
            y = function_of(engine, forward, lambda _ctx, g: g).apply(leaf(engine, 1.0))
        return y.grad_fn.name()

    same(scenario)


# Errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "returned",
    ["(g, g)", "(g, None, None)", "3.0", "[g]", "engine.ones(3)", "engine.ones(1)", "engine.ones(4, 2)", "g.float()"],
)
def test_gradients_that_do_not_fit(returned):
    def scenario(engine):
        names = {"engine": engine}
        own = function_of(engine, lambda _ctx, x: x * 2, lambda _ctx, g: eval(returned, names, {"g": g}))
        x = leaf(engine, 1.0, 2.0)
        try:
            own.apply(x).sum().backward()
        except RuntimeError as error:
            return str(error)
        return x.grad.tolist(), str(x.grad.dtype)[-7:]

    same(scenario)


def test_wrong_numbers_of_gradients_and_gradients_of_numbers():
    def scenario(engine):
        one = function_of(engine, lambda _ctx, x, y: x * 2, lambda _ctx, g: g)
        two = function_of(engine, lambda _ctx, x, n: x * n, lambda _ctx, g: (g, g))
        x = leaf(engine, 1.0, 2.0)
        return error_of(one.apply(x, x).sum().backward), error_of(two.apply(x, 3).sum().backward)

    same(scenario)


def test_a_function_without_its_methods():
    def scenario(engine):
        x, function = leaf(engine, 1.0), engine.autograd.Function
        kind = type(function)
        empty = kind("Empty", (function,), {})
        only = kind("Only", (function,), {"forward": staticmethod(lambda _ctx, x: x * 2)})
        vjp = kind("Vjp", (only,), {"vjp": staticmethod(lambda _ctx, g: g * 7)})
        both = kind("Both", (vjp,), {"backward": staticmethod(lambda _ctx, g: g)})
        vjp.apply(x).backward()
        with pytest.warns(DeprecationWarning, match="should not be instantiated"):
            instance = only()
        errors = [error_of(empty.apply, x), error_of(instance, x)]
        return x.grad.item(), errors, error_of(only.apply(x).backward), error_of(both.apply(x).backward)

    same(scenario)


def test_only_tensors_are_saved():
    def scenario(engine):
        def forward(ctx, x):
            ctx.save_for_backward(x, 3)
            return x * 2

        return error_of(function_of(engine, forward, None).apply, leaf(engine, 1.0))

    same(scenario)


def test_what_was_saved_and_changed_is_refused():
    def scenario(engine):
        x = leaf(engine, 1.0, 2.0)
        between = x * 1
        y = cube_of(engine).apply(between)
        between.mul_(2)
        out = exp_of(engine).apply(x)
        out.mul_(2)
        return [error_of(t.sum().backward)[1][:94] for t in (y, out)]

    assert "modified by an inplace operation" in same(scenario)[0]


def test_a_second_pass_needs_what_was_saved():
    def scenario(engine):
        x = leaf(engine, 1.0, 2.0)
        y, z = cube_of(engine).apply(x), function_of(engine, lambda _ctx, x: x * 2, lambda _ctx, g: g).apply(x)
        before = y.grad_fn.saved_tensors[0] is x
        y.sum().backward()
        z.backward(x)
        z.backward(x)  # it saved nothing
        return before, error_of(y.sum().backward)[1][:50], error_of(lambda: y.grad_fn.saved_tensors), x.grad.tolist()

    same(scenario)


@pytest.mark.parametrize("graph", [True, False])
def test_once_differentiable(graph):
    def scenario(engine):
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @engine.autograd.function.once_differentiable
        def backward(ctx, g):
            assert not engine.is_grad_enabled()
            return g * 2 * ctx.saved_tensors[0]

        own, x = function_of(engine, forward, backward), leaf(engine, 1.0, 2.0)
        y = own.apply(x)
        start = (y * y).sum() if graph else y.sum()
        (g,) = engine.autograd.grad(start, x, create_graph=True)
        return g.tolist(), g.requires_grad, error_of(g.sum().backward)[1][:60]

    same(scenario)


def test_an_error_of_backward_names_the_users_line():
    def backward(_ctx, _g):
        raise ValueError("no derivative")

    y = function_of(minigrad, lambda _ctx, x: x * 2, backward).apply(leaf(minigrad, 1.0))
    with pytest.raises(ValueError, match="no derivative") as info:
        y.backward()
    assert "Own.backward of OwnBackward, recorded at" in info.value.__notes__[0]
    assert "y = function_of(minigrad" in info.value.__notes__[0]


def test_anomaly_detection_names_the_function():
    def scenario(engine):
        own = function_of(engine, lambda _ctx, x, y: x + y, lambda _ctx, g: (g, g * float("nan")))
        with engine.autograd.set_detect_anomaly(True):
            return error_of(own.apply(leaf(engine, 1.0), leaf(engine, 2.0)).backward)

    same(scenario)


# Hooks ----------------------------------------------------------------------------------------------------------


def test_hooks_of_the_node_and_of_tensors():
    def scenario(engine):
        seen = []
        own = function_of(engine, lambda _ctx, x, y: x * 2 + y, lambda _ctx, g: (g * 2, None))
        x, y = leaf(engine, 1.0, 2.0), leaf(engine, 3.0, 4.0)
        z = own.apply(x, y)
        z.register_hook(lambda g: seen.append(g.tolist()))
        z.grad_fn.register_hook(lambda to, came: seen.append((to[0].tolist(), to[1], came[0].tolist())))
        (z * z).sum().backward()
        return seen, x.grad.tolist(), y.grad

    same(scenario)


def test_hooks_after_the_gradient_was_added():
    def scenario(engine):
        seen = []
        x = leaf(engine, 1.0, 2.0)
        handle = x.register_post_accumulate_grad_hook(lambda p: seen.append((p is x, p.grad.tolist())))
        (x * 2).sum().backward()
        (x * x).sum().backward()
        handle.remove()
        (x * x).sum().backward()
        engine.autograd.grad((x * x).sum(), x)
        refused = [
            error_of((x * 2).register_post_accumulate_grad_hook, print),
            error_of(engine.ones(1).register_post_accumulate_grad_hook, print),
        ]
        x.register_post_accumulate_grad_hook(lambda _p: 3)
        return seen, refused, error_of((x * x).sum().backward)

    same(scenario)


def test_an_optimizer_in_the_backward_pass():
    def scenario(engine):
        engine.manual_seed(0)
        model = engine.nn.Sequential(engine.nn.Linear(3, 4), engine.nn.Tanh(), engine.nn.Linear(4, 1))
        optimizers = {p: engine.optim.SGD([p], lr=0.1) for p in model.parameters()}

        order, names = [], {p: name for name, p in model.named_parameters()}

        def step(p):
            order.append(names[p])
            optimizers[p].step()
            p.grad = None

        for p in model.parameters():
            p.register_post_accumulate_grad_hook(step)
        for _ in range(3):
            model(engine.ones(2, 3)).pow(2).mean().backward()
        return (
            [np.round(p.detach().numpy(), 5).tolist() for p in model.parameters()],
            [p.grad for p in model.parameters()],
            sorted(order),
        )

    same(scenario)


# Memory, watching, the launcher -----------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [cube_of, exp_of])
def test_nothing_is_kept_once_the_result_is_gone(of):
    x = leaf(minigrad, 1.0, 2.0)
    gc.disable()
    try:
        y = of(minigrad).apply(x)
        watched = weakref.ref(y), weakref.ref(y.grad_fn)
        y.sum().backward()
        del y
        assert [each() for each in watched] == [None, None]
    finally:
        gc.enable()


def test_gradients_are_nobody_elses():
    own = function_of(minigrad, lambda _ctx, x, y: x + y, lambda _ctx, g: (g, g))
    x, y = leaf(minigrad, 1.0, 2.0), leaf(minigrad, 3.0, 4.0)
    own.apply(x, y).backward(start := minigrad.ones(2, dtype=minigrad.float64))
    assert not np.shares_memory(x.grad.numpy(), y.grad.numpy())
    assert not np.shares_memory(x.grad.numpy(), start.numpy())
    x.grad.add_(1)


def test_a_step_that_is_watched_shows_the_users_backward():
    x = leaf(minigrad, 1.0, -2.0)
    with minigrad.watch() as step:
        y = cube_of(minigrad).apply(x)
        y.sum().backward()
    text = step.explain()
    assert "Cube(x)" in text
    assert "x -> x.grad   by Cube.backward, test_function.py:" in text
    assert "| return g * 3 * x**2" in text


def test_watching_calls_backward_no_more_often():
    calls = []
    own = function_of(minigrad, lambda _ctx, x, y: (x * y, x + y), lambda _ctx, g, h: (calls.append(1), g, h)[1:])
    with minigrad.watch() as step:
        a, b = own.apply(leaf(minigrad, 1.0), leaf(minigrad, 2.0))
        (a * b).sum().backward()
    assert len(calls) == 1
    assert "Own" in step.explain()


def test_on_a_gpu():
    with installed():
        x = leaf(minigrad, 3.0, 1.0).detach().to("cuda").requires_grad_()
        y = minigrad.tensor([4.0, -2.0], dtype=minigrad.float64, device="cuda", requires_grad=True)
        a, b = polar_of(minigrad).apply(x, y)
        (g,) = minigrad.autograd.grad((a * b).sum(), x, create_graph=True)
        g.sum().backward()
        polar_of(minigrad).apply(x, y)[1].sum().backward()  # no gradient comes to the first
        assert x.grad.device.type == y.grad.device.type == g.device.type == "cuda"
        here = leaf(minigrad, 3.0, 1.0), leaf(minigrad, 4.0, -2.0)
        a, b = polar_of(minigrad).apply(*here)
        (h,) = minigrad.autograd.grad((a * b).sum(), here[0], create_graph=True)
        h.sum().backward()
        polar_of(minigrad).apply(*here)[1].sum().backward()
        assert [x.grad.tolist(), y.grad.tolist(), g.tolist()] == [*(t.grad.tolist() for t in here), h.tolist()]
        elsewhere = function_of(minigrad, lambda _ctx, x: x * 2, lambda _ctx, g: g.cpu()).apply(x)
        with pytest.raises(RuntimeError, match="at index 0 - expected device cuda:0 but got cpu"):
            elsewhere.sum().backward()


def test_the_launcher_runs_a_script_with_a_function(tmp_path):
    script = tmp_path / "own.py"
    script.write_text(
        "import torch\nfrom torch.autograd import Function\nfrom torch.autograd.function import once_differentiable\n"
        "class Double(Function):\n"
        "    @staticmethod\n    def forward(ctx, x):\n        return x * 2\n"
        "    @staticmethod\n    @once_differentiable\n    def backward(ctx, g):\n        return g * 2\n"
        "x = torch.ones(2, requires_grad=True)\nDouble.apply(x).sum().backward()\n"
        "print(x.grad, torch.autograd.gradcheck(Double.apply, x.detach().double().requires_grad_()))\n"
    )
    assert python("-m", "minigrad", str(script)).stdout == "tensor([2., 2.]) True\n"
