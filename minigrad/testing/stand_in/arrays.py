"""The stand-in's arrays: NumPy's, wrapped, refusing what CuPy's refuse.  No GPU is used."""

import operator
from types import SimpleNamespace

import numpy as np

from . import runtime
from .names import METHODS

SCALARS = (bool, int, float, complex, np.generic)
PLAIN = (*SCALARS, str, type, type(None), type(Ellipsis), slice, np.dtype)
SCATTER_ADD_DTYPES = ("int32", "uint32", "uint64", "float16", "float32", "float64", "complex64", "complex128")
NO_IMPLICIT_CONVERSION = (
    "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array explicitly."
)


class KernelNumber(float):
    """A float within a fused function.  With another number CuPy computes in its smallest float, float16."""

    @property
    def plain(self):
        return float.__add__(self, 0.0)


def refuse_numbers(name):
    compute_with_array = getattr(float, name)

    def method(self, other):
        if isinstance(other, (int, float)):
            raise TypeError("stand-in for CuPy: numbers alone are computed in float16 in a fused function")
        return compute_with_array(self, other)

    return method


for name in ("add", "sub", "mul", "truediv", "pow", "radd", "rsub", "rmul", "rtruediv", "rpow"):
    setattr(KernelNumber, f"__{name}__", refuse_numbers(f"__{name}__"))


class MemoryPointer:
    """A place in an array's memory."""

    def __init__(self, array, offset):
        self.array, self.offset = array, offset

    ptr = property(lambda self: self.array._host.__array_interface__["data"][0] + self.offset)

    def __add__(self, offset):
        return MemoryPointer(self.array, self.offset + offset)


