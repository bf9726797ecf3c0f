"""Ops of one's own: `torch.autograd.Function`, whose subclasses say what an op computes and what its gradients are.

`Cube.apply(x)` calls `Cube.forward`, under no_grad, and records a node.  Its rules are those of this file, one for each
input; the first that a backward pass calls has `Cube.backward` compute the gradients of all of them.
https://docs.pytorch.org/docs/stable/notes/extending.html
"""

from __future__ import annotations

import sys
import warnings
import weakref
from functools import cache, wraps
from typing import Any

from minigrad import devices
from minigrad.arrays import NUMPYS_OWN, numpy_errors
from minigrad.autograd.function_outputs import Outputs, own_outputs
from minigrad.autograd.grad_mode import no_grad
from minigrad.engine import graph
from minigrad.engine.broadcasting import NO_GRADIENT, broadcasts
from minigrad.engine.changes import changed_error, changes_of
from minigrad.engine.graph import is_recording, raw, record, wrap
from minigrad.engine.kept import kept_by
from minigrad.engine.places import user_place
from minigrad.grad_fn import Node
from minigrad.tensor import Tensor

__all__ = ["Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "once_differentiable"]


class FunctionCtx:
    """What `forward` notes for `backward`: the tensors that it saves, what it says of its outputs, attributes.

    needs_input_grad: for each argument of forward, whether it requires grad.
    """

    needs_input_grad: tuple[bool, ...] = ()
    to_save: tuple[Any, ...] = ()
    dirty_tensors: tuple[Any, ...] | None = None
    non_differentiable: tuple[Any, ...] | None = None
    materializes = True
    saved: Any = None
    """Weakly what was saved: the node has it, and lets it go when the graph is freed."""

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for backward, which finds them in `saved_tensors`.

        They are freed with the graph, and one that is changed in place meanwhile is an error and no wrong gradient.
        """
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for forward-mode differentiation, which minigrad does not have: nothing happens."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs forward has changed in place: each must be returned as an output."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs are constants to differentiation: backward is given zeros for them."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward is given zeros (value=True, the default) or None for an output that no gradient came to."""
        self.materializes = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept.  RuntimeError once the graph is freed, and for one changed in place."""
        if self.saved is None:
            return ()
        saved = self.saved()
        if saved is None:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have "
                "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
                "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time "
                "or if you need to access saved tensors after calling backward."
            )
        return tuple(map(saved.unpacked, saved.entries))


class FunctionMeta(type):
    """Gives each Function the class of its contexts, CubeBackward for Cube.

    name, bases, attributes: those of any class.
    """

    def __init__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> None:
        super().__init__(name, bases, attributes)
        cls._backward_cls = type(name + "Backward", (FunctionCtx,), {"_forward_cls": cls})


class Function(metaclass=FunctionMeta):
    """The base of an op of one's own: a subclass has the static methods `forward` and `backward`, and is `apply`ed.

    forward(ctx, *arguments) computes on tensors, and nothing of it is recorded; backward(ctx, *gradients of the
    outputs) returns one gradient for each argument, None for one that needs none.  In place of the first there may be
    forward(*arguments) and setup_context(ctx, inputs, output).
    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.Function

    >>> import minigrad as torch
    >>> class Cube(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x**2
    >>> x = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> y = Cube.apply(x)
    >>> y
    tensor([ 1., -8.], grad_fn=<CubeBackward>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([ 3., 12.])
    """

    _backward_cls: type[FunctionCtx]
    generate_vmap_rule = False

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        warnings.warn(
            f"{self.__class__} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        """RuntimeError: a Function is applied as a class."""
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. "
            "(Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*_args: Any, **_kwargs: Any) -> Any:
        """What the op computes; each subclass has its own."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(_ctx: Any, _inputs: tuple[Any, ...], _output: Any) -> Any:
        """What is noted for backward, where forward does not take ctx; such a subclass has its own."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(_ctx: Any, *_grad_outputs: Any) -> Any:
        """The gradients of the inputs; each subclass that is differentiated has its own, perhaps named vjp."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(_ctx: Any, *_grad_inputs: Any) -> Any:
        """Forward-mode differentiation, which minigrad does not have: a subclass's own is never called."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Compute `forward` and record it.

        RuntimeError where an input was changed in place and not returned, or is a leaf that requires grad.
        """
        separate = cls.setup_context is not Function.setup_context
        if separate or kwargs:
            args = bound(cls.forward, separate, args, kwargs)
        edges = [edge_of(x) for x in args]
        ctx = cls._backward_cls()
        ctx.needs_input_grad = tuple(isinstance(x, Tensor) and x.requires_grad for x in args)
        with no_grad():
            output = cls.forward(*args) if separate else cls.forward(ctx, *args)
            if separate:
                cls.setup_context(ctx, args, output)
        outputs = own_outputs(cls.__name__, ctx, args, output, is_recording() and any(edges))
        if outputs.differentiable:
            record_call(ctx, args, edges, outputs)
        return tuple(outputs.given) if isinstance(output, tuple) else outputs.given[0]


class InplaceFunction(Function):
    """A `Function` with an attribute `inplace`, for old code.

    See `Function`.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


def bound(forward: Any, separate: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """All arguments in the order of forward's parameters; with setup_context, the defaults among them."""
    from inspect import signature

    parameters = signature(forward)
    every = parameters.bind(*args, **kwargs) if separate else parameters.bind(None, *args, **kwargs)
    if separate:
        every.apply_defaults()
    if every.kwargs:  # what is behind a parameter that was left out, or may only be given by name
        given = [name for name in parameters.parameters if name in every.arguments]
        missing = next((name for name in parameters.parameters if name not in every.arguments), given[-1])
        position = list(parameters.parameters).index(missing) - (not separate)
        raise TypeError(f"forward() missing required argument: '{missing}' (position {position})")
    return every.args if separate else every.args[1:]


def edge_of(x: Any) -> graph.Node | None:
    """The node that made an argument, before forward might change it."""
    if not isinstance(x, Tensor):
        return None
    return x.node if x.view_of is None else x.view_of.edge(x)


def record_call(ctx: FunctionCtx, args: tuple[Any, ...], edges: list[Any], outputs: Outputs) -> None:
    """Give the outputs that can be differentiated the node of the call.

    With several of them the node's own output is all of their elements in a row, and each of them a part of it.
    """
    call = Call(ctx, args, outputs)
    rules = tuple(None if edge is None else Gradient(call, i) for i, edge in enumerate(edges))
    saved = (Saved(ctx.to_save),) if ctx.to_save else ()
    place = user_place(sys._getframe(2))
    kept = kept_by(0, len(args))
    value = outputs.value()
    node = graph.new_node(value, edges, rules, place, kept, args, (), saved, call.name)
    node.__class__ = shown_as(call.name)
    outputs.become_parts_of(node, value, place, call.name)
    for each in saved:
        ctx.saved = weakref.ref(each)
        each.pack(node, outputs)
    ctx.to_save, ctx.dirty_tensors, ctx.non_differentiable = (), None, None  # an output among them has the node


# What is saved ----------------------------------------------------------------------------------------------


class Saved:
    """The tensors that a call saved, as they were after it."""

    def __init__(self, tensors: tuple[Any, ...]) -> None:
        for i, x in enumerate(tensors):
            if not (x is None or isinstance(x, Tensor)):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {i} is of type {type(x).__name__}"
                )
        self.tensors = tensors

    def pack(self, node: graph.Node, outputs: Outputs) -> None:
        """Note which version of each is saved.  Of an output only the memory is kept: its node has us."""
        self.node = weakref.ref(node)
        self.entries: list[Any] = []
        for x in self.tensors:
            made = None
            if x is not None and (number := outputs.number_of(x)) is not None:
                x = outputs.given[number]
                made = weakref.ref(x.node)
            self.entries.append(
                x if x is None else (x.array if made else x, made, changes_of(x), changes_of(x).version)
            )
        self.tensors = ()

    def unpacked(self, entry: Any) -> Any:
        """A saved tensor.  RuntimeError where it was changed since."""
        if entry is None:
            return None
        x, made, changes, version = entry
        if changes.version != version:
            raise changed_error(self.node(), changes)  # type: ignore[arg-type]
        if isinstance(x, Tensor):
            return x
        tensor = wrap(x)
        tensor.changes, tensor.node = changes, made and made()
        return tensor


# The backward pass ------------------------------------------------------------------------------------------


TAKEN = object()
"""Stands for a gradient that the engine has fetched."""


class Call:
    """One call of a Function, and the gradients of its inputs, which its `backward` computes all at once."""

    def __init__(self, ctx: FunctionCtx, args: tuple[Any, ...], outputs: Outputs) -> None:
        self.ctx, self.name = ctx, type(ctx).__name__
        self.shapes = [x.array.shape if isinstance(x, Tensor) else None for x in args]
        self.devices = [x.device if isinstance(x, Tensor) else None for x in args]
        self.layout = outputs.layout
        self.errors = numpy_errors.get(NUMPYS_OWN)
        self.computed: tuple[Any, list[Any]] = (None, [])

    @property
    def function(self) -> Any:
        """The Function's backward, or its vjp."""
        cls = self.ctx._forward_cls  # type: ignore[attr-defined]
        if cls.vjp is Function.vjp:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return cls.vjp

    def gradient(self, index: int, g: Any) -> Any:
        """That of one input.  They are computed when the first of them is asked for with a gradient of the output."""
        computed = self.computed
        if computed[0] is not g or computed[1][index] is TAKEN:
            computed = self.computed = g, self.gradients(g)
        gradient, computed[1][index] = computed[1][index], TAKEN
        if all(each is TAKEN or each is NO_GRADIENT for each in computed[1]):
            self.computed = (None, [])
        return gradient

    def gradients(self, g: Any) -> list[Any]:
        """Call the user's function; its gradients, checked, as arrays or, where the pass is recorded, as Tensors."""
        recorded = isinstance(g, Tensor)
        given = self.layout.gradients(g, self.ctx.materializes)
        silence = numpy_errors.set(self.errors)  # the user's own code is no rule of minigrad's
        try:
            returned = self.function(self.ctx, *given)
        finally:
            numpy_errors.reset(silence)
        returned = list(returned) if isinstance(returned, tuple) else [returned]
        while len(returned) > len(self.shapes) and returned[-1] is None:
            returned.pop()
        if len(returned) != len(self.shapes):
            raise RuntimeError(
                f"function {self.name} returned an incorrect number of gradients (expected {len(self.shapes)}, got "
                f"{len(returned)})"
            )
        self.check(returned)
        return [NO_GRADIENT if x is None else x if recorded else raw(x) for x in returned]

    def check(self, returned: list[Any]) -> None:
        """RuntimeError for gradients that are none of these inputs."""
        tensors = 0
        for i, (x, shape) in enumerate(zip(returned, self.shapes)):
            number, tensors = tensors, tensors + (shape is not None)
            if x is None:
                continue
            if not isinstance(x, Tensor):
                raise RuntimeError(f"expected Variable or None (got {type(x).__name__})")
            if shape is None:
                raise RuntimeError(
                    f"function {self.name} returned a gradient different than None at position {i + 1}, but the "
                    "corresponding forward input was not a Variable"
                )
            if not self.ctx.needs_input_grad[i]:
                continue
            wrong = f"Function {self.name} returned an invalid gradient at index {number} - "
            if not broadcasts(shape, x.array.shape):
                raise RuntimeError(f"{wrong}got {list(x.array.shape)} but expected shape compatible with {list(shape)}")
            if devices.device_of(x.array) != self.devices[i]:
                raise RuntimeError(f"{wrong}expected device {self.devices[i]} but got {devices.device_of(x.array)}")


class Gradient:
    """The rule of one input of a call."""

    def __init__(self, call: Call, index: int) -> None:
        self.call, self.index = call, index

    def __call__(self, g: Any, *_others: Any) -> Any:
        return self.call.gradient(self.index, g)

    @property
    def __name__(self) -> str:
        return f"{self.call.name.removesuffix('Backward')}.{self.__wrapped__.__name__}"

    @property
    def __wrapped__(self) -> Any:
        """The user's function, which is what there is to read."""
        return self.call.function

    @property
    def parameters(self) -> list[str]:
        """What messages call the gradient, the output and the inputs: these as forward does."""
        cls: Any = self.call.ctx._forward_cls  # type: ignore[attr-defined]
        code = getattr(cls.forward, "__code__", None)
        names = list(code.co_varnames[: code.co_argcount]) if code else []
        return ["g", "out", *names[cls.setup_context is Function.setup_context :]]


class FunctionNode(Node):
    """The node of a call, which has the attributes of its ctx, too."""

    def __getattr__(self, name: str) -> Any:
        rule = next(filter(None, self.__dict__.get("rules", ())), None)
        if name.startswith("__") or not isinstance(rule, Gradient):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return getattr(rule.call.ctx, name)


@cache
def shown_as(name: str) -> type[FunctionNode]:
    """The class of the nodes of a Function of this name."""
    return type(name, (FunctionNode,), {"__doc__": FunctionNode.__doc__, "__module__": __name__})


# Differentiable once ----------------------------------------------------------------------------------------


def once_differentiable(fn: Any) -> Any:
    """Decorate a backward, fn, that is not written with differentiable ops.

    A second derivative through it is a RuntimeError.
    """

    @wraps(fn)
    def wrapper(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with no_grad():
            outputs = fn(ctx, *args, **kwargs)
        if not is_recording() or not any(isinstance(x, Tensor) and x.requires_grad for x in args):
            return outputs
        each = outputs if isinstance(outputs, tuple) else (outputs,)
        each = tuple(x if x is None else differentiated_twice(x) for x in each)
        return each if len(each) > 1 else each[0]

    return wrapper


def differentiated_twice(x: Any) -> Any:
    """The same tensor, with a graph that cannot be passed."""
    source = x.detach().requires_grad_()
    return record(x.array, (source,), (differentiated_twice_dx,), name="torch::autograd::Error")


def differentiated_twice_dx(_g: Any, _out: Any, _x: Any) -> Any:
    raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")
