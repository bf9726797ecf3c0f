"""Every op on a GPU: on CuPy where there is one (`-m cuda`), and always on the strict stand-in for CuPy.

The stand-in (`minigrad.testing.stand_in`) computes with NumPy on this processor and refuses what CuPy refuses.  It
shows that nothing but CuPy's own functions is called, and nothing is waited for; it is no GPU.
"""

from __future__ import annotations

import copy
import gc
import io
import pickle
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from parity import backward, results, run
from registry import OPS, Op
from samples import Sample
from stand_in import counting_synchronisations, installed, no_synchronisation
from test_ops import EVERY_DIFFERENTIABLE_OP, EVERY_OP, every, subject_of

import minigrad
from minigrad.testing.gpu import OnGpu, check_gradients_on_gpu, check_second_on_gpu, check_values_on_gpu, last_gpu

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
    with installed(device_count=2):
        assert minigrad.cuda.is_available()  # the search for it waits for the GPU
        yield


ON_THE_STAND_IN = pytest.mark.parametrize("gpu", ["stand-in"], indirect=True)
"""For what only the stand-in counts: how often it is waited for, and the kernels that are run."""


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


TO_INTEGERS = {f"Tensor.{name}" for name in ("byte", "char", "short", "int", "long")}


def check_values(op: Op, call: Any, sample: Sample) -> None:
    if op.name in TO_INTEGERS:  # what NaN, inf and -1.5 as a uint8 become is the processor's choice, in PyTorch too
        sample = replace(sample, operands=tuple(np.nan_to_num(np.clip(x, 0, 127)) for x in sample.operands))
    check_values_on_gpu(subject_of(op, call), sample)


WAITS = {
    "linalg.lstsq": "whether there are residuals hangs on the ranks",
    "equal": "its result is Python's",
    "allclose": "its result is Python's",
    "Tensor.__contains__": "its result is Python's",
    "nn.functional.one_hot": "its shape and its errors depend on values",
    "Tensor.__getitem__": "with a mask its shape depends on values",
    **dict.fromkeys(
        ("masked_select", "masked_scatter", "Tensor.masked_scatter_", "index_put", "Tensor.index_put_"),
        "with a mask its shape depends on values",
    ),
    **dict.fromkeys(("unique", "unique_consecutive", "bincount"), "its shape depends on values"),
    **dict.fromkeys(("histc", "histogram"), "its range depends on values"),
    "nn.functional.gaussian_nll_loss": "its errors depend on values",
    **dict.fromkeys(("nn.functional.ctc_loss", "ctc_loss, of logits"), "its lengths are needed on the CPU"),
    "is_nonzero": "its result is Python's",
    **dict.fromkeys(("repeat_interleave", "repeat_interleave, of counts"), "its shape depends on values"),
    **dict.fromkeys(("nonzero", "argwhere", "where, of a condition"), "its shape depends on values"),
    "Tensor.__setitem__": "with a mask the shape that fits depends on values",
    **dict.fromkeys(("nn.functional.rrelu", "nn.functional.rrelu_", "rrelu_"), "it draws for what is below 0"),
    "nn.functional.embedding_bag": "with the mode max it must know the longest bag",
}
"""The ops that look at values on a GPU."""


@ON_THE_STAND_IN
@every(op for op in OPS.values() if op.name not in WAITS)
def test_no_op_waits_for_the_gpu(op: Op) -> None:
    def check(op: Op, call: Any, sample: Sample) -> None:
        if run(call, minigrad, sample).error is not None:
            return
        with no_synchronisation():
            there = run(call, OnGpu(), sample, requires_grad=op.differentiable)
            assert there.error is None, repr(there.error)
            if any(y.requires_grad for y in results(there.result)):
                backward(OnGpu(), there, create_graph=False)

    for_samples(op, check)


@EVERY_DIFFERENTIABLE_OP
@pytest.mark.parametrize("create_graph", [False, True], ids=["arrays", "tensors"])
def test_gradients_are_those_of_the_cpu(op: Op, create_graph: bool) -> None:
    def check(op: Op, call: Any, sample: Sample) -> None:
        check_gradients_on_gpu(subject_of(op, call), sample, create_graph)

    for_samples(op, check, smooth=True)


@EVERY_DIFFERENTIABLE_OP
def test_second_derivatives_are_those_of_the_cpu(op: Op) -> None:
    def check(op: Op, call: Any, sample: Sample) -> None:
        check_second_on_gpu(subject_of(op, call), sample)

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


def test_a_model_on_two_gpus_trains_as_on_the_cpu() -> None:
    if minigrad.cuda.device_count() < 2:
        pytest.skip("there is one GPU only")

    def losses(first: str, second: str) -> list[float]:
        minigrad.manual_seed(4)
        nn = minigrad.nn
        below, above = nn.Sequential(nn.Linear(3, 5), nn.Tanh()).to(first), nn.Linear(5, 2).to(second)
        parameters = [*below.parameters(), *above.parameters()]
        optimizer = minigrad.optim.Adam(parameters, lr=0.1)
        x, y = minigrad.randn(8, 3), minigrad.arange(8) % 2
        result = []
        for _ in range(3):
            hidden = below(x.to(first))
            loss = nn.functional.cross_entropy(above(hidden.to(second)) + hidden.to(second).mean(), y.to(second))
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(parameters, 0.1)
            optimizer.step()
            result += [loss.item(), norm.item()]
        return result

    assert losses("cuda:1", "cuda:0") == pytest.approx(losses("cpu", "cpu"), rel=1e-5)
    assert losses("cuda:0", "cpu") == pytest.approx(losses("cpu", "cpu"), rel=1e-5)


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


class OneOnGpu(OnGpu):
    """minigrad, whose tensors made from NumPy arrays are on the CPU, but for one that is on a GPU."""

    def __init__(self, number: int) -> None:
        self.number, self.made = number, 0

    def from_numpy(self, array: Any) -> minigrad.Tensor:  # type: ignore[override]
        self.made += 1
        x = minigrad.from_numpy(array)
        return x.to(last_gpu()) if self.made == self.number else x


