"""Tensor: an array, its gradient, and the node that made it.  Its methods are the ops, or only call them."""

from __future__ import annotations

import builtins
import copy
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad import devices, dtypes, formats, printing
from minigrad.engine import backward as engine
from minigrad.engine import graph
from minigrad.engine.broadcasting import cast
from minigrad.engine.changes import changes_of
from minigrad.engine.graph import Node, leaf_node, node_of, wrap
from minigrad.engine.order import by_rows, elements, guarded, replica, spanned
from minigrad.engine.ownership import add_to_grads
from minigrad.grad_fn import as_shown
from minigrad.hooks import RemovableHandle
from minigrad.methods import TensorMethods
from minigrad.ops import advice, creation
from minigrad.ops.dims import axis
from minigrad.ops.moving import to_device
from minigrad.size import Size


class Tensor(TensorMethods):
    """A NumPy array that can take part in differentiation.

    `Tensor(data)` gives a float tensor with a copy of the data, `Tensor(2, 3)` one of that size with undefined
    values, as in PyTorch, on a device; `minigrad.tensor(data)` is what you want in new code.

    >>> import minigrad as torch
    >>> a = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> (a @ a.T).sum().backward()
    >>> a.grad
    tensor([[2., 4.]])
    """

    __array_priority__ = 1000  # array * tensor is the Tensor's to compute

    def __init__(self, *data: Any, device: Any = None) -> None:
        self.array = creation.typed("Tensor", None)(*data, device=device).array

    # What it is ---------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> dtypes.dtype:
        """The data type of the elements."""
        return dtypes.from_numpy[self.array.dtype]

    @property
    def device(self) -> devices.device:
        """Where the elements are."""
        return devices.device_of(self.array)

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return Size(self.array.shape)

    @property
    def ndim(self) -> builtins.int:
        """The number of dimensions."""
        ndim: builtins.int = self.array.ndim
        return ndim

    def dim(self) -> builtins.int:
        """The number of dimensions: the length of the shape."""
        return self.ndim

    ndimension = dim

    def size(self, dim: builtins.int | None = None) -> Any:
        """The shape, a Size; with dim the size of that dimension.  IndexError for a dim that there is not."""
        return self.shape if dim is None else self.array.shape[axis(dim, self.ndim)]

    def numel(self) -> builtins.int:
        """The number of elements: the product of the sizes."""
        number: builtins.int = self.array.size
        return number

    nelement = numel

    def element_size(self) -> builtins.int:
        """Bytes per element: 4 for float32, 8 for int64."""
        return self.dtype.itemsize

    def is_floating_point(self) -> builtins.bool:
        """Whether the dtype is float16, float32 or float64."""
        return self.dtype.is_floating_point

    @property
    def is_cuda(self) -> builtins.bool:
        """Whether the elements are on a GPU."""
        return self.device.type == "cuda"

    @property
    def itemsize(self) -> builtins.int:
        """Bytes per element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> builtins.int:
        """Bytes of all elements."""
        return self.numel() * self.itemsize

    # Differentiation ----------------------------------------------------------------------------------------

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: builtins.bool | None = None,
        create_graph: builtins.bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Compute d(self)/d(leaf) for every leaf and add it to the leaf's `.grad`.

        gradient: d(result)/d(self), of self's shape; may be left out for a scalar.  retain_graph: keep the graph
        for another pass (default: create_graph).  create_graph: record the pass itself, for higher derivatives.
        inputs: only these tensors get gradients.

        RuntimeError: self needs no grad, is no scalar and has no gradient given, the graph was freed by an earlier
        pass, or a value that a rule needs was changed in place.  Then no `.grad` has changed.
        https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html

        >>> import minigrad as torch
        >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
        """
        root = self.node if self.view_of is None else node_of(self)
        gradients: dict[Any, Any] = {root: engine.start(self, gradient, create_graph)}
        targets = None if inputs is None else engine.inputs_of(inputs)
        keep = create_graph if retain_graph is None else retain_graph
        add_to_grads(engine.backward(gradients, targets, keep, create_graph))

    @property
    def requires_grad(self) -> builtins.bool:
        """Whether gradients are computed for it."""
        return self.node is not None or (self.view_of is not None and self.view_of.base.node is not None)

    @requires_grad.setter
    def requires_grad(self, value: builtins.bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: builtins.bool = True) -> Tensor:
        """Compute gradients for this leaf from now on, or with requires_grad=False no longer.

        RuntimeError for integers and bools, and for the result of a recorded op (use `detach`).
        """
        if requires_grad and self.array.dtype.kind != "f":
            raise RuntimeError(
                f"only Tensors of floating point dtype can require gradients, not {self.dtype}: use .float()"
            )
        if not requires_grad and not self.is_leaf:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if not requires_grad and self.node is not None:
            self.node, self.frozen = None, self.node
        elif requires_grad and self.node is None:
            self.node = self.frozen or leaf_node(self)
        return self

    @property
    def is_leaf(self) -> builtins.bool:
        """Whether no recorded op made it."""
        return self.grad_fn is None

    @property
    def grad_fn(self) -> Node | None:
        """The node of the op that made it; None for a leaf."""
        node = node_of(self)
        return as_shown(node) if node is not None and node.rules else None

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward passes have added up, of the tensor's shape and dtype; None before."""
        if self._grad is None and not self.is_leaf and not self.retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
                "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor "
                f"by mistake, make sure you access the leaf Tensor instead. This one: {self.grad_fn!r}",
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
                )
            if value.array.shape != self.array.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size "
                    f"'{list(self.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
            if value.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{value.dtype}' to a tensor with dtype "
                    f"'{self.dtype}'. Convert it with .to(dtype)."
                )
            if value.device != self.device:
                raise RuntimeError(
                    f"attempting to assign a gradient located on {value.device} to a tensor located on {self.device}. "
                    "Please ensure that the gradient and the tensor are on the same device: move it with .to(device)"
                )
        self._grad = value

    def retain_grad(self) -> None:
        """Let backward passes fill `.grad` of this tensor too, though it is no leaf."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self.grad_fn is not None:
            self.grad_fn.receiver = weakref.ref(self)

    @property
    def retains_grad(self) -> builtins.bool:
        """Whether `retain_grad` was called on this tensor, which is no leaf."""
        return self.node is not None and bool(self.node.rules) and self.node.receiver is not None

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call hook(gradient) when the tensor's gradient is known; what it returns, if not None, replaces it.

        RuntimeError for a tensor that does not require grad.
        """
        node = node_of(self)
        if node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if node.hooks is None:
            node.hooks = {}
        return RemovableHandle(node.hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call hook(tensor) after a backward pass has added to the `.grad` of this leaf, as for an optimizer's step.

        RuntimeError for a tensor that does not require grad, or that a recorded op made.
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self.grad_fn is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        node = node_of(self)
        assert node is not None
        if node.hooks_after is None:
            node.hooks_after = {}
        return RemovableHandle(node.hooks_after, hook)

    def detach(self) -> Tensor:
        """The same memory as a tensor that is a constant to differentiation."""
        detached = wrap(self.array)
        detached.changes = changes_of(self)
        return detached

    def detach_(self) -> Tensor:
        """Make this tensor itself a constant to differentiation.  RuntimeError for a view."""
        if self.view_of is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. (This tensor looks at the memory of another.)"
            )
        self.node = None
        return self

    @property
    def data(self) -> Tensor:
        """The same memory as a constant, whose in-place changes go unnoticed.  Prefer `detach` or `no_grad`."""
        return wrap(self.array)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self.array = value.array
        for node in filter(None, (self.node, self.frozen)):
            node.shape, node.dtype = value.array.shape, value.array.dtype

    @property
    def _version(self) -> builtins.int:
        return self.changes.version if self.changes is not None else 0

    @property
    def _base(self) -> Tensor | None:
        return self.view_of.base if self.view_of is not None else None

    def _is_view(self) -> builtins.bool:
        return self.view_of is not None

    # Leaving minigrad ---------------------------------------------------------------------------------------

    def item(self) -> Any:
        """The only element as a Python number.  RuntimeError unless there is exactly one."""
        if self.array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar: its shape is "
                f"{list(self.array.shape)}. Reduce it first, as in x.mean().item(), or take all of them by .tolist()"
            )
        return self.array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self.array.tolist()

    def numpy(self, *, force: builtins.bool = False) -> Any:
        """The array itself: memory is shared.  RuntimeError for a tensor that requires grad, unless force."""
        if self.requires_grad and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if self.device == devices.CPU:
            return self.array
        if not force:
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
                "memory first."
            )
        return self.cpu().array

    def __array__(self, dtype: Any = None, copy: builtins.bool | None = None) -> Any:
        """What NumPy's functions compute with: the array itself, unless they ask for a copy or another dtype."""
        engine.refuse_numpy_in_rules()
        return np.array(self.numpy(), dtype, copy=copy)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: builtins.bool = False) -> Tensor:
        """What NumPy's functions make of their result: a Tensor; of bools one of uint8, as in PyTorch."""
        return creation.from_numpy(array.astype("uint8") if array.dtype == builtins.bool else array)

    def __float__(self) -> builtins.float:
        advice.warn_of_number(self)
        return builtins.float(self._only_element("float"))

    def __int__(self) -> builtins.int:
        return builtins.int(self._only_element("int"))

    def __index__(self) -> builtins.int:
        if self.array.dtype.kind == "f" or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return builtins.int(self.array.item())

    def __bool__(self) -> builtins.bool:
        if self.array.size != 1:
            values = "more than one value" if self.array.size else "no values"
            raise RuntimeError(
                f"Boolean value of Tensor with {values} is ambiguous: use .any() or .all(). Its shape is "
                f"{list(self.array.shape)}"
            )
        return builtins.bool(self.array.item())

    def _only_element(self, kind: str) -> Any:
        if self.array.size != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars: {kind}() of {self.array.size}"
            )
        return self.array.item()

    def __repr__(self) -> str:
        return printing.tensor_repr(self)

    def __format__(self, spec: str) -> str:
        return printing.tensor_format(self, spec)

    # Conversions --------------------------------------------------------------------------------------------

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """In another dtype or on another device: to(dtype), to(device), to(device, dtype), to(other_tensor).

        non_blocking: a copy between pinned memory and a GPU is not waited for; copy: a copy in any case; memory_format:
        in that order in memory, where it is copied or is in another.
        """
        wanted = devices.to_arguments(*args, **kwargs)
        result = self if wanted.device is None else to_device(self, wanted.device, wanted.non_blocking)
        if wanted.dtype is not None and wanted.dtype.numpy != self.array.dtype:
            result = cast(result, wanted.dtype.numpy)
        if wanted.memory_format not in (None, formats.preserve_format):
            formats.checked_format("to", wanted.memory_format, self.ndim)
            result = result.contiguous(memory_format=wanted.memory_format)
        return self.clone() if wanted.copy and result is self else result

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False, *, memory_format: Any = None) -> Any:
        """In another dtype; without one, the name of PyTorch's class for it, such as 'torch.FloatTensor'.

        dtype: also such a class, or its name.  ValueError for another class or name.  non_blocking, memory_format: as
        for `to`.
        """
        if dtype is None:
            return f"torch.{dtypes.CLASS_NAMES[self.array.dtype.name]}Tensor"
        from minigrad.tensor_types import meaning

        wanted, place = meaning(dtype)
        return self.to(place or self.device, wanted, non_blocking=non_blocking, memory_format=memory_format)

    def type_as(self, other: Tensor) -> Tensor:
        """In the dtype of another tensor, other, and on its device, as `to` casts.  TypeError for what is no Tensor."""
        if not isinstance(other, Tensor):
            raise TypeError(f"type_as(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}")
        return self.to(other)

    def float(self, memory_format: Any = None) -> Tensor:
        """In float32, as `to` casts; itself if it is float32 already."""
        return self.to(dtypes.float32, memory_format=memory_format)

    def double(self, memory_format: Any = None) -> Tensor:
        """In float64, as `to` casts; itself if it is float64 already."""
        return self.to(dtypes.float64, memory_format=memory_format)

    def half(self, memory_format: Any = None) -> Tensor:
        """In float16, as `to` casts; itself if it is float16 already."""
        return self.to(dtypes.float16, memory_format=memory_format)

    def long(self, memory_format: Any = None) -> Tensor:
        """In int64, as `to` casts: towards 0; itself if it is int64 already."""
        return self.to(dtypes.int64, memory_format=memory_format)

    def int(self, memory_format: Any = None) -> Tensor:
        """In int32, as `to` casts: towards 0; itself if it is int32 already."""
        return self.to(dtypes.int32, memory_format=memory_format)

    def short(self, memory_format: Any = None) -> Tensor:
        """In int16, as `to` casts: towards 0; itself if it is int16 already."""
        return self.to(dtypes.int16, memory_format=memory_format)

    def char(self, memory_format: Any = None) -> Tensor:
        """In int8, as `to` casts: towards 0; itself if it is int8 already."""
        return self.to(dtypes.int8, memory_format=memory_format)

    def byte(self, memory_format: Any = None) -> Tensor:
        """In uint8, as `to` casts: towards 0; itself if it is uint8 already."""
        return self.to(dtypes.uint8, memory_format=memory_format)

    def bool(self, memory_format: Any = None) -> Tensor:
        """In bool, as `to` casts: whether each element is non-zero."""
        return self.to(dtypes.bool_, memory_format=memory_format)

    def cpu(self, memory_format: Any = None) -> Tensor:
        """On the CPU, as `to` moves; itself if it is there already."""
        return self.to("cpu", memory_format=memory_format)

    def cuda(self, device: Any = None, non_blocking: builtins.bool = False) -> Tensor:
        """On the GPU (that of device), as `to` moves it.  RuntimeError, with the reason, where there is none."""
        return self.to(devices.checked_gpu(device), non_blocking=non_blocking)

    def get_device(self) -> builtins.int:
        """The number of the GPU that it is on; -1 on the CPU."""
        return -1 if self.device.index is None else self.device.index

    def pin_memory(self, device: Any = None) -> Tensor:  # noqa: ARG002 - PyTorch's, and deprecated there
        """A copy in page-locked memory, from which a GPU copies faster.  RuntimeError without a GPU, or on one.

        device: accepted, and without effect, as in PyTorch, where it is deprecated.
        """
        return self if self.is_pinned() else wrap(devices.pinned(self.array))

    def is_pinned(self) -> builtins.bool:
        """Whether it lies in page-locked memory, as `pin_memory` gives."""
        return devices.is_pinned(self.array)

    def __copy__(self) -> Tensor:
        return copied(self, self.array)

    def __deepcopy__(self, memo: dict[builtins.int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment: use tensor.detach().clone()."
            )
        if id(self) not in memo:
            memo[id(self)] = copied(self, replica(self.array))
            memo[id(self)].grad = copy.deepcopy(self._grad, memo)
        result: Tensor = memo[id(self)]
        return result

    def __reduce__(self) -> Any:
        kind = None if type(self) is Tensor else type(self)  # not by its name, which the launcher changes
        x = self.cpu().array
        order = (spanned(x), x.strides) if not x.flags.c_contiguous else (x, None)
        return unpickled, (kind, order[0], self.requires_grad, str(self.device), x.shape, order[1])

    # As a sequence ------------------------------------------------------------------------------------------

    def __len__(self) -> builtins.int:
        if self.array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self.array)

    def __iter__(self) -> Iterator[Tensor]:
        if self.array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self, element: Any) -> builtins.bool:
        return builtins.bool((self == element).any())


def is_tensor(obj: Any) -> builtins.bool:
    """Whether obj is a Tensor, or of a subclass of it, such as `nn.Parameter`."""
    return isinstance(obj, Tensor)


def copied(tensor: Tensor, array: Any) -> Tensor:
    """A tensor of the same class around an array, requiring grad likewise."""
    result = type(tensor).__new__(type(tensor))
    result.array = array
    if tensor.requires_grad:
        result.requires_grad_()
    return result


def unpickled(
    kind: type[Tensor] | None,
    array: Any,
    requires_grad: bool,
    device: str = "cpu",
    shape: Any = None,
    strides: Any = None,
) -> Tensor:
    """The tensor that was pickled, of class Tensor or a subclass, on the device where it was.

    array: its elements; with strides those of its memory, from the first to the last.
    """
    kind = kind or Tensor
    tensor = kind.__new__(kind)
    array = dtypes.canonical(by_rows(np.asarray(array)))
    tensor.array = devices.moved(array if strides is None else guarded(elements(array, 0, shape, strides)), device)
    if requires_grad:
        tensor.requires_grad_()
    return tensor


graph.TENSOR = Tensor
