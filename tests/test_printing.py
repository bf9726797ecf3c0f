"""Tensors print as torch's do, to the character, apart from the name of the library."""

import contextlib
from types import SimpleNamespace

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from engines import torch
from hypothesis import example, given
from hypothesis import strategies as st

import minigrad
from minigrad import printing

SHAPES = st.one_of(
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=7),
    st.sampled_from([(1000,), (1001,), (40, 26), (2, 600), (600, 2), (11, 8, 13), (1, 1, 1, 1200), (7, 7, 7, 7)]),
)
SPECIALS = [0.0, -0.0, 1.0, np.nan, np.inf, -np.inf, 1e-4, 1e8]


@st.composite
def integers(draw, dtype):
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    bound = draw(st.sampled_from([1, 9, 100, high]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    drawn = random.integers(max(low, -bound), min(high, bound), draw(SHAPES), endpoint=True)
    return np.asarray(drawn, dtype)


@st.composite
def floats(draw, dtype):
    """Floats of about one size, or of sizes far apart; some rounded, zero or not finite."""
    shape = draw(SHAPES)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, spread = draw(st.integers(-40, 38)), draw(st.sampled_from([0, 0, 1, 3, 4, 20, 80]))
    values = random.standard_normal(shape) * 10.0 ** (size + spread * random.uniform(-0.5, 0.5, shape))
    if draw(st.booleans()):
        values = np.rint(values)
    for special in draw(st.lists(st.sampled_from(SPECIALS), max_size=4)):
        values = np.where(random.uniform(size=shape) < 0.3, special, values)
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(dtype)


FLOATS = st.sampled_from(["float16", "float32", "float64"]).flatmap(floats)
INTEGERS = st.sampled_from(["int8", "int16", "int32", "int64", "uint8", "bool"]).flatmap(integers)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 9),
        "threshold": st.sampled_from([0, 1, 5, 100, 1000, float("inf")]),
        "edgeitems": st.integers(0, 5),
        "linewidth": st.integers(1, 200),
        "profile": st.sampled_from(["default", "short", "full", "no such profile"]),
        "sci_mode": st.sampled_from([None, True, False]),
    },
)


@contextlib.contextmanager
def print_options(**options):
    """Both libraries with these options; their own again afterwards."""
    try:
        torch.set_printoptions(**options)
        minigrad.set_printoptions(**options)
        yield
    finally:
        torch.set_printoptions(profile="default")
        minigrad.set_printoptions(profile="default")


@contextlib.contextmanager
def default_dtype(name):
    """Both libraries with this default dtype; float32 again afterwards."""
    try:
        torch.set_default_dtype(getattr(torch, name))
        minigrad.set_default_dtype(getattr(minigrad, name))
        yield
    finally:
        torch.set_default_dtype(torch.float32)
        minigrad.set_default_dtype(minigrad.float32)


def as_in_torch(text):
    return text.replace("minigrad.", "torch.")


def assert_same_text(array):
    assert as_in_torch(repr(minigrad.from_numpy(array))) == repr(torch.from_numpy(array))