MEET = {
    "Tensor.reshape_as": "the other is there for its shape",
    "Tensor.view_as": "the other is there for its shape",
    "Tensor.expand_as": "the other is there for its shape",
    **dict.fromkeys(("atleast_1d", "atleast_2d", "atleast_3d"), "each tensor is for itself"),
    "broadcast_tensors": "the others are there for their shapes",
    "Tensor.type_as": "moves",
    "Tensor.copy_": "moves",
    "Tensor.__getitem__": "an index comes along from the CPU",
    "Tensor.__setitem__": "an index comes along from the CPU, and a[:1] = b moves b",
    **dict.fromkeys(("nn.functional.ctc_loss", "ctc_loss, of logits"), "lengths come along"),
}
"""The ops whose operands may be on two devices, as in PyTorch."""


@every(op for op in OPS.values() if op.name not in MEET)
def test_every_op_refuses_two_devices(op: Op) -> None:
    def check(op: Op, call: Any, sample: Sample) -> None:
        arrays = list(arrays_in(sample))
        if len(arrays) < 2 or any(not array.ndim for array in arrays) or run(call, minigrad, sample).error is not None:
            return
        for number in range(1, len(arrays) + 1):
            there = run(call, OneOnGpu(number), sample)
            assert isinstance(there.error, RuntimeError), there.result
            assert "same device" in str(there.error), there.error

    for_samples(op, check)


def arrays_in(x: Any) -> Iterator[Any]:
    """The arrays of a sample."""
    if isinstance(x, Sample):
        x = [*x.operands, *x.options.values()]
    if isinstance(x, (list, tuple)):
        for each in x:
            yield from arrays_in(each)
    elif isinstance(x, np.ndarray):
        yield x


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


def test_what_meets_on_two_devices() -> None:
    there, here = minigrad.zeros(3, 2, device=last_gpu()), minigrad.ones(3, 2, requires_grad=True)
    assert there.copy_(here) is there
    there.sum().backward()
    assert (there.cpu() == 1).all()
    assert here.grad.tolist() == [[1, 1]] * 3
    there = there.detach()
    there[1:] = minigrad.tensor([2.0, 3.0])
    there[0, 0] = minigrad.tensor(4.0)
    assert there.tolist() == [[4, 1], [2, 3], [2, 3]]
    assert there[minigrad.tensor([0, 2])].tolist() == [[4, 1], [2, 3]]
    there[minigrad.tensor([True, False, False])] = minigrad.tensor(0.0)
    assert there[0].tolist() == [0, 0]
    with pytest.raises(RuntimeError, match="same device"):
        there[minigrad.tensor([0])] = minigrad.ones(1, 2)
    with pytest.raises(RuntimeError, match=r"indices should be either on cpu or on the same device .* \(cpu\)"):
        here[minigrad.tensor([0], device="cuda")]
    assert here.detach().type_as(there).device == there.device


def test_gradients_are_where_their_tensors_are() -> None:
    x = minigrad.ones(2, device=last_gpu(), requires_grad=True)
    with pytest.raises(RuntimeError, match=r"grad_output\[0\] is on cpu, but output\[0\] on cuda"):
        (x * 2).backward(minigrad.ones(2))
    with pytest.raises(
        RuntimeError, match="attempting to assign a gradient located on cpu to a tensor located on cuda"
    ):
        x.grad = minigrad.ones(2)
    assert x.grad is None


def test_the_error_for_two_devices_names_both_operands_and_their_lines() -> None:
    weight = minigrad.ones(2, 2, device="cuda", requires_grad=True)
    batch = minigrad.ones(3, 2)
    with pytest.raises(RuntimeError) as error:
        minigrad.nn.functional.linear(batch, weight)
    first, x, w, hint = str(error.value).splitlines()
    assert first.startswith("linear(): Expected all tensors to be on the same device, but found at least two")
    assert x.startswith("  batch of shape [3, 2] on cpu, passed by ")
    assert x.endswith(": minigrad.nn.functional.linear(batch, weight)")
    assert w.startswith("  weight of shape [2, 2] on cuda:0, made by ")
    assert w.endswith(': weight = minigrad.ones(2, 2, device="cuda", requires_grad=True)')
    assert hint == "Move one of them with .to('cuda:0')."


def test_the_default_device_is_where_new_tensors_are_made() -> None:
    place = minigrad.device(last_gpu())
    here, array = minigrad.ones(2), np.ones(2)

    def made() -> list[Any]:
        nn, utils = minigrad.nn, minigrad.utils.data
        loaded = next(iter(utils.DataLoader([(1.0, array)] * 2, batch_size=2, shuffle=True)))
        return [
            *(minigrad.tensor([1.0]), minigrad.as_tensor([1]), minigrad.tensor(here), minigrad.as_tensor(here)),
            *(minigrad.zeros(2), minigrad.full((2,), 1.0), minigrad.arange(3), minigrad.eye(2), minigrad.randperm(3)),
            *(minigrad.rand(2), minigrad.linspace(0, 1, 3), minigrad.normal(0, 1, (2,)), nn.Linear(2, 2).weight),
            *(nn.BatchNorm1d(2).running_mean, loaded[0]),
        ]

    def kept() -> list[Any]:
        return [minigrad.ones_like(here), minigrad.from_numpy(array), minigrad.Tensor(2), minigrad.rand_like(here)]

    try:
        with place as entered, minigrad.device("cpu"):
            assert minigrad.get_default_device().type == "cpu"
            assert {x.device.type for x in made()} == {"cpu"}
        assert entered is place
        minigrad.set_default_device(last_gpu())
        assert minigrad.get_default_device() == place
        assert {x.device for x in made()} == {place}
        assert {x.device.type for x in kept()} == {"cpu"}
        assert (
            here.sum() + minigrad.nn.functional.cross_entropy(here[None], minigrad.zeros(1).long().cpu())
        ).item() > 2
        assert minigrad.ones(1, device="cpu").device.type == "cpu"
    finally:
        minigrad.set_default_device(None)
    assert minigrad.get_default_device() == minigrad.ones(1).device == minigrad.device("cpu")


def test_what_was_saved_on_one_device_is_loaded_on_another() -> None:
    nn, optim = minigrad.nn, minigrad.optim

    def trained(device: str) -> tuple[Any, Any, Any]:
        """A model, its optimizer, and a step."""
        minigrad.manual_seed(1)
        model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).to(device)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        x = minigrad.arange(12.0).reshape(4, 3).to(device)

        def step() -> None:
            optimizer.zero_grad()
            (model(x) ** 3).sum().backward()
            optimizer.step()

        step()
        return model, optimizer, step

    places = ["cpu", "cuda:0", last_gpu()]
    for source in places:
        for target in places:
            model, optimizer, step = trained(source)
            other, other_optimizer, other_step = trained(target)
            for each in other.parameters():
                each.data.zero_()
            other.load_state_dict(model.state_dict())
            other_optimizer.load_state_dict(optimizer.state_dict())
            step(), other_step()
            for mine, expected in zip(other.state_dict().values(), model.state_dict().values(), strict=True):
                assert str(mine.device) == target
                np.testing.assert_allclose(mine.cpu().numpy(), expected.cpu().numpy(), rtol=1e-4, atol=1e-5)


