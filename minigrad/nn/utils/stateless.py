"""Modules as functions of their parameters, as torch.nn.utils.stateless and torch.func have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minigrad.nn.module import Module
from minigrad.ops.shaping import stack

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """module(*args, **kwargs) with other tensors in place of its parameters and buffers.

    parameters_and_buffers: the tensors by their names; KeyError for a name that the module has not.  The module is as
    before afterwards.  tie_weights: a tensor that the module has under several names is replaced under all of them.
    strict: RuntimeError unless the names are just those of the module.
    """
    given = args if isinstance(args, tuple) else () if args is None else (args,)
    with replaced(module, parameters_and_buffers, tie_weights, strict):
        return module(*given, **(kwargs or {}))


def functional_call_of(
    module: Module,
    parameter_and_buffer_dicts: dict[str, Any] | Sequence[dict[str, Any]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """module(*args, **kwargs) with other tensors in place of its parameters and buffers, of one dict or of several.

    parameter_and_buffer_dicts: the dict, or a tuple or list of them; ValueError for a name that is in two.  KeyError
    for one that the module has not.  tie_weights and strict are those of `nn.utils.stateless.functional_call`.
    https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html
    """
    dicts = parameter_and_buffer_dicts
    if isinstance(dicts, dict):
        dicts = [dicts]
    counts = Counter(name for each in dicts for name in each)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
    tensors = {name: x for each in dicts for name, x in each.items()}
    return functional_call(module, tensors, args, kwargs, tie_weights=tie_weights, strict=strict)


functional_call_of.__name__ = "functional_call"


@contextmanager
def replaced(module: Module, tensors: dict[str, Any], tie_weights: bool, strict: bool) -> Iterator[None]:
    """Within a with block, a module has other tensors under some of its names."""
    places = places_of(module)
    unexpected = [name for name in tensors if name not in places]
    missing = [name for name in places if name not in tensors]
    if strict and (unexpected or missing):
        raise RuntimeError(f"Error(s) in loading state: Unexpected key(s): {unexpected}. Missing key(s): {missing}.")
    if unexpected:
        raise KeyError(f"{type(module).__name__} has no parameter or buffer {unexpected[0]!r}; it has {[*places]}")
    new = dict(tensors)
    if tie_weights:
        owners = {id(register[key]): tensors[name] for name, (register, key) in places.items() if name in tensors}
        new.update(
            {name: owners[id(r[k])] for name, (r, k) in places.items() if id(r[k]) in owners and name not in new}
        )
    before = [(*places[name], places[name][0][places[name][1]]) for name in new]
    try:
        for name, x in new.items():
            register, key = places[name]
            register[key] = x
        yield
    finally:
        for register, key, x in before:
            register[key] = x


def places_of(module: Module) -> dict[str, tuple[dict[str, Any], str]]:
    """Where a module keeps each of its parameters and buffers, by their names; one of several names, too."""
    return {
        f"{prefix}.{key}" if prefix else key: (register, key)
        for prefix, part in module.named_modules(remove_duplicate=False)
        for register in (part._parameters, part._buffers)
        for key, x in register.items()
        if x is not None
    }


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several models, modules of one kind: each name's in one tensor, for `vmap`.

    Two dicts of tensors (models, *shape).  RuntimeError for no module, and for modules of several kinds, or in two
    modes.  https://docs.pytorch.org/docs/stable/generated/torch.func.stack_module_state.html
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({model.training for model in models}) > 1 or len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class and in the same mode.")

    def stacked(tables: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            name: stack([table[name] for table in tables]).detach().requires_grad_(x.requires_grad)
            for name, x in tables[0].items()
        }

    parameters = stacked([dict(model.named_parameters()) for model in models])
    return parameters, stacked([dict(model.named_buffers()) for model in models])
