"""Names of devices, and what is said where there is no GPU to use.  No GPU is needed."""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from engines import torch
from stand_in import cupy, installed

import minigrad

# Names -------------------------------------------------------------------------------------------------------

NAMES: list[tuple[Any, ...]] = [
    ("cpu",),
    ("cuda",),
    ("cuda:1",),
    ("cuda", 1),
    ("cuda", None),
    ("cpu", 0),
    ("",),
    ("gpu",),
    ("cuda:",),
    ("cuda:00",),
    ("cuda:01",),
    ("cuda:-1",),
    ("cuda:x",),
    ("cuda", -1),
    (-1,),
    ("cuda:1", 1),
    ("cuda", 1.0),
    ("cuda", True),
    (1.5,),
    (True,),
    (None,),
    (print,),
]


@pytest.mark.parametrize("arguments", NAMES, ids=str)
def test_a_device_is_named_as_in_torch(arguments: tuple[Any, ...]) -> None:
    try:
        theirs = torch.device(*arguments)
    except (RuntimeError, TypeError) as error:
        with pytest.raises(type(error)):
            minigrad.device(*arguments)
    else:
        mine = minigrad.device(*arguments)
        assert (repr(mine), str(mine), mine.type, mine.index) == (repr(theirs), str(theirs), theirs.type, theirs.index)
        assert mine == minigrad.device(mine)
        assert hash(mine) == hash(minigrad.device(str(mine)))


def test_a_device_does_not_change() -> None:
    place = minigrad.device("cuda:1")
    with pytest.raises(FrozenInstanceError):
        place.index = 2  # type: ignore[misc]
    with pytest.raises(TypeError, match="must be str where an index is given"):
        minigrad.device(place, 1)


TO = [
    lambda x, torch: x.to(torch.int32),
    lambda x, torch: x.to(torch.int32, True, True),
    lambda x, torch: x.to("cpu", torch.int32),
    lambda x, torch: x.to(torch.device("cpu"), torch.float32, False, True),
    lambda x, torch: x.to(x, True),
    lambda x, torch: x.to(x, False, True),
    lambda x, torch: x.to(None, torch.float64),
    lambda x, torch: x.to(dtype=torch.float64, device="cpu", non_blocking=True, copy=True),
    lambda x, torch: x.to("cpu", copy=True),
    lambda x, torch: x.to(),
    lambda x, torch: x.to(float),
    lambda x, torch: x.to("cpu", int),
    lambda x, torch: x.to(dtype=bool),
]


@pytest.mark.parametrize("call", TO)
def test_to_takes_its_arguments_as_torch_does(call: Any) -> None:
    x, y = torch.ones(2), minigrad.ones(2)
    theirs, mine = call(x, torch), call(y, minigrad)
    assert (str(mine.dtype).partition(".")[2], mine is y) == (str(theirs.dtype).partition(".")[2], theirs is x)


@pytest.mark.parametrize("argument", [1.5, object(), [1]], ids=["float", "object", "list"])
def test_to_says_what_it_takes(argument: Any) -> None:
    with pytest.raises(TypeError, match=r"to\(\): an argument must be a dtype, a device or a Tensor, not"):
        minigrad.ones(2).to(argument)
    with pytest.raises(TypeError, match=r"to\(\): argument 'dtype' must be a dtype, not"):
        minigrad.ones(2).to(dtype=argument)


# Where there is no GPU --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def looked_for_anew() -> Iterator[None]:
    minigrad.devices.forget_gpu()
    yield
    minigrad.devices.forget_gpu()


def check_missing(reason: str) -> None:
    """There is no GPU, which is said quietly, and with its reason where one is asked for."""
    minigrad.devices.forget_gpu()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not minigrad.cuda.is_available()
        assert not minigrad.cuda.is_initialized()
        assert not minigrad.accelerator.is_available()
        assert (minigrad.cuda.device_count(), minigrad.accelerator.current_accelerator()) == (0, None)
        assert minigrad.cuda.memory_allocated() == minigrad.cuda.memory_reserved() == 0
        minigrad.cuda.empty_cache()
    accelerator, cuda = minigrad.accelerator, minigrad.cuda
    for ask in (
        lambda: minigrad.ones(2, device="cuda"),
        lambda: minigrad.ones(2).cuda(),
        lambda: minigrad.ones(2).pin_memory(),
        lambda: minigrad.nn.Linear(2, 1).to("cuda:0"),
        *(cuda.current_device, cuda.synchronize, cuda.get_device_name, cuda.mem_get_info, cuda.Stream, cuda.Event),
        *(accelerator.synchronize, accelerator.empty_cache, accelerator.memory_allocated, accelerator.current_stream),
        accelerator.current_device_index,
    ):
        with pytest.raises(RuntimeError, match="minigrad has no GPU to use: ") as error:
            ask()
        assert reason in str(error.value)


def failing(error: Exception) -> Any:
    def fail(*_arguments: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ImportError("No module named 'cupy'"), "CuPy cannot be imported (No module named 'cupy'). Install it"),
        (RuntimeError("broken"), "importing it raised RuntimeError: broken. Install it"),
        (OSError("libcuda"), "importing it raised OSError: libcuda"),
        (AttributeError("numpy"), "importing it raised AttributeError: numpy"),
    ],
)
def test_without_a_cupy_that_can_be_imported(error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    importer = builtins.__import__

    def refuse(name: str, *arguments: Any) -> Any:
        if name == "cupy":
            raise error
        return importer(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refuse)
    check_missing(reason)


CUDA_ERRORS = {
    "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version": (
        "NVIDIA's driver is missing, or older than CuPy's CUDA. Install or update it"
    ),
    "cudaErrorNoDevice: no CUDA-capable device is detected": "there is no NVIDIA GPU in this machine",
    "cudaErrorUnknown: unknown error": "does not work here: CUDARuntimeError: cudaErrorUnknown: unknown error",
}


@pytest.mark.parametrize("message", CUDA_ERRORS)
def test_without_a_driver_that_works(message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with installed():
        broken = failing(cupy.cuda.runtime.CUDARuntimeError(message))
        monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", broken)
        check_missing(CUDA_ERRORS[message])


def test_without_a_gpu() -> None:
    with installed(device_count=0):
        check_missing("there is no NVIDIA GPU in this machine, or CUDA_VISIBLE_DEVICES hides it")


def test_with_a_cupy_that_cannot_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed():
        monkeypatch.setattr(cupy, "ones", failing(RuntimeError("nvrtc: error: failed to open libnvrtc-builtins.so")))
        check_missing("does not work here: RuntimeError: nvrtc: error: failed to open libnvrtc-builtins.so")


@pytest.mark.parametrize("version", ["12.3.0", "13.6.0"])
def test_with_a_cupy_that_is_too_old(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with installed():
        monkeypatch.setattr(cupy, "__version__", version)
        check_missing(f"CuPy {version} is too old: minigrad needs 14. Install it")
