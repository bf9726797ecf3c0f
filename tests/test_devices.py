"""Every op on a GPU: on CuPy where there is one (`-m cuda`), and always on the strict stand-in for CuPy.

The stand-in (tests/stand_in) computes with NumPy on this processor and refuses what CuPy refuses.  It shows that
nothing but CuPy's own functions is called, and nothing is waited for; it is no GPU.
"""

from __future__ import annotations

import builtins
import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from parity import backward, check_equal, results, run, tolerance
from registry import Op
from samples import Sample
from stand_in import counting_synchronisations, installed, no_synchronisation
from test_ops import EVERY_DIFFERENTIABLE_OP, EVERY_OP

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(
    autouse=True,
    params=["stand-in", pytest.param("CuPy", marks=pytest.mark.cuda)],
)
def gpu(request: pytest.FixtureRequest) -> Iterator[None]:
    """A GPU, or the stand-in for CuPy."""
    if request.param == "CuPy":
        yield
        return
    with installed():
        yield


class OnGpu:
    """minigrad, whose tensors made from NumPy arrays are put on the GPU."""

    def __getattr__(self, name: str) -> Any:
        return getattr(minigrad, name)

    @staticmethod
    def from_numpy(array: Any) -> minigrad.Tensor:
        return minigrad.from_numpy(array).cuda()


def on_cpu(x: Any, kind: str = "cuda") -> Any:
    """A result on the CPU; it was on the kind of device that it belongs to."""
    if isinstance(x, minigrad.Tensor):
        assert x.device.type == kind
        return x.cpu()
    return [on_cpu(each, kind) for each in x] if isinstance(x, (list, tuple)) else x


def for_samples(op: Op, check: Any, smooth: bool = False) -> None:
    @settings(max_examples=10)
    @given(op.samples(smooth))
    def check_sample(spelling_and_sample: tuple[str, Sample]) -> None:
        spelling, sample = spelling_and_sample
        check(op, op.calls[spelling], sample)

    check_sample()


@EVERY_OP
def test_values_are_those_of_the_cpu(op: Op) -> None:
    for_samples(op, check_values)


def check_values(op: Op, call: Any, sample: Sample) -> None:
    here, there = run(call, minigrad, sample), run(call, OnGpu(), sample)
    if here.error is not None:
        return
    assert there.error is None, repr(there.error)
    kind = "cuda" if any(isinstance(x, (np.ndarray, list)) for x in sample.operands) else "cpu"
    check_equal(on_cpu(there.result, kind), here.result, tolerance(sample, op.sums) if op.defined else None)


@EVERY_DIFFERENTIABLE_OP
@pytest.mark.parametrize("create_graph", [False, True], ids=["arrays", "tensors"])
def test_gradients_are_those_of_the_cpu(op: Op, create_graph: bool) -> None:
    def check(op: Op, call: Any, sample: Sample) -> None:
        here, there = (run(call, engine, sample, requires_grad=True) for engine in (minigrad, OnGpu()))
        if here.error is not None or not any(y.requires_grad for y in results(here.result)):
            return
        assert there.error is None, repr(there.error)
        gradients = backward(OnGpu(), there, create_graph)
        check_equal(on_cpu(gradients), backward(minigrad, here, create_graph), tolerance(sample, op.sums))

    for_samples(op, check, smooth=True)


@EVERY_DIFFERENTIABLE_OP
def test_second_derivatives_are_those_of_the_cpu(op: Op) -> None:
    def second(engine: Any, call: Any, sample: Sample) -> Any:
        """Of the squares of the first ones; None where the op refuses the sample, or nothing depends on it."""
        ran = run(call, engine, sample, requires_grad=True)
        if ran.error is not None or not any(y.requires_grad for y in results(ran.result)):
            return None
        first = [g for g in backward(engine, ran, create_graph=True) if g is not None and g.requires_grad]
        if not first:
            return None
        return minigrad.autograd.grad(sum((g * g).sum() for g in first), ran.leaves, allow_unused=True)

    def check(op: Op, call: Any, sample: Sample) -> None:
        here = second(minigrad, call, sample)
        if here is not None:
            check_equal(on_cpu(second(OnGpu(), call, sample)), list(here), tolerance(sample, op.sums))

    for_samples(op, check, smooth=True)


