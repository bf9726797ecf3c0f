"""What a compiled step reads in Python may change between its calls, in any way: then it does what the step does."""

import collections
import contextvars
import dataclasses
import enum
import functools
import itertools
import threading
import types
import warnings
import weakref

import numpy as np
import pytest

import minigrad as torch
from minigrad import nn
from minigrad.compiled.reads import MANY

F = nn.functional
CHANGES = {}
"""By name: what makes a step of one tensor, and what changes something that it reads."""


def change(make):
    """One more."""
    CHANGES[make.__name__] = make
    return make


@change
def a_default():
    def step(x, factor=1.0, *, term=2.0):
        return x * factor + term

    return step, lambda: (setattr(step, "__defaults__", (5.0,)), step.__kwdefaults__.update(term=7.0))


@change
def a_helpers_default_and_code():
    def helper(x, factor=2.0):
        return x * factor

    def other(x, factor=2.0):
        return x + factor

    return lambda x: helper(x) + 1, lambda: (
        setattr(helper, "__defaults__", (5.0,)),
        setattr(helper, "__code__", other.__code__),
    )


@change
def an_attribute_of_a_function():
    def step(x):
        return x * step.factor

    step.factor = 1.0
    return step, lambda: setattr(step, "factor", 3.0)


@change
def slots():
    @dataclasses.dataclass(slots=True)
    class Config:
        factor: float = 1.0

    config = Config()
    return lambda x: x * config.factor, lambda: setattr(config, "factor", 3.0)


@change
def a_class():
    class Scale(nn.Module):
        factors = (1.0, [2.0])

        def forward(self, x):
            return x * self.factors[1][0]

    scale = Scale()
    return lambda x: scale(x), lambda: setattr(Scale, "forward", lambda self, x: x + self.factors[0])


@change
def a_class_that_is_read():
    class Config:
        factors: list = [1.0]  # noqa: RUF012

        @classmethod
        def scaled(cls, x):
            return x * cls.factors[0]

    return lambda x: Config.scaled(x), lambda: Config.factors.__setitem__(0, 4.0)


@change
def a_layer_of_minigrads():
    layer = nn.ReLU()
    return lambda x: layer(x - 2), lambda: setattr(layer, "forward", lambda x: x * 100)


@change
def a_table_of_functions():
    table, config = {"a": lambda x: x * 2, "b": lambda x: x * 3}, types.SimpleNamespace(name="a")
    return lambda x: table[config.name](x), lambda: setattr(config, "name", "b")


@change
def an_enumeration():
    class Mode(enum.Enum):
        ONE, TWO = 1, 2

    config = types.SimpleNamespace(mode=Mode.ONE)
    return lambda x: x * config.mode.value, lambda: setattr(config, "mode", Mode.TWO)


@change
def a_name_of_an_attribute():
    config = types.SimpleNamespace(name="a", a=1.0, b=2.0)
    return lambda x: x * getattr(config, config.name), lambda: setattr(config, "name", "b")


@change
def what_getattr_finds():
    class Config:
        def __getattr__(self, name):
            return table[name]

    table, config = {"factor": 1.0}, Config()
    return lambda x: x * config.factor, lambda: table.update(factor=4.0)


@change
def a_partial_function():
    scaled = functools.partial(lambda x, factor: x * factor, factor=1.0)
    return lambda x: scaled(x), lambda: scaled.keywords.update(factor=3.0)


@change
def a_key_for_the_same_value():
    table = {"a": 1.0, "b": 1.0}
    return lambda x: x * table.get("b", 5.0), lambda: table.update(c=table.pop("b"))


@change
def the_order_of_a_dict():
    table = collections.OrderedDict(a=2.0, b=3.0)

    def step(x):
        for term in table.values():
            x = x * 2 + term
        return x

    return step, lambda: table.move_to_end("a")


@change
def dicts_of_the_library():
    by_name, counts, queue = collections.UserDict(a=1.0), collections.Counter(a=1), collections.deque([1.0, 2.0])
    return lambda x: x * by_name["a"] + counts["a"] * queue[0], lambda: (counts.update("a"), queue.rotate())


@change
def an_attribute_of_a_number():
    class Number(int):
        pass

    numbers = [Number(1)]
    numbers[0].factor = 1.0
    return lambda x: x * numbers[0].factor, lambda: setattr(numbers[0], "factor", 3.0)


@change
def a_zero_with_a_sign():
    numbers = [0.0]
    return lambda x: x / numbers[0], lambda: numbers.__setitem__(0, -0.0)


