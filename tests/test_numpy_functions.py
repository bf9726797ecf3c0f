"""NumPy's functions take tensors that need no gradient, and give what they give of PyTorch's."""

import io
import warnings

import numpy as np
import pytest
from engines import ENGINES, TENSORS, same

import minigrad
from minigrad.autograd import raw, record


def saved(function, x):
    file = io.BytesIO()
    function(file, x)
    file.seek(0)
    return file


def written_into(function, x):
    out = np.zeros(3, "float32")
    return function(x, out=out) is out, out


EXPRESSIONS = """
np.exp(v)                         np.log(t)                       np.sin(i)
np.sqrt(h)                        np.abs(v)                       np.isnan(v)
np.greater(v, 0)                  np.logical_not(b)               np.invert(b)
np.add(v, 1)                      np.add(1, v)                    np.add(v, n)
np.add(n, v)                      np.multiply(a, t)               np.maximum(v, 0)
np.power(v, 2)                    np.modf(v)                      np.divmod(i, 2)
np.frexp(v)                       np.add.reduce(v)                np.add.accumulate(v)
np.add.outer(v, v)                np.matmul(t, t)                 np.dot(v, v)
np.exp(s)                         np.einsum("ij->ji", t)          np.outer(v, v)
np.concatenate([t, t])            np.concatenate([v, n])          np.stack([v, v])
np.vstack([v, v])                 np.append(v, 1)                 np.array([s, s])
np.array(v)                       np.asarray(v, dtype="f8")       np.array(list(v))
np.squeeze(t[None])               np.transpose(t)                 np.transpose(t, (1, 0))
np.reshape(t, -1)                 np.ravel(t)                     np.swapaxes(t, 0, 1)
np.expand_dims(v, 0)              np.rot90(t)                     np.roll(v, 1)
np.tile(v, 2)                     np.repeat(v, 2)                 np.array_split(v, 2)
np.diag(v)                        np.trace(t)                     np.take(v, i - 1)
np.compress([True, False], t)     np.delete(v, 0)                 np.meshgrid(v, v)
np.ptp(v)                         np.cumsum(v)                    np.cumsum(t, axis=0)
np.argmax(v)                      np.argmax(t, axis=0)            np.argmin(v)
np.argsort(v)                     np.sort(v)                      np.median(v)
np.percentile(v, 50)              np.average(v, weights=v)        np.nanmean(v)
np.count_nonzero(v)               np.unique(i)                    np.bincount(i)
np.histogram(v)                   np.searchsorted(n, i)           np.cov(t)
np.diff(v)                        np.interp(v, n, n)              np.convolve(v, v)
np.where(t > 1)                   np.where(t > 1, t, 0)           np.where(t > 1, a, t)
np.clip(v, 0, 1)                  np.clip(v, 0, None)             np.clip(a, 0, t)
np.round(v)                       np.round(v, 1)                  np.linspace(0, s, 3)
np.linspace(t.min(), t.max(), 2)  np.arange(0, i[0])              np.full(2, s)
np.zeros_like(v)                  np.copy(v)                      np.allclose(v, v)
np.isclose(v, v)                  np.array_equal(v, v)            np.isfinite(v)
np.float64(s)                     np.isin(i, [1])                 np.union1d(i, i)
np.polyfit(n, i, 1).round(3)      np.linalg.norm(v)               np.linalg.inv(t)
np.linalg.det(t)                  np.fft.fft(v).real              np.random.default_rng(0).permutation(i)
a[i - 2]                          a[t[0] > 2]                     n[i[0] - 1]
np.float32(2) * v                 np.float64(2) - v               np.int64(2) // i
np.float64(2) ** g                np.float32(2) * g               v * np.float64(2)
saved(np.savetxt, t).read()       np.load(saved(np.save, v))      np.load(saved(np.savez, v))["arr_0"]
written_into(np.exp, v)           np.testing.assert_allclose(v, v)
"""

REFUSED = """
np.exp(g)                         np.add(g, 1)                    np.asarray(g)
np.concatenate([v, g])            np.array([g, g])                np.clip(g, 0, 1)
np.sum(v)                         np.std(v)                       np.exp(v, out=v)
np.moveaxis(t, 0, 1)              np.result_type(v)               np.flip(v)
"""


def expressions(text):
    return [part.strip() for line in text.strip().splitlines() for part in line.split("  ") if part.strip()]


