"""The comparison: what is recorded, how it is measured and judged, and that each kind of failure is seen."""

import json
import math
import os
import pickle
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from processes import python

from comparisons.__main__ import FOLDER, LESSONS, announcement, description, found
from minigrad.comparison import gpu
from minigrad.comparison.command import named, split
from minigrad.comparison.compare import (
    SPREAD,
    TOLERANCE,
    compare,
    failures,
    judge_by_own_spread,
    needs_own_spread,
)
from minigrad.comparison.engines import UNSET, Conditions, Run, environment, run_on
from minigrad.comparison.figure import how_equal, running_mean, stretches
from minigrad.comparison.measure import Ruler
from minigrad.comparison.printed import compare_printed, in_common_words
from minigrad.comparison.recorder import FULL_RECORD_BYTES, Recorder, Step, array_of, read_steps
from minigrad.comparison.report import described, remarks

PROJECT = Path(__file__).parent.parent
TESTS = Path(__file__).parent


# The measure


def measured(first, second, dtype=np.float64):
    return Ruler().measure("name", np.array(first, dtype), np.array(second, dtype))


def test_a_difference_is_relative_to_the_larger_norm():
    difference = measured([0.0, -4.0, 2.0], [3.0, -4.0, 2.0 - 4.0])
    assert difference.absolute == 5.0
    assert difference.relative == pytest.approx(5 / 29**0.5)
    assert not difference.bit_equal
    assert measured([2.0], [-6.0]).relative == 8 / 6


def test_what_rounding_does_to_one_element_counts_little_and_a_wrong_rate_in_full():
    """Steps of 0.001 in 100,000 weights: one of them of which a fifth is rounding, or all of them too long by 1 %."""
    weights = np.random.default_rng(0).uniform(-1, 1, 100_000) / 28
    one, all_ = weights.copy(), weights.copy()
    one[7] += 0.001 / 5
    all_ += 0.01 * 0.001 * np.sign(weights)
    assert measured(weights, one).relative < TOLERANCE["float32"] / 3
    assert measured(weights, all_).relative > TOLERANCE["float32"] * 3


def test_a_difference_is_relative_to_the_largest_norm_so_far():
    ruler = Ruler()
    ruler.measure("shrinks", np.array([100.0]), np.array([100.0]))
    assert ruler.measure("shrinks", np.array([1.0]), np.array([2.0])).relative == 0.01
    assert ruler.measure("other", np.array([1.0]), np.array([2.0])).relative == 0.5
    assert ruler.measure("shrinks", np.array([0.0]), np.array([200.0])).relative == 1.0


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [1.5, -2.0], [math.nan, 1.0], [math.inf, -math.inf]])
def test_equal_arrays_do_not_differ(values):
    difference = measured(values, values)
    assert (difference.relative, difference.absolute, difference.bit_equal) == (0.0, 0.0, True)


def test_zero_and_minus_zero_differ_in_their_bits_alone():
    difference = measured([0.0], [-0.0])
    assert (difference.relative, difference.bit_equal) == (0.0, False)


@pytest.mark.parametrize(
    ("first", "second"),
    [([math.nan], [1.0]), ([math.inf], [1.0]), ([math.inf], [-math.inf]), ([0.0], [math.nan])],
)
def test_what_is_not_finite_differs_infinitely_from_all_else(first, second):
    assert measured(first, second).relative == math.inf
    assert measured(second, first).relative == math.inf


def test_a_nan_that_both_have_does_not_hide_a_difference():
    assert measured([math.nan, 4.0], [math.nan, 5.0]).relative == 0.2


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (np.zeros((2, 1)), np.zeros(2), "float64 of shape (2, 1) against float64 of shape (2,)"),
        (np.zeros(2, np.float32), np.zeros(2), "float32 of shape (2,) against float64 of shape (2,)"),
        (None, np.zeros(2), "none against float64 of shape (2,)"),
        (np.zeros(()), None, "float64 of shape () against none"),
    ],
)
def test_arrays_that_cannot_be_compared_differ_infinitely(first, second, reason):
    difference = Ruler().measure("name", first, second)
    assert (difference.relative, difference.bit_equal) == (math.inf, False)
    assert difference.mismatch == reason


def test_no_array_on_either_side_is_no_difference():
    assert Ruler().measure("name", None, None).bit_equal


def test_float32_is_measured_in_float64():
    one, after = np.float32(1), np.nextafter(np.float32(1), np.float32(2))
    assert measured(one, after, np.float32).absolute == 2.0**-23


# What is recorded, on torch