# Transfers ----------------------------------------------------------------------------------------------------


def test_a_tensor_goes_to_the_gpu_and_back_and_its_gradient_with_it() -> None:
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    y = x.to("cuda")
    assert (str(y.device), y.grad_fn.name()) == ("cuda:0", "ToCopyBackward0")
    assert y.to("cuda:0") is y
    (y * minigrad.tensor([3.0, 4.0], device="cuda")).sum().cpu().backward()
    assert x.grad.tolist() == [3.0, 4.0]
    assert x.grad.device == minigrad.device("cpu")
    assert y.to(minigrad.float64).dtype is minigrad.float64


def test_made_on_the_gpu() -> None:
    for make in (minigrad.zeros, minigrad.ones, minigrad.empty, minigrad.rand, minigrad.randn):
        assert make(2, 3, device="cuda").device == minigrad.device("cuda", 0)
    like = minigrad.ones(2, device="cuda")
    for make in (minigrad.zeros_like, minigrad.rand_like, minigrad.empty_like):
        assert make(like).device == like.device
        assert make(like, device="cpu").device.type == "cpu"
    assert minigrad.tensor(like).device == like.device
    assert minigrad.tensor([1, 2], device="cuda").tolist() == [1, 2]
    assert repr(minigrad.arange(2, device="cuda")) == "tensor([0, 1], device='cuda:0')"


def test_a_seed_gives_the_same_numbers_on_every_device() -> None:
    for make in (minigrad.rand, minigrad.randn, lambda n, device: minigrad.empty(n, device=device).normal_()):
        minigrad.manual_seed(5)
        here = make(100, device="cpu")
        minigrad.manual_seed(5)
        assert make(100, device="cuda").cpu().equal(here)


def test_a_module_moves_and_its_optimizer_goes_on() -> None:
    model = minigrad.nn.Linear(2, 1)
    optimizer = minigrad.optim.Adam(model.parameters())
    weight = model.weight
    model.to("cuda")
    assert model.weight is weight
    assert weight.device.type == "cuda"
    model(minigrad.ones(3, 2, device="cuda")).sum().backward()
    before = weight.detach().clone()
    optimizer.step()
    assert not weight.equal(before)
    assert model.cpu().weight.grad.device.type == "cpu"


OPS_OF_TWO = {
    "add": lambda a, b: a + b,
    "maximum": minigrad.maximum,
    "matmul": lambda a, b: a @ b,
    "where": lambda a, b: minigrad.where(a > 0, a, b),
    "cat": lambda a, b: minigrad.cat([a, b]),
    "linear": minigrad.nn.functional.linear,
    "mse_loss": minigrad.nn.functional.mse_loss,
    "binary_cross_entropy_with_logits": minigrad.nn.functional.binary_cross_entropy_with_logits,
    "cross_entropy": minigrad.nn.functional.cross_entropy,
    "conv2d": lambda a, b: minigrad.nn.functional.conv2d(a[None], b[None, None]),
    "copy_": lambda a, b: a.add_(b),
}


@pytest.mark.parametrize("op", OPS_OF_TWO)
def test_two_devices_in_one_op_are_refused_by_name(op: str) -> None:
    here, there = minigrad.ones(2, 2), minigrad.ones(2, 2, device="cuda") * 2
    for operands in ((here, there), (there, here)):
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device") as error:
            OPS_OF_TWO[op](*operands)
        assert "cuda:0" in str(error.value)
        assert "cpu" in str(error.value)


def test_a_number_on_the_cpu_meets_tensors_on_the_gpu() -> None:
    number = minigrad.tensor(3.0, requires_grad=True)
    x = minigrad.ones(2, 2, device="cuda")
    (x * number + number).sum().backward()
    assert number.grad.item() == 8.0
    assert number.grad.device.type == "cpu"


