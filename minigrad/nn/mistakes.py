"""What to write instead: error messages for the mistakes that are made with modules, in PyTorch's words first."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.nn.module import Module

ASKED_FOR_TRUTH = "Boolean value of Tensor with more than one value is ambiguous"
"""What PyTorch says to `nn.MSELoss(output, target)`, of which it takes the second for an option."""


def refuse_input(cls: type[Module], args: tuple[Any, ...]) -> None:
    """Refuse an input where a layer of minigrad's has its options: it is for the call after that."""
    given = sum(isinstance(x, Tensor) and x.ndim > 0 for x in args)
    if given <= cls._tensors_taken:
        return
    name = cls.__name__
    if not cls.__module__.startswith("minigrad.nn."):
        refuse_input_of_model(cls, args)
        return
    inputs = "output, target" if name.endswith("Loss") else "x"
    kind = "loss" if name.endswith("Loss") else "layer"
    advice = f"nn.{name}({inputs}) takes tensors for the options of a {kind}. Make the {kind} first, and then call it: "
    if name.endswith("Loss") or "Dropout" in name:
        raise RuntimeError(f"{ASKED_FOR_TRUTH}: {advice}nn.{name}()({inputs})")
    raise TypeError(f"{advice}nn.{name}(...)({inputs})")


def refuse_input_of_model(cls: type[Module], args: tuple[Any, ...]) -> None:
    """Refuse the input of a user's own model that was not made yet, where its __init__ does not take it."""
    try:
        inspect.signature(cls.__init__).bind_partial(None, *args)
    except TypeError as error:
        name = cls.__name__
        raise TypeError(
            f"{name}.__init__(): {error}. Make the model first, and then call it: model = {name}()"
        ) from None


def no_forward(module: Module) -> str:
    """The message for a module that was called and has no forward, but perhaps a method of nearly that name."""
    missing = f'Module [{type(module).__name__}] is missing the required "forward" function'
    return missing + nearly(type(module), "forward")


def nearly(cls: type, name: str) -> str:
    """The method of a class whose name is nearly the wanted one, as a sentence; empty if there is none."""
    own = [method for base in cls.__mro__ for method in vars(base) if not base.__module__.startswith("minigrad.")]
    for close in difflib.get_close_matches(name, own):
        return f". It has `{close}`: write `{name}`"
    return f". Define it: def {name}(self, ...)"


def before_init(module: Module) -> str:
    """Why a module cannot be used yet."""
    return (
        " before Module.__init__() call. Write super().__init__() in the first line of "
        f"{type(module).__name__}.__init__"
    )


def no_module(x: Any, kind: str) -> str:
    """The message for something that stands among modules and is none."""
    if isinstance(x, type):
        return f"{x.__module__}.{x.__qualname__} is not a Module subclass: it is a class. Write {x.__name__}()"
    if isinstance(x, (list, tuple)):
        return f"{kind} is not a Module subclass. Write a * before it: nn.Sequential(*layers)"
    if callable(x):
        return f"{kind} is not a Module subclass: it is a function. Write a layer, such as nn.ReLU() for F.relu"
    return f"{kind} is not a Module subclass"


def parameters_from(x: Any) -> str:
    """What to write for something that was given in the parameters' place."""
    return f". Call it: model.{x.__name__}()" if inspect.ismethod(x) else ". Pass model.parameters()"


def no_state_dict(x: Any) -> str:
    """The message for something that stands in a state_dict's place."""
    wrong = f"Expected state_dict to be dict-like, got {type(x)}."
    if isinstance(x, str) or hasattr(x, "__fspath__"):
        return f"{wrong} Read the file first: load_state_dict(torch.load({str(x)!r}))"
    if callable(x) and getattr(x, "__name__", "") == "state_dict":
        return f"{wrong} Call it: state_dict()"
    return f"{wrong} Write .state_dict() behind it" if hasattr(x, "state_dict") else wrong


def layers_in_a_list(module: Any) -> str:
    """Why a module (or, for None, an unknown one) has no parameters: its layers are in a list."""
    if module is None:
        return ". Layers in a Python list are unknown to the model that holds it: put them in an nn.ModuleList"
    for part in module.modules():
        for name, value in vars(part).items():
            held = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
            if not name.startswith("_") and any(hasattr(x, "named_parameters") for x in held):
                kind = type(value).__name__
                fitting = "ModuleDict" if isinstance(value, dict) else "ModuleList"
                return (
                    f". {type(part).__name__}.{name} is a {kind}, whose layers the model does not know: write "
                    f"self.{name} = nn.{fitting}(...)"
                )
    return f". {type(module).__name__} has no layers or parameters: assign them to its attributes, in __init__"


def other_keys(state_dict: Any, own: Any) -> str:
    """What to write where the keys of a state_dict are not those of a module, but its keys are to be found in it."""
    for key, value in state_dict.items():
        if isinstance(value, Mapping) and own.keys() <= value.keys():
            return f"\n\tThe module's keys are within {key!r}: write load_state_dict(checkpoint[{key!r}])"
    for first in {key.partition(".")[0] for key in state_dict}:
        if own.keys() <= {key.removeprefix(f"{first}.") for key in state_dict}:
            return f"\n\tThe module's keys stand behind '{first}.': load them into model.{first}, or rename them"
    for first in {key.partition(".")[0] for key in own}:
        if {f"{first}.{key}" for key in state_dict} <= own.keys():
            return f"\n\tThe keys are those of its part {first!r}: write model.{first}.load_state_dict(...)"
    return ""