def recorded(tmp_path, source, engine="torch", **conditions):
    script = tmp_path / "script.py"
    script.write_text(source)
    conditions = Conditions(**{"dtype": "float32", "threads": 1, **conditions})
    seen = []
    run = run_on(engine, script, tmp_path / engine, conditions, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == run.steps
    return run


def steps_of(run):
    assert run.exit_status == 0, run.errors
    return list(read_steps(run.records))


TWO_MODELS = """
import torch
first = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
second = [torch.nn.Parameter(torch.tensor(3.0))]
unused = torch.nn.Parameter(torch.zeros(2, 2))
one = torch.optim.SGD([first, unused], lr=0.5)
two = torch.optim.SGD([{"params": second}, {"params": [first], "lr": 0.25}], lr=0.125)
for _ in range(2):
    one.zero_grad()
    (first * first).sum().backward()
    one.step()
    print("one")
    two.zero_grad()
    (second[0] * first.sum()).backward()
    two.step()
"""


@pytest.fixture(scope="module")
def two_models(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("two_models"), TWO_MODELS)


def test_loss_gradients_and_parameters_of_every_step_are_recorded(two_models):
    steps = steps_of(two_models)
    assert [step.model for step in steps] == ["first", "first, second"] * 2
    assert [step.printed for step in steps] == [0, 4, 4, 8]
    np.testing.assert_array_equal(steps[0].loss, 5.0)
    assert list(steps[0].gradients) == ["first"]
    np.testing.assert_array_equal(steps[0].gradients["first"], [2.0, 4.0])
    np.testing.assert_array_equal(steps[0].parameters["first"], [0.0, 0.0])
    np.testing.assert_array_equal(steps[1].gradients["first"], [3.0, 3.0])  # two.zero_grad() cleared what one had used
    np.testing.assert_array_equal(steps[1].gradients["second[0]"], 0.0)
    np.testing.assert_array_equal(steps[1].parameters["first"], [-0.75, -0.75])
    assert [step.seconds is None for step in steps] == [False, False, False, True]
    assert all(step.seconds > 0 for step in steps[:-1])


def test_what_a_leaf_starts_from_is_recorded_when_it_is_first_met(two_models):
    starts = [{name: value.tolist() for name, value in step.start.items()} for step in steps_of(two_models)]
    assert starts == [{"first": [1.0, 2.0]}, {"second[0]": 3.0}, {}, {}]


BY_HAND = """
import torch
torch.manual_seed(0)
x = torch.linspace(-1, 1, 20)
{start}
for _ in range(5):
    loss = ((w * x - 2 * x) ** 2).mean()
    {update}
print(w.item())
"""
UPDATES = {
    "in_place": "loss.backward()\n    with torch.no_grad(): w -= 0.3 * w.grad; w.grad.zero_()",
    "new_tensor": "loss.backward()\n    w = (w - 0.3 * w.grad).detach().requires_grad_()",
    "function": "torch.autograd.backward(loss)\n    w.data.sub_(0.3 * w.grad); w.grad = None",
}


@pytest.mark.parametrize("update", UPDATES)
def test_an_update_by_hand_is_recorded_alike_on_both_engines(tmp_path, update):
    source = BY_HAND.format(start="w = torch.randn(1, requires_grad=True)", update=UPDATES[update])
    runs = tuple(recorded(tmp_path, source, engine) for engine in ("torch", "minigrad"))
    steps = steps_of(runs[0])
    assert [step.model for step in steps] == ["w"] * 5
    assert all((step.gradients["w"] != 0).all() for step in steps)
    last = (
        steps[-1].parameters["w"] if update != "new_tensor" else steps[-1].start["w"] - 0.3 * steps[-1].gradients["w"]
    )
    np.testing.assert_allclose(last, float(runs[0].printed[-1]), rtol=1e-6)
    assert failures(compare(runs)) == []


def test_leaves_have_the_names_of_the_script_and_a_new_model_is_told_from_the_first(tmp_path):
    source = """
import torch
class Trainer:
    def __init__(self):
        self.net = torch.nn.Linear(1, 1)
    def step(self):
        self.net(torch.ones(1)).sum().backward()
def train(model):
    for _ in range(2): model(torch.ones(1)).sum().backward()
trainer = Trainer()
trainer.step()
for _ in range(2):
    model = torch.nn.Sequential(torch.nn.Linear(1, 1))
    train(model)
def inner():
    local = torch.nn.Linear(1, 1, bias=False)
    local(torch.ones(1)).backward()
inner()
held = {torch.ones(2, requires_grad=True)}
next(iter(held)).sum().backward()
"""
    for engine in ("torch", "minigrad"):
        steps = steps_of(recorded(tmp_path, source, engine))
        assert [step.model for step in steps] == ["trainer", *["model"] * 2, *["model (2)"] * 2, "local", "leaf1"]
        assert [list(step.gradients) for step in steps[::2]] == [
            ["trainer.net.bias", "trainer.net.weight"],
            ["model.0.bias", "model.0.weight"],
            ["model.0.bias (2)", "model.0.weight (2)"],
            ["leaf1"],
        ]


def test_each_call_of_a_closure_is_a_step(tmp_path):
    steps = steps_of(
        recorded(
            tmp_path,
            """
import torch
w = torch.nn.Parameter(torch.tensor(4.0))
optimizer = torch.optim.LBFGS([w], max_iter=3)
def closure():
    optimizer.zero_grad()
    loss = (w - 1) ** 2
    loss.backward()
    return loss
optimizer.step(closure)
""",
        )
    )
    assert len(steps) > 1
    assert all(step.loss == pytest.approx((step.gradients["w"] / 2) ** 2) for step in steps)


ENDLESS = """
import torch
w = torch.nn.Parameter(torch.tensor(4.0))
optimizer = torch.optim.SGD([w], lr=0.1)
print("begin")
while True:
    try:
        w.backward()
        optimizer.step()
        print("step")
    except Exception:
        print("never")
"""


def test_steps_end_the_script_and_a_record_cut_short_ends_the_records(tmp_path):
    run = recorded(tmp_path, ENDLESS, steps=3)
    assert len(steps_of(run)) == run.steps == 3
    assert run.printed == ["begin", "step", "step", "step"]
    run.records.write_bytes(run.records.read_bytes()[:-10])
    assert len(steps_of(run)) == 2
    assert list(read_steps(tmp_path / "nothing")) == []


@pytest.fixture
def recorder_of(tmp_path, monkeypatch):
    """A recorder in this process, of which nothing is left afterwards."""
    monkeypatch.setattr(torch.Tensor, "backward", torch.Tensor.backward)
    monkeypatch.setattr(torch.autograd, "backward", torch.autograd.backward)
    return lambda **options: Recorder(torch, tmp_path, **options)


def test_arrays_of_a_long_large_run_are_thinned_and_its_losses_are_not(tmp_path, monkeypatch, recorder_of):
    assert FULL_RECORD_BYTES == 10**9
    monkeypatch.setattr("minigrad.comparison.recorder.FULL_RECORD_BYTES", 800)
    recorder = recorder_of()
    w = torch.nn.Parameter(torch.ones(10))  # 40 bytes, and as many for its gradient
    for _ in range(250):
        w.grad = None
        w.sum().backward()
    recorder.end_step(last=True)
    steps = list(read_steps(tmp_path / "records"))
    assert [number for number, step in enumerate(steps) if step.parameters is not None] == [*range(10), 100, 200]
    assert all(step.loss == 10.0 for step in steps)


def test_recording_does_not_count_in_the_time_of_a_step(tmp_path, monkeypatch, recorder_of):
    """By a clock that goes on by 1 in a backward pass, by 2 after it, and by 100 for each array that is recorded."""
    clock = SimpleNamespace(now=0.0)

    def taking(seconds, function):
        def timed(*args, **options):
            clock.now += seconds
            return function(*args, **options)

        return timed

    monkeypatch.setattr("minigrad.comparison.recorder.time", SimpleNamespace(perf_counter=lambda: clock.now))
    monkeypatch.setattr("minigrad.comparison.recorder.array_of", taking(100, array_of))
    monkeypatch.setattr(torch.autograd, "backward", taking(1, torch.autograd.backward))
    recorder = recorder_of()
    w = torch.nn.Parameter(torch.tensor(1.0))
    for _ in range(3):
        w.backward()
        clock.now += 2
    recorder.end_step(last=True)
    assert [step.seconds for step in read_steps(tmp_path / "records")] == [3, 3, None]
    assert clock.now > 900


def test_a_disturbed_run_is_one_rounding_off_in_each_element_of_a_gradient(tmp_path, recorder_of):
    recorder_of(disturbed=True)
    w = torch.nn.Parameter(torch.ones(1000))
    (w * torch.linspace(1, 2, 1000)).sum().backward()
    off = (w.grad / torch.linspace(1, 2, 1000) - 1).abs().numpy()
    assert off.min() >= 2.0**-24
    assert off.max() <= 2.0**-22


def test_in_a_disturbed_run_a_small_element_has_the_rounding_of_the_others_and_zero_none(tmp_path, recorder_of):
    recorder_of(disturbed=True)
    g = torch.tensor([1.0, -1.0, 1e-9, 0.0])
    w = torch.nn.Parameter(torch.ones(4))
    (w * g).sum().backward()
    off = (w.grad - g).abs().numpy()
    assert off[3] == 0
    assert 2.0**-24 <= off[2] <= 2.0**-23


def test_float64_reaches_every_name_of_float32(tmp_path):
    run = recorded(
        tmp_path,
        """
import numpy as np, torch
from torch import nn
x = torch.tensor([[1.0, 2.0]], dtype=torch.float32)
single = np.ones((1, 2), np.float32)
inputs = [x, torch.FloatTensor([[1, 2]]), torch.ones(1, 2), torch.ones(1, 2).float(), x.to(torch.float),
          torch.from_numpy(single), torch.tensor(single), torch.as_tensor(single),
          torch.tensor([[1, 2]]).float(), torch.tensor(single, requires_grad=True)]
model = nn.Linear(2, 1).float()
print(*{each.dtype for each in inputs}, inputs[-1].is_leaf, inputs[-1].requires_grad)
print(torch.tensor([1]).dtype, torch.tensor([True]).dtype)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
sum(model(each).sum() for each in inputs).backward()
optimizer.step()
""",
        dtype="float64",
    )
    step = steps_of(run)[0]
    assert {array.dtype for array in [step.loss, *step.gradients.values(), *step.parameters.values()]} == {
        np.dtype("float64")
    }
    assert run.printed == ["torch.float64 True True", "torch.int64 torch.bool"]


def test_a_script_is_given_its_arguments(tmp_path):
    run = recorded(tmp_path, "import sys; print(sys.argv[1:])", arguments=("--full", "--epochs", "2"), steps=1)
    assert run.printed == ["['--full', '--epochs', '2']"]


def test_torchvision_can_be_imported_beside_any_build_of_pytorch(tmp_path):
    run = recorded(tmp_path, "from torchvision import transforms\nprint(transforms.ToTensor())")
    assert run.printed == ["ToTensor()"], run.errors


def test_figures_shown_and_left_open_are_saved(tmp_path):
    run = recorded(
        tmp_path,
        "import matplotlib.pyplot as plt\n"
        "plt.plot([1, 2]); plt.figure(); plt.show(); plt.plot([3]); print(plt.get_fignums())",
    )
    assert [path.name for path in run.figures] == ["figure-001.png", "figure-002.png", "figure-003.png"]
    assert run.figures[0].read_bytes().startswith(b"\x89PNG")
    assert run.printed == ["[1]"]


def test_both_engines_run_under_the_same_conditions(tmp_path, monkeypatch):
    for name in UNSET:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    variables = environment(tmp_path, threads=3)
    assert not set(UNSET) & variables.keys()
    assert variables["OMP_NUM_THREADS"] == variables["OPENBLAS_NUM_THREADS"] == variables["MKL_NUM_THREADS"] == "3"
    source = "import os, torch; print(torch.get_num_threads(), *sorted(set(os.environ) & {'OPENBLAS_CORETYPE'}))"
    assert recorded(tmp_path, source, threads=2).printed == ["2"]


def test_a_script_without_a_seed_starts_alike_on_both_engines(tmp_path):
    source = """
import random, numpy as np, torch
print(torch.rand(2), np.random.rand(), random.random())
model = torch.nn.Linear(1, 1)
model(torch.ones(1)).backward()
"""
    runs = tuple(recorded(tmp_path, source, engine) for engine in ("torch", "minigrad"))
    assert runs[0].printed == runs[1].printed
    said = remarks(compare(runs), tmp_path / "script.py")
    assert len(said) == 1
    assert said[0].startswith("the script sets no seed (torch.manual_seed)")
    (tmp_path / "script.py").write_text("torch.manual_seed(0)")
    assert remarks(compare(runs), tmp_path / "script.py") == []


# The comparison of records


def run_of(folder, engine, steps, printed=("same",), exit_status=0, initial=1.0, model="w"):
    """A run whose records are made here: (loss, gradient, parameter) at each step; each step prints a line."""
    folder.mkdir(parents=True)
    ends = np.cumsum([0, *(len(line) + 1 for line in printed)])
    with (folder / "records").open("wb") as file:
        for number, values in enumerate(steps):
            loss, *arrays = [None if value is None else np.float32([value]) for value in values]
            start = {} if number else {model: np.float32([initial])}
            begun = int(ends[min(number, len(ends) - 1)])
            step = Step(model, 0.001, begun, loss, start, {model: arrays[0]}, {model: arrays[1]})
            pickle.dump(step, file)
    (folder / "stdout").write_text("\n".join(printed))
    (folder / "stderr").write_text("")
    return Run(engine, folder, exit_status)


@pytest.fixture
def comparison_of(tmp_path):
    def comparison_of(ours, theirs, **theirs_too):
        return compare(
            (run_of(tmp_path / "a", "torch", ours), run_of(tmp_path / "b", "minigrad", theirs, **theirs_too))
        )

    return comparison_of


RIGHT = [(4.0, 2.0, 1.0), (2.0, 1.0, 0.5), (1.0, 0.5, 0.25)]


def test_equal_runs_pass(comparison_of):
    comparison = comparison_of(RIGHT, RIGHT)
    assert failures(comparison) == []
    assert comparison.closeness == 0
    assert comparison.starts["w"].bit_equal
    assert comparison.losses == [[4.0, 2.0, 1.0]] * 2
    assert {kind: list(each) for kind, each in comparison.relative.items()} == {
        "loss": [0, 0, 0],
        "gradient": [0, 0, 0],
        "parameter": [0, 0, 0],
    }


@pytest.mark.parametrize(("column", "kind"), [(0, "loss"), (1, "gradient"), (2, "parameter")])
def test_a_difference_is_found_at_its_step(comparison_of, column, kind):
    wrong = [list(step) for step in RIGHT]
    wrong[1][column] *= 1.5
    comparison = comparison_of(RIGHT, wrong)
    assert comparison.largest[kind].step == 2
    assert comparison.relative[kind] == pytest.approx([0, 0.25, 0])  # beside the largest so far, at step 1
    (reason,) = failures(comparison)
    assert reason.startswith(f"step 2, {kind} of w: they differ by 2.5e-01, the tolerance is")
    assert "--dtype float64" in reason


def test_the_first_difference_is_the_cause_and_what_follows_is_not_told(comparison_of):
    wrong = [RIGHT[0], (2.0, 1.0, 0.7), (1.5, 0.7, 0.5)]
    (reason,) = failures(comparison_of(RIGHT, wrong, printed=["another"]))
    assert reason.startswith("step 2, parameter of w")


def test_a_difference_within_the_tolerance_passes_and_is_shown(comparison_of):
    comparison = comparison_of(RIGHT, [*RIGHT[:2], (1.0, 0.5, 0.25 + 1e-6)])
    assert failures(comparison) == []
    assert comparison.closeness == pytest.approx(1e-6, rel=0.1)


def test_a_missing_gradient_is_a_difference(comparison_of):
    comparison = comparison_of(RIGHT, [RIGHT[0], (2.0, None, 0.5), RIGHT[2]])
    assert failures(comparison)[0].startswith("step 2, gradient of w: float32 of shape (1,) against none")


def test_leaves_of_another_name_are_a_difference(comparison_of):
    comparison = comparison_of(RIGHT, RIGHT, model="v")
    assert "float32 of shape (1,) against none" in failures(comparison)[0]


def test_another_number_of_steps_fails(comparison_of):
    comparison = comparison_of(RIGHT, RIGHT[:2])
    assert failures(comparison) == ["the numbers of steps differ: 3 on torch and 2 on minigrad"]
    assert len(comparison.relative["loss"]) == 2


# Runs that have parted

GROWING = [2e-7 * 10**n for n in range(6)]  # 2e-7 to 2e-2


def run_off(folder, engine, by, printed=("loss 0.5", "loss 0.4", "accuracy 0.97", "done")):
    """A run of constant values whose parameters are further off at each step, and with them the loss of the next."""
    steps = [(1 + before, 1 + off, 1 + off) for before, off in zip([0, *by[:-1]], by, strict=True)]
    return run_of(folder, engine, steps, printed)


def judged(tmp_path, ours, own, **options):
    """The comparison with a run that is off by `ours`, judged by a disturbed run that is off by `own`."""
    torchs = run_off(tmp_path / "a", "torch", [0.0] * len(ours))
    comparison = compare((torchs, run_off(tmp_path / "b", "minigrad", ours, **options)))
    assert needs_own_spread(comparison)
    judge_by_own_spread(comparison, run_off(tmp_path / "c", "torch", own))
    return comparison


def test_runs_that_part_as_torch_from_itself_pass(tmp_path):
    comparison = judged(tmp_path, GROWING, [off / 3 for off in GROWING])
    assert failures(comparison) == []
    (script := tmp_path / "script.py").write_text("manual_seed")
    (said,) = remarks(comparison, script)
    assert said.startswith("equal within the tolerance for 3 of 6 steps, then parted by rounding")


def test_runs_that_part_more_than_torch_from_itself_fail(tmp_path):
    comparison = judged(tmp_path, GROWING, [off / SPREAD / 2 for off in GROWING])
    assert failures(comparison)[0].startswith("step 4, parameter of w")
    assert "is 1.0e-05 from itself by then" in failures(comparison)[0]


def test_a_jump_after_the_runs_have_parted_fails(tmp_path):
    assert failures(judged(tmp_path, [*GROWING, 0.5, 0.5], [*GROWING, 1e-2, 1e-2])) != []


def test_what_is_printed_after_the_runs_have_parted_is_not_judged_and_what_is_printed_before_is(tmp_path):
    late = judged(tmp_path / "late", GROWING, GROWING, printed=("loss 0.5", "loss 0.4", "accuracy 0.97", "other"))
    assert failures(late) == []
    assert late.printed.unjudged == 1
    early = judged(tmp_path / "early", GROWING, GROWING, printed=("loss 0.5", "loss 0.9", "accuracy 0.97", "done"))
    assert failures(early)[0].startswith("printed line 2 differs:")


def test_torch_that_does_not_repeat_the_first_weights_lacks_a_seed(tmp_path):
    torchs, theirs, again = (
        run_of(tmp_path / str(n), engine, [(n, n, n)], initial=n)
        for n, engine in enumerate(["torch", "minigrad", "torch"], start=1)
    )
    comparison = compare((torchs, theirs))
    judge_by_own_spread(comparison, again)
    assert "a random generator without a seed" in failures(comparison)[0]


# What is printed


def printed(tmp_path, ours, theirs, again=None):
    runs = [
        run_of(tmp_path / str(number), engine, [], printed=lines if isinstance(lines, list) else [lines])
        for number, (engine, lines) in enumerate([("torch", ours), ("minigrad", theirs), ("torch", again)])
        if lines is not None
    ]
    return compare_printed((runs[0], runs[1]), 1e-4, again=runs[2] if again is not None else None)


@pytest.mark.parametrize(
    ("ours", "theirs", "passes"),
    [
        ("0.03302496", "0.03302498", True),  # loss.item()
        ("tensor(0.0330, grad_fn=<MseLossBackward0>)", "tensor(0.0331, grad_fn=<MseLossBackward0>)", True),
        ("loss 10.7141, accuracy 17.56%", "loss 10.7142, accuracy 17.56%", True),
        ("9.9e-08", "1.0e-07", True),
        ("[[1.0000,  2.0]]", "[[1.0000, 2.0]]", True),  # spaces
        ("loss 0.3302496", "loss 0.3312498", False),
        ("loss 10.714", "loss 10.732", False),
        ("epoch 3 | 0.5", "epoch 4 | 0.5", False),
        ("correct 97 of 100", "correct 98 of 100", False),  # a count is equal or it is another
        ("accuracy 97.5%", "accuracy 98.0%", False),
        ("shapes cannot be multiplied", "shapes cannot be multiplied. Write x.T", True),
        ("shapes cannot be multiplied. Write x.T", "shapes cannot be multiplied", False),
        ("tensor(3.)", "tensor(4.)", True),  # one apart in the last place printed
        ("tensor(3.)", "tensor(5.)", False),
        ("nan", "0.5", False),
        ("nan", "nan", True),
        ("cat", "dog", False),
        ("epoch 1: 0.52 s, loss 0.25", "epoch 1: 0.03 s, loss 0.25", True),
        ("epoch 1: 0.52 s, loss 0.25", "epoch 1: 0.03 s, loss 0.75", False),
        ("5.2 ms/step", "0.5 ms/step", True),
        ("time: 12.5 | 30 it/s", "time: 1.5 | 200 it/s", True),
        ("elapsed 0:00:12", "elapsed 0:00:01", True),
        ("2026-11-26 12:30:59.123", "2026-11-26 12:31:02.456", True),
        ("<__main__.Net object at 0x7f1b2c3d4e5f>", "<__main__.Net object at 0x7f0000000001>", True),
        ("torch.float32 <class 'torch.Tensor'>", "minigrad.float32 <class 'minigrad.Tensor'>", True),
    ],
)
def test_printed_lines_are_compared_as_a_person_reads_them(tmp_path, ours, theirs, passes):
    assert (printed(tmp_path, ours, theirs).differing == []) == passes


def test_a_number_is_relative_to_the_largest_in_its_place_of_the_same_words(tmp_path):
    """A loss that has fallen to nothing is rounding, on both engines."""
    ours, theirs = ["loss 0.5", "loss 1.234e-13"], ["loss 0.5", "loss 1.901e-13"]
    assert printed(tmp_path / "a", ours, theirs).differing == []
    assert printed(tmp_path / "b", ours[1], theirs[1]).differing != []


def test_what_torch_itself_prints_otherwise_after_one_rounding_is_not_judged(tmp_path):
    lines = "residue 1.2e-13, loss 0.25", "residue 7.9e-13, loss 0.25"
    result = printed(tmp_path / "a", *lines, again="residue 4.4e-13, loss 0.25")
    assert (result.unrepeated, result.differing) == (1, [])
    assert printed(tmp_path / "b", lines[0], "residue 7.9e-13, loss 0.35", lines[1]).differing != []
    assert printed(tmp_path / "c", *lines, again=lines[0]).differing != []


def test_a_line_more_is_a_difference(comparison_of):
    comparison = comparison_of(RIGHT, RIGHT, printed=["same", "more"])
    assert (comparison.printed.equal, comparison.printed.total) == (1, 2)
    (reason,) = failures(comparison)
    assert reason.splitlines() == ["printed line 2 differs:", "    torch:    (no such line)", "    minigrad: more"]


def test_the_engines_own_words_count_as_the_same():
    versions = {"version": "0.1.0", "folder": "/lib/minigrad"}
    assert in_common_words("minigrad 0.1.0 at /lib/minigrad/nn, my.minigrads", versions) == (
        "torch <version> at <folder>/nn, my.minigrads"
    )


# The figure


def test_a_noisy_curve_is_drawn_as_its_running_mean_and_a_smooth_one_as_it_is():
    steps = np.arange(400)
    smooth = np.exp(-steps / 100)
    noisy = smooth + np.random.default_rng(0).normal(0, 0.3, 400)
    assert running_mean(smooth) is smooth
    assert np.abs(running_mean(noisy) - smooth)[20:-20].max() < 0.25
    assert running_mean(np.ones(400)).tolist() == [1] * 400


def test_models_that_take_turns_have_a_curve_each():
    assert [list(steps) for steps in stretches(["a", "a", "b", "a"], "a")] == [[0, 1], [3]]
    assert [list(steps) for steps in stretches(["a", "b"] * 5, "b")] == [[1, 3, 5, 7, 9]]


def test_how_far_pictures_are_apart_is_measured_from_their_pixels():
    first = np.zeros((10, 10, 4))
    other = first.copy()
    other[3, 4, 1] = 6 / 255
    assert how_equal([first, first]) == ": the same as torch's in every pixel"
    assert how_equal([first, other]) == ": equal to torch's to 6 of 255 levels, in 1.00% of the pixels"
    assert "another size" in how_equal([first, np.zeros((9, 10, 4))])


# The command, on both engines


def compare_scripts(tmp_path, sources, *options, command=("-m", "minigrad", "--compare"), path=PROJECT):
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    finished = python(
        *command,
        *(f"{name}.py" for name in sources),
        *options,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(path)},
    )
    out = tmp_path / "out"
    assert (out / "comparison.json").exists(), finished.stderr
    return finished, json.loads((out / "comparison.json").read_text())["scripts"]


