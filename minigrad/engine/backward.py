"""The backward pass: gradients flow from a result to the leaves, one node at a time.

A node's operands have smaller serial numbers than the node itself.  So the newest node that a gradient has arrived at
has received all of it, and has its turn next.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from contextvars import Token
from heapq import heappop, heappush
from itertools import repeat
from operator import attrgetter
from types import FrameType
from typing import TYPE_CHECKING, Any

from minigrad.arrays import IN_MEMORY, SILENT, aloud, gpu_of, numpy_errors, on_its_gpu
from minigrad.engine import changes
from minigrad.engine.broadcasting import cast, fit
from minigrad.engine.graph import Node, TensorBase, is_recording, node_of, raw, recording, rule_name, wrap

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

turn = attrgetter("turn")

observer: Any = None
"""Who is told of each gradient that a rule returns: `minigrad.watch`, while somebody watches."""

Gradients = dict[Node, Any]
"""d(result)/d(output) of nodes: arrays or, under create_graph, Tensors."""


def backward(
    gradients: Gradients,
    targets: Collection[Node] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
    allow_unused: bool = True,
) -> Gradients:
    """Send gradients down the graph, and return those that arrived at the targets and at what asked for its `.grad`.

    gradients: what the pass starts from; later those in flight, of nodes whose turn is to come.  targets: the nodes
    that gradients were asked for (default: the leaves).  create_graph: record the pass itself.  allow_unused: whether a
    target may be one that no gradient arrives at.
    """
    on_the_way, ends = (None, set()) if targets is None else ways_to(targets, gradients, allow_unused)
    turns = sorted(zip(map(turn, roots := gradients.keys() - ends), roots))  # a heap, the newest node first
    visited, arrived = [], {}
    mode, silence = recording.set(create_graph), numpy_errors.set(SILENT)
    try:
        while turns:
            _, node = heappop(turns)
            g = run_hooks(node, gradients.pop(node), silence) if node.hooks else gradients.pop(node)
            if node.receiver is not None or (targets is not None and node in targets):
                arrived[node] = g
            visited.append(node)
            arguments = rule_arguments(node, g, create_graph)
            for edge, rule in zip(node.edges, node.rules):
                if edge is not None and (on_the_way is None or edge in on_the_way):
                    contribution = rule(*arguments)
                    if observer is not None:
                        observer.sent(node, edge, rule, arguments, contribution, gradients)
                    if contribution.shape != edge.shape or contribution.dtype != edge.dtype:
                        contribution = fit(contribution, edge, rule)
                        if contribution is None:
                            continue
                    if edge in gradients:
                        gradients[edge] = gradients[edge] + contribution
                    else:
                        gradients[edge] = contribution
                        if edge.edges and edge not in ends:
                            heappush(turns, (edge.turn, edge))
        while gradients:
            end, g = gradients.popitem()
            arrived[end] = run_hooks(end, g, silence) if end.hooks else g
    except Exception as error:
        explain(error, locals())
        raise
    finally:
        numpy_errors.reset(silence)
        recording.reset(mode)
    if not retain_graph:
        free(visited)
    return arrived


# Before the pass --------------------------------------------------------------------------------------------


def start(root: Tensor, g: Any, create_graph: bool, number: int = 0) -> Any:
    """The gradient that a pass starts from at one of its roots, checked; None stands for the 1 of a scalar.

    root: whose node is that of its value, also where it is a view (see `node_of`).
    """
    if root.node is None:
        raise no_graph(number)
    g = one(root.array) if g is None else checked_gradient(g, root, create_graph, number)
    return wrap(g) if create_graph and not isinstance(g, TensorBase) else g


def no_graph(number: int) -> RuntimeError:
    """The error for a root that was not recorded, and what the user's source says of why."""
    from minigrad.causes import of_no_graph

    return RuntimeError(
        f"element {number} of tensors does not require grad and does not have a grad_fn. Set requires_grad=True on "
        f"a tensor that it is computed from, and compute it outside no_grad.{of_no_graph()}"
    )


def one(x: Any) -> Any:
    """The gradient of a scalar by itself: 1, in its dtype and where it is."""
    if x.size != 1:
        raise RuntimeError(
            f"grad can be implicitly created only for scalar outputs, but this one has shape {list(x.shape)}. "
            "Reduce it first, as in loss.mean().backward(), or pass gradient= of its shape."
        )
    return x**0


def checked_gradient(g: Any, root: Tensor, create_graph: bool, number: int) -> Any:
    """A gradient that was given for a root, as an array unless create_graph; errors for one that does not fit it."""
    if not hasattr(raw(g), "shape"):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
    if raw(g).shape != root.array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{number}] has a shape of {g.shape} "
            f"and output[{number}] has a shape of {root.shape}."
        )
    if gpu_of(raw(g)) != gpu_of(root.array):
        raise RuntimeError(
            f"grad_output[{number}] is on {g.device}, but output[{number}] on {root.device}: move it with "
            f".to({str(root.device)!r})"
        )
    if create_graph or raw(g).dtype == root.array.dtype:
        return g if create_graph else raw(g)
    return cast(raw(g), root.array.dtype)


def inputs_of(inputs: Tensor | Iterable[Tensor]) -> set[Node]:
    """The nodes of those tensors, leaves or not, that alone shall get a `.grad`."""
    tensors: list[Tensor] = [inputs] if isinstance(inputs, TensorBase) else list(inputs)
    if not tensors:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    for tensor in tensors:
        tensor.retain_grad()
    return {node for node in map(node_of, tensors) if node is not None}