class ndarray:
    """An array of the stand-in for CuPy."""

    __slots__ = ("_host", "_allocation", "base", "device", "__weakref__")
    __hash__ = None

    def __init__(self, shape, dtype=float, memptr=None, strides=None, order="C"):
        if memptr is None:
            self._own(np.empty(shape, dtype, order))
        else:
            memory = memptr.array._host
            self._own(np.ndarray(shape, dtype, memory, memptr.offset, strides), memptr.array)

    def _own(self, host, owner=None):
        if host.dtype.kind not in "biufc":
            raise ValueError(f"Unsupported dtype {host.dtype}")
        self._host = host
        self.base = None if owner is None else owner if owner.base is None else owner.base
        self.device = runtime.Device() if owner is None else owner.device
        self._allocation = runtime.Allocation(self.device.id, host.nbytes) if owner is None else owner._allocation

    # What NumPy may not do with it --------------------------------------------------------------------------

    def __array__(self, dtype=None, copy=None):
        raise TypeError(NO_IMPLICIT_CONVERSION)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method == "__call__" and len(inputs) == 2 and isinstance(inputs[0], np.generic) and not kwargs:
            return compute(ufunc, inputs, {})
        arrays = [type(x) for x in inputs if isinstance(x, np.ndarray)]
        raise TypeError(f"Unsupported type {arrays[0]}" if arrays else f"numpy.{ufunc.__name__} on a stand-in array")

    def __array_function__(self, func, types, args, kwargs):
        raise TypeError(f"numpy.{func.__name__} on a stand-in array: use the function of cupy")

    def __iter__(self):
        raise TypeError("stand-in for CuPy: iterating over an array makes one kernel per element: index or unstack it")

    # What makes the host wait -------------------------------------------------------------------------------

    def get(self, stream=None, order="C", out=None, blocking=True):
        if stream is None and runtime.get_current_stream().device_id not in (-1, self.device.id):
            raise runtime.CUDARuntimeError("cudaErrorInvalidResourceHandle: invalid resource handle")
        if blocking:
            runtime.synchronise("get()")
        if out is None:
            return np.array(self._host, order=order)
        out[...] = self._host
        return out

    def item(self):
        runtime.synchronise("item()")
        return self._host.item()

    def tolist(self):
        runtime.synchronise("tolist()")
        return self._host.tolist()

    def tobytes(self, order="C"):
        runtime.synchronise("tobytes()")
        return self._host.tobytes(order)

    def __repr__(self):
        runtime.synchronise("repr()")
        return f"stand-in for CuPy: {self._host!r}"

    def __str__(self):
        runtime.synchronise("str()")
        return str(self._host)

    def __format__(self, spec):
        runtime.synchronise("format()")
        return format(self._host, spec)

    # What it is ---------------------------------------------------------------------------------------------

    @property
    def shape(self):
        runtime.refuse_in_kernels("shape")
        return self._host.shape

    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    strides = property(lambda self: self._host.strides)
    T = property(lambda self: wrapped(self._host.T, [self]))
    real = property(lambda self: wrapped(self._host.real, [self]))
    imag = property(lambda self: wrapped(self._host.imag, [self]))
    data = property(lambda self: MemoryPointer(self, 0))

    @property
    def flags(self):
        flags = self._host.flags
        return SimpleNamespace(
            c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous, owndata=self.base is None
        )

    @property
    def __cuda_array_interface__(self):
        return {"stand-in": "no memory on a GPU", "version": 3}

    def __reduce__(self):
        return make, (self.get(),)

    def __len__(self):
        return len(self._host)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    # Indexing -----------------------------------------------------------------------------------------------

    def __getitem__(self, index):
        runtime.refuse_in_kernels("x[...]")
        host_index, masks = indexed(self, index)
        if masks:
            runtime.synchronise("indexing by a mask")
        result = self._host[host_index]
        if isinstance(result, np.generic):  # with CuPy one element is a view too
            result = self._host[(*host_index, ...)]
        return wrapped(result, [self])

    def __setitem__(self, index, value):
        if index is not Ellipsis:
            runtime.refuse_in_kernels("x[index] = value")
        host_index, masks = indexed(self, index)
        if masks and getattr(value, "ndim", 0):
            runtime.synchronise("assigning an array to a mask")
        check_device(arrays_in([self, value]))
        if isinstance(value, ndarray) and value.ndim > self._host[host_index].ndim:
            raise ValueError("Out shape is mismatched")
        if isinstance(value, ndarray) and overlaps(self._host[host_index], value._host):
            raise RuntimeError("stand-in for CuPy: what is copied between overlapping places is undefined")
        with np.errstate(all="ignore"):
            self._host[host_index] = host(value)

    def scatter_add(self, slices, value):
        if self.dtype.name not in SCATTER_ADD_DTYPES:
            raise TypeError(f"cupyx.scatter_add only supports {', '.join(SCATTER_ADD_DTYPES)} as data type")
        check_device(arrays_in([self, value]))
        np.add.at(self._host, indexed(self, slices)[0], host(value))

    def scatter_max(self, slices, value):
        check_device(arrays_in([self, value]))
        np.maximum.at(self._host, indexed(self, slices)[0], host(value))

    def scatter_min(self, slices, value):
        check_device(arrays_in([self, value]))
        np.minimum.at(self._host, indexed(self, slices)[0], host(value))

    def set(self, arr, stream=None):
        runtime.counts["transfers"] += 1
        self._host[...] = arr

    def ptp(self, axis=None, out=None, keepdims=False):
        return compute(np.ptp, [self, axis, out, keepdims], {})


def overlaps(target, value):
    """Whether two arrays share memory, and not all of it place by place."""
    same = target.__array_interface__["data"] == value.__array_interface__["data"] and target.strides == value.strides
    return np.may_share_memory(target, value) and not (same and target.shape == value.shape)


def make(host, owner=None):
    """A stand-in array around a NumPy array, which it takes over."""
    array = ndarray.__new__(ndarray)
    array._own(host, owner)
    return array


def arrays_in(values):
    """The stand-in arrays among arguments, also within lists and tuples."""
    for value in values:
        if isinstance(value, ndarray):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from arrays_in(value)