TRAINING = """
import torch
from torch import nn
torch.manual_seed(1)
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(20, 3)
for step in range(5):
    loss = (model(x) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    {inside}
    print(step, loss.item())
{after}
"""


def training(inside="", after=""):
    return TRAINING.format(inside=inside, after=after)


ON_MINIGRAD = "if 'minigrad' in torch.__version__ and step == 2: "


def test_each_kind_of_failure_is_seen(tmp_path):
    finished, results = compare_scripts(
        tmp_path,
        {
            "right": training(after="import time; print(torch.__version__, model, time.time(), 's', id(model), 's')"),
            "difference": training(ON_MINIGRAD + "model[0].weight.data += 0.01"),
            "crash": training(ON_MINIGRAD + "model.no_such_layer"),
            "missing": training(after="torch.stft(model)\nprint('mapped')"),
            "prints": training(ON_MINIGRAD + "print('by the way')"),
            "stops": training(ON_MINIGRAD + "break"),
            "wrong": "import nothing_of_this_name",
            "early": "import torch\nif 'minigrad' in torch.__version__: raise SystemExit(3)\n" + training(),
            "no_step": "import torch\nprint(torch.ones(2).sum())",
        },
    )
    assert finished.returncode == 1
    assert {name for name, result in results.items() if result["passed"]} == {"right", "no_step"}, finished.stdout
    lines = finished.stdout.splitlines()
    assert re.match(r"right +passed +5  ", lines[1])
    assert re.match(r"difference +FAILED +5  ", lines[2])

    right = results["right"]
    assert right["steps"] == {"torch": 5, "minigrad": 5}
    assert right["starts"] == {"model": {"relative": 0.0, "bit-equal": True}}
    assert all(largest["relative"] < 1e-6 for largest in right["largest difference"].values())
    assert len(right["each step"]["relative difference"]["gradient"]) == 5
    assert right["seconds per step"]["minigrad"] > 0

    (difference,) = results["difference"]["failures"]
    assert difference.startswith("step 3, parameter of model.0.weight: they differ by")
    assert results["difference"]["each step"]["relative difference"]["parameter"][1] < 1e-6

    assert results["crash"]["failures"] == [
        "minigrad stops at crash.py, line 13:\n"
        "    if 'minigrad' in torch.__version__ and step == 2: model.no_such_layer\n"
        "    AttributeError: 'Sequential' object has no attribute 'no_such_layer'\n"
        "torch runs the script to its end."
    ]
    assert "minigrad has no torch.stft" in results["missing"]["failures"][0]
    assert results["prints"]["failures"][0].startswith("printed line 3 differs, and 3 more:\n    torch:    2 ")
    assert results["stops"]["failures"] == ["the numbers of steps differ: 5 on torch and 3 on minigrad"]
    assert results["wrong"]["failures"][0].startswith("the script stops on both engines at wrong.py, line 1:\n")
    assert results["early"]["failures"][0].startswith("minigrad stops: exit status 3")
    assert "no_step: the script calls no backward(): nothing is trained" in finished.stdout

    figures = {path.stem for path in (tmp_path / "out").glob("*.png")}
    assert figures == results.keys()
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == []


ADAM = """
import torch
from torch import nn
mine = "minigrad" in torch.__version__
torch.manual_seed(1)
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters(), {options})
x = torch.randn(20, 3)
for step in range(50):
    loss = (model(x) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
ADAMS = {
    "right": "lr=0.01",
    "rate": "lr=0.0101 if mine else 0.01",
    "first_beta": "lr=0.01, betas=(0.909 if mine else 0.9, 0.999)",
    "second_beta": "lr=0.01, betas=(0.9, 0.98901 if mine else 0.999)",
}


def test_an_option_of_adam_that_is_off_by_one_percent_fails(tmp_path):
    _, results = compare_scripts(tmp_path, {name: ADAM.format(options=options) for name, options in ADAMS.items()})
    assert [name for name, result in results.items() if result["passed"]] == ["right"]
    for name, result in results.items():
        parameters = result["largest difference"]["parameter"]["relative"]
        assert parameters < TOLERANCE["float32"] / 5 if name == "right" else parameters > TOLERANCE["float32"] * 5


def test_a_script_that_multiplies_rounding_passes_and_a_wrong_rate_in_it_fails(tmp_path):
    """Each step is the logistic map of w, which nearly doubles a difference: here one rounding at the first step."""
    source = """
import torch
mine = "minigrad" in torch.__version__
torch.manual_seed(0)
w = torch.rand(8, requires_grad=True)
for step in range(120):
    w.grad = None
    (1.9 * w**2 - {factor} * 1.9 * 2 / 3 * w**3).sum().backward()
    with torch.no_grad(): w.copy_(w.grad * (1 + 2**-23 if mine and step == 0 else 1))
    if step % 20 == 0: print(step, w[0].item())