def test_arrays_of_cupy_and_numbers_on_a_gpu_are_data() -> None:
    cupy = minigrad.devices.library_on(last_gpu())
    array = cupy.ones(3, "float32")
    shared, copied = minigrad.as_tensor(array), minigrad.tensor(array)
    shared += 1
    assert (str(shared.device), shared.tolist(), copied.tolist()) == (last_gpu(), [2] * 3, [1] * 3)
    assert float(array.sum()) == 6
    both = minigrad.tensor([shared[0], 5.0])
    assert (both.device.type, both.dtype, both.tolist()) == ("cpu", minigrad.float32, [2, 5])
    again = pickle.loads(pickle.dumps(minigrad.nn.Parameter(shared)))
    assert again.is_cuda
    assert again.requires_grad
    assert again.tolist() == copy.deepcopy(shared).tolist() == [2] * 3


def test_what_numpy_allows_and_cupy_does_not() -> None:
    x = minigrad.tensor([[5.0, -7.0, 3.0], [1.0, 2.0, 1.0]], device=last_gpu())
    assert (x // 2.0).tolist() == [[2, -4, 1], [0, 1, 0]]
    assert (7.0 // x).tolist() == [[1, -1, 2], [7, 3, 7]]
    assert (x % 3).tolist() == [[2, 2, 0], [1, 2, 1]]
    y = minigrad.tensor([0.1], dtype=minigrad.float64, device=last_gpu(), requires_grad=True)
    (1.0 % y).backward()
    assert y.grad.tolist() == [-9]
    assert x.sum().max(0).indices.item() == x.sum().min(-1).indices.item() == 0
    x[0] = minigrad.ones(1, 1, 3, device=last_gpu())
    x[minigrad.tensor([1])] = minigrad.full((1, 1, 3), 4.0, device=last_gpu())
    assert x.tolist() == [[1] * 3, [4] * 3]
    x[1:] = x[:-1]
    assert x.tolist() == [[1] * 3] * 2
    many = minigrad.linspace(-5, 5, 40_000)
    for function in (minigrad.erf, minigrad.nn.functional.gelu):
        np.testing.assert_allclose(function(many.to(last_gpu())).cpu().numpy(), function(many).numpy(), 1e-6, 5e-7)
    halves = minigrad.tensor([2.675, 1.005, 0.335, 0.145, 8.345, 0.575])
    assert halves.to(last_gpu()).round(decimals=2).tolist() == halves.round(decimals=2).tolist()
    small = minigrad.full((10_000,), 1e-4, dtype=minigrad.float16, device=last_gpu())
    assert minigrad.nn.utils.get_total_norm([small]).item() == pytest.approx(0.01, rel=1e-2)
    targets = minigrad.arange(300, dtype=minigrad.uint8, device=last_gpu()) % 3
    logits = minigrad.arange(900.0, device=last_gpu()).reshape(300, 3)
    loss = minigrad.nn.functional.nll_loss
    assert loss(logits, targets).item() == pytest.approx(loss(logits.cpu(), targets.cpu()).item())


def test_two_gpus_exchange_tensors() -> None:
    if minigrad.cuda.device_count() < 2:
        pytest.skip("there is one GPU only")
    x = minigrad.arange(6.0, device="cuda:1").reshape(2, 3)
    for view in (x, x[:, ::2], x.t(), x[0, 0].expand(2, 2), x.sum()):
        assert view.to("cuda:0").tolist() == view.tolist()
    for pick in (lambda i: x[i], lambda i: x.__setitem__(i, 0.0)):
        with pytest.raises(RuntimeError, match="indices should be either on cpu or on the same device"):
            pick(minigrad.tensor([0], device="cuda:0"))
    again = pickle.dumps(x)
    minigrad.ones(1, device="cuda:0")
    assert pickle.loads(again).device == x.device
    minigrad.cuda.empty_cache()


def test_a_sum_on_the_cpu_does_not_take_losses_of_a_gpu() -> None:
    total, loss = minigrad.tensor(0.0), minigrad.ones(1, device=last_gpu()).sum()
    with pytest.raises(RuntimeError, match=r"add_.*same device"):
        total += loss
    with pytest.raises(RuntimeError, match=r"mul_.*same device"):
        total.mul_(loss)
    assert total.item() == 0
    total += loss.item()
    assert total.fill_(loss + 1).item() == 2


@pytest.mark.parametrize("fast_mode", [False, True])
def test_derivatives_are_checked_on_a_gpu(fast_mode: bool) -> None:
    x = minigrad.tensor([[0.5, -1.0], [2.0, 3.0]], dtype=minigrad.float64, device=last_gpu(), requires_grad=True)
    check = minigrad.autograd
    assert check.gradcheck(lambda a: (a**3).sum(0), [x], fast_mode=fast_mode)
    assert check.gradgradcheck(lambda a: (a**3).sum(0), [x], fast_mode=fast_mode)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        check.gradcheck(lambda a: (a * a.detach()).sum(0), [x], fast_mode=fast_mode)
    assert check.functional.hessian(lambda a: (a**3).sum(), x).is_cuda


# The CPU's memory, and streams -------------------------------------------------------------------------------


def test_a_copy_reads_its_source_later_only_if_told_so() -> None:
    """A pinned source may be changed once a copy from it has returned, unless the copy was non_blocking."""
    x = minigrad.ones(4).pin_memory()
    assert x.is_pinned()
    assert x.pin_memory() is x
    with counting_synchronisations() as counts:
        x.to(last_gpu())
        assert counts["synchronisations"] == (0 if on_gpu() else 1)
        y = x.to(last_gpu(), non_blocking=True)
        minigrad.nn.Linear(2, 2).to(last_gpu(), non_blocking=True)
        y.cuda(1 if minigrad.cuda.device_count() > 1 else 0, non_blocking=True)
        assert counts["synchronisations"] == (0 if on_gpu() else 1)
        back = y.to("cpu", non_blocking=True)
        assert counts["synchronisations"] == (0 if on_gpu() else 1)
    minigrad.cuda.synchronize(y.device)
    assert back.tolist() == [1] * 4
    assert back.is_pinned()
    with pytest.raises(RuntimeError, match="cannot pin a tensor on cuda"):
        y.pin_memory()


def test_streams_and_events() -> None:
    cuda = minigrad.cuda
    usual, stream = cuda.current_stream(last_gpu()), cuda.Stream(last_gpu())
    stream.wait_stream(usual)
    start, stop = (cuda.Event(enable_timing=True) for _ in range(2))
    with cuda.stream(stream):
        assert cuda.current_stream(last_gpu()) == stream != usual
        start.record(stream)
        x = minigrad.ones(100, device=last_gpu()) * 2
        stop.record(stream)
    assert cuda.current_stream(last_gpu()) == usual
    usual.wait_stream(stream)
    stop.wait(usual)
    stop.synchronize()
    assert stop.query()
    assert start.elapsed_time(stop) >= 0
    stream.synchronize()
    assert stream.query()
    assert x.sum().item() == 200
    assert "Stream" in repr(stream)
    assert len({stream, usual, usual}) == 2
    minigrad.accelerator.set_stream(usual)
    assert cuda.current_device() == minigrad.device(last_gpu()).index
    cuda.set_device(0)
    with cuda.stream(stream):
        assert minigrad.ones(1, device="cuda").device == stream.device
    assert cuda.current_device() == 0
    with cuda.stream(None):
        cuda.set_stream(None)
    assert cuda.default_stream(last_gpu()) == usual
    never = cuda.Event()
    never.synchronize()
    never.wait()
    assert never.query()
    with pytest.raises(RuntimeError, match="Both events must be recorded"):
        never.elapsed_time(stop)
    minigrad.ones(1, device=last_gpu()) * 2
    cuda.current_stream("cuda:0").record_event()


def test_the_current_gpu_is_what_cuda_means() -> None:
    cuda, accelerator, last = minigrad.cuda, minigrad.accelerator, minigrad.cuda.device_count() - 1
    assert cuda.is_initialized()
    with cuda.device(last):
        assert cuda.current_device() == accelerator.current_device_index() == last
        x = minigrad.ones(2, device="cuda")
        with cuda.device("cuda:0"):
            assert minigrad.ones(2, device="cuda").get_device() == 0
            assert (x + 1).get_device() == last
    assert (cuda.current_device(), minigrad.ones(1).get_device()) == (0, -1)
    cuda.set_device(last)
    assert x.cpu().cuda().get_device() == last
    with accelerator.device_index(0):
        assert cuda.current_device() == 0
    accelerator.set_device_index(0)
    assert cuda.current_device() == 0
    found = cuda.get_device_properties(last)
    assert found.name == cuda.get_device_name(last)
    assert (found.major, found.minor) == cuda.get_device_capability(last)
    assert cuda.memory_allocated(last) == accelerator.memory_allocated(last) > 0
    assert accelerator.memory_reserved(last) >= cuda.memory_allocated(last)
    free, total = accelerator.get_memory_info(last)
    assert 0 <= free <= total
    accelerator.empty_cache()
    for wrong in (cuda.set_device, cuda.device, cuda.memory_allocated):
        with pytest.raises(ValueError, match="Expected a cuda device, but got: cpu"):
            wrong("cpu")
    for move in (x.cuda, minigrad.nn.Linear(1, 1).cuda):
        with pytest.raises(RuntimeError, match="Invalid device, must be cuda device"):
            move("cpu")
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        minigrad.ones(1, device=f"cuda:{last + 1}")


def on_gpu() -> bool:
    """Whether this is no stand-in."""
    return "stand-in" not in minigrad.cuda.get_device_name()


def test_files_know_the_device() -> None:
    def through_a_file(data: Any, map_location: Any = None) -> Any:
        file = io.BytesIO()
        minigrad.save(data, file)
        file.seek(0)
        return minigrad.load(file, map_location)

    base = minigrad.arange(12.0, device=last_gpu())
    saved = [base, base[2:8:2], base.reshape(3, 4).t()[:2], minigrad.nn.Parameter(minigrad.ones(2, device=last_gpu()))]
    here = [tensor.cpu().tolist() for tensor in saved]
    loaded = through_a_file(saved)
    assert [str(tensor.device) for tensor in loaded] == [last_gpu()] * 4
    assert [tensor.cpu().tolist() for tensor in loaded] == here
    loaded[0].add_(1)
    assert loaded[1].cpu().tolist() == [3, 5, 7]
    for location, place in (("cpu", "cpu"), ("cuda", "cuda:0"), ({last_gpu(): "cuda:0"}, "cuda:0")):
        moved = through_a_file(saved, location)
        assert [str(tensor.device) for tensor in moved] == [place] * 4
        assert [tensor.cpu().tolist() for tensor in moved] == here
    assert str(through_a_file(minigrad.ones(2), "cuda").device) == "cuda:0"


def test_a_loader_pins_its_batches() -> None:
    data = minigrad.utils.data.TensorDataset(minigrad.arange(6.0), minigrad.arange(6))
    for x, y in minigrad.utils.data.DataLoader(data, batch_size=3, pin_memory=True):
        assert x.is_pinned()
        assert y.is_pinned()
        there = x.to(last_gpu(), non_blocking=True) * 2
        assert there.tolist() == [2 * n for n in y.tolist()]


# A training step ----------------------------------------------------------------------------------------------


def training(loss_function: Any, target: Any, device: str) -> tuple[Any, Any]:
    """A model, and a step of its training.

    No bias before BatchNorm: its gradient is 0 but for rounding, of which AdamW would make steps of full length.
    """
    minigrad.manual_seed(3)
    nn = minigrad.nn
    model = nn.Sequential(
        nn.Linear(6, 8, bias=False),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Linear(8, 8),
        nn.LayerNorm(8),
        nn.GELU(),
        nn.Linear(8, 3),
    ).to(device)
    optimizer = minigrad.optim.AdamW(model.parameters(), lr=0.1)
    scheduler = minigrad.optim.lr_scheduler.StepLR(optimizer, 2)
    x = minigrad.randn(16, 6).to(device)
    target = target().to(device)

    def step() -> Any:
        loss = loss_function(BEFORE.get(type(loss_function).__name__, nn.Identity())(model(x)), target)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 1.0)
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        scheduler.step()
        return loss

    return model, step


LOSSES = {
    "cross_entropy": (minigrad.nn.CrossEntropyLoss(), lambda: minigrad.arange(16) % 3),
    "label smoothing": (minigrad.nn.CrossEntropyLoss(label_smoothing=0.1), lambda: minigrad.arange(16) % 3),
    "mse": (minigrad.nn.MSELoss(), lambda: minigrad.ones(16, 3)),
    "l1": (minigrad.nn.L1Loss(), lambda: minigrad.ones(16, 3)),
    "logits": (minigrad.nn.BCEWithLogitsLoss(), lambda: minigrad.ones(16, 3)),
    "probabilities": (minigrad.nn.BCELoss(), lambda: minigrad.ones(16, 3)),
    "log-probabilities": (minigrad.nn.NLLLoss(), lambda: minigrad.arange(16) % 3),
}
BEFORE = {"BCELoss": minigrad.nn.Sigmoid(), "NLLLoss": minigrad.nn.LogSoftmax(1)}
"""What makes of the model's output what a loss takes."""


@pytest.mark.parametrize("loss", LOSSES)
def test_training_is_that_of_the_cpu(loss: str) -> None:
    (model, step), (there, step_there) = (training(*LOSSES[loss], device) for device in ("cpu", last_gpu()))
    for _ in range(5):
        assert step_there().item() == pytest.approx(step().item(), rel=1e-5)
    for p, q in zip(model.state_dict().values(), there.state_dict().values(), strict=True):
        np.testing.assert_allclose(q.cpu().detach().numpy(), p.detach().numpy(), rtol=1e-4, atol=1e-5)


@ON_THE_STAND_IN
@pytest.mark.parametrize("loss", LOSSES)
def test_a_training_step_waits_for_the_gpu_nowhere(loss: str) -> None:
    _, step = training(*LOSSES[loss], last_gpu())
    step()  # the first makes the optimizer's state
    with no_synchronisation():
        result = step()
    with counting_synchronisations() as counts:
        result.item()
    assert counts["synchronisations"] == 1


@pytest.mark.parametrize("loss", LOSSES)
def test_repeated_runs_give_the_same_bits(loss: str) -> None:
    def losses() -> list[float]:
        _, step = training(*LOSSES[loss], last_gpu())
        return [step().item() for _ in range(4)]

    assert losses() == losses()


@pytest.mark.parametrize("loss", LOSSES)
def test_memory_is_returned_after_training(loss: str) -> None:
    def bytes_left() -> int:
        model, step = training(*LOSSES[loss], last_gpu())
        for _ in range(3):
            step()
        assert minigrad.cuda.memory_allocated(last_gpu()) > sum(p.numel() * 4 for p in model.parameters())
        del model, step
        gc.collect()
        return minigrad.cuda.memory_allocated(last_gpu())

    kept_for_good = bytes_left()  # such as arrays of ones
    assert bytes_left() == kept_for_good


OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adam": {"lr": 0.1, "amsgrad": True},
    "AdamW": {"lr": 0.1},
    "RMSprop": {"lr": 0.01, "centered": True, "momentum": 0.5},
    "Adagrad": {"lr": 0.1, "lr_decay": 0.1},
    "Adadelta": {"lr": 1.0, "weight_decay": 0.01},
    "Adamax": {"lr": 0.1},
    "NAdam": {"lr": 0.1},
    "RAdam": {"lr": 0.1, "betas": (0.8, 0.9)},
    "ASGD": {"lr": 0.1, "t0": 1},
    "Rprop": {"lr": 0.1},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_makes_the_steps_of_the_cpu(name: str) -> None:
    def trained(device: str) -> list[Any]:
        minigrad.manual_seed(1)
        parameters = [minigrad.randn(n).to(device).requires_grad_() for n in (3, 40000)]
        optimizer = getattr(minigrad.optim, name)(parameters, **OPTIMIZERS[name])
        for number in range(4):
            optimizer.zero_grad()
            with no_synchronisation() if number and not on_gpu() else nullcontext():  # the first makes the state
                sum((p * p * p).sum() for p in parameters).backward()
                optimizer.step()
        return [p.detach().cpu().numpy() for p in parameters]

    for here, there in zip(trained("cpu"), trained(last_gpu()), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-5)


WITH_CLOSURES = {
    "Adafactor": {"lr": 0.1},
    "LBFGS": {"line_search_fn": "strong_wolfe", "max_iter": 4},
    "Muon": {"lr": 0.1},
}
"""Optimizers that wait for the GPU: they need norms or losses as numbers, or other shapes."""


@pytest.mark.parametrize("name", WITH_CLOSURES)
def test_the_other_optimizers_make_the_steps_of_the_cpu(name: str) -> None:
    def trained(device: str) -> list[Any]:
        minigrad.manual_seed(1)
        parameters = [minigrad.randn(*shape).to(device).requires_grad_() for shape in ((3, 4), (200, 30))]
        optimizer = getattr(minigrad.optim, name)(parameters, **WITH_CLOSURES[name])

        def closure() -> Any:
            optimizer.zero_grad()
            loss = sum(((p - 1) ** 4).mean() for p in parameters)
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
        return [p.detach().cpu().numpy() for p in parameters]

    for here, there in zip(trained("cpu"), trained(last_gpu()), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "Rprop"])  # which has no weight_decay