def names(lib):
    return {
        "np": np,
        "saved": saved,
        "written_into": written_into,
        "a": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "n": np.array([1, 2, 3]),
        "t": lib.tensor([[1.0, 4.0], [9.0, 16.0]]),
        "v": lib.tensor([0.5, -1.0, 2.0]),
        "h": lib.tensor([1.0, 2.0, 3.0], dtype=lib.float16),
        "i": lib.tensor([3, 1, 2]),
        "b": lib.tensor([True, False]),
        "s": lib.tensor(2.0),
        "g": lib.tensor([1.0, 2.0, 3.0], requires_grad=True),
    }


def described(result):
    """Types, dtypes and values of a result."""
    if isinstance(result, (tuple, list)):
        return type(result).__name__, [described(each) for each in result]
    if isinstance(result, TENSORS):
        return "Tensor", str(result.dtype).rpartition(".")[2], result.tolist(), result.requires_grad
    if isinstance(result, (np.ndarray, np.generic)):
        return type(result).__name__, result.dtype.name, result.tolist()
    return result


@pytest.mark.parametrize("expression", expressions(EXPRESSIONS))
def test_a_function_gives_what_it_gives_of_pytorchs_tensors(expression):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that PyTorch's __array_wrap__ is an old one
        same(lambda lib: described(eval(expression, names(lib))))


@pytest.mark.parametrize("expression", expressions(REFUSED))
def test_what_pytorchs_tensors_refuse(expression):
    def error(lib):
        with pytest.raises(Exception) as info:  # noqa: PT011 - the type is compared
            eval(expression, names(lib))
        return type(info.value)

    same(error)


@pytest.mark.parametrize("lib", ENGINES)
def test_a_tensor_that_needs_a_gradient_is_refused_with_what_to_write(lib):
    with pytest.raises(RuntimeError, match=r"Use tensor\.detach\(\)\.numpy\(\) instead\."):
        np.exp(lib.ones(2, requires_grad=True))


def test_memory_is_shared_and_copied_as_numpy_says():
    x = minigrad.ones(2)
    np.asarray(x)[0] = 5
    np.array(x)[1] = 6
    assert x.tolist() == [5, 1]
    assert np.array(x, copy=False).dtype == "float32"
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        np.array(x, "float64", copy=False)


def test_results_that_no_tensor_can_hold_are_refused():
    with pytest.raises(TypeError, match="complex"):
        np.exp(minigrad.ones(2), dtype="complex64")


# Rules of derivatives


def squared(x, rule):
    return record(raw(x) ** 2, (x,), (rule,))


def by_numpy(g, _out, x):
    return g * np.multiply(x, 2)


def by_a_constants_numpy(g, _out, x):
    return g * x * minigrad.tensor(np.exp(minigrad.tensor(0.0)) * 2.0)


@pytest.mark.parametrize("rule", [by_numpy, by_a_constants_numpy])
def test_a_rule_may_not_give_tensors_to_numpy(rule):
    """Its gradient would be right, and the gradient of that gradient silently wrong."""
    x = minigrad.tensor([3.0], requires_grad=True)
    if rule is by_numpy:  # without create_graph it is called with arrays
        assert minigrad.autograd.grad(squared(x, rule), x)[0].tolist() == [6]
    with pytest.raises(TypeError, match="a constant to the second derivative") as info:
        minigrad.autograd.grad(squared(x, rule), x, create_graph=True)
    assert rule.__name__ in info.value.__notes__[0]
    assert x.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_is_no_rule(create_graph):
    def gradient(lib):
        x = lib.tensor([3.0, -4.0], requires_grad=True)
        x.register_hook(lambda g: lib.as_tensor(np.clip(g.detach(), -1, 1)))
        return lib.autograd.grad((x * lib.tensor([2.0, 0.5])).sum(), x, create_graph=create_graph)[0].tolist()

    assert same(gradient) == [1, 0.5]


# What others make of tensors by NumPy


def test_plots():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")

    def bars(lib):
        heights = lib.tensor([1.0, 3.0, 2.0])
        edges = [bar.get_height() for bar in plt.bar(lib.arange(3), heights)]
        line = plt.plot(heights, heights**2)[0].get_xydata().tolist()
        plt.close()
        return edges, line

    same(bars)


def test_scaling():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    same(lambda lib: described(preprocessing.StandardScaler().fit_transform(names(lib)["t"])))


def test_tables():
    pandas = pytest.importorskip("pandas")
    same(lambda lib: pandas.DataFrame(names(lib)["t"]).to_dict())
    same(lambda lib: pandas.Series(names(lib)["v"]).to_dict())
