"""Parametrizations: a parameter or buffer that a module computes from others, whenever it is read.

https://docs.pytorch.org/tutorials/intermediate/parametrizations.html
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.nn.containers import ModuleDict, ModuleList
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]


class Cache:
    """What was computed within `with cached():`, by module and name; depth: how many such blocks there are."""

    depth = 0
    values: dict[tuple[int, str], Tensor] = {}  # noqa: RUF012 - one for all


@contextmanager
def cached() -> Iterator[None]:
    """Within a with block, compute each parametrized tensor only when it is first read."""
    Cache.depth += 1
    try:
        yield
    finally:
        Cache.depth -= 1
        if not Cache.depth:
            Cache.values.clear()


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, one applied after the other to `original`, or `original0`, `original1`, ...

    modules: the parametrizations.  Called without arguments it gives the tensor.  ValueError for no modules, and for
    one that changes shape or dtype, unless unsafe.
    """

    _tensors_taken = 1
    original: Any

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with no_grad():
            new = self._inverse(original)
        self.is_tensor = isinstance(new, Tensor)
        if self.is_tensor:
            check_dtype(new, original)
            original.data = new.detach()
            register(self, "original", original)
            self.ntensors = 1
        else:
            self._register_several(new, original)
        if not unsafe:
            check_result(self(), shape, dtype)

    def _inverse(self, value: Any) -> Any:
        for module in reversed(list(self)):
            if hasattr(module, "right_inverse"):
                try:
                    value = module.right_inverse(value)
                except NotImplementedError:
                    continue
        return value

    def _register_several(self, new: Any, original: Any) -> None:
        if not isinstance(new, Sequence) or not all(isinstance(each, Tensor) for each in new):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(new).__name__}"
            )
        self.ntensors = len(new)
        for number, each in enumerate(new):
            own = each.detach()
            if isinstance(original, Parameter):
                own = Parameter(own, original.requires_grad)
            register(self, f"original{number}", own.requires_grad_(original.requires_grad))

    def right_inverse(self, value: Tensor) -> None:
        """Change the originals so that the parametrized tensor becomes this value.

        RuntimeError for a parametrization without right_inverse, ValueError for one that returns something else.
        """
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                value = module.right_inverse(value)
            values = [value] if self.is_tensor else list(value)
            if len(values) != self.ntensors:
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of "
                    f"length {len(values)}."
                )
            for own, new in zip(self.originals(), values):
                check_dtype(new, own)
            for own, new in zip(self.originals(), values):
                own.data = new.detach()

    def originals(self) -> list[Any]:
        """What the tensor is computed from."""
        return [self.original] if self.is_tensor else [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def forward(self) -> Tensor:
        """The parametrized tensor."""
        first, *others = self
        x = first(*self.originals())
        for module in others:
            x = module(x)
        return x  # type: ignore[no-any-return]


def register(module: Module, name: str, tensor: Any) -> None:
    """Register a parameter, or else a buffer."""
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def check_dtype(new: Any, original: Any) -> None:
    """ValueError for a right_inverse that changes the dtype or the device."""
    for what in ("dtype", "device"):
        if getattr(new, what) != getattr(original, what):
            raise ValueError(
                f"When `right_inverse` outputs one tensor, it may not change the {what}.\noriginal.{what}: "
                f"{getattr(original, what)}\nright_inverse(original).{what}: {getattr(new, what)}"
            )


def check_result(result: Any, shape: Any, dtype: Any) -> None:
    """ValueError for a parametrization that changes shape or dtype."""
    if not isinstance(result, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(result).__name__}.")
    for what, before, now in (("dtype", dtype, result.dtype), ("shape", shape, result.shape)):
        if before != now:
            raise ValueError(
                f"Registering a parametrization may not change the {what} of the tensor, unless `unsafe` flag is "
                f"enabled.\nunparametrized {what}: {before}\nparametrized {what}: {now}"
            )


def register_parametrization(module: Any, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Any:
    """Have the module compute its parameter or buffer tensor_name as parametrization(original), whenever it is read.

    Where it is assigned to, parametrization.right_inverse, if there is one, says what the original must be for a value.
    A second parametrization is applied after the first.  ValueError for one that changes shape or dtype, unless unsafe,
    and for no such name.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.register_parametrization.html

    >>> import minigrad as torch
    >>> from minigrad.nn.utils import parametrize
    >>> class Symmetric(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).mT
    >>> layer = torch.nn.Linear(3, 3)
    >>> layer = parametrize.register_parametrization(layer, "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.mT).all())
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            before = getattr(module, tensor_name)
            check_result(parametrization(before), before.shape, before.dtype)
        module.parametrizations[tensor_name].append(parametrization)
        module.parametrizations[tensor_name].unsafe |= unsafe
        return module
    if tensor_name not in module._buffers and tensor_name not in module._parameters:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    parametrizations = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        module.__class__ = parametrized_class(type(module))
        module.parametrizations = ModuleDict()
    setattr(type(module), tensor_name, parametrized(tensor_name))
    module.parametrizations[tensor_name] = parametrizations
    return module


def parametrized_class(cls: type) -> type:
    """The class of a parametrized module, of which each has one of its own: its properties are the tensors."""

    def deepcopied(self: Any, memo: dict[int, Any]) -> Any:
        copied = memo[id(self)] = object.__new__(type(self))
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied

    def refused(_self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(): save that, and load it into "
            "a module with the same parametrizations"
        )

    methods = {"__getstate__": refused, "__deepcopy__": deepcopied, "__module__": __name__}
    return type(f"Parametrized{cls.__name__}", (cls,), methods)


def parametrized(name: str) -> property:
    """The property that computes a tensor, or changes what it is computed from."""

    def value(module: Any) -> Any:
        if not Cache.depth:
            return module.parametrizations[name]()
        key = id(module), name
        if key not in Cache.values:
            Cache.values[key] = module.parametrizations[name]()
        return Cache.values[key]

    def set_value(module: Any, value: Tensor) -> None:
        module.parametrizations[name].right_inverse(value)

    return property(value, set_value)


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one of the tensor tensor_name."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make the tensor tensor_name of a module a parameter or buffer again, with its present value.

    leave_parametrized=False: with the value of the original.  ValueError where there is no parametrization, and for
    leave_parametrized=False with several originals.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name).detach().clone()
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class of a module without its parametrizations."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)
