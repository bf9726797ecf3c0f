"""The engine: what a node keeps and lets go of, what it is called, and which way the imports of the house point."""

from __future__ import annotations

import ast
import gc
import inspect
import operator
import weakref
from collections.abc import Callable, Iterator
from functools import lru_cache, partial, wraps
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad
from benchmarks.cost import executed_by
from minigrad.autograd import raw, record
from minigrad.engine.kept import KEPT, READS, reads_of

HOUSE = Path(minigrad.__file__).parent


def leaf(*values: float) -> Any:
    return minigrad.tensor(values, dtype=minigrad.float64, requires_grad=True)


# What a node keeps --------------------------------------------------------------------------------------------


def scaled_by(x: Any, factor: Any) -> Any:
    """An op whose rule is a closure, made anew for each call."""

    def rule(g: Any, _out: Any, _x: Any) -> Any:
        return g * factor

    return record(raw(x) * factor, (x,), (rule,))


def test_a_rule_that_is_a_closure_is_not_kept_alive():
    x = leaf(*range(1000))
    probes = []
    for _ in range(50):
        factor = np.arange(1000.0)
        y = scaled_by(x, factor)
        y.sum().backward()
        probes.append(weakref.ref(factor))
        del y, factor
    gc.collect()
    assert [probe() for probe in probes] == [None] * 50


def test_no_table_grows_with_the_calls():
    def call() -> None:
        x = leaf(1.0, 2.0)
        for _ in range(100):
            scaled_by(x, 2.0).sum().backward()
            minigrad.cat([x, x]).sum().backward()
            record(raw(x) * 1.0, (x,), (lambda g, _out, _x: g,)).sum().backward()

    call()
    gc.collect()
    before = len(KEPT), len(READS), len(gc.get_objects())
    call()
    gc.collect()
    after = len(KEPT), len(READS), len(gc.get_objects())
    assert after[:2] == before[:2]
    assert after[2] < before[2] + 100


def test_a_rule_that_is_a_closure_costs_little_more():
    x = leaf(1.0)
    op = executed_by(lambda: x * 2.0)
    assert executed_by(lambda: scaled_by(x, 2.0)) < 4 * op


class Rules:
    """Rules in all the forms that a callable has."""

    def method(self, g: Any, _out: Any, x: Any) -> Any:
        return g * 2 * x

    @classmethod
    def of_class(cls, g: Any, _out: Any, x: Any) -> Any:
        return g * 2 * x

    def __call__(self, g: Any, _out: Any, x: Any) -> Any:
        return g * 2 * x

    @staticmethod
    def with_more(factor: float, g: Any, _out: Any, x: Any, *, power: float) -> Any:
        return g * factor * x**power