@pytest.mark.parametrize("options", [{"weight_decay": 0.1, "maximize": True}, {"weight_decay": 0.1}], ids=str)
def test_parameters_on_two_devices_are_optimized_where_they_are(name: str, options: dict[str, Any]) -> None:
    def trained(devices: tuple[str, str]) -> list[Any]:
        parameters = [minigrad.ones(3).to(device).requires_grad_() for device in devices]
        optimizer = getattr(minigrad.optim, name)(parameters, **OPTIMIZERS[name] | options)
        for _ in range(3):
            optimizer.zero_grad()
            for p in parameters:
                (p * p * p).sum().backward()
            optimizer.step()
        return [p.detach().cpu().numpy() for p in parameters]

    for here, there in zip(trained(("cpu", "cpu")), trained((last_gpu(), "cuda:0")), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-5)


KERNELS = {
    "SGD": {"blend", "looked_ahead"},
    "Adam": {"adam_step"},
    "AdamW": {"adam_step"},
    "RMSprop": {"rmsprop_step"},
    "Adagrad": {"adagrad_step"},
    "Adadelta": {"adadelta_step"},
    "Adamax": {"adamax_step"},
    "NAdam": {"nadam_step"},
    "RAdam": {"radam_step"},
    "ASGD": {"asgd_step"},
    "Rprop": {"rprop_step"},
}


