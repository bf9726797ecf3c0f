"""Less memory for more time, as torch.utils.checkpoint: what a part of a model keeps for backward is computed again."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from minigrad.autograd import Function
from minigrad.autograd.grad_mode import enable_grad, no_grad
from minigrad.autograd.gradients import backward
from minigrad.engine.changes import changed_error, serials
from minigrad.engine.graph import Node, is_recording, node_of, wrap
from minigrad.nn.containers import Sequential
from minigrad.random import get_rng_state, set_rng_state
from minigrad.tensor import Tensor

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn"]


class CheckpointError(RuntimeError):
    """What was computed again is not what was computed first."""


def noop_context_fn() -> tuple[Any, Any]:
    """Two contexts that do nothing: for the first time that a function runs, and for the second."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """What function(*args, **kwargs) returns; its graph keeps nothing, and runs it again in the backward pass.

    use_reentrant=False: gradients of any order, by `autograd.grad` too.  use_reentrant=True: the older way, a backward
    pass in the backward pass: only `backward()` of everything, and one argument must require grad.  None is True with a
    warning.  preserve_rng_state (default True): the second time random numbers are those of the first.  context_fn:
    gives two contexts, one for each time.  determinism_check: "default", or "none" for no look at what is recorded the
    second time.  early_stop, debug: accepted, and without effect.  CheckpointError where the second time other ops are
    recorded; ValueError for context_fn or debug with use_reentrant=True.  T. Chen et al. (2016),
    https://arxiv.org/abs/1604.06174, https://docs.pytorch.org/docs/stable/checkpoint.html
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, "
            "calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but "
            "if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for "
            "more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if not use_reentrant:
        return Again(function, args, kwargs, preserve, context_fn, determinism_check == "default").first()
    _ = early_stop
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if context_fn is not noop_context_fn or debug:
        raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
    return Reentrant.apply(function, preserve, *args)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """What functions, a Sequential or a list, one after the other, make of input; parts of it are checkpointed.

    segments: into how many parts of as many functions; all but the last one are computed again in the backward pass.
    use_reentrant, preserve_rng_state, errors: as for `checkpoint`.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In "
            "version 2.9 we will raise an exception if use_reentrant is not passed. use_reentrant=False is "
            "recommended, but if you need to preserve the current default behavior, you can pass use_reentrant=True. "
            "Refer to docs for more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = list(functions.children()) if isinstance(functions, Sequential) else list(functions)
    size = len(steps) // segments
    last = size * (segments - 1)
    for start in range(0, last, size) if size else ():
        part = in_turn(steps[start : start + size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return in_turn(steps[last:])(input)


def in_turn(functions: list[Any]) -> Callable[[Any], Any]:
    """One function that calls several, each with the result of the one before."""

    def run(input: Any) -> Any:
        for function in functions:
            input = function(input)
        return input

    return run


# The graph without its values -----------------------------------------------------------------------------------


class Again:
    """A function that is run once, and again when a backward pass comes to one of the ops that it recorded."""

    def __init__(self, function: Any, args: Any, kwargs: Any, preserve: bool, context_fn: Any, checked: bool) -> None:
        self.function, self.args, self.kwargs, self.checked = function, args, kwargs, checked
        self.state = get_rng_state() if preserve else None
        self.contexts = context_fn()
        self.nodes: list[Node] = []

    def first(self) -> Any:
        """Run it; then let go of all that its ops keep."""
        begin = next(serials)
        with self.contexts[0]:
            output = self.function(*self.args, **self.kwargs)
        if is_recording():
            self.nodes = recorded_since(begin, output)
            self.versions = [(x, x._version) for x in [*self.args, *self.kwargs.values()] if isinstance(x, Tensor)]
            for node in self.nodes:
                node.inputs, node.out, node.saved = (), None, ()
                node.hooks = {-1: self.fill, **(node.hooks or {})}  # the first of its hooks
        return output

    def fill(self, _g: Any) -> None:
        """Give the ops what they kept, the first time that one of them has its turn."""
        nodes, self.nodes = self.nodes, []
        if not nodes:
            return
        for node in nodes:
            (node.hooks or {}).pop(-1, None)
        for x, version in self.versions:
            if x._version != version:
                raise changed_error(nodes[0], x.changes)  # type: ignore[arg-type]
        again = self.second()
        if len(again) != len(nodes) or (self.checked and [*map(kind, again)] != [*map(kind, nodes)]):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nOps during the forward: {len(nodes)}\nOps during recomputation: {len(again)}"
            )
        old = dict(zip(again, nodes))
        for node, new in zip(nodes, again):
            node.inputs = tuple(as_before(x, old) for x in new.inputs)
            node.out, node.static, node.saved = new.out, new.static, new.saved
            node.serial, node.changes, node.written = new.serial, new.changes, new.written

    def second(self) -> list[Node]:
        """Run it again; the ops that it records."""
        begin, now = next(serials), get_rng_state()
        try:
            if self.state is not None:
                set_rng_state(self.state)
            with enable_grad(), self.contexts[1]:
                return recorded_since(begin, self.function(*self.args, **self.kwargs))
        finally:
            set_rng_state(now)


def kind(node: Node) -> tuple[Any, ...]:
    """What must be the same the second time."""
    return node.name(), node.shape, node.dtype


def recorded_since(begin: int, output: Any) -> list[Node]:
    """The nodes of ops, younger than a number, that outputs were computed by, oldest first."""
    found = {node: None for x in tensors_in(output) if (node := node_of(x)) is not None and node.serial > begin}
    nodes = list(found)
    for node in nodes:  # grows while we go through it
        for edge in node.edges:
            if edge is not None and edge.serial > begin and edge not in found:
                found[edge] = None
                nodes.append(edge)
    return sorted((node for node in nodes if node.rules), key=lambda node: node.serial)


def tensors_in(x: Any) -> list[Tensor]:
    """The tensors in nested tuples, lists and dictionaries."""
    if isinstance(x, Tensor):
        return [x]
    parts = list(x.values()) if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else []
    return [tensor for part in parts for tensor in tensors_in(part)]


def as_before(x: Any, old: dict[Node, Node]) -> Any:
    """An operand whose node is that of the first time."""
    node = x.node if isinstance(x, Tensor) else None
    if node not in old:
        return x
    operand = wrap(x.array)
    operand.node, operand.changes = old[node], x.changes
    return operand


# The older way ----------------------------------------------------------------------------------------------


class Reentrant(Function):
    """A function that is run without a graph, and with one when its gradients are asked for."""

    @staticmethod
    def forward(ctx: Any, function: Any, preserve: bool, *args: Any) -> Any:
        """Run it under no_grad."""
        if not any(isinstance(x, Tensor) and x.requires_grad for x in args):
            warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=4)
        ctx.function, ctx.state = function, get_rng_state() if preserve else None
        ctx.others = [None if isinstance(x, Tensor) else x for x in args]
        ctx.save_for_backward(*(x if isinstance(x, Tensor) else None for x in args))
        with no_grad():
            return function(*args)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Run it again on inputs of its own, and send the gradients through that."""
        inputs = [
            other if x is None else x.detach().requires_grad_(x.requires_grad)
            for x, other in zip(ctx.saved_tensors, ctx.others)
        ]
        now = get_rng_state()
        try:
            if ctx.state is not None:
                set_rng_state(ctx.state)
            with enable_grad():
                outputs = ctx.function(*inputs)
        finally:
            set_rng_state(now)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [(y, g) for y, g in zip(outputs, gradients) if isinstance(y, Tensor) and y.requires_grad]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward([y for y, _ in pairs], [g for _, g in pairs])
        return (None, None, *(x.grad if isinstance(x, Tensor) else None for x in inputs))