@change
def an_attribute_that_there_was_not():
    config = types.SimpleNamespace()
    return lambda x: x * (2 if hasattr(config, "factor") else 1), lambda: setattr(config, "factor", 3.0)


@change
def a_free_variable_without_a_value():
    def step(x):
        try:
            return x * factor
        except NameError:
            return x * 100

    def set_factor():
        nonlocal factor
        factor = 3.0

    factor = 1.0
    del factor
    return step, set_factor


@change
def an_object_that_is_called():
    class Scale:
        factor = 1.0

        def __call__(self, x):
            return x * self.factor

    scale = Scale()
    return scale, lambda: setattr(scale, "factor", 3.0)


@change
def a_global_in_the_place_of_a_function_of_pythons():
    names = {"F": F}
    exec("def step(x): return abs(x - 2)", names)
    return names["step"], lambda: names.update(abs=F.relu)


@change
def an_attribute_of_a_tensor():
    weight = torch.ones(3)
    weight.factors = [1.0]
    return lambda x: x * weight.factors[0], lambda: weight.factors.__setitem__(0, 3.0)


@change
def a_slice():
    config = types.SimpleNamespace(part=slice(0, 2))
    return lambda x: x[config.part] * 2, lambda: setattr(config, "part", slice(1, 3))


@change
def a_function_of_minigrads():
    def step(x):
        return F.relu(x - 2)

    return step, lambda: setattr(F, "relu", torch.abs)


@change
def a_free_variable_of_a_hook():
    factor = 1.0

    def hook(grad):
        return grad * factor

    def set_factor():
        nonlocal factor
        factor = 3.0

    weight = torch.ones(3, requires_grad=True)
    weight.register_hook(hook)

    def step(x):
        return torch.autograd.grad((weight * x).sum(), weight)[0]

    return step, set_factor


def called(step, change, x):
    """What twelve calls give, with a change after six."""
    results = []
    for call in range(12):
        if call == 6:
            change()
        results.append(step(x).numpy().copy())
    return results


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen(name, monkeypatch):
    x = torch.arange(3.0) + 1
    monkeypatch.setattr(F, "relu", F.relu)
    step, change = CHANGES[name]()
    want = called(step, change, x)
    monkeypatch.undo()
    monkeypatch.setattr(F, "relu", F.relu)
    step, change = CHANGES[name]()
    compiled = torch.compile(step)
    got = called(compiled, change, x)
    assert all(x.tobytes() == y.tobytes() for x, y in zip(got, want, strict=True))
    assert any(x.tobytes() != y.tobytes() for x, y in zip(want[:6], want[6:], strict=True))
    assert compiled.program is not None


