"""What came through a pickle (from a worker, a file, a table) is a tensor like any other.

NumPy unpickles another object for an equal dtype; minigrad tells dtypes apart by identity.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from parity import results, run
from registry import OPS, Op
from samples import Sample
from test_devices import ELSEWHERE, LAYERS, LOSSES, OPTIMIZERS, training

import minigrad
from minigrad import nn
from minigrad.utils.data import DataLoader, TensorDataset


def again(x: Any) -> Any:
    """The same through a pickle; a lambda by which a test calls a layer goes past it."""
    lambdas, written = [], io.BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, part: Any) -> int | None:
            if getattr(part, "__name__", None) != "<lambda>":
                return None
            lambdas.append(part)
            return len(lambdas) - 1

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, number: int) -> Any:
            return lambdas[number]

    Pickler(written).dump(x)
    written.seek(0)
    return Unpickler(written).load()


def test_numpy_unpickles_another_dtype_object() -> None:
    """Else these tests would show nothing."""
    array = np.ones(2, np.float32)
    assert again(array).dtype == array.dtype
    assert again(array).dtype is not array.dtype


ENTRANCES = {
    "from_numpy": lambda x: minigrad.from_numpy(again(x)),
    "tensor": lambda x: minigrad.tensor(again(x)),
    "as_tensor": lambda x: minigrad.as_tensor(again(x)),
    "a tensor": lambda x: again(minigrad.from_numpy(x)),
    "a parameter": lambda x: again(nn.Parameter(minigrad.from_numpy(x), requires_grad=False)),
    "an operand": lambda x: minigrad.zeros(1, dtype=minigrad.dtypes.from_numpy[x.dtype]) + again(x),
    "to": lambda x: minigrad.from_numpy(x).to(again(minigrad.dtypes.from_numpy[x.dtype])),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("dtype", [each.name for each in minigrad.dtypes.ALL])
def test_every_entrance_gives_the_one_dtype_object(entrance: str, dtype: str) -> None:
    x = np.arange(6).reshape(2, 3).astype(dtype)
    made = ENTRANCES[entrance](x)
    assert made.array.dtype is np.dtype(dtype)
    assert made.tolist() == x.tolist()


def test_memory_is_shared_still() -> None:
    array = again(np.zeros(3, np.float32))
    minigrad.from_numpy(array)[1] = 5
    assert array.tolist() == [0, 5, 0]


class Pickled:
    """minigrad, whose tensors are made of arrays that were pickled."""

    def __getattr__(self, name: str) -> Any:
        return getattr(minigrad, name)

    @staticmethod
    def from_numpy(array: Any) -> minigrad.Tensor:
        return minigrad.from_numpy(again(array))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_every_op_takes_it(op: Op) -> None:
    @settings(max_examples=5)
    @given(op.samples())
    def check_sample(spelling_and_sample: tuple[str, Sample]) -> None:
        spelling, sample = spelling_and_sample
        plain, pickled = (run(op.calls[spelling], engine, sample) for engine in (minigrad, Pickled()))
        assert repr(pickled.error) == repr(plain.error)
        if plain.error is None and op.defined:
            for y, z in zip(results(pickled.result), results(plain.result), strict=True):
                np.testing.assert_array_equal(y.array, z.array)

    check_sample()


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_takes_it(name: str) -> None:
    def gradients(change: Any) -> list[Any]:
        minigrad.manual_seed(2)
        layer = change(LAYERS[name](nn))
        x = change(minigrad.randn(3, 2, 6, 6)).requires_grad_()
        layer(x).square().sum().backward()
        return [x.grad.tolist(), *(p.grad.tolist() for p in layer.parameters())]

    assert gradients(again) == gradients(lambda x: x)
    assert "Embedding" in ELSEWHERE
    table = again(nn.Embedding(3, 2))
    assert table(again(minigrad.tensor([2, 0]))).tolist() == table.weight[[2, 0]].tolist()


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_trains_on_it(name: str) -> None:
    def losses(change: Any) -> list[float]:
        loss, target = LOSSES[name]
        _, step = training(change(loss), lambda: change(target()), "cpu")
        return [step().item() for _ in range(3)]

    assert losses(again) == losses(lambda x: x)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_from_it(name: str) -> None:
    def trained(change: Any) -> list[Any]:
        p = change(minigrad.ones(3)).requires_grad_()
        optimizer = getattr(minigrad.optim, name)([p], **OPTIMIZERS[name])
        for _ in range(3):
            optimizer.zero_grad()
            (p * p * p).sum().backward()
            optimizer.step()
            p, optimizer = change((p, optimizer))
        return p.tolist()

    assert trained(again) == trained(lambda x: x)


def test_batches_of_workers_train_a_linear_layer() -> None:
    x = minigrad.linspace(-1, 1, 12).unsqueeze(1)
    model = nn.Linear(1, 1)
    for a, b in DataLoader(TensorDataset(x, 3 * x), batch_size=4, num_workers=1):
        nn.functional.mse_loss(model(a), b).backward()
    assert model.weight.grad is not None


def test_shapes_that_fit_are_never_blamed() -> None:
    layer, x = nn.Linear(3, 2), minigrad.ones(4, 3)
    x.array = again(x.array)  # past all entrances
    assert layer(x).shape == (4, 2)
    assert (x @ layer.weight.T).shape == (4, 2)
