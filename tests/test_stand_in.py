"""The stand-in for CuPy computes as NumPy, and refuses or counts what would not do on a GPU."""

import gc
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from stand_in import counting_synchronisations, installed, no_synchronisation
from stand_in import cupy as cp

import minigrad

matrices = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.floats(-8, 8, width=32)
)


@given(matrices)
@pytest.mark.parametrize("name", ["exp", "sum", "cumsum", "argmax", "sort", "transpose", "ravel", "isfinite"])
def test_functions_compute_as_numpy(name, x):
    result = getattr(cp, name)(cp.asarray(x))
    expected = getattr(np, name)(x)
    assert type(result) is cp.ndarray
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result.get(), expected)


@given(matrices)
def test_operators_compute_as_numpy(x):
    a = cp.asarray(x)
    for mine, expected in [(a + a, x + x), (2 - a, 2 - x), (a * np.float32(3), x * 3), (a < 0, x < 0), (-a, -x)]:
        np.testing.assert_array_equal(mine.get(), expected)
    a += 1
    np.testing.assert_array_equal(a.get(), x + 1)


REFUSED = {
    "implicit conversion": (lambda a: np.asarray(a), TypeError, "Implicit conversion"),
    "a NumPy ufunc": (lambda a: np.exp(a), TypeError, "numpy.exp"),
    "a NumPy function": (lambda a: np.sum(a), TypeError, "numpy.sum"),
    "NumPy on the right": (lambda a: a + np.ones(3), TypeError, "Unsupported type <class 'numpy.ndarray'>"),
    "NumPy on the left": (lambda a: np.ones(3) + a, TypeError, "Unsupported type <class 'numpy.ndarray'>"),
    "NumPy in a function": (lambda a: cp.maximum(a, np.ones(3)), TypeError, "Unsupported type"),
    "a list": (lambda a: a + [1, 2, 3], TypeError, "Unsupported type <class 'list'>"),
    "assigning NumPy": (lambda a: a.__setitem__(0, np.ones(())), TypeError, "Unsupported type"),
    "a NumPy index": (lambda a: a[np.array([0])], TypeError, "an index"),
    "iteration": (lambda a: list(a), TypeError, "iter"),
    "in": (lambda a: 1.0 in a, TypeError, "iter"),
    "out= of NumPy": (lambda a: cp.exp(a, out=np.ones(3)), TypeError, "Unsupported type"),
    "where= in a ufunc": (lambda a: cp.add(a, a, where=a > 0), TypeError, "'where'"),
    "initial= in a reduction": (lambda a: cp.sum(a, initial=0), TypeError, "'initial'"),
    "initial= in a method": (lambda a: a.max(initial=0), TypeError, "'initial'"),
    "reduce": (lambda a: cp.maximum.reduce(a), NotImplementedError, "not supported"),
    "at": (lambda a: cp.multiply.at(a, 0, 2), NotImplementedError, "not supported"),
    "a missing name": (lambda a: cp.spacing(a), AttributeError, "CuPy has no"),
    "a missing method": (lambda a: a.mT, AttributeError, "mT"),
    "flags": (lambda a: a.flags.writeable, AttributeError, "writeable"),
    "CUDA code": (lambda a: cp.ElementwiseKernel("", "", "", ""), NotImplementedError, "stand-in cannot run CUDA"),
    "strings": (lambda a: cp.asarray(np.array(["a"])), ValueError, "Unsupported dtype"),
}


@pytest.mark.parametrize(("call", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call(cp.ones(3))


WAITING = {
    "bool": lambda a: bool(a[0]),
    "int": lambda a: int(a[0]),
    "float": lambda a: float(a[0]),
    "item": lambda a: a[0].item(),
    "get": lambda a: a.get(),
    "tolist": lambda a: a.tolist(),
    "asnumpy": lambda a: cp.asnumpy(a),
    "repr": lambda a: repr(a),
    "nonzero": lambda a: a.nonzero(),
    "where": lambda a: cp.where(a),
    "unique": lambda a: cp.unique(a),
    "argwhere": lambda a: cp.argwhere(a),
    "a mask": lambda a: a[a > 0],
    "a stream": lambda a: cp.cuda.get_current_stream().synchronize(),
}


@pytest.mark.parametrize("call", WAITING.values(), ids=WAITING)
def test_counts_synchronisations(call):
    a = cp.ones(3)
    with counting_synchronisations() as counts:
        call(a)
    assert counts["synchronisations"] == 1
    with no_synchronisation(), pytest.raises(RuntimeError, match="host wait"):
        call(a)


def test_counts_transfers():
    with counting_synchronisations() as counts:
        cp.asarray(np.ones(3)) + 1
    assert counts == {"transfers": 1}


def test_reductions_give_arrays_without_axes():
    total = cp.ones(3).sum()
    assert type(total) is cp.ndarray
    assert total.shape == ()


def test_integer_indices_wrap_around_and_division_by_zero_gives_zero():
    a = cp.arange(3)
    assert a[cp.asarray([3, -4])].tolist() == [0, 2]
    assert (a // 0).tolist() == [0, 0, 0]


def test_views_share_memory_and_memory_is_counted():
    gc.collect()
    pool = cp.get_default_memory_pool()
    before = pool.used_bytes()
    a = cp.zeros((2, 4), "float32")
    view = a.T[1:]
    view[...] = 1
    assert view.base is a
    assert a.tolist() == [[0, 1, 1, 1]] * 2
    assert pool.used_bytes() == before + 32
    del a
    assert pool.used_bytes() == before + 32
    del view
    assert pool.used_bytes() == before


def test_two_devices_do_not_mix():
    with installed(device_count=2):
        a = cp.ones(3)
        with cp.cuda.Device(1):
            b = cp.ones(3)
            assert (a.device.id, b.device.id, (b + 1).device.id) == (0, 1, 1)
            assert b[1:].get().tolist() == [1, 1]
        assert b[1:].device.id == 1
        for wrong in (lambda: a + b, lambda: b + 1, lambda: b.copy(), lambda: b.__setitem__(0, 1), lambda: b.sum()):
            with pytest.raises(ValueError, match="must be same as the current device"):
                wrong()
        with pytest.raises(cp.cuda.runtime.CUDARuntimeError):
            cp.cuda.Device(2).use()


def test_says_that_it_is_a_stand_in():
    assert "stand-in" in repr(cp)
    assert "stand-in" in repr(cp.ones(2))
    assert "stand-in" in cp.__version__
    with installed():
        assert "stand-in" in minigrad.cuda.get_device_name()


def test_is_there_only_while_installed():
    with installed():
        assert minigrad.cuda.is_available()
        assert sys.modules["cupy"] is cp
        assert minigrad.tensor([1.0, 2.0], device="cuda").sum().item() == 3.0
    assert sys.modules.get("cupy") is not cp


def test_a_fused_function_knows_elements_alone():
    double = cp.fuse(kernel_name="double")(lambda x: x * 2)
    assert double(cp.arange(3)).tolist() == [0, 2, 4]
    for wrong in (lambda x: x.shape, lambda x: x[0], lambda x: x.__setitem__(0, 1)):
        with pytest.raises(NotImplementedError, match="fused function"):
            cp.fuse(wrong)(cp.arange(3))
    with pytest.raises(TypeError, match="Invalid argument type"):
        double(np.arange(3))
    share = cp.fuse(kernel_name="share")(lambda x, beta: x * (1 - beta))
    with pytest.raises(TypeError, match="float16"):
        share(cp.arange(3), 0.9)
