"""A compiled step computes what the step itself does, to the bit, or runs as it is and says why."""

import math
import os
import re
import subprocess
import sys
import warnings
from itertools import cycle
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from stand_in import installed

import minigrad as torch
from benchmarks.contestants.by_torch import LOSSES, starting_model
from benchmarks.workloads import PERCEPTRONS
from minigrad import nn
from minigrad.compiled.step import NotCaptured

F = nn.functional


class Lesson:
    """A model, its data and a training step, from a seed; `step` may be compiled."""

    def __init__(self, step, model=None, optimizer=torch.optim.Adam, data=None, calls=12, **options):
        torch.manual_seed(7)
        self.model = model() if model else nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
        self.optimizer = optimizer(self.model.parameters(), **{"lr": 0.05, **options})
        self.data = data() if data else [(torch.randn(8, 4), torch.randint(0, 3, (8,))) for _ in range(4)]
        self.step, self.calls = step, calls

    def run(self, compiled, between=lambda lesson, call: None):
        """The results of all calls, the state at the end, and the step."""
        function = self.step(self)
        step = torch.compile(function, fullgraph=True) if compiled else function
        results = []
        for call in range(self.calls):
            between(self, call)
            results.append(step(*self.data[call % len(self.data)]))
        tensors = [*self.model.state_dict().values(), *(p.grad for p in self.model.parameters())]
        return [np.asarray(x.detach()) for x in (*results, *tensors) if x is not None], step


def usual(lesson):
    """The step that lessons have."""

    def step(x, y):
        loss = F.cross_entropy(lesson.model(x), y)
        lesson.optimizer.zero_grad()
        loss.backward()
        lesson.optimizer.step()
        return loss

    return step


def same(step, between=lambda lesson, call: None, captured=True, **options):
    """A step run as it is and compiled gives the same; the compiled step."""
    want, _ = Lesson(step, **options).run(False, between)
    got, compiled = Lesson(step, **options).run(True, between)
    assert len(got) == len(want)
    for x, y in zip(got, want):
        assert x.dtype == y.dtype
        assert np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
    assert (compiled.program is not None) == captured
    return compiled


def test_a_step():
    compiled = same(usual)
    assert "np.matmul(x, weight_0.T, out=linear_0)" in str(compiled.program)
    (programs,) = compiled.programs.values()
    assert len(programs) == 1
    assert programs[0].is_verified


SMALL = [name for name in PERCEPTRONS if name.startswith(("line", "circles", "blobs", "mnist-adam"))]


@pytest.mark.parametrize("name", SMALL)
def test_the_workloads_of_the_benchmarks(name):
    workload = PERCEPTRONS[name]

    def losses(compiled):
        model = starting_model(torch, workload)
        loss_function = getattr(nn, LOSSES[workload.loss])()
        optimizer = getattr(torch.optim, workload.optimizer)(model.parameters(), lr=workload.lr)

        def step(x, y):
            loss = loss_function(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        step = torch.compile(step, fullgraph=True) if compiled else step
        batches = cycle([[torch.from_numpy(x) for x in batch] for batch in workload.batches_of_data()])
        return [step(*next(batches)).item() for _ in range(100 if workload.sizes[0] < 10 else 6)]

    assert losses(True) == losses(False)


OPTIMIZERS = [
    (torch.optim.SGD, {}),
    (torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "maximize": True}),
    (torch.optim.Adam, {"amsgrad": True, "weight_decay": 0.01}),
    (torch.optim.AdamW, {}),
    (torch.optim.RMSprop, {"momentum": 0.5, "centered": True}),
    (torch.optim.Adagrad, {"lr_decay": 0.1}),
    (torch.optim.Adadelta, {}),
    (torch.optim.Adamax, {}),
]


@pytest.mark.parametrize(("optimizer", "options"), OPTIMIZERS)
def test_optimizers(optimizer, options):
    same(usual, optimizer=optimizer, **options)


def test_dropout_draws_the_same_numbers():
    same(usual, model=lambda: nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.Linear(6, 3)))


def test_batch_norm_keeps_its_statistics():
    same(usual, model=lambda: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3)))


def test_a_convolution():
    def model():
        return nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(), nn.Linear(48, 3)
        )

    def data():
        return [(torch.randn(6, 1, 8, 8), torch.randint(0, 3, (6,))) for _ in range(3)]

    same(usual, model=model, data=data)


