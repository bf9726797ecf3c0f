"""The backward pass: gradients flow from a result to the leaves, one node at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from numpy import ndarray

from minigrad.arrays import aloud, gpu_of, on_its_gpu, ones, quiet
from minigrad.engine.broadcasting import cast, fit
from minigrad.engine.changes import refuse_changed
from minigrad.engine.graph import Node, TensorBase, raw, recording, rule_name, wrap

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Gradients = dict[Node, Any]
"""d(result)/d(output) of nodes: arrays or, under create_graph, Tensors."""


def backward(
    gradients: Gradients,
    targets: Collection[Node] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
    allow_unused: bool = True,
) -> Gradients:
    """Send gradients down the graph, and return those that arrived at the targets.

    gradients: what the pass starts from; later those in flight, of nodes whose turn is to come.  targets: the nodes
    that gradients were asked for (default: the leaves, and what asked for its `.grad`).  create_graph: record the pass
    itself.  allow_unused: whether a target may be one that no gradient arrives at.
    """
    nodes, on_the_way = nodes_below(gradients, targets, allow_unused)
    arrived: Gradients = {}
    node: Node | None = None
    rule: Any = None
    contribution: Any = None
    mode, silence = recording.set(create_graph), quiet().__enter__()  # a `with` would indent the loop
    try:
        for node in nodes:
            g = gradients.pop(node)
            if node.hooks:
                g = run_hooks(node, g, silence)
            if node.receiver is not None if targets is None else node in targets:
                arrived[node] = g
            if not node.edges:
                continue
            arguments = rule_arguments(node, g, create_graph)
            for edge, rule in zip(node.edges, node.rules):
                if edge in on_the_way:
                    contribution = rule(*arguments)
                    if contribution.shape != edge.shape or contribution.dtype != edge.dtype:
                        contribution = fit(contribution, edge, rule)
                    gradients[edge] = gradients[edge] + contribution if edge in gradients else contribution
    except Exception as error:
        explain(error, node, rule, contribution)
        raise
    finally:
        silence.__exit__(None, None, None)
        recording.reset(mode)
    if not retain_graph:
        free(nodes)
    return arrived


# Before the pass --------------------------------------------------------------------------------------------


def start(roots: Sequence[Tensor], given: Sequence[Any], create_graph: bool) -> Gradients:
    """The gradients that a pass starts from, checked; None stands for the 1 of a scalar."""
    if len(given) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    gradients: Gradients = {}
    for i, (root, g) in enumerate(zip(roots, given)):
        if root.node is None:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn. Set "
                "requires_grad=True on a tensor that it is computed from, and compute it outside no_grad."
            )
        g = one(root.array) if g is None else checked_gradient(g, root, i)
        if create_graph:
            g = g if isinstance(g, TensorBase) else wrap(g)
        elif raw(g).dtype == root.array.dtype:
            g = raw(g)
        else:
            g = cast(raw(g), root.array.dtype)
        if root.node in gradients:
            with quiet():
                g = gradients[root.node] + g
        gradients[root.node] = g
    return gradients


def one(x: Any) -> Any:
    """The gradient of a scalar by itself: a raw 1, not to be changed."""
    if x.size != 1:
        raise RuntimeError(
            f"grad can be implicitly created only for scalar outputs, but this one has shape {list(x.shape)}. "
            "Reduce it first, as in loss.mean().backward(), or pass gradient= of its shape."
        )
    return ones(x, 1).reshape(x.shape)


def checked_gradient(g: Any, root: Tensor, i: int) -> Any:
    """A gradient that was given for a root; errors for one that does not fit it."""
    if not hasattr(raw(g), "shape"):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
    if raw(g).shape != root.array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} and output[{i}] has a shape of {root.shape}."
        )
    if gpu_of(raw(g)) != gpu_of(root.array):
        raise RuntimeError(
            f"grad_output[{i}] is on {g.device}, but output[{i}] on {root.device}: move it with "
            f".to({str(root.device)!r})"
        )
    return g


def nodes_of(tensors: Iterable[Tensor]) -> dict[Node, Tensor]:
    """The tensors that gradients were asked for, by node."""
    found: dict[Node, Tensor] = {}
    for tensor in tensors:
        if tensor.node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        found[tensor.node] = tensor
    return found


def nodes_below(roots: Gradients, targets: Collection[Node] | None, allow_unused: bool) -> tuple[list[Node], set[Node]]:
    """The nodes that the roots were computed from and that lead to a target: the newest first, and as a set."""
    nodes = list(roots)
    found: set[Node | None] = {None, *roots}
    for node in nodes:  # grows while we go through it
        for edge in node.edges:
            if edge not in found:
                found.add(edge)
                nodes.append(edge)  # type: ignore[arg-type]
    nodes.sort(key=attrgetter("serial"), reverse=True)
    if targets is not None:
        if not (allow_unused or found.issuperset(targets)):
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. "
                "Set allow_unused=True if this is the desired behavior."
            )
        found = set()
        for node in reversed(nodes):
            if node in targets or not found.isdisjoint(node.edges):
                found.add(node)
        nodes = [node for node in nodes if node in found]
    found.discard(None)
    return nodes, found  # type: ignore[return-value]


# At each node -----------------------------------------------------------------------------------------------


def rule_arguments(node: Node, g: Any, create_graph: bool) -> tuple[Any, ...]:
    """What a node's rules are called with: g, out, the operands, the static and the saved values.

    Arrays, or under create_graph Tensors of the graph.
    """
    if node.inputs is None:
        raise RuntimeError(
            "Trying to backward through the graph a second time, but the values that it kept were freed by the "
            "first pass. Compute the result anew, or pass retain_graph=True the first time. "
            f"Freed: {node.name()}, recorded at {node.line}"
        )
    if type(g) is not ndarray:
        on_its_gpu(raw(g))
    operands = []
    for x in node.inputs:
        if isinstance(x, TensorBase):
            if x.changes is not None and x.changes.serial > node.serial:
                refuse_changed(node, x.changes)
            x = x if create_graph else x.array
        operands.append(x)
    out = node.out
    if out is not None:
        if node.changes is not None and node.changes.serial > node.serial:
            refuse_changed(node, node.changes)
        if create_graph:
            out = wrap(out)
            out.node = node
    return (g, out, *operands, *node.static, *node.saved)


def run_hooks(node: Node, g: Any, silence: quiet) -> Any:
    """Let each hook see, and perhaps replace, the gradient of a node's output."""
    for hook in list((node.hooks or {}).values()):
        seen: Any = g if isinstance(g, TensorBase) else wrap(g)
        with aloud(silence):
            replaced = hook(seen)
        if replaced is not None:
            name = getattr(hook, "__name__", hook)
            if not isinstance(replaced, TensorBase):
                raise TypeError(f"expected Variable, but hook {name} returned {type(replaced).__name__}")
            if raw(replaced).shape != node.shape:
                raise RuntimeError(
                    f"hook {name} has changed the shape of the gradient: {list(node.shape)} became "
                    f"{list(raw(replaced).shape)}"
                )
            g = replaced if isinstance(g, TensorBase) else raw(replaced)
    return g


# After the pass ---------------------------------------------------------------------------------------------


def free(nodes: list[Node]) -> None:
    """Let go of what nodes kept for their rules; a second pass is refused where there was anything."""
    for node in nodes:
        if node.keeps:
            node.inputs = node.out = node.static = node.saved = None  # type: ignore[assignment]


def explain(error: Exception, node: Node | None, rule: Any, contribution: Any) -> None:
    """Tell an error of the pass which rule it happened in, and which line of the user's recorded the op."""
    if node is None or rule is None or rule not in node.rules:
        return
    where = f"In the backward pass, {rule_name(rule)} of {node.name()}, recorded at {node.line}"
    raised_here = error.__traceback__ is not None and error.__traceback__.tb_next is None
    if isinstance(error, AttributeError) and raised_here and not hasattr(raw(contribution), "shape"):
        raise TypeError(
            f"{rule_name(rule)} returned {contribution!r} where the gradient of its input belongs: an array like "
            f"its g. Is a `return` missing? {where}"
        ) from error
    error.add_note(where)