def decorated(rule: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(rule)
    def wrapper(*args: Any) -> Any:
        return rule(*args)

    return wrapper


FORMS = {
    "bound method": lambda: Rules().method,
    "class method": lambda: Rules.of_class,
    "callable object": Rules,
    "partial": lambda: partial(Rules.with_more, 2, power=1),
    "partial of a partial": lambda: partial(partial(Rules.with_more, 2), power=1),
    "partial of a method": lambda: partial(Rules().method),
    "wrapped": lambda: decorated(Rules().method),
    "lambda": lambda: lambda g, _out, x: g * 2 * x,
    "of any number": lambda: lambda g, *operands: g * 2 * operands[1],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_rule_may_be_any_callable(form: str):
    x = leaf(1.0, 3.0)
    y = record(raw(x) ** 2, (x,), (FORMS[form](),))
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 6.0]


@pytest.mark.parametrize(
    ("rule", "read"),
    [
        (lambda g, out, a, b: g, 0b111),
        (lambda g, _out, _a, b: g, 0b100),
        (lambda g, _out, a, _b, shape: g, 0b1010),
        (lambda g, *_unread, key: g, 0),
        (lambda g, *args: g, -1),
        (lambda g, _out, *inputs: g, -2),
        (partial(lambda key, g, _out, a: g, 1), 0b10),
        (partial(lambda g, _out, a, b: g, b=1), 0b10),
        (Rules().method, 0b10),
        (Rules(), 0b10),
        (lru_cache(lambda g, _out, _a, b: g), 0b100),
        (operator.itemgetter(0), -1),
    ],
    ids=map(str, count()),
)
def test_what_a_rule_reads_is_found_in_its_code(rule: Any, read: int):
    assert reads_of(rule) == read


def arrays_of(value: Any) -> Iterator[Any]:
    """The arrays within what a node has saved."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from arrays_of(each)
    elif hasattr(value, "__dict__"):
        yield from arrays_of(list(vars(value).values()))


def masked(x: Any) -> Any:
    y = x * 1.0
    y[y > 1] = 0.0
    return y


SAVING = {
    "picked": lambda x: x[minigrad.tensor([0, 2, 2])],
    "masked": masked,
    "max along": lambda x: x.max(0)[0],
    "max_pool2d": lambda x: minigrad.nn.functional.max_pool2d(x.reshape(1, 2, 2), 2),
    "avg_pool2d": lambda x: minigrad.nn.functional.avg_pool2d(x.reshape(1, 2, 2), 2),
    "embedding": lambda x: minigrad.nn.functional.embedding(minigrad.tensor([1, 0, 1]), x.reshape(2, 2)),
    "batch_norm": lambda x: minigrad.nn.functional.batch_norm(
        x.reshape(2, 2), minigrad.zeros(2).double(), minigrad.ones(2).double()
    ),
    "cross_entropy": lambda x: minigrad.nn.functional.cross_entropy(x.reshape(2, 2), minigrad.tensor([0, 1])),
    "nll_loss": lambda x: minigrad.nn.functional.nll_loss(x.reshape(2, 2), minigrad.tensor([0, 1])),
}


@pytest.mark.parametrize("reads", [False, True])
def test_the_rules_of_very_many_operands_are_not_each_called_with_all_of_them(reads: bool):
    """Else the pass through a cat of n tensors would take n * n steps."""
    called_with = []

    def untouched(g, *_unread):
        called_with.append(len(_unread))
        return g

    def reading(g, _out, *operands):
        called_with.append(len(operands))
        return g * operands[3]

    leaves = [minigrad.tensor(float(i), requires_grad=True) for i in range(20)]
    value = sum(x.array for x in leaves)
    record(value, tuple(leaves), (reading if reads else untouched,) * 20).backward()
    assert called_with == [20 if reads else 2] * 20
    assert {x.grad.item() for x in leaves} == {3.0 if reads else 1.0}


@pytest.mark.parametrize("op", SAVING)
def test_what_is_saved_for_a_rule_is_freed_with_the_graph(op: str):
    x = leaf(1.0, 2.0, 0.5, 3.0)
    y = SAVING[op](x)
    loss = y.sum()
    nodes, saved = [y.grad_fn], []
    for node in nodes:
        nodes += [edge for edge in node.edges if edge is not None]
        saved += [weakref.ref(array) for array in arrays_of(node.saved)]
    assert saved, "this op saves nothing"
    del node
    loss.backward()
    gc.collect()
    assert [probe() for probe in saved if probe() is not None] == []
    assert y.grad_fn is not None
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()


def test_an_array_among_the_static_values_is_freed_too():
    def masked_da(g: Any, _out: Any, _a: Any, mask: Any) -> Any:
        return g * mask

    x, mask = leaf(1.0, 2.0), np.array([1.0, 0.0])
    y = record(raw(x) * mask, (x,), (masked_da,), mask)
    probe = weakref.ref(mask)
    del mask
    y.sum().backward()
    assert probe() is None
    assert x.grad.tolist() == [1.0, 0.0]


def test_what_was_saved_stays_as_long_as_the_graph_is_kept():
    x = leaf(1.0, 2.0)
    y = x[minigrad.tensor([0, 0, 1])].sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 2.0]


def test_an_op_that_keeps_nothing_may_be_passed_twice():
    x = leaf(1.0, 2.0)
    y = (x + 1.0).reshape(2, 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("loss", ["cross_entropy", "nll_loss"])
def test_a_loss_has_its_own_operands_as_inputs(loss: str):
    logits, target = minigrad.ones(2, 3, requires_grad=True), minigrad.tensor([0, 2])
    node = getattr(minigrad.nn.functional, loss)(logits, target).grad_fn
    assert len(node.edges) == 3
    assert node.edges == [logits.node, None, None]


# What a node is called ------------------------------------------------------------------------------------------


def test_an_op_is_named_after_its_first_rule_unless_a_name_is_given():
    def softsign_dx(g: Any, _out: Any, x: Any) -> Any:
        return g / (1 + abs(x)) ** 2

    x = leaf(1.0)
    assert record(raw(x), (x,), (softsign_dx,)).grad_fn.name() == "SoftsignBackward0"
    assert record(raw(x), (x,), (softsign_dx,), name="SoftsignBackward1").grad_fn.name() == "SoftsignBackward1"
    assert x.node.name() == "AccumulateGrad"


def test_a_node_says_what_it_is_and_where_it_was_recorded():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = x * w + 1.0  # two ops
    times = y.grad_fn.edges[0]
    assert times.expression == "x * w"
    assert y.grad_fn.expression == "x * w + 1.0"
    assert repr(times).startswith("<MulBackward0 of shape (2,), recorded at ")
    assert repr(times).endswith("y = x * w + 1.0  # two ops>")
    assert str(y).endswith("grad_fn=<AddBackward0>)")


def test_an_expression_of_several_lines():
    x = leaf(1.0, 2.0)
    y = (
        x.exp()
        + x.tanh(
        )
    )  # fmt: skip
    assert y.grad_fn.expression == "x.exp() + x.tanh( )"
    assert [edge.expression for edge in y.grad_fn.edges] == ["x.exp()", "x.tanh( )"]


def test_a_module_is_part_of_its_users_expression():
    model = minigrad.nn.Sequential(minigrad.nn.Linear(2, 3), minigrad.nn.Tanh())
    y = model(minigrad.ones(1, 2)).sum()
    assert y.grad_fn.edges[0].expression == "model(minigrad.ones(1, 2))"


def test_backward_has_the_parameters_of_pytorch_alone():
    parameters = list(inspect.signature(minigrad.Tensor.backward).parameters)
    assert parameters == ["self", "gradient", "retain_graph", "create_graph", "inputs"]


# Errors ---------------------------------------------------------------------------------------------------------

WRONG = {
    "matmul": lambda: minigrad.ones(2, 3) @ minigrad.ones(2, 3),
    "matmul, dtypes": lambda: minigrad.ones(2, 3) @ minigrad.ones(3, 2).double(),
    "linear": lambda: minigrad.nn.Linear(3, 2)(minigrad.ones(4, 5)),
    "add": lambda: minigrad.ones(2) + minigrad.ones(3),
    "reshape": lambda: minigrad.ones(2).reshape(3),
    "setitem": lambda: minigrad.ones(3).__setitem__(slice(0, 2), minigrad.ones(3)),
    "conv2d": lambda: minigrad.nn.functional.conv2d(minigrad.ones(1, 2, 3, 3), minigrad.ones(1, 1, 2, 2)),
    "cat": lambda: minigrad.cat([minigrad.ones(2, 2), minigrad.ones(3, 3)]),
    "cross_entropy": lambda: minigrad.nn.functional.cross_entropy(minigrad.ones(2, 3), minigrad.tensor([0, 5])),
    "sequence": lambda: minigrad.tensor([[1, 2], [3]]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_error_is_one_traceback_which_begins_with_ours(wrong: str):
    with pytest.raises((RuntimeError, IndexError, ValueError)) as info:
        WRONG[wrong]()
    assert info.value.__cause__ is None
    assert info.value.__context__ is None or info.value.__suppress_context__


# The house ------------------------------------------------------------------------------------------------------

FLOORS = {
    "dtypes": 0,
    "arrays": 0,
    "size": 0,
    "hooks": 0,
    "memory": 0,
    "gpu.finding": 1,
    "devices": 1,
    "engine": 1,
    "causes": 2,
    "formats": 2,
    "gpu.placement": 2,
    "kernels": 2,
    "random": 2,
    "ops": 3,
    "printing": 3,
    "methods": 4,
    "tensor": 5,
    "autograd": 5,
    "nn": 6,
    "optim": 7,
    "comparison": 8,
}
"""Who may import whom: what stands on the same floor, or further down."""


def floor_of(module: str) -> int | None:
    names = [name for name in FLOORS if f"{module}.".startswith(f"minigrad.{name}.")]
    return FLOORS[max(names, key=len)] if names else None


def imports_of(path: Path) -> Iterator[str]:
    """The modules of minigrad that a file imports when it is imported itself."""
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("minigrad"):
            for alias in statement.names:
                inner = HOUSE.joinpath(*f"{statement.module}.{alias.name}".split(".")[1:])
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                yield f"{statement.module}.{alias.name}" if is_module else str(statement.module)


@pytest.mark.parametrize("path", sorted(HOUSE.rglob("*.py")), ids=lambda path: str(path.relative_to(HOUSE)))
def test_imports_point_one_way(path: Path):
    module = "minigrad." + ".".join(path.relative_to(HOUSE).with_suffix("").parts)
    floor = floor_of(module)
    if floor is not None:
        upward = [name for name in imports_of(path) if (floor_of(name) or 0) > floor]
        assert upward == []


def test_the_engine_rests_on_arrays_alone():
    below = {name for path in (HOUSE / "engine").glob("*.py") for name in imports_of(path)}
    assert {name for name in below if not name.startswith("minigrad.engine")} == {"minigrad.arrays"}


def test_each_family_of_ops_says_what_it_offers():
    helpers = {"advice", "dims", "promotion", "moving", "results", "windows", "through_time"}
    for path in (HOUSE / "ops").rglob("*.py"):
        if path.stem not in (*helpers, "__init__"):
            assert "\n__all__" in path.read_text(), path


def test_the_list_of_all_names_is_short():
    assert len((HOUSE / "__init__.py").read_text().splitlines()) < 100


def test_each_folder_is_a_package():
    """Else it would be missing where minigrad is installed."""
    folders = {path.parent for path in HOUSE.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