def test_an_embedding():
    def model():
        return nn.Sequential(nn.Embedding(7, 4), nn.Flatten(), nn.LayerNorm(12), nn.GELU(), nn.Linear(12, 3))

    def data():
        return [(torch.randint(0, 7, (6, 3)), torch.randint(0, 3, (6,))) for _ in range(3)]

    same(usual, model=model, data=data)


def test_a_smaller_last_batch():
    def data():
        return [(torch.randn(n, 4), torch.randint(0, 3, (n,))) for n in (8, 8, 8, 3)]

    assert len(same(usual, data=data, calls=20).programs) == 2


def test_a_schedule():
    def between(lesson, call):
        if call == 0:
            lesson.scheduler = torch.optim.lr_scheduler.StepLR(lesson.optimizer, 3, 0.5)
        else:
            lesson.scheduler.step()

    same(usual, between)


def test_options_that_change():
    def between(lesson, call):
        if call == 6:
            lesson.optimizer.param_groups[0]["momentum"] = 0.9
        if call == 9:
            lesson.optimizer.param_groups[0]["weight_decay"] = 0.1

    same(usual, between, optimizer=torch.optim.SGD, calls=16)


def test_a_momentum_that_changes_in_every_step():
    def between(lesson, call):
        lesson.optimizer.param_groups[0]["momentum"] = 0.8 + call / 100 if call < 15 else 0

    (programs,) = same(usual, between, optimizer=torch.optim.SGD, momentum=0.9, calls=20).programs.values()
    assert len(programs) == 2  # with momentum, and without


def test_a_parameter_that_is_replaced():
    def between(lesson, call):
        if call == 5:
            lesson.model[0].weight.data = torch.ones(5, 4)
        if call == 9:
            with torch.no_grad():
                lesson.model[2].bias.copy_(torch.ones(3))

    same(usual, between, calls=16)


def test_modes_and_frozen_parameters():
    def between(lesson, call):
        if call == 6:
            lesson.model[1].eval()
        if call == 10:
            lesson.model[0].bias.requires_grad_(False)

    def model():
        return nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.Linear(6, 3))

    same(usual, between, model=model, calls=16)


def test_a_saved_state_that_is_loaded():
    def between(lesson, call):
        if call == 3:
            lesson.saved = {k: v.clone() for k, v in lesson.model.state_dict().items()}
            lesson.saved_optimizer = torch.optim.Adam(lesson.model.parameters()).state_dict()
        if call == 8:
            lesson.model.load_state_dict(lesson.saved)
            lesson.optimizer.load_state_dict(lesson.saved_optimizer)

    same(usual, between, calls=16)


def test_a_branch_on_the_loss():
    def step(lesson):
        def step(x, y):
            loss = F.cross_entropy(lesson.model(x), y)
            lesson.optimizer.zero_grad()
            if loss > 0.9:
                loss = loss * 2
            loss.backward()
            lesson.optimizer.step()
            return loss

        return step

    same(step, calls=40)


def test_a_condition_after_a_change_puts_it_back():
    def step(lesson):
        def step(x, y):
            hidden = lesson.model[:3](x)
            hidden = F.dropout(hidden, 0.5)
            if hidden.sum() > 0:
                hidden = hidden * 2
            loss = F.cross_entropy(lesson.model[3](hidden), y)
            lesson.optimizer.zero_grad()
            loss.backward()
            lesson.optimizer.step()
            return loss

        return step

    def model():
        return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3))

    same(step, model=model, calls=40)


def test_clipping():
    def step(lesson):
        def step(x, y):
            loss = F.cross_entropy(lesson.model(x), y)
            lesson.optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(lesson.model.parameters(), 0.5)
            lesson.optimizer.step()
            return loss.detach() + norm

        return step

    same(step)


def test_gradients_that_are_cleared_outside():
    def between(lesson, _call):
        lesson.optimizer.zero_grad()

    def step(lesson):
        def step(x, y):
            loss = F.cross_entropy(lesson.model(x), y)
            loss.backward()
            return loss

        return step

    same(step, between, calls=16)


