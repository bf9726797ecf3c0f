"""Hooks of a module that see gradients: those that come to its outputs, and those that it sends to its inputs.

While a module has such hooks, its inputs and outputs go through ops that hand them on, two for each: a gradient comes
by all outer ones of the outputs before the first of their inner ones, and there the hooks can change all at once.  The
inputs' work likewise.  https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from minigrad.engine.graph import record
from minigrad.engine.order import replica
from minigrad.hooks import RemovableHandle
from minigrad.tensor import Tensor

NAME = "BackwardHookFunctionBackward"


def handed_on(input: Tensor) -> Tensor:
    """The same values, in memory of their own."""
    return record(replica(input.array), (input,), (handed_on_dinput,), name=NAME)


def handed_on_dinput(g: Tensor, _out: Tensor, _input: Tensor) -> Tensor:
    """The same gradient."""
    return g


class BackwardHooks:
    """The hooks of one module; a pre-hook and a hook of its forward send inputs and outputs through the ops."""

    def __init__(self, module: Any) -> None:
        self.hooks: dict[int, Any] = {}
        self.pre_hooks: dict[int, Any] = {}
        self.calls: list[Call] = []
        module.register_forward_pre_hook(self.before)
        module.register_forward_hook(self.after)

    def before(self, module: Any, args: tuple[Any, ...]) -> Any:
        """Hand the inputs on."""
        call = Call(self, module)
        self.calls.append(call)
        return call.inputs_handed_on(args) if self.hooks else None

    def after(self, module: Any, _args: Any, output: Any) -> Any:  # noqa: ARG002 - what a hook is given
        """Hand the outputs on: a Tensor, or those of a tuple or a list."""
        call = self.calls.pop()
        if not (self.hooks or self.pre_hooks):
            return None
        if isinstance(output, Tensor):
            return call.outputs_handed_on([output])[0]
        if isinstance(output, (list, tuple)) and type(output) in (list, tuple):
            return type(output)(call.outputs_handed_on(list(output)))
        return None


class Call:
    """One call of a module, and the gradients that have come to it."""

    def __init__(self, hooks: BackwardHooks, module: Any) -> None:
        self.hooks, self.module = hooks, module
        self.of_inputs: Gradients | None = None
        self.of_outputs: tuple[Any, ...] | None = None

    def inputs_handed_on(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments; the hooks are called when all their gradients are known."""
        if not any(isinstance(x, Tensor) and x.requires_grad for x in args):
            return args
        self.of_inputs = Gradients(args, self.call_hooks)
        return tuple(self.of_inputs.tensors)

    def outputs_handed_on(self, outputs: list[Any]) -> list[Any]:
        """The outputs; the pre-hooks are called when all their gradients are known."""
        return Gradients(outputs, self.call_pre_hooks).tensors

    def call_pre_hooks(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the outputs, as the pre-hooks leave them."""
        for hook in list(self.hooks.pre_hooks.values()):
            gradients = replaced_by(hook(self.module, gradients), gradients, "grad_output")
        self.of_outputs = gradients
        if self.of_inputs is None and self.hooks.hooks:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                "inputs require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#"
                "torch.nn.Module.register_full_backward_hook for more details.",
                stacklevel=2,
            )
            for hook in list(self.hooks.hooks.values()):
                hook(self.module, (None,), gradients)
        return gradients

    def call_hooks(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the inputs, as the hooks leave them.

        The hooks are not called where none came by the outputs: a second derivative passes the inputs alone.
        """
        if self.of_outputs is None:
            return gradients
        for hook in list(self.hooks.hooks.values()):
            gradients = replaced_by(hook(self.module, gradients, self.of_outputs), gradients, "grad_input")
        self.of_outputs = None
        return gradients


class Gradients:
    """Tensors handed on twice; what calls for all their gradients gets them before any is sent further."""

    def __init__(self, tensors: Any, see: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
        self.see = see
        self.tensors = list(tensors)
        chosen = [i for i, x in enumerate(tensors) if isinstance(x, Tensor) and x.requires_grad]
        self.places = [i for i, x in enumerate(tensors) if isinstance(x, Tensor)]
        self.collected: dict[int, Any] = {}
        self.replaced: tuple[Any, ...] | None = None
        inner = {i: handed_on(tensors[i]) for i in chosen}
        for i in chosen:
            self.tensors[i] = handed_on(inner[i])
            self.tensors[i].register_hook(partial(self.collect, i))
            inner[i].register_hook(partial(self.seen, i))

    def collect(self, index: int, g: Any) -> None:
        """A gradient comes.  With the first of a pass those of the last one are forgotten."""
        if self.replaced is not None:
            self.collected, self.replaced = {}, None
        self.collected[index] = g

    def seen(self, index: int, _g: Any) -> Any:
        """The gradient of a tensor after all were seen."""
        if self.replaced is None:
            self.replaced = self.see(tuple(self.collected.get(i) for i in self.places))
        return self.replaced[self.places.index(index)]


def replaced_by(result: Any, gradients: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    """What a hook returned in place of gradients: as many, or None.  RuntimeError for another number."""
    if result is None:
        return gradients
    result = result if isinstance(result, tuple) else (result,)
    if len(result) != len(gradients):
        kind = "hook" if what == "grad_input" else "pre hook"
        raise RuntimeError(
            f"Backward {kind} returned an invalid number of {what}, got {len(result)}, but expected {len(gradients)}"
        )
    return tuple(result)


def hooks_of(module: Any) -> BackwardHooks:
    """A module's, begun on first use."""
    if "_backward_hooks" not in module.__dict__:
        object.__setattr__(module, "_backward_hooks", BackwardHooks(module))
    found: BackwardHooks = module.__dict__["_backward_hooks"]
    return found


def added(hooks: dict[int, Any], hook: Any, prepend: bool) -> RemovableHandle:
    """A hook added to others, behind or before them."""
    handle = RemovableHandle(hooks, hook)
    if prepend:
        hooks.update({key: hooks.pop(key) for key in list(hooks) if key != handle.id})
    return handle