@ON_THE_STAND_IN
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update_is_one_kernel(name: str) -> None:
    p = minigrad.ones(7, device="cuda", requires_grad=True)
    optimizer = getattr(minigrad.optim, name)([p], **OPTIMIZERS[name])
    for _ in range(2):
        p.grad = minigrad.ones(7, device="cuda")
        with counting_synchronisations() as counts:
            optimizer.step()
    assert {kernel: counts[kernel] for kernel in KERNELS[name]} == dict.fromkeys(KERNELS[name], 1)


class Called(minigrad.nn.Module):
    """Layers that are not called with an image alone, and how they are called."""

    def __init__(self, call: Any, *layers: Any) -> None:
        super().__init__()
        self.call, self.layers = call, minigrad.nn.ModuleList(layers)

    def forward(self, x: Any) -> Any:
        return self.call(x, *self.layers)


def unpooled(x: Any, pool: Any, unpool: Any) -> Any:
    return unpool(*pool(x))


def first(x: Any, layer: Any) -> Any:
    return layer(x)[0]


def two_steps(x: Any, cell: Any) -> Any:
    return cell(x, cell(x))


def with_itself(x: Any, *layers: Any) -> Any:
    """The sum of what layers of two inputs say."""
    return sum(layer(x, x * x).mean() for layer in layers)