def test_what_a_user_holds_is_not_overwritten():
    def between(lesson, call):
        held = lesson.__dict__.setdefault("held", [])
        if call in (5, 6):
            held.append((lesson.model[0].weight.grad, lesson.model[0].weight.grad.clone()))
        if call == 11:
            for grad, copy in held:
                assert np.array_equal(grad.numpy(), copy.numpy())
            assert len(held) == 2

    same(usual, between, calls=16)


def test_losses_are_copies():
    compiled = Lesson(usual).run(True)[1]
    lesson = Lesson(usual)
    losses = [compiled(*lesson.data[0]) for _ in range(5)]
    assert len({float(loss.detach()) for loss in losses}) == 5
    with pytest.raises(RuntimeError, match="second time"):
        losses[-1].backward()


def test_an_index_out_of_range_is_an_error_and_nothing_has_changed():
    lesson = Lesson(usual, model=lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    _, compiled = lesson.run(True)
    assert compiled.program is not None
    before = {name: x.clone() for name, x in lesson.model.state_dict().items()}
    with pytest.raises(IndexError):
        compiled(torch.randn(8, 4), torch.full((8,), 3))
    after = lesson.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in ("0.weight", "0.bias"))


def test_check_every_tells_of_a_difference():
    lesson = Lesson(usual)
    step = torch.compile(usual(lesson), check_every=4)
    for call in range(8):
        step(*lesson.data[call % 4])
    step.programs[next(iter(step.programs))][0].program.step.__globals__["y"] = np.zeros(8, np.int64)
    with pytest.raises(RuntimeError, match=r"by the program, .* by the function"):
        several(step, lesson, 5)


def test_random_batches():
    def step(lesson):
        def step(x, y):
            at = torch.randint(0, 8, (5,))
            return usual_step(x[at], y[at])

        usual_step = usual(lesson)
        return step

    same(step)


def test_all_draws():
    def step(_lesson):
        def step(_x, _y):
            draws = [torch.rand(3), torch.randn(20), torch.randperm(5), torch.bernoulli(torch.full((4,), 0.5))]
            draws += [torch.multinomial(torch.tensor([0.2, 0.8]), 3, replacement=True), torch.empty(3).normal_(1, 2)]
            return torch.cat([*draws, torch.normal(0.0, 1.0, (4,)), torch.empty(3).exponential_()])

        return step

    same(step, calls=6)


def test_two_optimizers_and_a_moving_average():
    def step(lesson):
        other = nn.Linear(3, 1)
        optimizer = torch.optim.SGD([{"params": other.weight}, {"params": other.bias, "lr": 0.5}], lr=0.1, momentum=0.9)
        average = other.weight.detach().clone()

        def step(x, _y):
            fake = lesson.model(x)
            loss = F.binary_cross_entropy_with_logits(other(fake.detach()), torch.ones(8, 1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            average.mul_(0.9).add_(other.weight.detach(), alpha=0.1)
            fooled = F.binary_cross_entropy_with_logits(other(fake), torch.zeros(8, 1))
            lesson.optimizer.zero_grad()
            fooled.backward()
            lesson.optimizer.step()
            return loss.detach() + fooled.detach() + average.sum()

        return step

    same(step)


def test_a_recurrent_layer_and_attention():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(4, 6, batch_first=True)
            self.attention = nn.TransformerEncoderLayer(6, 2, 8, dropout=0.1, batch_first=True)
            self.linear = nn.Linear(6, 3)

        def forward(self, x):
            return self.linear(self.attention(self.lstm(x)[0]).mean(1))

    same(usual, model=Model, data=lambda: [(torch.randn(5, 3, 4), torch.randint(0, 3, (5,)))], calls=6)


def test_hooks_that_come_and_go():
    def between(lesson, call):
        if call == 4:
            lesson.hook = lesson.model[0].register_forward_hook(lambda _layer, _x, y: y * 2)
            lesson.model[2].weight.register_hook(lambda g: g * 3)
        if call == 10:
            lesson.hook.remove()

    same(usual, between, calls=18)


# The program as text ------------------------------------------------------------------------------------------

WRITTEN = """\
def step():
    # Forward ------------------------------------------------------------------
    # test_compile.py: hidden = lesson.model[0](X)
    # 0: linear
    np.matmul(X, weight_0.T, out=hidden)
    np.add(hidden, bias_0, out=hidden)
    # test_compile.py: logits = lesson.model[1](hidden)
    # 1: linear
    np.matmul(hidden, weight_1.T, out=logits)
    np.add(logits, bias_1, out=logits)
    # test_compile.py: loss = nn.functional.mse_loss(logits, y)
    # mse_loss
    np.subtract(logits, y, out=difference)
    np.multiply(difference, difference, out=product)
    np.add.reduce(product, axis=None, out=total)
    np.divide(total, 16, out=loss)

    # Backward -----------------------------------------------------------------
    # test_compile.py: loss.backward()
    np.power(loss, 0, out=d_loss)
"""


def written_step(lesson):
    def step(X, y):
        hidden = lesson.model[0](X)
        logits = lesson.model[1](hidden)
        loss = nn.functional.mse_loss(logits, y)
        lesson.optimizer.zero_grad()
        loss.backward()
        lesson.optimizer.step()
        return loss

    return step


def written_lesson(optimizer):
    return {
        "model": lambda: nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)),
        "data": lambda: [(torch.randn(16, 2), torch.randn(16, 1))],
        "optimizer": optimizer,
    }