def ways_to(targets: Collection[Node], gradients: Gradients, allow_unused: bool) -> tuple[set[Node], set[Node]]:
    """The nodes from which a way leads to a target, and those targets from which none leads to a further one.

    What the pass would start from in vain is left out of the gradients.
    """
    on_the_way = nodes_above(targets, gradients, allow_unused)
    for root in gradients.keys() - on_the_way:
        del gradients[root]
    return on_the_way, {node for node in targets if on_the_way.isdisjoint(filter(None, node.edges))}


def nodes_above(targets: Collection[Node], roots: Iterable[Node], allow_unused: bool) -> set[Node]:
    """The targets and the nodes from which a way leads to one, of those that the roots were computed from.

    RuntimeError for a target that no root was computed from, unless allow_unused.
    """
    nodes = list(roots)
    found: set[Node | None] = {None, *nodes}
    for node in nodes:  # grows while we go through it
        for edge in node.edges:
            if edge not in found:
                found.add(edge)
                nodes.append(edge)  # type: ignore[arg-type]
    if not (allow_unused or found.issuperset(targets)):
        raise RuntimeError(
            "One of the differentiated Tensors appears to not have been used in the graph. "
            "Set allow_unused=True if this is the desired behavior."
        )
    above: set[Node] = set()
    for node in sorted(nodes, key=turn, reverse=True):
        if node in targets or not above.isdisjoint(filter(None, node.edges)):
            above.add(node)
    return above


# At each node -----------------------------------------------------------------------------------------------


def rule_arguments(node: Node, g: Any, create_graph: bool) -> tuple[Any, ...]:
    """What a node's rules are called with: g, out, the operands, the static and the saved values.

    Arrays, or under create_graph Tensors of the graph.
    """
    if node.inputs is None or changes.latest > node.serial or type(g) not in IN_MEMORY:
        prepare(node, g)
    if create_graph:
        return (g, out_tensor(node), *node.inputs, *node.static, *node.saved)
    arrays = map(getattr, node.inputs, repeat("array"), node.inputs)  # of tensors; anything else as it is
    return (g, node.out, *arrays, *node.static, *node.saved)


def out_tensor(node: Node) -> Tensor | None:
    """A node's output, if a rule reads it, as the Tensor of the graph that it was."""
    if node.out is None:
        return None
    out = wrap(node.out)
    out.node = node
    return out


def prepare(node: Node, g: Any) -> None:
    """Have CuPy work on the gradient's GPU.  RuntimeError where what the rules need was freed, or has changed."""
    if node.inputs is None:
        raise RuntimeError(
            "Trying to backward through the graph a second time, but the values that it kept were freed by the "
            "first pass. Compute the result anew, or pass retain_graph=True the first time. "
            f"Freed: {node.name()}, recorded at {node.line}"
        )
    changes.refuse_changed(node)
    on_its_gpu(raw(g))


def run_hooks(node: Node, g: Any, silence: Token[Any]) -> Any:
    """Let each hook see, and perhaps replace, the gradient of a node's output."""
    for hook in list((node.hooks or {}).values()):
        seen: Any = g if isinstance(g, TensorBase) else wrap(g)
        with aloud(silence):
            replaced = hook(seen)
        if replaced is not None:
            name = getattr(hook, "__name__", hook)
            if not isinstance(replaced, TensorBase):
                raise TypeError(f"expected Variable, but hook {name} returned {type(replaced).__name__}")
            if raw(replaced).dtype != node.dtype:
                raise RuntimeError(
                    f"hook '{name}' has changed the type of value (was {node.dtype} got {raw(replaced).dtype})"
                )
            if raw(replaced).shape != node.shape:
                raise RuntimeError(
                    f"hook '{name}' has changed the size of value: a gradient of shape {list(node.shape)} became one "
                    f"of shape {list(raw(replaced).shape)}"
                )
            g = replaced if isinstance(g, TensorBase) else raw(replaced)
    return g


def refuse_numpy_in_rules() -> None:
    """TypeError where NumPy is given a Tensor by a rule: what it computes is a constant to the second derivative."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not run_hooks.__code__:
        if frame.f_code is backward.__code__ and is_recording():
            raise TypeError(
                "a rule gave a Tensor to NumPy, whose result would be a constant to the second derivative: use "
                "operators, methods or minigrad's functions"
            )
        frame = frame.f_back


# After the pass ---------------------------------------------------------------------------------------------


def free(nodes: list[Node]) -> None:
    """Let go of what nodes kept for their rules; a second pass is refused where there was anything."""
    for node in nodes:
        if node.keeps or any(map(hasattr, node.static, repeat("nbytes"))):  # or arrays
            node.inputs = node.out = node.static = node.saved = None  # type: ignore[assignment]


def explain(error: Exception, names: dict[str, Any]) -> None:
    """Tell an error of the pass which rule it happened in, and which line of the user's recorded the op.

    names: the names of the pass, as far as it came.
    """
    node, rule, contribution = map(names.get, ("node", "rule", "contribution"))
    if node is None or rule is None or rule not in node.rules:
        return
    where = f"In the backward pass, {rule_name(rule)} of {node.name()}, recorded at {node.line}"
    raised_here = error.__traceback__ is not None and error.__traceback__.tb_next is None
    if isinstance(error, AttributeError) and raised_here and not hasattr(raw(contribution), "shape"):
        raise TypeError(
            f"{rule_name(rule)} returned {contribution!r} where the gradient of its input belongs: an array like "
            f"its g.{' Is a `return` missing?' if contribution is None else ''} {where}"
        ) from None
    error.add_note(where)
