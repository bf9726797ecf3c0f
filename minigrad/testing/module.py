"""`check_module` and `check_loss`: layers and losses of one's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

import minigrad
from minigrad.testing import blame
from minigrad.testing.calls import Call, is_tensor, name_of, results, tensors_of
from minigrad.testing.checks import Subject, compare, compare_bits
from minigrad.testing.finding import Found
from minigrad.testing.given import a_list, layer_maker, loss_given
from minigrad.testing.op import PROPERTIES, Checks, Property, library_of, op_checks, rounding
from minigrad.testing.samples import Draw, Make, Sample, array
from minigrad.testing.strategies import losses_targets, make_of, tensors
from minigrad.testing.writing import Written, written

__all__ = ["check_loss", "check_module", "loss_checks", "module_checks"]


@dataclass(frozen=True)
class Layer:
    """A module of an engine, whose parameters are given to it in each call."""

    make: Callable[[], Any]
    engine: Any

    def made(self, like: Any = None, seed: int = 1) -> Any:
        """A new one, the same each time; of the dtype of a tensor, and on its device."""
        self.engine.manual_seed(seed)
        module = self.make()
        if like is not None:
            module = module.to(like.device, like.dtype)
        self.engine.manual_seed(2)  # for what it draws when it is called
        return module

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """The shapes of its parameters by their names."""
        return {name: tuple(p.shape) for name, p in self.made().named_parameters()}

    def call(self, operands: Sequence[Any], names: Sequence[str]) -> Any:
        """What it computes with these inputs and, for its parameters of these names, the last of the operands."""
        inputs, given = operands[: len(operands) - len(names)], operands[len(operands) - len(names) :]
        module = self.made(next((x for x in operands if name_of(x.dtype).startswith("float")), None))
        return self.engine.func.functional_call(module, dict(zip(names, given)), tuple(inputs))


def check_module(make: Callable[[], Any], shapes: Sequence[tuple[int, ...]] = (), **how: Any) -> None:
    """Check a layer of one's own; CheckError for what is wrong, with the smallest program that shows it.

    Its result is checked as that of an op whose operands are the inputs and the parameters (`check_op`).  Further, all
    parameters are registered and get a gradient, and its state_dict is all there is to it.
    make: makes the layer: its class, or a function.  shapes: those that its input may have.  The other arguments are
    those of `module_checks`, which makes the checks without running them.

    >>> from minigrad import nn
    >>> check_module(lambda: nn.Linear(3, 2), [(3,), (4, 3)], examples=5)
    """
    __tracebackhide__ = True
    module_checks(make, shapes, **how).run()


def module_checks(
    make: Callable[[], Any],
    shapes: Sequence[tuple[int, ...]] = (),
    *,
    reference: Callable[[], Any] | None = None,
    inputs: Any = None,
    constants: Sequence[int] = (),
    dtypes: Sequence[str] = ("float32", "float64"),
    examples: int = 20,
    order: int = 2,
    rtol: float | None = None,
    atol: float | None = None,
    without: Sequence[str] = (),
    engine: Any = None,
) -> Checks:
    """The checks of a layer, which `run()` makes.

    reference: makes a layer with the same parameters, of minigrad or PyTorch: by the same names, or in the same order.
    inputs: strategies for the inputs, where there are several or they are no floats.  The rest: as `op_checks`.
    """
    layer_maker(make)
    a_list("constants", constants, int, "[1], by position")
    layer = Layer(make, library_of_layer(make) if engine is None else engine)
    parameters = layer.parameters()
    inputs = tensors(dtypes=dtypes, shapes=shapes or [(2, 3)]) if inputs is None else inputs
    number = len(inputs) if isinstance(inputs, (tuple, list)) else 1
    subject = Subject(
        name_of_layer(layer),
        lambda _engine, *operands: layer.call(operands, list(parameters)),
        layer.engine,
        names=(*names_of_inputs(layer, number), *(name.replace(".", "_") for name in parameters)),
        order=order,
        rounding=partial(rounding, rtol, atol),
        **({} if reference is None else referring(layer, reference)),
    )
    with_parameters = makes_parameters(make_of(inputs, constants, {}), list(parameters.values()))
    own = {
        "registered": Property(partial(check_registered, layer)),
        "used": Property(partial(check_used, list(parameters)), smooth=True),
        "state": Property(partial(check_state, layer)),
    }
    all_of_them = {**own, **PROPERTIES}
    return Checks(
        subject,
        type(layer.made()).forward,
        with_parameters,
        reference,
        examples,
        without,
        spelled=calling(layer, list(parameters), list(parameters)),
        spelled_reference=None if reference is None else calling(*referred(layer, reference), list(parameters)),
        inputs=number,
        properties={**{name: all_of_them[name] for name in FIRST}, **all_of_them},
    )


FIRST = ("registered", "runs", "unchanged", "repeatable", "used", "state")
"""The checks of a layer that come first: what fails there lets others fail, too."""


def library_of_layer(make: Callable[[], Any]) -> Any:
    """The library of a layer: that of its class."""
    cls = make if inspect.isclass(make) else type(make())
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] in ("torch", "minigrad"):
            return library_of(base)
    return minigrad


def name_of_layer(layer: Layer) -> str:
    """What messages call a layer."""
    return type(layer.made()).__name__


def names_of_inputs(layer: Layer, number: int) -> tuple[str, ...]:
    """The names of a layer's inputs: the parameters of its forward."""
    names = list(inspect.signature(layer.made().forward).parameters)
    return tuple(names[i] if i < len(names) else f"x{i}" for i in range(number))