def test_the_text():
    text = str(same(written_step, **written_lesson(torch.optim.SGD)).program)
    head, _, rest = re.sub(r"test_compile.py:\d+", "test_compile.py", text).partition("np.power(loss, 0, out=d_loss)\n")
    assert head + "np.power(loss, 0, out=d_loss)\n" == WRITTEN
    assert 'lr = float(group["lr"])' in rest
    assert "out=d_weight_0)" in rest
    assert text.count("copy[...]") == 1  # `d_hidden` lies by columns, and its sum is taken by rows


def images():
    """A model with what images need."""
    layers = [nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Dropout(0.5), nn.Linear(8, 3))


def attention():
    """A model whose dropout gets arrays in other orders of memory."""
    return nn.Sequential(
        nn.TransformerEncoderLayer(4, 2, 4, dropout=0.5, batch_first=True), nn.Flatten(), nn.Linear(8, 3)
    )


LARGER = {
    "images": {"model": images, "data": lambda: [(torch.randn(8, 1, 4, 4), torch.randint(0, 3, (8,)))]},
    "attention": {"model": attention, "data": lambda: [(torch.randn(8, 2, 4), torch.randint(0, 3, (8,)))]},
}


def test_the_text_of_larger_models():
    """Names are those of the ops' source, calls stand under the ops and rules that they are of, and views in them."""
    text = str(same(usual, **LARGER["images"]).program)
    for part in (
        "    # 0: conv2d\n    padded[...] = 0.0\n    padded[..., 1:5, 1:5] = x\n    padded_windows = np.lib.",
        "    columns[...] = padded_windows.reshape(1, 9, 8, 4, 4)\n",
        "out=variance)",
        "    # 4: flatten\n    flatten_4 = maxpool2d_3.reshape(8, 8)\n    # 5: dropout\n    mask[...] = generator.",
        "    # 1: normalized_da\n    np.divide(1, spread, out=factor)\n",
        "    d_weight_0[...] = products.swapaxes(1, 2).reshape(2, 1, 3, 3)\n",
        "    np.subtract(bias_0, update[18:20], out=bias_0)\n",
    ):
        assert part in text
    assert "np.ndarray" not in text


@pytest.mark.parametrize("options", [{**written_lesson(torch.optim.SGD), "step": written_step}, *LARGER.values()])
def test_a_saved_program_trains_by_itself(tmp_path, options):
    lesson = Lesson(**{"step": usual, **options})
    compiled = lesson.run(True)[1]
    compiled.program.save(tmp_path / "step.py")
    again = "import sys, step; [step.step() for _ in range(5)]; print(float(step.loss), 'minigrad' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", again], cwd=tmp_path, capture_output=True, text=True, check=True)
    losses = [compiled(*lesson.data[0]).item() for _ in range(5)]
    assert ended.stdout.split() == [repr(losses[-1]), "False"]


def noisy(lesson):
    def step(x, y):
        return usual_step(x + torch.randn(8, 4), y)

    usual_step = usual(lesson)
    return step


def test_other_draws_are_not_saved(tmp_path):
    compiled = Lesson(noisy).run(True)[1]
    with pytest.raises(NotImplementedError, match="draws other random numbers"):
        compiled.program.save(tmp_path / "step.py")