def integers(like: Any, *rows: Any) -> Any:
    return minigrad.tensor(rows, device=like.device)


def that_holds(x: Any, listed: Any, named: Any, holder: Any) -> Any:
    return (x * listed[0] + named["b"]) * holder.buffer


def a_holder(nn: Any) -> Any:
    holder = nn.Module()
    holder.buffer = nn.Buffer(minigrad.randn(6))
    return holder


LAYERS = {
    "Conv2d": lambda nn: nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"),
    "MaxPool2d": lambda nn: nn.MaxPool2d(2),
    "AvgPool2d": lambda nn: nn.AvgPool2d(3, stride=2),
    "BatchNorm1d": lambda nn: nn.Sequential(nn.Unflatten(1, (2, 1)), nn.Flatten(2), nn.BatchNorm1d(2)),
    "BatchNorm2d": lambda nn: nn.BatchNorm2d(2),
    "LayerNorm": lambda nn: nn.Sequential(nn.Identity(), nn.LayerNorm(6)),
    "Dropout": lambda nn: nn.Dropout(0.5),
    "Dropout1d": lambda nn: nn.Sequential(nn.Flatten(2), nn.Dropout1d(0.5)),
    "Dropout2d": lambda nn: nn.Dropout2d(0.5),
    "Flatten": lambda nn: nn.Sequential(nn.Flatten(), nn.Linear(72, 3), nn.Softplus()),
    "activations": lambda nn: nn.Sequential(nn.LeakyReLU(), nn.SiLU(), nn.ELU(), nn.GELU(), nn.Tanh(), nn.Sigmoid()),
    "relu": lambda nn: nn.Sequential(nn.ReLU(), nn.GELU(approximate="tanh")),
    "softmax": lambda nn: nn.Sequential(nn.Softmax(1), nn.LogSoftmax(2)),
    "norms": lambda nn: nn.Sequential(
        *(nn.GroupNorm(1, 2), nn.InstanceNorm2d(2, affine=True, track_running_stats=True), nn.RMSNorm(6)),
        *(nn.LocalResponseNorm(2), nn.SyncBatchNorm(2)),
    ),
    "norms of three dimensions": lambda nn: nn.Sequential(
        *(nn.Unflatten(3, (2, 3)), nn.BatchNorm3d(2), nn.InstanceNorm3d(2), nn.Flatten(2), nn.InstanceNorm1d(2)),
    ),
    "dropouts": lambda nn: nn.Sequential(
        *(nn.AlphaDropout(0.3), nn.FeatureAlphaDropout(0.3), nn.Unflatten(3, (2, 3)), nn.Dropout3d(0.3)),
    ),
    "hard activations": lambda nn: nn.Sequential(
        *(nn.Hardtanh(), nn.ReLU6(), nn.Threshold(0.1, 0.2), nn.Hardsigmoid(), nn.Hardswish(), nn.Hardshrink(0.1)),
        nn.Softshrink(0.1),
    ),
    "smooth activations": lambda nn: nn.Sequential(
        *(nn.Mish(), nn.SELU(), nn.CELU(), nn.LogSigmoid(), nn.Softsign(), nn.Tanhshrink(), nn.PReLU(2)),
        *(nn.RReLU().eval(), nn.GLU(), nn.Softmin(1), nn.Softmax2d()),
    ),
    "convolutions of sequences": lambda nn: nn.Sequential(
        *(nn.Flatten(2), nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2)),
        nn.ConvTranspose1d(4, 2, 3, stride=2, padding=1, output_padding=1),
    ),
    "ConvTranspose2d": lambda nn: nn.ConvTranspose2d(2, 3, 3, stride=2, dilation=2),
    "convolutions of volumes": lambda nn: nn.Sequential(
        *(nn.Unflatten(3, (2, 3)), nn.Conv3d(2, 3, 2, padding=1), nn.ConvTranspose3d(3, 2, 2)),
    ),
    "poolings of sequences": lambda nn: nn.Sequential(
        *(nn.Flatten(2), nn.AvgPool1d(3, 2), nn.MaxPool1d(2), nn.LPPool1d(2, 2), nn.AdaptiveAvgPool1d(3)),
        nn.AdaptiveMaxPool1d(2),
    ),
    "poolings": lambda nn: nn.Sequential(nn.LPPool2d(2, 2), nn.AdaptiveAvgPool2d(2), nn.AdaptiveMaxPool2d(1)),
    "poolings of volumes": lambda nn: nn.Sequential(
        *(nn.Unflatten(3, (2, 3)), nn.AvgPool3d((2, 1, 1)), nn.MaxPool3d((1, 1, 2), stride=1)),
        *(nn.LPPool3d(2, (2, 1, 1), stride=1), nn.AdaptiveAvgPool3d((2, 1, 2)), nn.AdaptiveMaxPool3d(1)),
    ),
    "fractional poolings": lambda nn: nn.Sequential(
        *(nn.FractionalMaxPool2d(2, output_size=4), nn.Unflatten(3, (2, 2)), nn.FractionalMaxPool3d(1, (3, 2, 1))),
    ),
    "unpoolings": lambda nn: nn.Sequential(
        *(Called(unpooled, nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)), nn.Unflatten(3, (2, 3))),
        Called(unpooled, nn.MaxPool3d((2, 1, 3), return_indices=True), nn.MaxUnpool3d((2, 1, 3))),
        *(nn.Flatten(2), Called(unpooled, nn.MaxPool1d(2, return_indices=True), nn.MaxUnpool1d(2))),
    ),
    "paddings of sequences": lambda nn: nn.Sequential(
        *(nn.Flatten(2), nn.CircularPad1d(1), nn.ConstantPad1d((1, 2), 0.5), nn.ReflectionPad1d((2, 1))),
        *(nn.ReplicationPad1d(2), nn.ZeroPad1d(1)),
    ),
    "paddings": lambda nn: nn.Sequential(
        *(nn.CircularPad2d(1), nn.ConstantPad2d((1, 2, 0, 1), 0.5), nn.ReflectionPad2d((2, 1, 1, 0))),
        *(nn.ReplicationPad2d(2), nn.ZeroPad2d(1)),
    ),
    "paddings of volumes": lambda nn: nn.Sequential(
        *(nn.Unflatten(3, (2, 3)), nn.CircularPad3d(1), nn.ConstantPad3d((1, 2, 0, 1, 0, 0), 0.5)),
        *(nn.ReflectionPad3d((2, 1, 1, 0, 0, 1)), nn.ReplicationPad3d(1), nn.ZeroPad3d(1)),
    ),
    "folds and shuffles": lambda nn: nn.Sequential(
        *(nn.Unfold(2, stride=2), nn.Fold(6, 2, stride=2), nn.PixelUnshuffle(2), nn.ChannelShuffle(2)),
        nn.PixelShuffle(2),
    ),
    "resizings": lambda nn: nn.Sequential(
        *(nn.Upsample(scale_factor=1.5, mode="bicubic"), nn.UpsamplingBilinear2d(scale_factor=2)),
        nn.UpsamplingNearest2d(size=5),
    ),
    "recurrent": lambda nn: nn.Sequential(
        *(nn.Flatten(0, 1), Called(first, nn.GRU(6, 4, 2, bidirectional=True)), Called(first, nn.RNN(8, 5))),
        Called(first, nn.LSTM(5, 4, proj_size=3, batch_first=True)),
    ),
    "cells": lambda nn: nn.Sequential(
        *(nn.Flatten(0, 2), Called(two_steps, nn.GRUCell(6, 4)), Called(two_steps, nn.RNNCell(4, 5))),
        *(Called(two_steps, nn.LSTMCell(5, 3)), Called(lambda states: states[0])),
    ),
    "MultiheadAttention": lambda nn: nn.Sequential(
        nn.Flatten(0, 1), Called(lambda x, attention: attention(x, x * x, x)[0], nn.MultiheadAttention(6, 2))
    ),
    "Transformer": lambda nn: nn.Sequential(nn.Flatten(0, 1), Called(with_itself, nn.Transformer(6, 2, 1, 1, 8))),
    "of two": lambda nn: Called(
        with_itself, nn.Bilinear(6, 6, 4), nn.CosineSimilarity(1), nn.PairwiseDistance(), nn.PairwiseDistance(3)
    ),
    "EmbeddingBag": lambda nn: Called(
        lambda x, *bags: sum(bag(integers(x, [1, 1, 4], [0, 2, 3])) for bag in bags) * x.mean(),
        *(nn.EmbeddingBag(5, 3), nn.EmbeddingBag(5, 3, padding_idx=2), nn.EmbeddingBag(5, 3, mode="sum")),
    ),
    "lazy": lambda nn: nn.Sequential(
        *(nn.LazyConv2d(3, 3), nn.LazyBatchNorm2d(), nn.LazyInstanceNorm2d(affine=True), nn.LazyConvTranspose2d(2, 3)),
        *(nn.Unflatten(3, (2, 3)), nn.LazyConv3d(3, 1), nn.LazyBatchNorm3d(), nn.LazyInstanceNorm3d(affine=True)),
        *(nn.LazyConvTranspose3d(2, 1), nn.Flatten(2), nn.LazyConv1d(3, 3), nn.LazyBatchNorm1d()),
        *(nn.LazyInstanceNorm1d(affine=True), nn.LazyConvTranspose1d(2, 3), nn.LazyLinear(4)),
    ),
    "what holds parameters": lambda nn: Called(
        *(that_holds, nn.ParameterList([minigrad.randn(6)]), nn.ParameterDict({"b": minigrad.randn(6)})),
        a_holder(nn),
    ),
    "losses of probabilities": lambda nn: Called(
        lambda x, *losses: sum(loss(x, x.detach().sigmoid()) for loss in losses),
        *(nn.HuberLoss(delta=0.5), nn.SmoothL1Loss(), nn.KLDivLoss(reduction="batchmean"), nn.PoissonNLLLoss()),
    ),
    "losses of signs": lambda nn: Called(
        lambda x, *losses: sum(loss(x, x.detach().sign()) for loss in losses),
        *(nn.SoftMarginLoss(), nn.HingeEmbeddingLoss()),
    ),
    "losses of three": lambda nn: Called(
        lambda x, *losses: sum(loss(x, x * x, x.detach().sign()) for loss in losses),
        *(nn.MarginRankingLoss(0.1), nn.TripletMarginLoss(), nn.TripletMarginWithDistanceLoss()),
    ),
    "CosineEmbeddingLoss": lambda nn: Called(
        lambda x, loss: loss(x[:, 0, 0], x[:, 1, 1], integers(x, 1, -1, 1)), nn.CosineEmbeddingLoss(0.1)
    ),
    "MultiMarginLoss": lambda nn: Called(lambda x, loss: loss(x[:, 0, 0], integers(x, 0, 4, 2)), nn.MultiMarginLoss()),
    "losses of several labels": lambda nn: Called(
        lambda x, *losses: sum(loss(x[0, 0, :2], integers(x, *[[1, 0, 1, -1, 0, 0]] * 2)) for loss in losses),
        *(nn.MultiLabelMarginLoss(), nn.MultiLabelSoftMarginLoss()),
    ),
    "NLLLoss2d": lambda nn: Called(lambda x, loss: loss(x.log_softmax(1), (x[:, 0] > 0).long()), nn.NLLLoss2d()),
    "LinearCrossEntropyLoss": lambda nn: Called(
        lambda x, loss: loss(x[0, 0, :3], integers(x, 0, 4, 2)), nn.LinearCrossEntropyLoss(6, 5)
    ),
    "AdaptiveLogSoftmaxWithLoss": lambda nn: Called(
        lambda x, layer: layer(x[0, 0], integers(x, 9, 0, 2, 4, 5, 1)).loss,
        nn.AdaptiveLogSoftmaxWithLoss(6, 10, [2, 5], div_value=2.0),
    ),
    "GaussianNLLLoss": lambda nn: Called(lambda x, loss: loss(x, x.detach() + 1, x * x + 1), nn.GaussianNLLLoss()),
    "EmbeddingBag of the largest": lambda nn: Called(
        lambda x, bag: bag(integers(x, [1, 1, 4], [0, 2, 3])) * x.mean(), nn.EmbeddingBag(5, 3, mode="max")
    ),
    "CTCLoss": lambda nn: Called(
        lambda x, loss: loss(x[0].log_softmax(2), integers(x, *[[1, 3]] * 6), (2,) * 6, (1,) * 6), nn.CTCLoss()
    ),
}
ELSEWHERE = {"Module", "ModuleList", "ModuleDict", "DataParallel", "Embedding", "RNNBase", "RNNCellBase"}
"""Modules that are not called, and some with tests of their own."""
ELSEWHERE |= {"Buffer", "UninitializedBuffer", "UninitializedParameter"}
"""Tensors, which modules above hold."""
LAYERS_THAT_WAIT = {
    "GaussianNLLLoss": "its errors depend on values",
    "EmbeddingBag of the largest": "it must know the longest bag",
    "CTCLoss": "its lengths are needed on the CPU",
    "AdaptiveLogSoftmaxWithLoss": "how many rows each cluster has depends on values",
}


