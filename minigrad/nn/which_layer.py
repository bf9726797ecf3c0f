"""Which layer an error happened in, and the shapes on the way to it: one note, made when an error leaves a model.

The layers are those whose calls the traceback goes through; the shapes are those of the graph, which has recorded them.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from minigrad.causes import value_of
from minigrad.engine.graph import Node, rule_name
from minigrad.engine.places import expression_of, user_frame
from minigrad.nn import functional
from minigrad.ops.advice import tensor_from
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.nn.module import Module

LONGEST = 8
"""How many steps of the way are shown: the last ones."""


def add_note(error: Exception) -> None:
    """Note in an error that leaves the outermost module's call which layer it happened in, and the shapes so far.

    in model.2 (Linear(4, 1)); shapes so far: x 5x2 -> 0 Linear 5x8 -> 1 ReLU 5x8
    """
    call = sys._getframe(1)
    if is_called_by_a_module(call):
        return
    with suppress(Exception):  # what cannot be told must not take the error's place
        error.add_note(note(list(frames_of(error.__traceback__)), call.f_code, str(error)))


def is_called_by_a_module(call: FrameType) -> bool:
    """Whether a module's call happens within that of another."""
    frame = call.f_back
    while frame is not None and frame.f_code is not call.f_code:
        frame = frame.f_back
    return frame is not None


def frames_of(traceback: TracebackType | None) -> Iterator[FrameType]:
    """The frames that an error went through, outermost first."""
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def note(frames: list[FrameType], call: CodeType, said: str) -> str:
    """The note for an error that went through these frames, some of them calls of modules, and has said this much."""
    calls = [i for i, frame in enumerate(frames) if frame.f_code is call]
    modules = [frames[i].f_locals["self"] for i in calls]
    root, last = modules[0], modules[-1]
    name, arguments = name_and_arguments(frames[0])
    path = name + "".join(map(name_within, modules, modules[1:]))
    given = [f"{argument} {shown(x)}" for argument, x in arguments.items() if isinstance(x, Tensor)]
    steps = [", ".join(given)] if given else []
    steps += way(root, list(arguments.values()), frames[calls[-1] :], passed(modules))
    told = [f"in {described(last)}" if path == type(last).__name__ else f"in {path} ({described(last)})"]
    told += [f"shapes so far: {' -> '.join(steps)}"] if steps else []
    for argument, x in arguments.items():
        advice = "" if isinstance(x, Tensor) else tensor_from(x)
        told += [f"{argument} is of type {type(x).__name__}{advice}"] if advice and advice not in said else []
    return "; ".join(told)


# Names ------------------------------------------------------------------------------------------------------


def name_and_arguments(call: FrameType) -> tuple[str, dict[str, Any]]:
    """What the user calls a module, and its arguments: `model(X)`; else by its class, and by forward's parameters."""
    module, args, kwargs = (call.f_locals[name] for name in ("self", "args", "kwargs"))
    name = type(module).__name__
    parameters = inspect.signature(module.forward).parameters.values()
    names = [p.name if p.kind is p.POSITIONAL_OR_KEYWORD else "input" for p in parameters][: len(args)]
    caller = user_frame(call.f_back)
    with suppress(SyntaxError):
        expression = ast.parse(expression_of((caller.f_code, caller.f_lasti)), mode="eval").body
        if isinstance(expression, ast.Call) and value_of(expression.func, caller) is module:
            name = ast.unparse(expression.func)
            given = {i: a.id for i, a in enumerate(expression.args) if isinstance(a, ast.Name)}
            names = [given.get(i, own) for i, own in enumerate(names)]
    return name, {**dict(zip(names, args)), **kwargs}


def name_within(parent: Module, child: Module) -> str:
    """A part's name as it stands behind its parent's: `.fc`, `.layers[1]` in a Python list."""
    names = [name for name, module in parent.named_modules(remove_duplicate=False) if module is child]
    if names:
        return f".{' or .'.join(names)}"
    for name, value in vars(parent).items():
        held = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
        )
        for key, module in held:
            if module is child:
                return f".{name}[{key!r}]"
    return f" -> {type(child).__name__}"


def described(module: Module) -> str:
    """A layer with the arguments that it needs: Linear(4, 1), ReLU()."""
    name = type(module).__name__
    parameters = inspect.signature(type(module)).parameters.values()
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    values = [vars(module).get(parameter) for parameter in needed]
    if not all(isinstance(value, (int, float, str, tuple)) for value in values):
        return name
    return f"{name}({', '.join(map(repr, values))})"


