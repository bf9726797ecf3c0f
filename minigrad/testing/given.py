"""What the checks are given, before anything is drawn: TypeError for another kind of thing, with what to write."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis.strategies import SearchStrategy

# What is checked ------------------------------------------------------------------------------------------------


def function_of_tensors(op: Any, by: str = "check_op") -> None:
    """TypeError for what is no op: a class, a name."""
    if not callable(op) or inspect.isclass(op):
        raise refusal(by, "a function of tensors", op)


def layer_maker(make: Any) -> None:
    """TypeError for what makes no layer when it is called without arguments."""
    wants = "a layer's class, or a function without parameters that makes one"
    another = inspect.isclass(make) and not is_layer(make)
    if not callable(make) or another or is_layer(type(make)) or required(make):
        raise refusal("check_module", wants, make)
    if not is_layer(type(made := make())):
        raise TypeError(f"check_module takes {wants}, and {name_of(make)} made {made!r}")


def loss_given(loss: Any) -> None:
    """TypeError for what is no loss of an input and a target."""
    function: Any = loss
    arguments = [None, None]
    if inspect.isclass(loss) and is_layer(loss):
        function, arguments = function.forward, [None, None, None]
    if not callable(function) or inspect.isclass(function) or is_layer(type(loss)) or not takes(function, arguments):
        raise refusal("check_loss", "a function of (input, target), or a class of losses", function)


def optimizer_maker(make: Any) -> None:
    """TypeError for what makes no optimizer of a list of parameters."""
    wants = "an optimizer's class, or a function of parameters that makes one"
    another = inspect.isclass(make) and not hasattr(make, "step")
    if not callable(make) or another or not takes(make, [None]):
        raise refusal("check_optimizer", wants, make)


def stepper(reference: Any) -> None:
    """TypeError for what is neither an optimizer's class nor a formula of a step."""
    wants = "an optimizer's class, or a formula: a function of (p, g, state, **options) that returns the new p"
    right = hasattr(reference, "step") if inspect.isclass(reference) else takes(reference, [None] * 3)
    if not callable(reference) or not right:
        raise refusal("reference=", wants, reference)


# Options --------------------------------------------------------------------------------------------------------


def a_list(option: str, values: Any, kind: Any, example: str) -> None:
    """TypeError, where an option is no list of one kind."""
    if not isinstance(values, (list, tuple, set)) or not all(isinstance(each, kind) for each in values):
        raise TypeError(f"{option}= is a list, such as {example}; got {values!r}")


def names_known(names: Any, known: Any, option: str = "without") -> None:
    """TypeError, where these are no names of checks; ValueError, where there is no such check."""
    a_list(option, names, str, f'["{next(iter(known))}"]')
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"there is no check {', '.join(unknown)}: there are {', '.join(known)}")


def values_of_options(options: Any) -> dict[str, Any]:
    """The values, or the strategy, of each option.  TypeError for what is no dictionary of them."""
    if options is None:
        return {}
    if isinstance(options, dict) and all(isinstance(x, (Iterable, SearchStrategy)) for x in options.values()):
        return options
    raise TypeError(f'options= names the values of each option, such as {{"exponent": (2, 0.5)}}; got {options!r}')


# What to write --------------------------------------------------------------------------------------------------


def refusal(check: str, wants: str, given: Any) -> TypeError:
    """The error: what a check takes, what it was given, and what to write for that."""
    return TypeError(f"{check} takes {wants}, and {described(given)}")


def described(x: Any) -> str:
    """What something is, and by what it is checked."""
    cls = x if inspect.isclass(x) else type(x)
    name = name_of(cls)
    if is_layer(cls):
        what, made = "a layer", f"lambda: {name}(...)" if required(cls) else name
        write = f"write check_module({made}), or for a loss check_loss({name})"
    elif is_optimizer(cls):
        what, write = "an optimizer", f"write check_optimizer({name})"
    elif cls is x and hasattr(x, "apply") and hasattr(x, "backward"):
        what, write = "an autograd.Function", f"write check_op({name}.apply)"
    elif callable(x) and cls is not x:
        return f"{name_of(x)} is a function of ({', '.join(parameters_of(x))})"
    else:
        return f"got {x!r}"
    return f"{name} is the class of {what}: {write}" if cls is x else f"this {name} is {what}: {write}"


def name_of(function: Any) -> str:
    """The name of a function or a class, as one writes it."""
    return str(getattr(function, "__qualname__", type(function).__name__)).rpartition("<locals>.")[2]


def is_layer(cls: type) -> bool:
    """Whether it is a class of layers, minigrad's or PyTorch's."""
    return hasattr(cls, "named_parameters")


def is_optimizer(cls: type) -> bool:
    """Whether it is a class of optimizers, minigrad's or PyTorch's."""
    return hasattr(cls, "add_param_group")


def parameters_of(function: Any) -> dict[str, inspect.Parameter]:
    """The parameters of a function; none where it does not tell."""
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def required(function: Any) -> list[str]:
    """The parameters that a call must give."""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, p in parameters_of(function).items() if p.default is p.empty and p.kind not in variable]


def takes(function: Any, arguments: Sequence[Any]) -> bool:
    """Whether a function can be called with so many arguments; True where it does not tell."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True