# What is refused ----------------------------------------------------------------------------------------------

counter = 0
outside = []
rate = 1.0


def refused(reason, step):
    """A step that no program can repeat gives what it would, with one warning that says why and where."""
    want = Lesson(step).run(False)[0]
    lesson = Lesson(step)
    compiled = torch.compile(step(lesson))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        got = [compiled(*lesson.data[call % 4]) for call in range(lesson.calls)]
    assert [str(warning.message) for warning in told if reason in str(warning.message)], [str(w.message) for w in told]
    assert len(told) == 1
    assert __file__ in str(told[0].message) or "changes" in reason or "draws" in reason
    assert all(np.array_equal(x.detach().numpy(), y) for x, y in zip(got, want))
    assert compiled.program is None
    strict = Lesson(step)
    compiled = torch.compile(step(strict), fullgraph=True)
    with pytest.raises(NotCaptured, match="not captured"):
        several(compiled, strict, 4)


def several(step, lesson, calls):
    """Call a step so many times."""
    for call in range(calls):
        step(*lesson.data[call % 4])


def loss_of(lesson, x, y):
    return F.cross_entropy(lesson.model(x), y)


def test_a_value_that_is_read():
    def step(lesson):
        def step(x, y):
            loss = loss_of(lesson, x, y)
            return loss * math.exp(-loss.item())

        return lambda x, y: step(x, y).detach()

    refused("read as numbers", step)


def test_a_global_that_is_written():
    def step(lesson):
        def step(x, y):
            global counter
            counter += 1
            return loss_of(lesson, x, y).detach()

        return step

    refused("writes the global `counter`", step)


def test_a_nonlocal_that_is_written():
    def step(lesson):
        calls = 0

        def step(x, y):
            nonlocal calls
            calls += 1
            return loss_of(lesson, x, y).detach() * (1 if calls < 8 else 2)

        return step

    refused("writes the nonlocal `calls`", step)