EXAMPLES = [
    ("torch.tensor([1, 2, 3])", "tensor([1, 2, 3])"),
    ("torch.tensor([-1, 20, 300])", "tensor([ -1,  20, 300])"),
    ("torch.tensor(7)", "tensor(7)"),
    ("torch.tensor(0.5)", "tensor(0.5000)"),
    ("torch.tensor(3.14159265)", "tensor(3.1416)"),
    ("torch.tensor([1.0, 2.0])", "tensor([1., 2.])"),
    ("torch.tensor([1.0, 2.5])", "tensor([1.0000, 2.5000])"),
    ("torch.tensor([0.0, -0.0])", "tensor([0., -0.])"),
    ("torch.tensor([True, False])", "tensor([ True, False])"),
    ("torch.tensor([1e-5, 1.0])", "tensor([1.0000e-05, 1.0000e+00])"),
    ("torch.tensor([1e9])", "tensor([1.0000e+09])"),
    ("torch.tensor([1.0, float('nan'), -float('inf')])", "tensor([1., nan, -inf])"),
    ("torch.tensor([0.5, float('nan'), -float('inf')])", "tensor([0.5000,    nan,   -inf])"),
    ("torch.tensor([1.0], dtype=torch.float64)", "tensor([1.], dtype=torch.float64)"),
    ("torch.tensor([1, 2], dtype=torch.int32)", "tensor([1, 2], dtype=torch.int32)"),
    ("torch.tensor([0.1], dtype=torch.float16)", "tensor([0.1000], dtype=torch.float16)"),
    ("torch.zeros(0)", "tensor([])"),
    ("torch.zeros(0, 3)", "tensor([], size=(0, 3))"),
    ("torch.zeros(0, dtype=torch.int64)", "tensor([], dtype=torch.int64)"),
    ("torch.zeros(2, 0, dtype=torch.int64)", "tensor([], size=(2, 0), dtype=torch.int64)"),
    ("torch.ones(2, 3)", "tensor([[1., 1., 1.],\n        [1., 1., 1.]])"),
    (
        "torch.tensor([[[1], [2]], [[3], [4]]])",
        "tensor([[[1],\n         [2]],\n\n        [[3],\n         [4]]])",
    ),
    ("torch.arange(1001)", "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
    ("torch.tensor([0.5], requires_grad=True)", "tensor([0.5000], requires_grad=True)"),
    ("torch.tensor([0.5], requires_grad=True) * 3", "tensor([1.5000], grad_fn=<MulBackward0>)"),
    ("torch.tensor([0.5, 1.0], requires_grad=True).sum()", "tensor(1.5000, grad_fn=<SumBackward0>)"),
    (
        "torch.nn.Parameter(torch.tensor([[0.25, -1.0]]))",
        "Parameter containing:\ntensor([[ 0.2500, -1.0000]], requires_grad=True)",
    ),
    (
        "torch.arange(22) * 100",
        "tensor([   0,  100,  200,  300,  400,  500,  600,  700,  800,  900, 1000, 1100,\n"
        "        1200, 1300, 1400, 1500, 1600, 1700, 1800, 1900, 2000, 2100])",
    ),
]


@pytest.mark.parametrize(("source", "text"), EXAMPLES)
def test_examples(source, text):
    assert repr(eval(source, {"torch": torch})) == text
    assert as_in_torch(repr(eval(source, {"torch": minigrad}))) == text


def test_names_its_own_library():
    assert repr(minigrad.zeros(1, dtype=minigrad.float64)) == "tensor([0.], dtype=minigrad.float64)"


@given(FLOATS)
@example(np.array([161.0, -224.0, 708.0, 286.0, -1109.0, 115.0], np.float16))  # dtype= fits only with torch's name
@example(np.array([5e-324, 1.7e308]))
@example(np.array([1e8, 1e5]))
@example(np.array([1e-4, 1e-1]))
@example(np.array([0.5, 500.25]))  # just over 1000 times
@example(np.zeros(40))
def test_floats(array):
    assert_same_text(array)


@given(INTEGERS)
def test_integers_and_bools(array):
    assert_same_text(array)


@given(st.one_of(FLOATS, INTEGERS), OPTIONS)
@example(np.zeros((2, 3), np.float32), {"edgeitems": 0})
@example(np.ones((30, 40), np.float32), {"edgeitems": 0})
@example(np.ones(2000, np.float32), {"edgeitems": 0})
@example(np.ones((), np.float32), {"edgeitems": 0, "threshold": 0})
def test_options(array, options):
    with print_options(**options):
        assert minigrad.get_printoptions() == torch._tensor_str.get_printoptions()
        assert_same_text(array)


@given(st.one_of(FLOATS, INTEGERS), st.sampled_from(["float16", "float32", "float64"]))
def test_default_dtype_is_not_named(array, default):
    with default_dtype(default):
        assert_same_text(array)


@given(FLOATS, st.integers(20, 120))
@example(np.arange(8.0), 43)  # each suffix on a line of its own
def test_gradient_suffixes(array, linewidth):
    theirs, ours = torch.from_numpy(array.copy()), minigrad.from_numpy(array.copy())
    theirs.requires_grad_()
    ours.requires_grad_()
    with print_options(linewidth=linewidth):
        assert as_in_torch(repr(ours)) == repr(theirs)
        assert as_in_torch(repr(ours * 1)) == repr(theirs * 1)


@given(FLOATS)
def test_parameters(array):
    theirs, ours = (
        torch.nn.Parameter(torch.from_numpy(array)),
        minigrad.nn.Parameter(minigrad.from_numpy(array)),
    )
    assert as_in_torch(repr(ours)) == repr(theirs)


def test_strided_views():
    array = np.arange(24, dtype=np.float32).reshape(4, 6)
    for view in (array.T, array[::2, 1::2], array[:, None]):
        assert_same_text(view)


def test_printing_leaves_the_array_alone():
    array = np.array([1.0, np.nan, 0.5], np.float16)
    before = array.tobytes()
    repr(minigrad.from_numpy(array))
    assert array.tobytes() == before


def test_device_is_named_when_it_is_not_the_cpu():
    class Cuda:
        type = "cuda"

        def __str__(self):
            return "cuda:0"

    on_gpu = SimpleNamespace(
        array=np.array([1, 2], np.int32),
        dtype=minigrad.int32,
        requires_grad=False,
        grad_fn=None,
        device=Cuda(),
    )
    assert printing.tensor_repr(on_gpu) == "tensor([1, 2], device='cuda:0', dtype=minigrad.int32)"


def test_profiles_set_the_options_and_arguments_come_after():
    with print_options(profile="full", edgeitems=5, sci_mode=True):
        assert minigrad.get_printoptions() == {
            "precision": 4,
            "threshold": float("inf"),
            "edgeitems": 5,
            "linewidth": 80,
            "sci_mode": True,
        }


def test_options_can_be_put_back():
    with print_options(precision=2, sci_mode=False):
        before = minigrad.get_printoptions()
        minigrad.set_printoptions(profile="full")
        minigrad.set_printoptions(**before)
        assert minigrad.get_printoptions() == before


FORMATS = [
    ("torch.tensor(0.123456)", ".4f"),
    ("torch.tensor(0.5)", ""),
    ("torch.tensor(0.5, requires_grad=True)", ".2%"),
    ("torch.tensor(12)", ">6d"),
    ("torch.tensor(12)", ".1f"),
    ("torch.tensor(True)", ""),
    ("torch.tensor(True)", "d"),
    ("torch.tensor(float('nan'))", "8.3f"),
    ("torch.tensor(0.1, dtype=torch.float16)", ""),
    ("torch.tensor([1.0, 2.0])", ""),
    ("torch.zeros(0)", ""),
    ("torch.nn.Parameter(torch.tensor(0.5))", ""),
    ("torch.nn.Parameter(torch.ones(2))", ""),
]


@pytest.mark.parametrize(("source", "spec"), FORMATS)
def test_formats(source, spec):
    theirs, ours = (eval(source, {"torch": library}) for library in (torch, minigrad))
    assert format(ours, spec) == format(theirs, spec)


@pytest.mark.parametrize(
    ("source", "spec"),
    [
        ("torch.tensor([1.0, 2.0])", ".2f"),
        ("torch.ones(1, 1)", ">20"),
        ("torch.nn.Parameter(torch.tensor(0.5))", ".2f"),
        ("torch.nn.Parameter(torch.ones(2))", ".2f"),
    ],
)
def test_refuses_a_format_for_what_is_not_a_number(source, spec):
    theirs, ours = (eval(source, {"torch": library}) for library in (torch, minigrad))
    with pytest.raises(TypeError) as error:
        format(theirs, spec)
    with pytest.raises(TypeError, match=rf"^{error.value}: .*x\.item\(\):{spec}") as refusal:
        format(ours, spec)
    assert str(tuple(ours.shape)) in str(refusal.value)


def test_refuses_a_format_that_python_refuses():
    for library in (torch, minigrad):
        with pytest.raises(ValueError, match="Unknown format code 'd' for object of type 'float'"):
            format(library.tensor(0.5), "d")


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_default_dtype(name):
    with default_dtype(name):
        assert minigrad.get_default_dtype() is getattr(minigrad, name)
        assert minigrad.tensor(0.5).dtype is getattr(minigrad, name)


@pytest.mark.parametrize("source", ["torch.int64", "torch.bool", "'float32'", "None", "float"])
def test_default_dtype_must_be_a_floating_point_dtype(source):
    refusals = []
    for library in (torch, minigrad):
        with pytest.raises(TypeError) as refusal:
            library.set_default_dtype(eval(source, {"torch": library}))
        refusals.append(str(refusal.value))
    assert refusals[0] == refusals[1]
    assert minigrad.get_default_dtype() is minigrad.float32


def test_names_of_in_place_changes_and_extremes():
    for library in (torch, minigrad):
        w = library.ones(2, requires_grad=True)
        y, z = w * 2, w * 2
        y[0] = 5.0
        z.copy_(w)
        largest, smallest = (getattr(library.tensor([[1.0, 5], [7, 0]]), name)(1) for name in ("max", "min"))
        texts = [str(x).replace("minigrad.", "torch.") for x in (y, z, largest, smallest)]
        if library is torch:
            expected = texts
    assert texts == expected
    assert "grad_fn=<CopySlices>" in texts[0]


RESULTS = [
    *("max(0)", "min(0)", "sort(0)", "topk(1)", "kthvalue(1)", "median(0)", "nanmedian(0)", "mode(0)"),
    *("cummax(0)", "cummin(0)", "aminmax()", "frexp()", "histogram(2)"),
]


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize("call", RESULTS)
def test_several_results_of_an_op(call, shape):
    texts = []
    for library in (torch, minigrad):
        x = library.tensor(np.arange(1.0, 1 + np.prod(shape)).reshape(shape).tolist())
        x.requires_grad = call not in ("aminmax()", "histogram(2)")
        results = eval(f"x.{call}", {"x": x})
        texts.append(repr(results).replace("minigrad.", "torch."))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("call", ["linalg.slogdet", "slogdet", "linalg.eigh", "linalg.svd", "svd", "linalg.qr"])
def test_several_results_of_a_matrix(call):
    texts = []
    for library in (torch, minigrad):
        results = eval(f"library.{call}(library.tensor([[0.5]]))", {"library": library})
        texts.append(repr(results).replace("minigrad.", "torch."))
    assert texts[0] == texts[1]