"""
    finished, results = compare_scripts(
        tmp_path,
        {"chaos": source.format(factor="1"), "wrong": source.format(factor="(1.01 if mine and step == 10 else 1)")},
    )
    assert results["chaos"]["passed"], finished.stdout
    assert results["chaos"]["parted at step"] > 10
    assert "chaos: equal within the tolerance for" in finished.stdout
    assert not results["wrong"]["passed"]
    assert results["wrong"]["failures"][0].startswith("step 11, ")


def test_a_passing_run_in_float64_told_in_full(tmp_path):
    finished, results = compare_scripts(
        tmp_path, {"right": training()}, "--dtype", "float64", "--steps", "3", "--verbose"
    )
    assert finished.returncode == 0, finished.stdout
    right = results["right"]
    assert right["dtype"] == "float64"
    assert right["tolerance"] == {"loss": 1e-12, "gradient": 1e-12, "parameter": 1e-12}
    assert right["steps"] == {"torch": 3, "minigrad": 3}
    assert all(largest["relative"] <= 1e-12 for largest in right["largest difference"].values())
    assert "start of model           equal to the bit" in finished.stdout
    assert "OPENBLAS_CORETYPE and" in finished.stdout


def test_the_comparison_ships_with_minigrad(tmp_path):
    """The package alone, as where it is installed by pip: no lessons, and nothing of torchvision or scikit-learn."""
    shutil.copytree(PROJECT / "minigrad", tmp_path / "site" / "minigrad", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "work").mkdir()
    program = (
        "import sys, runpy\n"
        "for name in ('torchvision', 'sklearn', 'rich', 'comparisons'): sys.modules[name] = None\n"
        "sys.argv[1:1] = ['--compare']\n"
        "runpy.run_module('minigrad', run_name='__main__')"
    )
    finished, results = compare_scripts(
        tmp_path / "work", {"own": training()}, "--steps", "2", command=("-c", program), path=tmp_path / "site"
    )
    assert results["own"]["passed"], finished.stdout
    assert results["own"]["versions"]["minigrad"]["folder"] == str(tmp_path / "site" / "minigrad")


def test_what_is_missing_is_said_with_what_to_install(tmp_path):
    (tmp_path / "script.py").write_text("")
    program = (
        "import sys, importlib.util\n"
        "there = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'torch' else there(name, *rest)\n"
        "from minigrad.comparison import command\n"
        "sys.exit(command.main(['script.py']))"
    )
    finished = python("-c", program, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    assert finished.returncode == 2
    assert "needs torch, which come" in finished.stderr
    assert 'pip install "minigrad[compare]"' in finished.stderr
    assert not (tmp_path / "out").exists()


# Lessons and command line


def test_every_lesson_is_listed_in_the_order_of_learning_and_has_a_description():
    assert {f"{lesson}.py" for lesson in LESSONS} == {path.name for path in FOLDER.glob("*.py")}
    for lesson in LESSONS:
        assert description(FOLDER / f"{lesson}.py").endswith(".")
    listed = python("-m", "comparisons", "--list", cwd=PROJECT).stdout
    assert re.findall(r"^ ?(\d+) (\w+)$", listed, flags=re.MULTILINE) == [
        (str(number), lesson) for number, lesson in enumerate(LESSONS, start=1)
    ]


def test_what_will_be_done_is_said_first():
    text = announcement(list(LESSONS), len(LESSONS), full=False)
    assert text.startswith("24 scripts, each trained on PyTorch and then on minigrad")
    assert "minutes" in text
    assert "out of a wheel on PyPI" in text
    assert "MNIST" not in announcement(["circles"], 1, full=False)
    assert "in about" not in announcement(["circles"], 2, full=False)  # and a script of one's own


def test_scripts_are_named_after_their_files_and_names_are_not_shared(tmp_path):
    own = tmp_path / "circles.py"
    own.write_text("")
    assert named([found("circles"), own]) == {"circles": FOLDER / "circles.py", "circles-2": own}
    assert split(["a", "--steps", "3", "--", "--epochs", "2"]) == (["a", "--steps", "3"], ("--epochs", "2"))
    with pytest.raises(FileNotFoundError, match=r"no lesson and no script 'squares'.*circles"):
        found("squares")


@pytest.mark.parametrize("arguments", [["--steps", "0"], ["--steps", "x"], ["--threads", "-1"], ["squares"]])
@pytest.mark.parametrize("command", [["comparisons"], ["minigrad", "--compare"]])
def test_a_wrong_command_line_is_refused(tmp_path, command, arguments):
    finished = python("-m", *command, *arguments, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    assert finished.returncode == 2
    assert f"usage: python -m {' '.join(command)}" in finished.stderr
    assert list(tmp_path.iterdir()) == []


# On a GPU: what can be told without one


TWO_VALUES = """
import torch
torch.manual_seed(0)
x = torch.randn(4, 3)
w = torch.randn(3, requires_grad=True)
h = torch.relu(x @ w)
h = h * ({})
(h - 1).pow(2).mean().backward()
(h.detach() * 1e9 + {}).sum()
"""
MINE = "'minigrad' in torch.__version__"


def first_difference(tmp_path, source, *options):
    script = tmp_path / "script.py"
    script.write_text(source)
    command = ("-m", "minigrad", "--compare", script, "--first-difference", "--threads", "1", *options)
    return python(*command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)})


def test_the_first_op_that_differs_is_named_with_its_line_and_both_values(tmp_path):
    ended = first_difference(tmp_path, TWO_VALUES.format(f"1 + ({MINE}) / 100", 0))
    assert ended.returncode == 1, ended.stderr
    lines = ended.stdout.splitlines()
    assert re.fullmatch(r"script: The first op that differs is mul \(number \d of \d+\)", lines[0])
    assert lines[1].startswith("  at script.py:7: h * (")
    assert "in minigrad and" in lines[2]
    assert [line.split()[0] for line in lines[3:]] == ["minigrad:", "PyTorch:"]
    assert lines[3].split()[1] == lines[4].split()[1] == "4"


def test_where_no_op_differs_it_says_how_many_were_compared(tmp_path):
    ended = first_difference(tmp_path, TWO_VALUES.format(1, 0))
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"No op differs by more than 0.0001: 11 were compared", ended.stdout)


def test_a_step_ends_where_the_next_would_begin_unless_more_are_asked_for(tmp_path):
    """What comes after the backward pass is part of its step; what rounds is no difference."""
    source = TWO_VALUES.format(1, f"1e7 * ({MINE})")
    assert first_difference(tmp_path, source).returncode == 1
    assert first_difference(tmp_path, TWO_VALUES.format(1, f"({MINE})")).returncode == 0


def test_an_engine_that_stops_is_named(tmp_path):
    ended = first_difference(tmp_path, TWO_VALUES.format(1, 0) + f"assert not {MINE}, 'not here'\n")
    assert ended.returncode == 1
    assert "minigrad stops: AssertionError: not here" in ended.stdout


def test_the_gpu_is_hidden_unless_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert environment(tmp_path, 1)["CUDA_VISIBLE_DEVICES"] == ""
    assert environment(tmp_path, 1, "cuda")["CUDA_VISIBLE_DEVICES"] == "1"


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch has a GPU here")
def test_without_a_gpu_the_comparison_says_so(tmp_path):
    finished = python(
        *("-m", "comparisons", "--device", "cuda", "circles"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert finished.returncode == 2
    assert "no GPU for both engines" in finished.stderr
    assert "torch has no GPU to use" in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_lessons_that_choose_a_device_are_left_to_choose():
    choosing = {lesson for lesson in LESSONS if gpu.chooses_device(FOLDER / f"{lesson}.py")}
    assert choosing == {"template", "mistakes", "mnist_sgd", "mnist_adam", "mnist_cnn"}


ON_THE_STAND_IN = """
import sys
sys.path.insert(0, sys.argv[1])
from stand_in import installed
from minigrad import launcher
from minigrad.comparison import gpu
with installed():
    launcher.install()
    import torch
    gpu.let_modules_compute_on(torch, "cuda")
    places = set()
    from minigrad.optim.optimizer import register_optimizer_step_post_hook
    def note(optimizer, *_):
        places.update(str(p.device) for group in optimizer.param_groups for p in group["params"])
    register_optimizer_step_post_hook(note)
    launcher.run(sys.argv[2])
    print(places)