# A training step ----------------------------------------------------------------------------------------------


def training(loss_function: Any, target: Any, device: str) -> tuple[Any, Any]:
    """A model, and a step of its training."""
    minigrad.manual_seed(3)
    nn = minigrad.nn
    model = nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3)
    ).to(device)
    optimizer = minigrad.optim.AdamW(model.parameters(), lr=0.1)
    scheduler = minigrad.optim.lr_scheduler.StepLR(optimizer, 2)
    x = minigrad.randn(16, 6).to(device)
    target = target().to(device)

    def step() -> Any:
        loss = loss_function(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        minigrad.nn.utils.clip_grad_value_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        return loss

    return model, step


LOSSES = {
    "cross_entropy": (minigrad.nn.CrossEntropyLoss(), lambda: minigrad.arange(16) % 3),
    "label smoothing": (minigrad.nn.CrossEntropyLoss(label_smoothing=0.1), lambda: minigrad.arange(16) % 3),
    "mse": (minigrad.nn.MSELoss(), lambda: minigrad.ones(16, 3)),
    "l1": (minigrad.nn.L1Loss(), lambda: minigrad.ones(16, 3)),
    "bce": (minigrad.nn.BCEWithLogitsLoss(), lambda: minigrad.ones(16, 3)),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_training_is_that_of_the_cpu(loss: str) -> None:
    (model, step), (there, step_there) = (training(*LOSSES[loss], device) for device in ("cpu", "cuda"))
    for _ in range(5):
        assert step_there().item() == pytest.approx(step().item(), rel=1e-5)
    for p, q in zip(model.state_dict().values(), there.state_dict().values(), strict=True):
        np.testing.assert_allclose(q.cpu().detach().numpy(), p.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_training_step_waits_for_the_gpu_nowhere(loss: str, request: pytest.FixtureRequest) -> None:
    if "CuPy" in request.node.name:
        pytest.skip("only the stand-in counts how often it is waited for")
    _, step = training(*LOSSES[loss], "cuda")
    step()  # the first makes the optimizer's state
    with no_synchronisation():
        result = step()
    with counting_synchronisations() as counts:
        result.item()
    assert counts["synchronisations"] == 1


@pytest.mark.parametrize("loss", LOSSES)
def test_repeated_runs_give_the_same_bits(loss: str) -> None:
    def losses() -> list[float]:
        _, step = training(*LOSSES[loss], "cuda")
        return [step().item() for _ in range(4)]

    assert losses() == losses()


@pytest.mark.parametrize("loss", LOSSES)
def test_memory_is_returned_after_training(loss: str) -> None:
    def bytes_left() -> int:
        model, step = training(*LOSSES[loss], "cuda")
        for _ in range(3):
            step()
        assert minigrad.cuda.memory_allocated() > sum(p.numel() * 4 for p in model.parameters())
        del model, step
        gc.collect()
        return minigrad.cuda.memory_allocated()

    kept_for_good = bytes_left()  # such as arrays of ones
    assert bytes_left() == kept_for_good


OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adam": {"lr": 0.1, "amsgrad": True},
    "AdamW": {"lr": 0.1},
    "RMSprop": {"lr": 0.01, "centered": True, "momentum": 0.5},
    "Adagrad": {"lr": 0.1, "lr_decay": 0.1},
    "Adadelta": {"lr": 1.0, "weight_decay": 0.01},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_makes_the_steps_of_the_cpu(name: str) -> None:
    def trained(device: str) -> list[Any]:
        minigrad.manual_seed(1)
        parameters = [minigrad.randn(n).to(device).requires_grad_() for n in (3, 40000)]
        optimizer = getattr(minigrad.optim, name)(parameters, **OPTIMIZERS[name])
        for _ in range(4):
            optimizer.zero_grad()
            sum((p * p * p).sum() for p in parameters).backward()
            optimizer.step()
        return [p.detach().cpu().numpy() for p in parameters]

    for here, there in zip(trained("cpu"), trained("cuda"), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-5)


KERNELS = {
    "SGD": {"remember", "looked_ahead"},
    "Adam": {"adam_step"},
    "AdamW": {"adam_step"},
    "RMSprop": {"rmsprop_step"},
    "Adagrad": {"adagrad_step"},
    "Adadelta": {"adadelta_step"},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update_is_one_kernel(name: str, request: pytest.FixtureRequest) -> None:
    if "CuPy" in request.node.name:
        pytest.skip("only the stand-in counts the kernels that are run")
    p = minigrad.ones(7, device="cuda", requires_grad=True)
    optimizer = getattr(minigrad.optim, name)([p], **OPTIMIZERS[name])
    for _ in range(2):
        p.grad = minigrad.ones(7, device="cuda")
        with counting_synchronisations() as counts:
            optimizer.step()
    assert {kernel: counts[kernel] for kernel in KERNELS[name]} == dict.fromkeys(KERNELS[name], 1)


IMAGES = {
    "Conv2d": lambda nn: nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"),
    "MaxPool2d": lambda nn: nn.MaxPool2d(2),
    "AvgPool2d": lambda nn: nn.AvgPool2d(3, stride=2),
    "BatchNorm2d": lambda nn: nn.BatchNorm2d(2),
    "Dropout": lambda nn: nn.Dropout(0.5),
    "Dropout2d": lambda nn: nn.Dropout2d(0.5),
    "Flatten": lambda nn: nn.Sequential(nn.Flatten(), nn.Linear(72, 3), nn.Softplus()),
    "activations": lambda nn: nn.Sequential(nn.LeakyReLU(), nn.SiLU(), nn.ELU(), nn.Tanh(), nn.Sigmoid()),
    "softmax": lambda nn: nn.Sequential(nn.Softmax(1), nn.LogSoftmax(2)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_layers_of_images_give_what_they_give_on_the_cpu(name: str) -> None:
    def results_on(device: str) -> list[Any]:
        minigrad.manual_seed(2)
        layer = IMAGES[name](minigrad.nn).to(device)
        x = minigrad.randn(3, 2, 6, 6).to(device).requires_grad_()
        y = layer(x)
        (y * y).sum().backward()
        return [z.detach().cpu().numpy() for z in (y, x.grad, *(p.grad for p in layer.parameters()))]

    for here, there in zip(results_on("cpu"), results_on("cuda"), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-5)


def test_embedding_adds_up_the_gradients_of_repeated_indices() -> None:
    table = minigrad.nn.Embedding(5, 3).to("cuda")
    table(minigrad.tensor([1, 1, 4], device="cuda")).sum().backward()
    assert table.weight.grad.cpu().tolist() == [[0] * 3, [2] * 3, [0] * 3, [0] * 3, [1] * 3]


def test_a_tensor_on_a_gpu_is_no_numpy_array() -> None:
    x = minigrad.ones(2, device="cuda")
    with pytest.raises(TypeError, match=r"can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu\(\)"):
        x.numpy()
    assert x.numpy(force=True).tolist() == [1, 1]


def test_an_embedding_is_not_waited_for(request: pytest.FixtureRequest) -> None:
    if "CuPy" in request.node.name:
        pytest.skip("only the stand-in counts how often it is waited for")
    table, rows = minigrad.nn.Embedding(5, 3).to("cuda"), minigrad.tensor([1, 1, 4], device="cuda")
    with no_synchronisation():
        table(rows).sum().backward()


@pytest.mark.parametrize("error", [RuntimeError, OSError, AttributeError])
def test_a_broken_cupy_is_no_gpu(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *arguments: Any) -> Any:
        if name == "cupy":
            raise error("broken")
        return importer(name, *arguments)

    importer = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", refuse)
    minigrad.devices.forget_gpu()
    assert not minigrad.cuda.is_available()
    with pytest.raises(RuntimeError, match=f"importing it raised {error.__name__}: broken"):
        minigrad.ones(2, device="cuda")
    monkeypatch.undo()
    minigrad.devices.forget_gpu()