def shown(x: Any) -> str:
    """A tensor's sizes, and its dtype if it is not the usual one: 5x2, 5 int64."""
    return sizes(x.shape) if x.array.dtype.name == "float32" else f"{sizes(x.shape)} {x.array.dtype}"


def sizes(shape: tuple[int, ...]) -> str:
    """A shape: 5x2."""
    return "x".join(map(str, shape)) or "one number"


# The way ----------------------------------------------------------------------------------------------------


def way(root: Module, arguments: list[Any], frames: list[FrameType], done: list[tuple[str, Module]]) -> list[str]:
    """The layers and ops between the arguments and the last module's newest tensor, with their shapes."""
    tensors = next(filter(None, map(tensors_in, frames[1:])), [])
    computed = [x for x in tensors if x.grad_fn is not None]
    if not computed:  # under no_grad, or nothing is computed yet
        strange = [x for x in tensors[:1] if not any(x is argument for argument in arguments)]
        return [f"... {shown(x)}" for x in strange]
    newest = max(computed, key=lambda x: x.node.serial)  # type: ignore[union-attr]
    starts = [x.node for x in arguments if isinstance(x, Tensor) and x.node is not None]
    nodes = list(nodes_between(newest.node, starts))
    labels = [f"{label} {sizes(node.shape)}" for label, node in zip(named(nodes, root, done), nodes) if label]
    return labels[::-1] if len(labels) <= LONGEST else ["...", *labels[LONGEST - 1 :: -1]]


def tensors_in(frame: FrameType) -> list[Tensor]:
    """The tensors that are local to a frame."""
    return [x for x in frame.f_locals.values() if isinstance(x, Tensor)]


def nodes_between(node: Node | None, starts: list[Node]) -> Iterator[Node]:
    """From a node back to where the arguments' graph began, by the operand that was computed last."""
    began = max([start.serial for start in starts], default=0)
    while node is not None and node.rules and node.serial > began:
        yield node
        node = max(filter(None, node.edges), key=lambda edge: (bool(edge.rules), edge.serial), default=None)


def named(nodes: list[Node], root: Module, done: list[tuple[str, Module]]) -> Iterator[str]:
    """What ran each node, the newest first: the layer whose parameters it has read, or the op.

    done: the modules of Sequentials that have run, the newest first: an op of their name is theirs.
    """
    owners = {
        p.node: (name, module)
        for name, module in root.named_modules()
        for p in module._parameters.values()
        if p is not None and p.node is not None
    }
    for node in nodes:
        owner = next((owners[edge] for edge in node.edges if edge in owners), None)
        op = op_of(node)
        owner = owner or layer_of(op, done)
        if owner in done:
            done = done[done.index(owner) + 1 :]
        yield f"{owner[0]} {type(owner[1]).__name__}".strip() if owner else op


def layer_of(op: str, done: list[tuple[str, Module]]) -> tuple[str, Module] | None:
    """The layer of minigrad's that ran an op of its name: MaxPool2d max_pool2d; None unless that is certain."""
    for name, module in done:
        if type(module).__name__.lower() == op.replace("_", ""):
            return name, module
        if module._parameters or not type(module).__module__.startswith("minigrad."):
            return None
    return None


def op_of(node: Node) -> str:
    """The op that a node was recorded by, as users call it, or as PyTorch prints it; empty for a part of a layer's."""
    op = rule_name(next(filter(None, node.rules))).rpartition("_d")[0]
    if hasattr(Tensor, op) or hasattr(functional, op):
        return op
    return (node.pytorch_name or "").partition("Backward")[0].lower()


def passed(modules: list[Module]) -> list[tuple[str, Module]]:
    """The parts of the Sequentials on the way to an error that have run before it, the newest first."""
    from minigrad.nn.containers import Sequential

    done: list[tuple[str, Module]] = []
    prefix = ""
    for parent, child in pairwise(modules):
        parts = [(f"{prefix}{name}", module) for name, module in parent._modules.items() if module is not None]
        places = [i for i, (_, module) in enumerate(parts) if module is child]
        if type(parent).forward is Sequential.forward and len(places) == 1:
            done = parts[: places[0]][::-1] + done
        prefix = f"{prefix}{name_within(parent, child)[1:]}."
    return done
