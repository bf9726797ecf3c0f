"""Saved state: what a module saves by dotted names, and how saved values get back into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad.devices import overwrite
from minigrad.engine.changes import mark_changed
from minigrad.nn import mistakes
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.nn.module import Module


class IncompatibleKeys(NamedTuple):
    """What load_state_dict answers: keys that were missing, and keys that it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def own_tensors(module: Module) -> dict[str, Tensor]:
    """The parameters and persistent buffers of a module itself, without those of its parts."""
    registered = {**module._parameters, **module._buffers}
    return {k: tensor for k, tensor in registered.items() if tensor is not None and k not in module._not_saved}


def saved_tensors(module: Module, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """The parameters and persistent buffers of a module and of all below it, by dotted name."""
    for name, tensor in own_tensors(module).items():
        yield prefix + name, tensor
    for name, part in module._modules.items():
        if part is not None:
            yield from saved_tensors(part, f"{prefix}{name}.")


def load_into(module: Module, state_dict: Mapping[str, Any], strict: bool, assign: bool) -> IncompatibleKeys:
    """Module.load_state_dict: everything is checked before anything changes."""
    own = dict(saved_tensors(module))
    missing = [name for name in own if name not in state_dict]
    unexpected = list(unexpected_keys(module, list(state_dict)))
    matched = {name: fitted(state_dict[name], tensor) for name, tensor in own.items() if name in state_dict}
    errors = [message for name, saved in matched.items() if (message := mismatch(name, saved, own[name]))]
    if strict and unexpected:
        errors.insert(0, f"Unexpected key(s) in state_dict: {quoted(unexpected)}. ")
    if strict and missing:
        errors.insert(0, f"Missing key(s) in state_dict: {quoted(missing)}. ")
    if errors:
        details = "\n\t".join(errors) + (mistakes.other_keys(state_dict, own) if missing else "")
        raise RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t{details}")
    if assign:
        put_in_place(module, {name: replacement(saved, own[name]) for name, saved in matched.items()})
    else:
        for name, saved in matched.items():
            take_over(own[name], saved)
    return IncompatibleKeys(missing, unexpected)


def unexpected_keys(module: Module, keys: list[str], prefix: str = "") -> Iterator[str]:
    """The keys that name neither a tensor of the module nor one below it: its own first, as PyTorch lists them."""
    own = own_tensors(module)
    for key in keys:
        first, dot, _rest = key.removeprefix(prefix).partition(".")
        if first not in (module._modules if dot else own):
            yield key
    for name, part in module._modules.items():
        if part is not None:
            inside = f"{prefix}{name}."
            yield from unexpected_keys(part, [key for key in keys if key.startswith(inside)], inside)


def is_lazy(tensor: Any) -> bool:
    """Whether a parameter or buffer has no shape yet: see minigrad.nn.further.lazy."""
    return isinstance(tensor, Tensor) and hasattr(type(tensor), "cls_to_become")


def take_over(own: Any, saved: Any) -> None:
    """Copy a saved tensor into one of the module's, which takes its shape if it has none yet."""
    if is_lazy(saved):
        return
    if is_lazy(own):
        own.materialize(saved.shape)
    overwrite(own.array, saved.array)
    mark_changed(own)


def fitted(saved: Any, own: Tensor) -> Any:
    """A saved value; one of a single element, for a tensor without dimensions, without its dimension."""
    if own.ndim == 0 and isinstance(saved, Tensor) and saved.shape == (1,):
        return saved[0]
    return saved


def mismatch(name: str, saved: Any, own: Tensor) -> str | None:
    """Why a saved value cannot be loaded, in PyTorch's words; None if it can."""
    if not isinstance(saved, Tensor):
        return (
            f'While copying the parameter named "{name}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(saved)}"
        )
    if not is_lazy(own) and saved.shape != own.shape:
        return (
            f"size mismatch for {name}: copying a param with shape {saved.shape} from checkpoint, the shape in "
            f"current model is {own.shape}."
        )
    return None


def replacement(saved: Tensor, own: Tensor) -> Tensor:
    """A saved tensor as it takes another's place: a Parameter for a Parameter, requiring grad likewise."""
    if not isinstance(own, Parameter):
        return saved
    if isinstance(saved, Parameter):
        saved.requires_grad_(own.requires_grad)
        return saved
    return Parameter(saved, own.requires_grad)


def put_in_place(module: Module, tensors: Mapping[str, Tensor]) -> None:
    """Assign tensors by dotted name."""
    for name, tensor in tensors.items():
        owner, _, attribute = name.rpartition(".")
        setattr(module.get_submodule(owner), attribute, tensor)


def quoted(names: list[str]) -> str:
    """Names for an error message: "a", "b"."""
    return ", ".join(f'"{name}"' for name in names)