def layer_and_step(name: str, device: str) -> tuple[Any, Any]:
    """A layer with its input as a buffer, and what computes its output and its gradients."""
    minigrad.manual_seed(2)
    layer = LAYERS[name](minigrad.nn).to(device)
    x = minigrad.randn(3, 2, 6, 6).to(device).requires_grad_()

    def step() -> list[Any]:
        y = layer(x)
        (y * y).sum().backward()
        return [y, x.grad, *(p.grad for p in layer.parameters()), *layer.buffers()]

    return layer, step


@pytest.mark.parametrize("name", LAYERS)
def test_layers_give_what_they_give_on_the_cpu(name: str) -> None:
    here, there = (
        [z.detach().cpu().numpy() for z in layer_and_step(name, device)[1]()] for device in ("cpu", last_gpu())
    )
    for mine, expected in zip(there, here, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-5)


@ON_THE_STAND_IN
@pytest.mark.parametrize("name", [name for name in LAYERS if name not in LAYERS_THAT_WAIT])
def test_a_layer_waits_for_the_gpu_nowhere(name: str) -> None:
    _, step = layer_and_step(name, last_gpu())
    with no_synchronisation():
        step()


def test_no_layer_loss_or_optimizer_is_left_out() -> None:
    nn, optim = minigrad.nn, minigrad.optim
    tried = {type(module).__name__ for name in LAYERS for module in layer_and_step(name, "cpu")[0].modules()}
    tried |= {type(loss).__name__ for loss, _ in LOSSES.values()} | ELSEWHERE
    assert {name for name in nn.__all__ if isinstance(getattr(nn, name), type)} - tried == {"Parameter"}
    tried = OPTIMIZERS.keys() | WITH_CLOSURES.keys()
    assert {name for name in optim.__all__ if isinstance(getattr(optim, name), type)} - tried == {"Optimizer"}


