"""The stand-in's modules `cupy` and `cupyx`: NumPy's functions behind CuPy's names and signatures.  No GPU is used."""

from types import ModuleType, SimpleNamespace

import numpy as np

from . import names, runtime
from .arrays import SCALARS, KernelNumber, check_arguments, compute, host, make, ndarray

SCATTER = {"add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"}
WAITING = {
    "nonzero",
    "argwhere",
    "flatnonzero",
    "extract",
    "compress",
    "bincount",
    "trim_zeros",
    "union1d",
    "intersect1d",
    "setdiff1d",
    "setxor1d",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    "array2string",
    "array_repr",
    "array_str",
    "save",
    "savez",
}
ANSWERED_BY_THE_HOST = {
    "ndim",
    "size",
    "shape",
    "can_cast",
    "result_type",
    "common_type",
    "isscalar",
    "iscomplexobj",
    "isrealobj",
    "may_share_memory",
    "shares_memory",
    "min_scalar_type",
    "isfortran",
    "base_repr",
    "binary_repr",
}


class ufunc:
    """One of NumPy's ufuncs with what CuPy's have: no where=, no order=, only some of the methods."""

    def __init__(self, name):
        self.name, self.numpy = name, getattr(np, name)
        self.nin, self.nout = getattr(self.numpy, "nin", 1), getattr(self.numpy, "nout", 1)

    def __call__(self, *args, **kwargs):
        check_arguments(self.name, ["*args", "out", "dtype", "casting"], args, kwargs)
        for arg in args:
            if not isinstance(arg, (ndarray, *SCALARS)):
                raise TypeError(f"Unsupported type {type(arg)}")
        return compute(self.numpy, args, kwargs)

    def outer(self, A, B, **kwargs):
        return self(A.reshape(A.shape + (1,) * B.ndim), B.reshape((1,) * A.ndim + B.shape), **kwargs)

    def at(self, a, indices, b=None):
        if self.name not in SCATTER:
            raise NotImplementedError(f"`cupy_{self.name}.at` is not supported yet")
        if self.name == "subtract":
            a.scatter_add(indices, -b)
        elif self.name in ("maximum", "minimum"):
            getattr(a, f"scatter_{self.name[:3]}")(indices, b)
        elif self.name == "add":
            a.scatter_add(indices, b)
        else:
            raise NotImplementedError(f"the stand-in for CuPy has no {self.name}.at")

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False):
        return self._by_method({"add": "sum", "multiply": "prod"}, "reduce", array)(axis, dtype, out, keepdims)

    def accumulate(self, array, axis=0, dtype=None, out=None):
        return self._by_method({"add": "cumsum", "multiply": "cumprod"}, "accumulate", array)(axis, dtype, out)

    def _by_method(self, methods, asked, array):
        if self.name not in methods:
            raise NotImplementedError(f"`cupy_{self.name}.{asked}` is not supported yet")
        return getattr(array, methods[self.name])

    def __repr__(self):
        return f"<stand-in for cupy.{self.name}>"


def function(name, numpy_function, parameters):
    """A function of NumPy behind CuPy's signature."""

    def call(*args, **kwargs):
        check_arguments(name, parameters, args, kwargs)
        if name in WAITING or (name == "where" and len(args) + len(kwargs) == 1):
            runtime.synchronise(f"{name}()")
        if name == "repeat" and isinstance(args[1] if len(args) > 1 else kwargs["repeats"], ndarray):
            raise ValueError("cupy.ndaray cannot be specified as repeats argument.")
        if name == "where" and not isinstance(args[0] if args else kwargs["condition"], ndarray):
            raise AttributeError(f"'{type(args[0]).__name__}' object has no attribute 'astype'")
        if name in ANSWERED_BY_THE_HOST:
            return numpy_function(*map(host, args), **kwargs)
        return compute(numpy_function, args, kwargs)

    call.__name__ = call.__qualname__ = name
    return call


def moved_from_host(name):
    """array, asarray and the like: the explicit way from the host, counted as a transfer."""
    parameters = names.FUNCTIONS[name]

    def call(obj, *args, **kwargs):
        check_arguments(name, parameters, (obj, *args), kwargs)
        if kwargs.pop("blocking", False):
            runtime.synchronise(f"{name}(blocking=True)")
        numpy_function = getattr(np, name)
        if isinstance(obj, ndarray) and obj.device.id != runtime.state.device:
            flags = obj._host.flags
            if not (flags.c_contiguous or flags.f_contiguous):
                raise NotImplementedError("CuPy cannot copy non-contiguous array between devices.")
        elif isinstance(obj, ndarray):
            return compute(numpy_function, (obj, *args), kwargs)
        if not isinstance(obj, (ndarray, *SCALARS)):
            runtime.counts["transfers"] += 1
        values = obj._host if isinstance(obj, ndarray) else obj
        if isinstance(values, (list, tuple)) and any(isinstance(x, ndarray) for x in values):
            return compute(numpy_function, (obj, *args), kwargs)
        return make(np.array(numpy_function(values, *args, **kwargs)))

    call.__name__ = name
    return call


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    if isinstance(a, ndarray):
        return a.get(stream, order, out, blocking)
    return np.asarray(a, order=order)


