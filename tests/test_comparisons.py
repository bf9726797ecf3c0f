"""`python -m comparisons`: what is recorded, how it is measured, and that each kind of failure is seen."""

import json
import math
import os
import pickle
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from processes import python
from torch.optim import optimizer as optimizers

from comparisons import gpu, report
from comparisons.__main__ import description, lessons, scripts_by_name
from comparisons.compare import TOLERANCE, compare, failures
from comparisons.engines import UNSET, Conditions, Run, environment, run_on
from comparisons.measure import Ruler
from comparisons.recorder import FULL_RECORD_BYTES, Initial, Recorder, Step, array_of, read_records
from comparisons.report import described

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
    run = run_on(engine, script, tmp_path / "run", conditions, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == run.steps
    return run


def steps_of(run):
    assert run.exit_status == 0, run.errors
    return list(read_records(run.records, Step))


TWO_OPTIMIZERS = """
import torch
first = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
second = torch.nn.Parameter(torch.tensor(3.0))
unused = torch.nn.Parameter(torch.zeros(2, 2))
one = torch.optim.SGD([first, unused], lr=0.5)
two = torch.optim.SGD([{"params": [second]}, {"params": [first], "lr": 0.25}], lr=0.125)
for _ in range(2):
    one.zero_grad()
    (first * first).sum().backward()
    one.step()
    two.zero_grad()
    (second * first.sum()).backward()
    (2 * second + first).backward(torch.ones(2))
    two.step()
print("done", 2)
print(unused)
"""


@pytest.fixture(scope="module")
def two_optimizers(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("two_optimizers"), TWO_OPTIMIZERS)


def test_loss_gradients_and_parameters_of_every_step_are_recorded(two_optimizers):
    steps = steps_of(two_optimizers)
    assert [step.optimizer for step in steps] == [1, 2, 1, 2]
    np.testing.assert_array_equal(steps[0].loss, 5.0)
    np.testing.assert_array_equal(steps[0].gradients[0], [2.0, 4.0])
    assert steps[0].gradients[1] is None
    np.testing.assert_array_equal(steps[0].parameters[0], [0.0, 0.0])
    np.testing.assert_array_equal(steps[1].loss, [6.0, 6.0])  # the last of two, and not a scalar
    np.testing.assert_array_equal(steps[1].gradients[0], 0.0 + 4.0)
    np.testing.assert_array_equal(steps[1].gradients[1], [4.0, 4.0])  # two.zero_grad() cleared what one had used
    np.testing.assert_array_equal(steps[1].parameters[0], 2.5)
    np.testing.assert_array_equal(steps[1].parameters[1], [-1.0, -1.0])
    assert [step.seconds is None for step in steps] == [True, False, False, False]
    assert all(step.seconds > 0 for step in steps[1:])
    assert two_optimizers.printed[0] == "done 2"


def test_initial_weights_are_those_before_any_step(two_optimizers):
    initial = list(read_records(two_optimizers.records, Initial))
    np.testing.assert_array_equal(initial[0].parameters[0], [1.0, 2.0])
    np.testing.assert_array_equal(initial[0].parameters[1], np.zeros((2, 2)))
    assert [array.tolist() for array in initial[1].parameters] == [3.0]  # `first` has been trained already


def test_a_closure_gives_the_gradients_of_its_last_call(tmp_path):
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
for _ in range(2): optimizer.step(closure)
""",
        )
    )
    assert len(steps) == 2
    assert steps[0].loss == pytest.approx((steps[0].gradients[0] / 2) ** 2)


def test_an_optimizer_of_the_scripts_own_is_recorded(tmp_path):
    steps = steps_of(
        recorded(
            tmp_path,
            """
import torch
class Mine(torch.optim.Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters, {})
    def step(self):
        with torch.no_grad():
            for parameter in self.param_groups[0]["params"]:
                parameter -= parameter.grad
w = torch.nn.Parameter(torch.tensor(4.0))
optimizer = Mine([w])
(3 * w).backward()
optimizer.step()
""",
        )
    )
    assert [step.parameters[0].tolist() for step in steps] == [1.0]


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
    assert run.printed == ["begin", "step", "step"]
    run.records.write_bytes(run.records.read_bytes()[:-10])
    assert len(steps_of(run)) == 2
    assert list(read_records(tmp_path / "nothing", Step)) == []


def test_arrays_of_a_long_large_run_are_thinned_and_its_losses_are_not(tmp_path, monkeypatch):
    assert FULL_RECORD_BYTES == 10**9
    monkeypatch.setattr("comparisons.recorder.FULL_RECORD_BYTES", 800)
    monkeypatch.setattr(Recorder, "hook_into", lambda *_: None)
    recorder = Recorder(torch, tmp_path, last_step=None)
    w = torch.nn.Parameter(torch.zeros(10))  # 40 bytes, and as many for its gradient
    optimizer = torch.optim.SGD([w], lr=0.1)
    w.grad = torch.ones(10)
    recorder.before_step(optimizer, (), {})
    for _ in range(250):
        recorder.loss = np.array(1.0)
        recorder.after_step(optimizer, (), {})
    steps = list(read_records(tmp_path / "records", Step))
    assert [number for number, step in enumerate(steps) if step.parameters is not None] == [
        *range(10),
        100,
        200,
    ]
    assert all(step.loss == 1.0 for step in steps)


def test_recording_does_not_count_in_the_time_of_a_step(tmp_path, monkeypatch):
    """By a clock that goes on by 1 in a backward pass, and by 100 for each array that is recorded."""
    clock = SimpleNamespace(now=0.0)

    def taking(seconds, function):
        def timed(*args):
            clock.now += seconds
            return function(*args)

        return timed

    for moment in ("pre", "post"):
        monkeypatch.setattr(optimizers, f"register_optimizer_step_{moment}_hook", lambda hook: None)
    monkeypatch.setattr("comparisons.recorder.time", SimpleNamespace(perf_counter=lambda: clock.now))
    monkeypatch.setattr("comparisons.recorder.array_of", taking(100, array_of))
    monkeypatch.setattr(torch.Tensor, "backward", taking(1, torch.Tensor.backward))
    recorder = Recorder(torch, tmp_path, last_step=None)
    w = torch.nn.Parameter(torch.tensor(1.0))
    optimizer = torch.optim.SGD([w], lr=0.1)
    for _ in range(3):
        w.backward()
        recorder.before_step(optimizer, (), {})
        optimizer.step()
        recorder.after_step(optimizer, (), {})
    assert [step.seconds for step in read_records(tmp_path / "records", Step)] == [None, 1, 1]
    assert clock.now > 900


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
    assert {array.dtype for array in [step.loss, *step.gradients, *step.parameters]} == {np.dtype("float64")}
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


# The comparison of records


def run_of(folder, engine, steps, printed=("same",), exit_status=0, initial=1.0):
    """A run whose records are made here: (loss, gradient, parameter) at each step."""
    folder.mkdir(parents=True)
    with (folder / "records").open("wb") as file:
        if steps:
            pickle.dump(Initial([np.float32([initial])]), file)
        for loss, gradient, parameter in steps:
            arrays = [None if value is None else np.float32([value]) for value in (loss, gradient, parameter)]
            pickle.dump(Step(1, 0.001, arrays[0], [arrays[1]], [arrays[2]]), file)
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
    assert comparison.first_differing_step is None
    assert comparison.initial_bit_equal
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
    assert comparison.first_differing_step == 2
    assert comparison.largest[kind].step == 2
    assert comparison.relative[kind] == pytest.approx([0, 0.25, 0])  # beside the largest so far, at step 1
    reasons = failures(comparison)
    assert len(reasons) == 2
    assert re.fullmatch(kind + r" at step 2(, parameter 1 of optimizer 1)?: relative difference 2\.5e-01", reasons[0])
    assert "--dtype float64" in reasons[1]


def test_a_difference_within_the_tolerance_passes_and_is_shown(comparison_of):
    comparison = comparison_of(RIGHT, [*RIGHT[:2], (1.0, 0.5, 0.25 + 1e-6)])
    assert failures(comparison) == []
    assert comparison.first_differing_step == 3
    assert comparison.largest["parameter"].difference.relative == pytest.approx(1e-6, rel=0.1)


def test_a_missing_gradient_and_a_missing_loss_are_differences(comparison_of):
    comparison = comparison_of(RIGHT, [RIGHT[0], (None, None, 0.5), RIGHT[2]])
    assert "loss at step 2: float32 of shape (1,) against none" in failures(comparison)
    assert "gradient at step 2, parameter 1 of optimizer 1: float32 of shape (1,) against none" in failures(comparison)


def test_another_number_of_steps_fails(comparison_of):
    comparison = comparison_of(RIGHT, RIGHT[:2])
    assert failures(comparison) == ["the numbers of optimizer steps differ: 3 on torch and 2 on minigrad"]
    assert len(comparison.relative["loss"]) == 2


def test_other_initial_weights_are_named_as_the_likely_cause(comparison_of):
    comparison = comparison_of(RIGHT, [(9.0, 9.0, 9.0)], initial=3.0)
    assert comparison.initial_bit_equal is False
    assert any("torch.manual_seed" in reason for reason in failures(comparison))


@pytest.mark.parametrize(
    ("equal", "text"),
    [([], "-"), ([True, True], "bit-equal"), ([True, False], "1 of 2 bit-equal"), ([False, True], "differ")],
)
def test_weights_that_optimizers_start_from(equal, text):
    assert report.initial_weights(equal) == text


def test_printed_lines_are_compared(comparison_of):
    comparison = comparison_of(RIGHT, RIGHT, printed=["same", "more"])
    assert (comparison.printed_equal, comparison.printed_total) == (1, 2)
    assert failures(comparison) == ["printed line 2 differs:\n  torch: (no such line)\n  minigrad: more"]


@pytest.mark.parametrize(
    ("ours", "theirs", "passes"),
    [
        ("loss 10.7141, accuracy 17.56%", "loss 10.7142, accuracy 17.56%", True),
        ("9.9e-08", "1.0e-07", True),
        ("loss 10.7141", "loss 10.7143", False),
        ("loss 10.71", "loss 10.7142", False),
        ("epoch 3 | 0.5", "epoch 4 | 0.5", False),
        ("tensor(3.)", "tensor(4.)", False),
        ("nan", "0.5", False),
    ],
)
def test_printed_numbers_may_differ_by_one_in_their_last_digit(tmp_path, ours, theirs, passes):
    """A number that lies on the border of two printed ones is printed as either, as it happens to be rounded."""
    runs = run_of(tmp_path / "a", "torch", [], printed=[ours]), run_of(tmp_path / "b", "minigrad", [], printed=[theirs])
    comparison = compare(runs)
    assert (failures(comparison) == []) == passes
    assert comparison.printed_equal == 0


def test_minigrads_own_name_counts_as_torchs(tmp_path):
    ours = run_of(tmp_path / "a", "torch", [], printed=["torch.float32 <class 'torch.Tensor'>", "my.torch"])
    theirs = run_of(tmp_path / "b", "minigrad", [], printed=["minigrad.float32 <class 'minigrad.Tensor'>", "my.torch"])
    assert failures(compare((ours, theirs))) == []


# The command, on both engines


def compare_scripts(tmp_path, sources, *options):
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    finished = python(
        *("-m", "comparisons", *(f"{name}.py" for name in sources), *options),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "200"},
    )
    out = tmp_path / "out"
    assert (out / "comparison.json").exists(), finished.stderr
    return finished, json.loads((out / "comparison.json").read_text())["lessons"]


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
    print(f"{{step}} {{loss.item():.4f}}")
{after}
"""


def training(inside="", after=""):
    return TRAINING.format(inside=inside, after=after)


ON_MINIGRAD = "if torch.__name__ == 'minigrad' and step == 2: "


def test_each_kind_of_failure_is_seen(tmp_path):
    finished, results = compare_scripts(
        tmp_path,
        {
            "right": training(),
            "difference": training(ON_MINIGRAD + "model[0].weight.data += 0.01"),
            "crash": training(ON_MINIGRAD + "model.no_such_layer"),
            "missing": training(after="torch.compile(model)\nprint('compiled')"),
            "prints": training(ON_MINIGRAD + "print('by the way')"),
            "stops": training(ON_MINIGRAD + "break"),
            "no_step": "import torch\nprint(torch.ones(2).sum())",
        },
    )
    assert finished.returncode == 1
    assert {name for name, result in results.items() if result["passed"]} == {"right", "no_step"}

    right = results["right"]
    assert right["steps"] == {"torch": 5, "minigrad": 5}
    assert right["initial weights bit-equal"] is True
    assert right["printed lines"] == {"equal": 5, "total": 5}
    assert all(largest["relative"] < 1e-6 for largest in right["largest difference"].values())
    assert len(right["each step"]["relative difference"]["gradient"]) == 5
    assert right["seconds per step"]["minigrad"] > 0

    difference = results["difference"]
    assert difference["failures"][0].startswith("loss at step 4: relative difference")
    assert difference["each step"]["relative difference"]["parameter"][2] < 1e-6
    assert difference["each step"]["relative difference"]["parameter"][3] > 1e-3

    assert results["crash"]["failures"][0] == "the script failed on minigrad (exit status 1)"
    assert "'no_such_layer'" in finished.stdout
    assert f'File "{tmp_path}/crash.py", line 13, in <module>' in finished.stdout

    assert results["missing"]["exit status"] == {"torch": 0, "minigrad": 1}
    assert "minigrad has no torch.compile" in finished.stdout

    assert results["prints"]["printed lines"] == {"equal": 2, "total": 6}
    assert "prints: printed line 3 differs:\n  torch: 2 " in finished.stdout
    assert results["stops"]["failures"][0] == "the numbers of optimizer steps differ: 5 on torch and 3 on minigrad"
    assert "no_step: no optimizer step was made" in finished.stdout

    figures = {path.stem for path in (tmp_path / "out").glob("*.png")}
    assert figures == results.keys()
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == []


ADAM = """
import torch
from torch import nn
mine = torch.__name__ == "minigrad"
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


def test_a_passing_run_in_float64(tmp_path):
    finished, results = compare_scripts(tmp_path, {"right": training()}, "--dtype", "float64", "--steps", "3")
    assert finished.returncode == 0, finished.stdout
    assert results["right"]["dtype"] == "float64"
    assert results["right"]["tolerance"] == 1e-12
    assert results["right"]["steps"] == {"torch": 3, "minigrad": 3}
    assert all(largest["relative"] <= 1e-12 for largest in results["right"]["largest difference"].values())
    assert "1.0e-12" in finished.stdout
    assert "OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset" in finished.stdout


# Lessons and command line


def test_every_lesson_has_a_description():
    names = [script.stem for script in lessons()]
    assert {"linear_regression", "circles", "blobs"} <= set(names)
    for script in lessons():
        assert description(script).endswith(".")


def test_scripts_are_named_after_their_files_and_names_are_not_shared(tmp_path):
    own = tmp_path / "circles.py"
    own.write_text("")
    scripts = scripts_by_name(["circles", str(own)])
    assert list(scripts) == ["circles", "circles-2"]
    assert scripts["circles-2"] == own
    assert list(scripts_by_name([])) == [script.stem for script in lessons()]
    with pytest.raises(ValueError, match=r"no lesson and no script 'squares'.*circles"):
        scripts_by_name(["squares"])


@pytest.mark.parametrize("arguments", [["--steps", "0"], ["--steps", "x"], ["--threads", "-1"], ["squares"]])
def test_a_wrong_command_line_is_refused(tmp_path, arguments):
    finished = python("-m", "comparisons", *arguments, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    assert finished.returncode == 2
    assert "usage: python -m comparisons" in finished.stderr
    assert list(tmp_path.iterdir()) == []


# On a GPU: what can be told without one


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
    choosing = {script.stem for script in lessons() if gpu.chooses_device(script)}
    assert choosing == {"template", "mistakes", "mnist_sgd", "mnist_adam", "mnist_cnn"}


ON_THE_STAND_IN = """
import sys
sys.path.insert(0, sys.argv[1])
from stand_in import installed
from minigrad import launcher
from comparisons import gpu
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


@pytest.mark.parametrize("name", ["linear_regression", "circles", "train_eval"])
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


def test_on_a_gpu_printed_lines_may_differ_in_their_decimals_alone(tmp_path):
    def compared(folder, device, line):
        runs = [
            run_of(tmp_path / folder / engine, engine, [], printed=[printed])
            for engine, printed in (("torch", "Epoch 10 | loss 0.1234"), ("minigrad", line))
        ]
        for run in runs:
            run.device = device
        return failures(compare(tuple(runs)))

    assert compared("a", "cuda", "Epoch 10 | loss 0.1235") == []
    assert compared("b", "cuda", "Epoch 11 | loss 0.1234") != []
    assert compared("c", "cuda", "Epoch 10 | error 0.1234") != []
    assert compared("d", "cuda", "Epoch 10 | loss 0.9999") == []
    assert compared("e", "cpu", "Epoch 10 | loss 0.9999") != []


def test_the_report_tells_device_and_card():
    text = described(Conditions("float32", 1, device="cuda", card="a made-up card"))
    assert text.startswith("On cuda (a made-up card). TF32 is off.")
    assert "cuda" not in described(Conditions("float32", 1))