class Counting(nn.Module):
    """A layer that counts its calls."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x * self.calls


def test_an_attribute_that_is_written():
    def step(lesson):
        counting = Counting()

        def step(x, y):
            return counting(loss_of(lesson, x, y)).detach()

        return step

    refused("sets the attribute `calls`", step)


def test_a_list_that_grows():
    def step(lesson):
        losses = []

        def step(x, y):
            losses.append(loss_of(lesson, x, y).detach())
            return losses[-1]

        return step

    refused("changes `losses`", step)


def test_an_iterator():
    def step(lesson):
        factors = iter(range(100))

        def step(x, y):
            _, factor = max(zip("x", factors))
            return loss_of(lesson, x, y).detach() * factor

        return step

    refused("reads the iterator `factors`", step)


def test_other_random_numbers():
    def step(lesson):
        random = np.random.default_rng(0)

        def step(x, y):
            return loss_of(lesson, x, y).detach() * float(random.random())

        return step

    refused("draws from `random`", step)


def test_numpys_random_numbers():
    def step(lesson):
        np.random.seed(0)

        def step(x, y):
            return loss_of(lesson, x, y).detach() * float(np.random.rand())

        return step

    refused("draws from NumPy's random numbers", step)


def test_what_a_hook_writes():
    def step(lesson):
        calls = {}

        def hook(_layer, _x, y):
            calls["number"] = calls.get("number", 0) + 1
            return y * calls["number"]

        lesson.model[0].register_forward_hook(hook)

        def step(x, y):
            return loss_of(lesson, x, y).detach()

        return step

    refused("changes `calls`", step)


def test_a_schedule_by_hand():
    def step(lesson):
        def step(x, y):
            for group in lesson.optimizer.param_groups:
                group["lr"] *= 0.9
            return loss_of(lesson, x, y).detach()

        return step

    refused("reads `param_groups`", step)


def test_views_of_what_it_was_given_are_no_copies():
    """The result of a program is a copy; the user may change what he was given by its view."""
    by_hand, compiled = (change(lambda x: x[::2].t()) for change in (lambda function: function, torch.compile))
    x = torch.arange(6.0).reshape(3, 2)
    with pytest.warns(UserWarning, match="returns a view of a tensor from outside"):
        views = [compiled(x) for _ in range(5)]
    assert {view.stride() for view in views} == {by_hand(x).stride()}
    shared = [view.data_ptr() == x.data_ptr() for view in views]
    assert shared == [True, False, True, True, True]  # the second call, which was recorded, had copies of the arguments


def test_a_print():
    def step(lesson):
        def step(x, y):
            print("x")
            return loss_of(lesson, x, y).detach()

        return step

    refused("prints", step)


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (lambda: float(os.environ.get("SCALE", "1")), "calls os's "),
        (lambda: len(Path(__file__).read_text()), "calls pathlib's read_text()"),
        (lambda: open(os.devnull).close() or 1, "opens a file"),
    ],
    ids=["environment", "path", "file"],
)
def test_what_lies_outside(scale, said):
    def step(lesson):
        def step(x, y):
            return loss_of(lesson, x, y).detach() * scale()

        return step

    refused(said, step)


def test_gradients_that_add_up():
    def step(lesson):
        def step(x, y):
            loss = loss_of(lesson, x, y)
            loss.backward()
            return loss

        return step

    refused("adds to gradients from before it", step)


def test_a_mask():
    def step(lesson):
        def step(x, y):
            return x[x > 0].sum()

        return step

    refused("goes by the values of the mask", step)


def test_a_global_that_changes_is_seen():
    def between(_lesson, call):
        global rate
        rate = 2.0 if call > 5 else 1.0

    def step(lesson):
        def step(x, y):
            return loss_of(lesson, x, y).detach() * rate

        return step

    same(step, between)


def test_an_attribute_that_changes_is_seen():
    class Scale(nn.Module):
        factor = 1.0
        weights: ClassVar = [1.0, 2.0]

        def forward(self, x):
            return x * self.factor * self.weights[0]

    def between(lesson, call):
        lesson.model[0].factor = 1.0 if call < 5 else 3.0
        lesson.model[0].weights[0] = 1.0 if call < 8 else 5.0

    same(usual, between, model=lambda: nn.Sequential(Scale(), nn.Linear(4, 3)), calls=20)


def test_a_function_whose_result_is_still_to_be_differentiated():
    w = torch.tensor([1.0, 2.0], requires_grad=True)

    @torch.compile(fullgraph=True)
    def double(x):
        return (w * x).sum()

    for _ in range(4):
        w.grad = None
        double(torch.tensor([3.0, 4.0])).backward()
        assert w.grad.tolist() == [3, 4]


def test_a_number_that_changes_at_each_call():
    compiled = torch.compile(lambda x, factor: x * factor)
    for factor in range(20):
        assert compiled(torch.ones(2), factor).tolist() == [factor] * 2


def test_on_a_gpu_it_runs_as_it_is():
    with installed(device_count=1):
        w = torch.tensor([1.0, 2.0], device="cuda", requires_grad=True)

        @torch.compile
        def of_an_argument(x):
            return (w.detach() * x).sum()

        @torch.compile
        def of_what_is_there():
            return (w.detach() * 2).sum()

        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for _ in range(4):
                assert of_an_argument(torch.ones(2, device="cuda")).item() == 3
                assert of_what_is_there().item() == 6
        assert ["is not captured" in str(warning.message) for warning in told] == [True, True]


def test_arguments_by_name_and_in_lists():
    compiled = torch.compile(lambda x, factor=2: x * factor)
    assert [compiled(x=torch.tensor([i]), factor=3).tolist() for i in range(5)] == [[3 * i] for i in range(5)]
    assert compiled.program is not None
    added = torch.compile(lambda tensors: tensors[0] + tensors[1])
    with pytest.warns(UserWarning, match="its arguments are others than tensors"):
        assert [added([torch.tensor(i), torch.tensor(1)]).item() for i in range(5)] == [1, 2, 3, 4, 5]


def test_an_object_in_the_place_of_another():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

    compiled = torch.compile(lambda x, scale: x * scale.factor)
    for factor in range(6):
        for i in range(5):
            assert compiled(torch.tensor([i]), Scale(factor)).tolist() == [i * factor]


def test_methods():
    class Trainer:
        def __init__(self):
            self.scale = 2.0

        @torch.compile
        def step(self, x):
            return x * self.scale

    one, other = Trainer(), Trainer()
    other.scale = 3.0
    for i in range(6):
        assert one.step(torch.tensor([i])).tolist() == [2 * i]
        assert other.step(torch.tensor([i])).tolist() == [3 * i]