def get_array_module(*args):
    return cupy if any(isinstance(x, ndarray) for x in args) else np


def fuse(*args, **kwargs):
    """CuPy's decorator: here the function just runs, on stand-in arrays, scalars and None alone."""
    if kwargs and set(kwargs) != {"kernel_name"}:
        raise TypeError(f"fuse of CuPy takes kernel_name only, not {sorted(kwargs)}")

    def fused(function):
        def call(*operands):
            for x in operands:
                if not isinstance(x, (ndarray, *SCALARS, type(None))):
                    raise TypeError(f"Invalid argument type for fused function: {type(x)}")
            runtime.counts[function.__name__ if not kwargs else kwargs["kernel_name"]] += 1
            with runtime.fusing():
                return function(*(KernelNumber(x) if isinstance(x, float) else x for x in operands))

        call.__name__, call.__doc__ = function.__name__, function.__doc__
        return call

    return fused(args[0]) if args else fused


def no_cuda_code(*args, **kwargs):
    raise NotImplementedError("the stand-in cannot run CUDA code")


class Module(ModuleType):
    """A module that says of a missing name whether CuPy or only the stand-in lacks it."""

    def __getattr__(self, name):
        if self.__name__ == "cupy" and name in {*names.FUNCTIONS, *names.UFUNCS, *names.OTHER_NAMES}:
            raise AttributeError(f"the stand-in for CuPy does not have {name}")
        raise AttributeError(f"CuPy has no {self.__name__}.{name} (a stand-in says so)")

    def __repr__(self):
        return f"<stand-in for module {self.__name__}>"


def module(name, **members):
    made = Module(name, "A stand-in for CuPy, for tests alone: NumPy arrays, no GPU.")
    made.__dict__.update(members)
    return made


def functions_of(numpy_module, signatures):
    return {
        name: function(name, getattr(numpy_module, name), parameters)
        for name, parameters in signatures.items()
        if hasattr(numpy_module, name)
    }


cuda_runtime = module(
    "cupy.cuda.runtime",
    getDeviceCount=lambda: runtime.state.device_count,
    getDevice=lambda: runtime.state.device,
    setDevice=lambda number: runtime.Device(number).use(),
    deviceSynchronize=lambda: runtime.synchronise("deviceSynchronize()"),
    getDeviceProperties=runtime.getDeviceProperties,
    memGetInfo=runtime.memGetInfo,
    CUDARuntimeError=runtime.CUDARuntimeError,
)
cuda = module(
    "cupy.cuda",
    runtime=cuda_runtime,
    is_available=lambda: True,
    Device=runtime.Device,
    Stream=runtime.Stream,
    Event=runtime.Event,
    get_current_stream=runtime.get_current_stream,
    get_elapsed_time=runtime.get_elapsed_time,
    alloc_pinned_memory=runtime.alloc_pinned_memory,
    PinnedMemoryPointer=runtime.PinnedMemoryPointer,
)
stride_tricks = module(
    "cupy.lib.stride_tricks",
    **functions_of(
        np.lib.stride_tricks,
        {
            "as_strided": ["x", "shape", "strides"],
            "sliding_window_view": ["x", "window_shape", "axis", "*", "subok", "writeable"],
        },
    ),
)
linalg = module("cupy.linalg", LinAlgError=np.linalg.LinAlgError, **functions_of(np.linalg, names.LINALG))
cupy = module(
    "cupy",
    **{name: getattr(np, name) for name in names.OTHER_NAMES if isinstance(getattr(np, name, None), (type, float))},
    **functions_of(np, names.FUNCTIONS),
    **{name: ufunc(name) for name in names.UFUNCS if hasattr(np, name)},
)
cupy.__dict__.update({name: moved_from_host(name) for name in ["array", "asarray", "asanyarray", "ascontiguousarray"]})
cupy.__dict__.update(
    __version__="14.0 (stand-in)",
    __path__=[],
    newaxis=None,
    ndarray=ndarray,
    ufunc=ufunc,
    cuda=cuda,
    linalg=linalg,
    lib=module("cupy.lib", stride_tricks=stride_tricks),
    asnumpy=asnumpy,
    get_array_module=get_array_module,
    is_available=lambda: True,
    fuse=fuse,
    ElementwiseKernel=no_cuda_code,
    ReductionKernel=no_cuda_code,
    RawKernel=no_cuda_code,
    RawModule=no_cuda_code,
    get_default_memory_pool=lambda: runtime.memory_pool,
    get_default_pinned_memory_pool=lambda: SimpleNamespace(free_all_blocks=lambda: None, n_free_blocks=lambda: 0),
)
cupyx = module(
    "cupyx",
    scatter_add=lambda a, slices, value: a.scatter_add(slices, value),
    scatter_max=lambda a, slices, value: a.scatter_max(slices, value),
    scatter_min=lambda a, slices, value: a.scatter_min(slices, value),
    empty_pinned=runtime.empty_pinned,
)
MODULES = {m.__name__: m for m in (cupy, cupyx, cuda, cuda_runtime, linalg, cupy.lib, stride_tricks)}
