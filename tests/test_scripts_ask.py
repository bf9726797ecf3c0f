"""What scripts ask of torch before they begin, and what they bring from older times: each name beside PyTorch's."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from engines import error_of, same, torch
from processes import python
from stand_in import installed

import minigrad
from minigrad import threads

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")


def warned(call, *args, **kwargs):
    """The warnings that a call gives: their kinds and words; and what it returns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(*args, **kwargs)
    return [(w.category.__name__, str(w.message).partition(" (Triggered")[0]) for w in caught], result


# Numbers --------------------------------------------------------------------------------------------------------


def test_constants():
    def scenario(engine):
        assert engine.nan != engine.nan
        return engine.inf, engine.pi, engine.e, engine.newaxis, engine.ones(3)[:, engine.newaxis].shape

    same(scenario)


@pytest.mark.parametrize("name", FLOATS)
def test_finfo(name):
    def scenario(engine):
        info = engine.finfo(getattr(engine, name))
        parts = [
            getattr(info, part)
            for part in ["bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"]
        ]
        return str(info), parts, info == engine.finfo(getattr(engine, name)), info == engine.finfo()

    same(scenario)


@pytest.mark.parametrize("name", INTEGERS)
def test_iinfo(name):
    def scenario(engine):
        info = engine.iinfo(getattr(engine, name))
        return str(info), info.bits, info.max, info.min, info.dtype, info == engine.iinfo(getattr(engine, name))

    same(scenario)


def test_limits_of_what_has_none():
    def scenario(engine):
        return [
            error_of(engine.finfo, engine.int32),
            error_of(engine.iinfo, engine.float32),
            error_of(engine.iinfo, engine.bool),
            error_of(engine.finfo, "float32"),
        ]

    same(scenario)


def test_what_something_is():
    def scenario(engine):
        x = engine.ones(2, 3, dtype=engine.float64)
        return [
            engine.is_tensor(x),
            engine.is_tensor([1]),
            engine.numel(x),
            engine.is_floating_point(x),
            engine.is_floating_point(x.long()),
            engine.is_complex(x),
            engine.is_storage(x.untyped_storage()),
            engine.is_storage(x),
            engine.typename(x),
            engine.typename(3),
            *(error_of(ask, [1])[0] for ask in (engine.numel, engine.is_floating_point, engine.is_complex)),
        ]

    same(scenario)


# Switches -----------------------------------------------------------------------------------------------------------


def test_threads():
    def scenario(engine):
        before = engine.get_num_threads()
        try:
            engine.set_num_threads(1)
            one = engine.get_num_threads()
            engine.set_num_threads(2)
            two = engine.get_num_threads()
        finally:
            engine.set_num_threads(before)
        wrong = [error_of(engine.set_num_threads, number) for number in (0, -1, 1.5, True, "a")]
        return one, two, wrong, error_of(engine.set_num_interop_threads, 0)

    same(scenario)


@pytest.mark.skipif(sys.platform != "linux" or (os.cpu_count() or 1) < 2, reason="the kernel's count is Linux's")
def test_the_number_of_threads_is_that_of_the_library():
    program = (
        "import minigrad, numpy, os\nminigrad.set_num_threads({})\na = numpy.ones((600, 600))\n"
        "for _ in range(5): a @ a\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    counts = [
        int(python("-c", program.format(number), env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}).stdout)
        for number in (1, 2)
    ]
    assert counts[0] == 1
    assert counts[1] > 1


def test_the_threads_are_those_of_numpy_where_scipy_has_a_blas_too():
    if not list(threads.openblas()):
        pytest.skip("NumPy's BLAS is not an OpenBLAS beside it")
    program = (
        "import torch, scipy.linalg, minigrad, threadpoolctl\nminigrad.set_num_threads(1)\n"
        "print(*{library['num_threads'] for library in threadpoolctl.threadpool_info() "
        "if 'numpy.libs' in library['filepath']})"
    )
    for first in ("", "import sklearn\n"):
        assert python("-c", first + program, env={**os.environ, "OPENBLAS_NUM_THREADS": "2"}).stdout == "1\n"