def test_embedding_adds_up_the_gradients_of_repeated_indices() -> None:
    table = minigrad.nn.Embedding(5, 3).to("cuda")
    table(minigrad.tensor([1, 1, 4], device="cuda")).sum().backward()
    assert table.weight.grad.cpu().tolist() == [[0] * 3, [2] * 3, [0] * 3, [0] * 3, [1] * 3]


def test_a_tensor_on_a_gpu_is_no_numpy_array() -> None:
    x = minigrad.ones(2, device="cuda")
    with pytest.raises(TypeError, match=r"can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu\(\)"):
        x.numpy()
    assert x.numpy(force=True).tolist() == [1, 1]


@ON_THE_STAND_IN
@pytest.mark.parametrize("options", [{}, {"padding_idx": 1}, {"max_norm": 1.0}, {"scale_grad_by_freq": True}], ids=str)
def test_an_embedding_is_not_waited_for(options: dict[str, Any]) -> None:
    table, rows = minigrad.nn.Embedding(5, 3, **options).to("cuda"), minigrad.tensor([1, 1, 4], device="cuda")
    with no_synchronisation():
        table(rows).sum().backward()


def gradient_through_views(device: str) -> Any:
    x = minigrad.arange(6, dtype=minigrad.float32, device=device).reshape(2, 3).requires_grad_()
    y = minigrad.sin(x.t())
    row, spread = y[0], y.unsqueeze(0).expand(2, 3, 2)
    row += 1
    y[:, 1] *= 2
    y.t()[1:, 1:] = x[0, 1]
    y[y < 0] = 0.5
    (spread * row).sum().backward()
    return [y.tolist(), x.grad.tolist()]


def test_changes_of_views_are_followed_on_a_gpu() -> None:
    for there, here in zip(gradient_through_views(last_gpu()), gradient_through_views("cpu"), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-6)


@pytest.mark.parametrize("op", [minigrad.linalg.pinv, minigrad.linalg.matrix_rank])
def test_a_tolerance_on_another_device_is_refused_unless_it_is_a_number(op: Any) -> None:
    a, limits = minigrad.ones(2, 2, 2), minigrad.ones(2)
    with pytest.raises(RuntimeError, match="same device"):
        op(a, atol=limits.to(last_gpu()))
    with pytest.raises(RuntimeError, match="same device"):
        op(a.to(last_gpu()), atol=limits)
    assert op(a.to(last_gpu()), atol=minigrad.tensor(0.1)).device.type == "cuda"