def makes_parameters(make: Make, shapes: list[tuple[int, ...]]) -> Make:
    """Samples of inputs, with finite numbers for parameters after them, of the inputs' dtype."""

    def drawn(draw: Draw, smooth: bool) -> Sample:
        sample = make(draw, smooth)
        floats = [x.dtype.name for x in sample.operands if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
        dtype = floats[0] if floats else "float64" if smooth else "float32"
        parameters = tuple(np.array(array(draw, True, shape), dtype) for shape in shapes)
        return replace(sample, operands=(*sample.operands, *parameters))

    return drawn


def referring(layer: Layer, reference: Callable[[], Any]) -> dict[str, Any]:
    """What is known of the reference: how it is called, its engine."""
    other, names = referred(layer, reference)

    def expected(_engine: Any, *operands: Any) -> Any:
        return other.call(operands, names)

    by = f"{other.engine.__name__}'s {name_of_layer(other)}"
    return {"expected": expected, "reference": other.engine, "by": by, "nan_counts": False}


def referred(layer: Layer, reference: Callable[[], Any]) -> tuple[Layer, list[str]]:
    """The layer of reference, and the names of its parameters in the order of those of the layer that is checked."""
    other = Layer(reference, library_of_layer(reference))
    names, theirs = list(layer.parameters()), list(other.parameters())
    return other, names if set(names) == set(theirs) else theirs


def calling(layer: Layer, parameters: list[str], variables: list[str]) -> Written:
    """How a program calls a layer with other parameters, the variables of these names."""
    make, engine = written(layer.make), layer.engine.__name__
    pairs = zip(parameters, variables, strict=True)
    given = ", ".join(f'"{name}": {variable.replace(".", "_")}' for name, variable in pairs)
    number = len(parameters)
    called = f"{engine}.func.functional_call({make.expression}(), {{{given}}}, "
    return WrittenLayer(make.imports, make.expression, make.source, called, number)


@dataclass(frozen=True)
class WrittenLayer(Written):
    """How a program calls a layer: its parameters are among the arguments."""

    number: int = 0
    """Of the parameters."""

    def call(self, *arguments: str) -> str:
        """A call with other parameters."""
        inputs = arguments[: len(arguments) - self.number]
        return f"{self.called}({', '.join(inputs)},))"


# What layers have besides ops -----------------------------------------------------------------------------------


def check_registered(layer: Layer, _subject: Subject, _sample: Sample) -> None:
    """All of its parameters, layers and other tensors are registered."""
    module = layer.made()
    known = {id(x) for x in (*module.parameters(), *module.buffers(), *module.modules())}
    for path, each in module.named_modules():
        registered = ("_parameters", "_buffers", "_modules")
        for name, value in vars(each).items():
            if name not in registered and any(id(x) not in known for x in to_register(value)):
                raise Found(f"{path}{'.' if path else ''}{name} is not registered: {UNKNOWN}", hint=HOW)


UNKNOWN = "no optimizer, state_dict or `.to(device)` knows of it"
HOW = (
    "A tensor is trained as nn.Parameter, and is a constant by register_buffer(name, tensor); "
    "lists of layers and parameters are nn.ModuleList and nn.ParameterList."
)


def to_register(value: Any) -> Iterator[Any]:
    """The layers with parameters, and the tensors, in an attribute, in lists and dictionaries, too."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from to_register(each)
    elif hasattr(value, "named_parameters"):
        yield from [value] if list(value.parameters()) else []
    elif is_tensor(value) and value.is_leaf:
        yield value


def check_used(parameters: list[str], subject: Subject, sample: Sample) -> None:
    """Each of its parameters gets a gradient."""
    ran = subject.run(sample, True)
    if ran.error is not None or not ran.differentiable:
        return
    found = subject.engine.autograd.grad(sum(y.sum() for y in ran.differentiable), ran.leaves, allow_unused=True)
    for name, g in zip(parameters, found[len(found) - len(parameters) :]):
        if g is None:
            raise Found(f"its parameter {name} gets no gradient: the result does not depend on it")


def check_state(layer: Layer, _subject: Subject, sample: Sample) -> None:
    """With the state_dict of another, it computes the same."""
    number = len(sample.operands) - len(layer.parameters())
    arrays = list(sample.operands[:number])
    like = next((x for x in tensors_of(layer.engine, arrays) if name_of(x.dtype).startswith("float")), None)
    first, second = layer.made(like, 1), layer.made(like, 3)
    second.load_state_dict(first.state_dict())
    outputs = []
    for module in (first.eval(), second.eval()):
        layer.engine.manual_seed(2)
        outputs.append(list(results(module(*tensors_of(layer.engine, arrays)))))
    for y, again in zip(*outputs):
        compare_bits(y, again, "y", "its state_dict is not all that its result depends on", "a second one with it")


# Losses ---------------------------------------------------------------------------------------------------------


def check_loss(loss: Any, reference: Any = None, kind: str = "numbers", **how: Any) -> None:
    """Check a loss of one's own: a function of (input, target), or a class of modules.

    kind: of what inputs and targets: "numbers", "classes", "labels" (0 or 1) or "probabilities"; see `losses_targets`.
    If it has the option `reduction`, "mean" and "sum" are checked to be those of "none".  The other arguments are those
    of `loss_checks`, which makes the checks without running them.

    >>> from minigrad.nn import functional as F
    >>> check_loss(lambda x, t: ((x - t) ** 2).mean(), F.mse_loss, examples=10)
    """
    __tracebackhide__ = True
    loss_checks(loss, reference, kind, **how).run()


def loss_checks(loss: Any, reference: Any = None, kind: str = "numbers", **how: Any) -> Checks:
    """The checks of a loss, which `run()` makes; the other arguments are those of `op_checks`."""
    loss_given(loss)
    function, called = as_function(loss), written(loss)
    how.setdefault("inputs", losses_targets(kind, dtypes=how.get("dtypes", ("float32", "float64"))))
    reductions = has_reduction(loss)
    if reductions:
        how["options"] = {"reduction": ("mean", "sum", "none"), **(how.get("options") or {})}
    how.setdefault("constants", (1,))
    how.setdefault("name", blame.name_of(loss))
    how.setdefault("engine", library_of_layer(loss) if inspect.isclass(loss) else library_of(loss))
    checks = op_checks(function, None if reference is None else as_function(reference), **how)
    own = {"reduction": Property(partial(check_reductions, function))} if reductions else {}
    spelled = WrittenLoss(called.imports, called.expression, called.source) if inspect.isclass(loss) else called
    return replace(checks, op=loss, spelled=spelled, properties={**checks.properties, **own})


@dataclass(frozen=True)
class WrittenLoss(Written):
    """How a program calls a loss that is a class: with the options first."""

    def call(self, *arguments: str) -> str:
        """A call of a new one."""
        options = [each for each in arguments if "=" in each]
        return f"{self.expression}({', '.join(options)})({', '.join(arguments[: len(arguments) - len(options)])})"


def as_function(loss: Any) -> Call:
    """A loss as a function: of a class, a new one is made with the options."""
    if not inspect.isclass(loss):
        return loss  # type: ignore[no-any-return]
    make: Callable[..., Any] = loss

    def function(*operands: Any, **options: Any) -> Any:
        return make(**options)(*operands)

    function.__module__, function.__name__ = loss.__module__, loss.__name__
    return function


def has_reduction(loss: Any) -> bool:
    """Whether a loss has the option `reduction`."""
    return "reduction" in inspect.signature(loss).parameters


def check_reductions(loss: Call, subject: Subject, sample: Sample) -> None:
    """By "sum" and "mean" it is the sum and the mean of what it is by "none"."""
    options = {name: value for name, value in sample.options.items() if name != "reduction"}
    operands = tensors_of(subject.engine, list(sample.operands))
    by = {kind: loss(*operands, reduction=kind, **options) for kind in ("none", "sum", "mean")}
    if by["none"].ndim == 0 or not by["none"].numel():
        return
    for kind in ("sum", "mean"):
        said = f'the {kind}() of reduction="none"'
        compare(by[kind], getattr(by["none"], kind)(), subject.rounding(sample), said, f'y of "{kind}"')