def test_threads_without_threadpoolctl():
    found = list(threads.openblas())
    if not found:
        pytest.skip("NumPy's BLAS is not an OpenBLAS beside it")
    before = found[0].get_num_threads()
    try:
        found[0].set_num_threads(2)
        assert threads.get_num_threads() == found[0].get_num_threads() == 2
        found[0].set_num_threads(1)
        assert threads.get_num_threads() == found[0].get_num_threads() == 1
    finally:
        found[0].set_num_threads(before)


def test_threads_of_a_numpy_without_openblas_beside_it(monkeypatch):
    other = next(threads.other_blas(), None)
    if other is None:
        pytest.skip("threadpoolctl finds no BLAS")
    monkeypatch.setattr(threads, "openblas", lambda: iter(()))
    monkeypatch.setattr(threads, "blas_library", threads.blas_library.__wrapped__)
    before = other.get_num_threads()
    try:
        for number in (2, 1):
            threads.set_num_threads(number)
            assert threads.get_num_threads() == other.get_num_threads() == number
    finally:
        other.set_num_threads(before)


def test_a_blas_that_cannot_be_told_is_warned_of(monkeypatch):
    monkeypatch.setattr(threads, "blas_library", lambda: None)
    with pytest.warns(UserWarning, match="NumPy's BLAS cannot be told"):
        threads.set_num_threads(1)
    assert threads.get_num_threads() == (os.cpu_count() or 1)


def test_number_of_ops_at_once_is_noted_once():
    program = (
        "torch.set_num_interop_threads(3); print(torch.get_num_interop_threads())\n"
        "try: torch.set_num_interop_threads(2)\nexcept RuntimeError as error: print(error)"
    )
    printed = [python("-c", f"import {engine} as torch\n{program}").stdout for engine in ("torch", "minigrad")]
    assert printed[1] == printed[0] != ""


def test_deterministic_algorithms():
    def scenario(engine):
        def state():
            return (
                engine.are_deterministic_algorithms_enabled(),
                engine.is_deterministic_algorithms_warn_only_enabled(),
                engine.get_deterministic_debug_mode(),
            )

        seen = [state()]
        try:
            for call in (
                lambda: engine.use_deterministic_algorithms(True),
                lambda: engine.use_deterministic_algorithms(True, warn_only=True),
                lambda: engine.set_deterministic_debug_mode("error"),
                lambda: engine.set_deterministic_debug_mode(1),
            ):
                call()
                seen.append(state())
        finally:
            engine.use_deterministic_algorithms(False)
        wrong = [error_of(engine.set_deterministic_debug_mode, mode) for mode in ("x", 5, 1.5)]
        return seen, state(), wrong, error_of(engine.use_deterministic_algorithms, 1)

    same(scenario)


def test_precision_of_products_and_other_switches():
    def scenario(engine):
        matmul = engine.backends.cuda.matmul
        seen = [engine.get_float32_matmul_precision(), matmul.allow_tf32]
        try:
            engine.set_float32_matmul_precision("high")
            seen += [engine.get_float32_matmul_precision(), matmul.allow_tf32]
            engine.set_float32_matmul_precision("highest")
            seen += [engine.get_float32_matmul_precision(), matmul.allow_tf32]
            matmul.allow_tf32 = True
            seen.append(engine.get_float32_matmul_precision())
        finally:
            engine.set_float32_matmul_precision("highest")
        engine.set_warn_always(True)
        seen.append(engine.is_warn_always_enabled())
        engine.set_warn_always(False)
        return (
            seen,
            engine.is_warn_always_enabled(),
            error_of(setattr, matmul, "nosuch", 1),
            error_of(getattr, matmul, "a"),
        )

    same(scenario)
    with pytest.warns(UserWarning, match="x is not one of 'highest', 'high', or 'medium'"):
        minigrad.set_float32_matmul_precision("x")
    assert minigrad.set_flush_denormal(True) is False


# torch.backends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cudnn", "mkldnn"])
def test_flags_of_a_library(name, monkeypatch):
    module = torch.backends.flags_frozen.__globals__
    monkeypatch.setitem(module, "__allow_nonbracketed_mutation_flag", True)  # torch.testing takes it away

    def scenario(engine):
        library = getattr(engine.backends, name)
        flags = [flag for flag in ("enabled", "benchmark", "deterministic", "allow_tf32") if hasattr(library, flag)]

        def values():
            return {flag: getattr(library, flag) for flag in flags}

        seen = [values()]
        try:
            library.deterministic = True
            seen.append(values())
            with library.flags(enabled=False):
                seen.append(values())
            seen.append(values())
        finally:
            library.deterministic = False
        return (
            seen,
            values(),
            error_of(setattr, library, "deterministic", 1),
            error_of(setattr, library, "enabled", "no"),
        )

    same(scenario)