"""


@pytest.mark.parametrize("name", ["linear_regression", "exercises", "circles", "train_eval"])
def test_on_the_stand_in_a_lesson_without_a_device_trains_there(name):
    script = PROJECT / "comparisons" / "lessons" / f"{name}.py"
    here, there = (
        python(*command, script, env={**os.environ, "PYTHONPATH": str(PROJECT), "MPLBACKEND": "agg"})
        for command in (["-m", "minigrad"], ["-c", ON_THE_STAND_IN, str(TESTS)])
    )
    assert there.returncode == 0, there.stderr
    *printed, places = there.stdout.splitlines()
    place = r", device='cuda:0'|, grad_fn=<\w+>"  # what has moved says so: ToCopyBackward0
    assert [re.sub(place, "", line) for line in printed] == [re.sub(place, "", x) for x in here.stdout.splitlines()]
    assert places == "{'cuda:0'}"


def test_modules_of_torch_take_what_they_are_called_with_to_the_device(monkeypatch):
    """The device "meta" has shapes and no values; it stands for a GPU here."""
    monkeypatch.setattr(torch.nn.Module, "__call__", torch.nn.Module.__call__)
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: ("back", tensor.device.type, tensor.shape))
    gpu.let_modules_compute_on(torch, "meta")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    weight = model[0].weight
    assert weight.device.type == "cpu"
    assert model(torch.ones(4, 2)) == ("back", "meta", (4, 1))
    assert model[0].weight.device.type == "meta"


def test_the_state_of_an_optimizer_of_torch_goes_where_its_model_has_gone():
    """Adagrad makes its sums when it is made, so on the CPU; its count of steps stays there."""
    optimizer = torch.optim.Adagrad([torch.ones(2, requires_grad=True)])
    (state,) = optimizer.state.values()
    optimizer.state[torch.ones(2, device="meta")] = state
    gpu.let_state_follow(optimizer)
    assert (state["sum"].device.type, state["step"].device.type) == ("meta", "cpu")


def test_a_dropout_mask_drawn_by_itself_is_the_one_torch_uses_on_the_cpu(monkeypatch):
    x = torch.linspace(-3, 3, 1000)
    torch.manual_seed(5)
    expected = torch.nn.functional.dropout(x, 0.3)
    torch.manual_seed(5)
    mask = torch.nn.functional.dropout(torch.ones_like(x, device="cpu"), 0.3)
    assert torch.equal(x * mask, expected)
    monkeypatch.setattr(torch.nn.functional, "dropout", torch.nn.functional.dropout)
    gpu.draw_masks_on_the_cpu(torch)
    torch.manual_seed(5)
    assert torch.equal(torch.nn.functional.dropout(x, 0.3), expected)


def test_the_report_tells_device_and_card():
    text = described(Conditions("float32", 1, device="cuda", card="a made-up card"))
    assert text.startswith("On cuda (a made-up card). TF32 is off.")
    assert "cuda" not in described(Conditions("float32", 1))