def host(value):
    """An argument as NumPy takes it; TypeError for what CuPy would refuse."""
    if isinstance(value, ndarray):
        return value._host
    if type(value) in (list, tuple):
        return type(value)(map(host, value))
    if isinstance(value, KernelNumber):
        return value.plain
    if isinstance(value, PLAIN):
        return value
    raise TypeError(f"Unsupported type {type(value)}")


def check_device(arrays):
    """ValueError for arrays that are not on the current device, to which alone CuPy gives work."""
    for array in arrays:
        if array.device.id != runtime.state.device:
            raise ValueError(
                f"Array device must be same as the current device: array device = {array.device.id} "
                f"while current = {runtime.state.device}"
            )


def wrapped(result, inputs):
    """NumPy's result as stand-in arrays: the inputs themselves, views of them, or new on the current device."""
    if isinstance(result, (list, tuple)):
        kind = list if type(result) is list else tuple
        return kind(wrapped(x, inputs) for x in result)
    if not isinstance(result, (np.ndarray, np.generic, bool)):
        return result
    for array in inputs:
        if result is array._host:
            return array
    for array in inputs:
        if isinstance(result, np.ndarray) and np.may_share_memory(result, array._host):
            return make(result, array)
    check_device(inputs)
    return make(np.asarray(result))


def compute(function, args, kwargs):
    """Call a function of NumPy on stand-in arrays, without NumPy's warnings, as a GPU gives none."""
    values = [host(value) for value in (*args, *kwargs.values())]
    inputs = list(arrays_in([*args, *kwargs.values()]))
    outputs = kwargs.get("out")
    for out in outputs if isinstance(outputs, tuple) else (outputs,):
        if not isinstance(out, (ndarray, type(None))):
            raise TypeError(f"stand-in for CuPy: out= must be an array of its own, not {type(out).__name__}")
        if out is not None:
            check_device(inputs)
    with np.errstate(all="ignore"):
        result = function(*values[: len(args)], **dict(zip(kwargs, values[len(args) :], strict=True)))
    if outputs is None and (isinstance(function, np.ufunc) or getattr(function, "__module__", "") == "_operator"):
        several = isinstance(result, tuple)  # whatever the operands' order
        result = tuple(np.asarray(x, order="C") for x in result) if several else np.asarray(result, order="C")
    return wrapped(result, inputs)


def indexed(array, index):
    """An index as NumPy takes it, integer arrays wrapped around as CuPy does, and whether a mask is in it."""
    index = index if isinstance(index, tuple) else (index,)
    parts = list(arrays_in(index))
    if parts:
        check_device([array, *parts])
    taken = sum(axes_taken(i) for i in index)
    result, axis, masks = [], 0, False
    for i in index:
        if isinstance(i, (list, np.ndarray)):
            raise TypeError(f"stand-in for CuPy: an index of type {type(i)}: move it with cupy.asarray first")
        if isinstance(i, ndarray) and i.dtype.kind == "b":
            masks = True
            result.append(i._host)
        elif isinstance(i, ndarray):
            if i.dtype.kind not in "iu":
                raise IndexError("arrays used as indices must be of integer or boolean type")
            result.append(i._host % max(array.shape[axis], 1))
        else:
            result.append(host(i))
        axis += array.ndim - taken if i is Ellipsis else axes_taken(i)
    return tuple(result), masks


def axes_taken(i):
    """How many axes of an array one part of an index takes."""
    if i is None or i is Ellipsis:
        return 0
    return i.ndim if isinstance(i, ndarray) and i.dtype.kind == "b" else 1


def check_arguments(name, parameters, args, kwargs):
    """TypeError for an argument that CuPy's function does not have."""
    keywords_only = parameters.index("*") if "*" in parameters else len(parameters)
    if not any(p.startswith("*") and len(p) > 1 and p[1] != "*" for p in parameters) and len(args) > keywords_only:
        raise TypeError(f"{name} of CuPy takes {keywords_only} arguments, not {len(args)}")
    if not any(p.startswith("**") for p in parameters):
        for keyword in kwargs:
            if keyword not in parameters:
                raise TypeError(f"{name} of CuPy has no argument {keyword!r}")