def test_what_a_machine_without_gpu_has():
    def scenario(engine):
        backends = engine.backends
        before = backends.cudnn.set_flags(_benchmark=True)
        seen = backends.cudnn.benchmark
        backends.cudnn.set_flags(_benchmark=False)
        return [
            seen,
            before[:2],
            backends.cudnn.is_available(),
            backends.cudnn.version(),
            backends.cudnn.is_acceptable(engine.ones(1)),
            backends.mps.is_available(),
            backends.mps.is_built(),
            backends.cpu.get_cpu_capability(),
        ]

    same(scenario)
    assert minigrad.backends.mkl.is_available() is ("mkl" in str(np.show_config(mode="dicts")["Build Dependencies"]))
    assert minigrad.backends.openmp.is_available() is minigrad.backends.mkldnn.is_available() is False


def test_cuda_is_built_where_there_is_cupy():
    assert minigrad.backends.cuda.is_built() is minigrad.cuda.is_available()
    with installed():
        assert minigrad.backends.cuda.is_built()


# Types of tensors -----------------------------------------------------------------------------------------------------


KINDS = ("Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short")


@pytest.mark.parametrize("kind", KINDS)
def test_a_type_of_tensors(kind):
    def scenario(engine):
        own = getattr(engine, f"{kind}Tensor")
        x, y = own([1, 0, 2]), engine.tensor([1.7, -0.0, 2.2], dtype=engine.float64)
        every = [isinstance(x, getattr(engine, f"{each}Tensor")) for each in KINDS]
        names = (own, f"torch.{kind}Tensor")
        converted = [y.type(name).tolist() for name in names] + [str(y.type(name).dtype)[-5:] for name in names]
        made = own(2, 3).shape, own(engine.Size([3])).shape, own().shape, own(np.ones(2)).tolist(), own((1, 1)).tolist()
        other = engine.tensor([1.0]) if kind != "Float" else engine.tensor([1])
        refused = error_of(own, other)[0], error_of(own, 1.5), error_of(own, "a")[0]
        on_gpu = isinstance(x, getattr(engine.cuda, f"{kind}Tensor")), isinstance(3, own)
        return every, converted, made, refused, on_gpu, repr(own), own.is_cuda, x.type(), str(own.dtype)[-5:]

    same(scenario)


def test_type_of_names_that_are_none():
    def scenario(engine):
        x = engine.ones(2, dtype=engine.float64)
        wrong = [error_of(x.type, kind) for kind in ("float32", "LongTensor", "torch.float64", int, float, 3)]
        return (
            wrong,
            str(x.type(engine.Tensor).dtype)[-7:],
            str(x.type("torch.Tensor").dtype)[-7:],
            x.type(engine.double) is x,
        )

    same(scenario)
    assert error_of(minigrad.ones(2).type, "torch.cuda.FloatTensor")[0] == "RuntimeError"
    assert error_of(minigrad.cuda.FloatTensor, [1.0])[1].startswith("type torch.cuda.FloatTensor not available.")


def test_types_on_a_gpu():
    with installed():
        x = minigrad.cuda.LongTensor([1, 2])
        y = minigrad.ones(2).type(minigrad.cuda.DoubleTensor)
        assert x.device.type == y.device.type == "cuda"
        assert isinstance(x, minigrad.cuda.LongTensor)
        assert not isinstance(x, minigrad.LongTensor)
        assert y.type("torch.FloatTensor").device.type == "cpu"
        minigrad.set_default_tensor_type("torch.cuda.FloatTensor")
        try:
            assert minigrad.ones(1).is_cuda
        finally:
            minigrad.set_default_device("cpu")


@pytest.mark.filterwarnings("ignore:torch.set_default_tensor_type")
def test_default_type():
    def scenario(engine):
        try:
            engine.set_default_tensor_type(engine.DoubleTensor)
            double = engine.get_default_dtype() is engine.float64
        finally:
            engine.set_default_tensor_type("torch.FloatTensor")
        wrong = [error_of(engine.set_default_tensor_type, kind) for kind in (engine.LongTensor, engine.float32, "abc")]
        return double, engine.get_default_dtype() is engine.float32, wrong

    same(scenario)