OUTSIDE = {
    "an iterator": lambda: itertools.count(),
    "a weak reference": lambda: weakref.ref(CHANGES[next(iter(CHANGES))]),
    "a variable of the context": lambda: contextvars.ContextVar("x"),
    "a variable of the thread": threading.local,
    "an array": lambda: np.ones(1),
    "memory": lambda: bytearray(3),
    "more than a guard looks at in time": lambda: [[i] for i in range(MANY)],
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_no_guard_sees_is_refused(name):
    outside = OUTSIDE[name]()
    compiled = torch.compile(lambda x: x * (2 if outside is None else 3))
    with pytest.warns(
        UserWarning, match="is not captured: (reads|can reach more than 20000 objects, the last of them by `outside)"
    ):
        assert [compiled(torch.ones(1)).item() for _ in range(4)] == [3] * 4


# Optimizers ---------------------------------------------------------------------------------------------------


def change_state(optimizer, weight):
    optimizer.state[weight]["exp_avg"] = torch.ones_like(weight)


CHANGES_OF_AN_OPTIMIZER = {
    "its parameters": lambda optimizer, _: optimizer.param_groups[0].update(
        params=optimizer.param_groups[0]["params"][1:]
    ),
    "one of its parameters": lambda optimizer, _: optimizer.param_groups[0]["params"].pop(0),
    "a group": lambda optimizer, _: optimizer.add_param_group(
        {"params": [torch.ones(1, requires_grad=True)], "lr": 0.5}
    ),
    "its state": lambda optimizer, _: optimizer.state.clear(),
    "a tensor of its state": change_state,
    "numbers in a list": lambda optimizer, _: optimizer.param_groups[0]["betas"].__setitem__(0, 0.0),
    "a flag": lambda optimizer, _: optimizer.param_groups[0].update(maximize=True),
}


@pytest.mark.parametrize("name", CHANGES_OF_AN_OPTIMIZER)
def test_a_change_of_an_optimizer_is_seen(name):
    def run(compiled):
        torch.manual_seed(0)
        layer = nn.Linear(3, 2)
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
        optimizer.param_groups[0]["betas"] = [0.9, 0.99]

        def step(x):
            loss = layer(x).square().sum()
            layer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        step = torch.compile(step, fullgraph=True) if compiled else step
        losses = []
        for call in range(14):
            if call == 6:
                CHANGES_OF_AN_OPTIMIZER[name](optimizer, layer.weight)
            losses.append(step(torch.ones(4, 3)).item())
        return losses, layer.weight.tolist(), layer.bias.tolist()

    assert run(True) == run(False)


# Arguments, results and threads -------------------------------------------------------------------------------


def test_an_argument_that_is_returned_is_itself():
    compiled = torch.compile(lambda x, y: (x, [y, x + y]))
    for _ in range(5):
        x, y = torch.ones(2), torch.zeros(2)
        first, (second, total) = compiled(x, y)
        assert first is x
        assert second is y
        assert total.tolist() == [1, 1]
    assert compiled.program is not None


def test_a_tensor_that_is_returned_twice_is_one():
    def step(x):
        total = x + 1
        return total, [total]

    compiled = torch.compile(step)
    assert all(first is second for first, (second,) in (compiled(torch.ones(2)) for _ in range(5)))
    assert compiled.program is not None


def test_two_views_of_one_result_share_memory():
    def step(x):
        total = x + 1
        return total, total[0]

    compiled = torch.compile(step)
    with pytest.warns(UserWarning, match="returns two tensors of one memory"):
        results = [compiled(torch.ones(2)) for _ in range(5)]
    assert all(total.add_(1)[0] == part == 3 for total, part in results)


def test_an_argument_that_is_changed():
    compiled = torch.compile(lambda x: x.mul_(2).sum())
    x = torch.ones(2)
    with pytest.warns(UserWarning, match="changes an argument in place"):
        assert [compiled(x).item() for _ in range(5)] == [4, 8, 16, 32, 64]
    assert x.tolist() == [32, 32]


def test_an_argument_that_is_changed_under_another_name():
    weight = torch.ones(2)

    def step(x):
        weight.mul_(2)
        return x + weight

    compiled = torch.compile(step)
    with pytest.warns(UserWarning, match="changes a tensor that is an argument, too"):
        assert [compiled(weight).tolist()[0] for _ in range(4)] == [4, 8, 16, 32]
    compiled = torch.compile(step)
    others = [compiled(torch.zeros(2)).tolist()[0] for _ in range(5)]
    assert others == [32, 64, 128, 256, 512]
    assert compiled(weight).tolist() == [2048, 2048]


def test_arguments_that_share_memory():
    x = torch.arange(4.0)
    compiled = torch.compile(lambda x, y: x + y)
    with pytest.warns(UserWarning, match="two of its arguments share memory"):
        assert [compiled(x[:3], x[1:]).tolist() for _ in range(4)] == [[1, 3, 5]] * 4
    compiled = torch.compile(lambda x, y: x + y)
    assert [compiled(x, x).tolist() for _ in range(4)] == [[0, 2, 4, 6]] * 4
    assert compiled(x, x * 0).tolist() == x.tolist()


def test_the_sign_of_zero_among_arguments():
    compiled = torch.compile(lambda x, factor: x * factor)
    signs = [np.signbit(compiled(torch.ones(1), factor).numpy())[0] for factor in [0.0, -0.0] * 5]
    assert signs == [False, True] * 5


def test_compiled_in_compiled_is_part_of_it():
    factors = [1.0]
    inner = torch.compile(lambda x: x * factors[0])
    outer = torch.compile(lambda x: inner(x) + 1)
    for factor in (1.0, 2.0):
        factors[0] = factor
        assert [outer(torch.ones(1)).item() for _ in range(5)] == [factor + 1] * 5
    assert outer.program is not None


def test_threads_have_the_memory_of_a_program_one_at_a_time():
    def step(x):
        for _ in range(20):
            x = x * 1.01 + 0.5
        return x.sum()

    compiled, x = torch.compile(step), torch.randn(20, 20)
    for _ in range(4):
        compiled(x)
    wrong = []

    def run(factor):
        want = step(x * factor).item()
        wrong.extend(factor for _ in range(50) if compiled(x * factor).item() != want)

    threads = [threading.Thread(target=run, args=(factor,)) for factor in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_a_guard_sees_costs_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = torch.compile(lambda x: x + 1)
        assert [compiled(torch.zeros(1)).item() for _ in range(5)] == [1] * 5