def check_axis(array, axis):
    """AxisError for an axis of an array that has none, which NumPy's reductions let pass."""
    if array.ndim == 0 and (type(axis) is int or (type(axis) is tuple and axis)):
        raise np.exceptions.AxisError(f"axis {axis} is out of bounds for array of dimension 0")


WAITING_METHODS = {"nonzero", "compress", "dump", "dumps", "tofile"}


def method(name, parameters):
    def call(self, *args, **kwargs):
        check_arguments(f"ndarray.{name}", parameters, args, kwargs)
        if parameters[:1] == ["axis"]:
            check_axis(self, kwargs.get("axis", args[0] if args else None))
        if name in WAITING_METHODS:
            runtime.synchronise(f"{name}()")
        return compute(OWN_FORMULAS.get(name) or getattr(np.ndarray, name), (self, *args), kwargs)

    call.__name__ = name
    return call


def operator_method(name, function):
    def call(self, *others):
        if any(getattr(x, "__array_ufunc__", "none") is None for x in others):
            return NotImplemented
        if any(not isinstance(x, (ndarray, *SCALARS)) for x in others):
            raise TypeError(f"Unsupported type {type(others[0])}")
        return compute(function, (self, *others), {})

    call.__name__ = name
    return call


def in_place_method(name, function):
    def call(self, other):
        if not isinstance(other, (ndarray, *SCALARS)):
            raise TypeError(f"Unsupported type {type(other)}")
        return compute(function, (self, other), {"out": self})

    call.__name__ = name
    return call


def reading_method(name):
    def call(self):
        runtime.synchronise(name)
        return getattr(self._host, name)()

    return call


def floored(x, y):
    """CuPy's formula for //."""
    return np.floor(x / y) if np.result_type(x, y).kind == "f" else x // y


def remaining(x, y):
    """CuPy's formula for %."""
    return x - np.floor(x / y) * y if np.result_type(x, y).kind == "f" else x % y


def rounded(x, decimals=0, out=None):
    """CuPy's formula for round: scaled in float64."""
    if x.dtype.kind != "f" or not decimals:
        return x.round(decimals, out)
    scale = 10.0 ** abs(decimals)
    wide = x.astype(np.float64)
    return (np.rint(wide * scale) / scale if decimals > 0 else np.rint(wide / scale) * scale).astype(x.dtype)


def dotted(x, y, out=None):
    """CuPy's dot of vectors, whose products are rounded."""
    return (x * y).sum(out=out) if x.ndim == y.ndim == 1 else x.dot(y, out)


OWN_FORMULAS = {"round": rounded, "dot": dotted}


def fill_in_methods():
    for name, parameters in METHODS.items():
        if not hasattr(ndarray, name) and hasattr(np.ndarray, name):
            setattr(ndarray, name, method(name, parameters))
    both = ["add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or", "xor"]
    ufuncs = [
        "add",
        "subtract",
        "multiply",
        "matmul",
        "true_divide",
        "floor_divide",
        "remainder",
        "power",
        "left_shift",
        "right_shift",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
    ]
    for short, name in zip(both, ufuncs, strict=True):
        ufunc = getattr(np, name)
        setattr(ndarray, f"__{short}__", operator_method(name, ufunc))
        setattr(ndarray, f"__r{short}__", operator_method(name, lambda x, y, ufunc=ufunc: ufunc(y, x)))
        setattr(ndarray, f"__i{short}__", in_place_method(name, ufunc))
    for short, function in (("floordiv", floored), ("mod", remaining)):
        setattr(ndarray, f"__{short}__", operator_method(short, function))
        setattr(ndarray, f"__r{short}__", operator_method(short, lambda x, y, function=function: function(y, x)))
    for name in ["lt", "le", "eq", "ne", "gt", "ge", "neg", "pos", "abs", "invert"]:
        setattr(ndarray, f"__{name}__", operator_method(name, getattr(operator, name)))
    for name in ("__bool__", "__int__", "__float__", "__complex__", "__index__"):
        setattr(ndarray, name, reading_method(name))


fill_in_methods()