# Functions that hand on ---------------------------------------------------------------------------------------------


def test_compile_takes_functions_and_modules():
    def double(x):
        return x * 2

    model = minigrad.nn.Linear(2, 2)
    assert minigrad.compile(double)(2) == 4
    assert minigrad.compile(double, disable=True) is double
    assert minigrad.compile(model, mode="max-autotune", backend="eager", dynamic=True) is model
    assert minigrad.compile(fullgraph=True)(double)(3) == 6
    assert error_of(minigrad.compile, double, mode="default", options={"a": 1}) == (
        "RuntimeError",
        "Either mode or options can be specified, but both can't be specified at the same time.",
    )
    if not isinstance(torch, type(None)):
        assert error_of(torch.compile, double, mode="default", options={"a": 1})[0] == "RuntimeError"


def test_data_parallel():
    def scenario(engine):
        engine.manual_seed(0)
        model = engine.nn.DataParallel(engine.nn.Linear(2, 1))
        x = engine.ones(3, 2)
        model(x).sum().backward()
        names = list(model.state_dict())
        return str(model), names, model.device_ids, model.module.weight.grad.tolist()

    same(scenario)
    with pytest.raises(NotImplementedError, match="minigrad trains on one GPU, not on 2"):
        minigrad.nn.DataParallel(minigrad.nn.Linear(1, 1), device_ids=[0, 1])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("uniform", {"a": -1}),
        ("normal", {"mean": 2}),
        ("constant", {"val": 3}),
        ("eye", {}),
        ("xavier_uniform", {}),
        ("xavier_normal", {}),
        ("kaiming_uniform", {"nonlinearity": "relu"}),
        ("kaiming_normal", {}),
    ],
)
def test_initial_weights_by_their_old_names(name, options):
    def scenario(engine):
        engine.manual_seed(1)
        x = engine.empty(3, 3)
        found, result = warned(getattr(engine.nn.init, name), x, **options)
        return found, result is x, x.tolist()

    same(scenario)


def test_other_old_names():
    def scenario(engine):
        x = engine.ones(2, requires_grad=True)
        (x * 3).sum().backward()
        found, norm = warned(engine.nn.utils.clip_grad_norm, [x], 1.0)
        scheduler = engine.optim.lr_scheduler._LRScheduler
        return found, round(norm.item(), 5), issubclass(engine.optim.lr_scheduler.StepLR, scheduler)

    same(scenario)


# Under the launcher -------------------------------------------------------------------------------------------------


def test_the_launcher_brings_them(tmp_path):
    script = tmp_path / "asks.py"
    script.write_text(
        "import torch\n"
        "import torch.backends.cudnn as cudnn\n"
        "import torch.utils.checkpoint\n"
        "import torch.multiprocessing as mp\n"
        "from torch.cuda.amp import autocast, GradScaler\n"
        "from torch.nn.parallel import DataParallel\n"
        "from torch.utils.benchmark import Timer\n"
        "from torch import compile, finfo, inf, set_num_threads\n"
        "from torch.optim.lr_scheduler import _LRScheduler\n"
        "cudnn.benchmark = True\n"
        "print(torch.backends.cudnn.benchmark, torch.backends.mps.is_available(), torch.FloatTensor, mp.Process)\n"
        "print(torch.testing.assert_close.__name__, hasattr(torch, 'nosuch'), hasattr(torch.backends, 'nosuch'))\n"
        "try:\n    import torch.backends.nosuch\nexcept ImportError as error:\n    print(error.name)\n"
        "try:\n    torch.testing.nosuch\nexcept AttributeError as error:\n    print(str(error)[:38])\n"
    )
    ended = python("-m", "minigrad", str(script))
    assert ended.stdout.splitlines() == [
        "True False <class 'torch.FloatTensor'> <class 'multiprocessing.context.Process'>",
        "assert_close False False",
        "torch.backends.nosuch",
        "minigrad has no torch.testing.nosuch; ",
    ], ended.stderr


def test_import_brings_none_of_them():
    program = (
        "import minigrad, sys\n"
        "late = 'amp asking backends compiled limits multiprocessing switches testing threads utils.benchmark'\n"
        "print([name for name in late.split() if f'minigrad.{name}' in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"
