"""`python -m benchmarks`: that all contestants compute the same, and what is made of their times."""

import json
from pathlib import Path

import numpy as np
import pytest
from processes import python
from rich.console import Console
from tiny_mnist import Tiny, write_files

import minigrad
from benchmarks import growth, loops, measure, ops, report, tasks, worker
from benchmarks.__main__ import parse_arguments
from benchmarks.contestants import CONTESTANTS, missing, training
from benchmarks.cost import executed_by
from benchmarks.measure import Times
from benchmarks.nets import NETS
from benchmarks.workloads import PERCEPTRONS, value, wide

PROJECT = Path(__file__).parent.parent
SMALL = PERCEPTRONS | {"width-2048": wide(16, 8)}
TRAINERS = [name for name in tasks.TRAINERS if name != "torch.compile"]  # it compiles for half a minute


@pytest.mark.parametrize("workload", SMALL)
@pytest.mark.parametrize("contestant", TRAINERS)
def test_all_contestants_train_alike(contestant, workload):
    if reason := missing(contestant):
        pytest.skip(reason)
    steps = training(contestant, SMALL[workload]), training("torch", SMALL[workload])
    mine, theirs = ([value(step()) for _ in range(25)] for step in steps)
    np.testing.assert_allclose(mine, theirs, rtol=1e-4)
    assert mine[0] != mine[-1]


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("contestant", ["minigrad", tasks.COMPILED])
def test_nets_train_alike(contestant, net):
    if reason := missing(contestant):
        pytest.skip(reason)
    steps = training(contestant, NETS[net]), training("torch", NETS[net])
    mine, theirs = ([value(step()) for _ in range(2)] for step in steps)
    np.testing.assert_allclose(mine, theirs, rtol=1e-4)
    assert mine[0] != mine[-1]


def test_a_step_compiled_whole_is_given_tensors(monkeypatch):
    """A closure over the batches would be refused: what is compiled is a function of x and y."""
    given = []

    def compile(function):
        return lambda *batch: given.append(batch) or function(*batch)

    monkeypatch.setattr(minigrad, "compile", compile)
    step = training(tasks.COMPILED, PERCEPTRONS["mnist-adam"])
    assert value(step()) != value(step())
    assert [tuple(x.shape) for x in given[0]] == [(64, 784), (64,)]
    assert given[0][0] is not given[1][0]


@pytest.mark.parametrize("size", [1, 40, 1000])
@pytest.mark.parametrize("op", ops.OPS)
def test_derivatives_by_hand_are_those_of_the_engine(op, size):
    count, on_tensors, on_arrays, gradients_of = ops.OPS[op]
    arrays = [np.random.default_rng(i).random(ops.shape_of(op, size), np.float32) for i in range(count)]
    tensors = [minigrad.tensor(array, requires_grad=True) for array in arrays]
    out = on_tensors(*tensors)
    out.backward(minigrad.ones(out.shape))
    np.testing.assert_allclose(out.detach().numpy(), on_arrays(*arrays), rtol=1e-5)
    by_hand = gradients_of(np.ones(out.shape, np.float32), on_arrays(*arrays), *arrays)
    for x, g in zip(tensors, by_hand):
        np.testing.assert_allclose(x.grad.numpy(), g, rtol=1e-4, atol=1e-6)


def test_op_steps_of_all_contestants_give_the_same():
    for op in ops.OPS:
        given = {contestant: value(ops.build(contestant, op, 100)()) for contestant in tasks.OP_CONTESTANTS}
        assert max(given.values()) == pytest.approx(min(given.values()), rel=1e-4, abs=1e-6), op


def test_an_epoch_of_pytorch_is_that_of_minigrad(tmp_path, monkeypatch):
    write_files(tmp_path)
    monkeypatch.setattr(loops, "DATA", tmp_path)
    monkeypatch.setattr(minigrad.vision.datasets, "MNIST", Tiny)
    epochs = {engine: loops.epoch(engine)() for engine in ("minigrad", "torch")}
    assert epochs["minigrad"] == pytest.approx(epochs["torch"], rel=1e-5)


# The report


def result(medians: list[dict[str, float]], **losses: float):
    """Of rounds whose fastest step took nine tenths of the median."""
    return measure.summary(losses, [{name: Times(0.9 * t, t) for name, t in times.items()} for times in medians])


def test_ratios_are_of_the_fastest_steps_and_quartiles_of_medians_within_rounds():
    seconds = [{"minigrad": 1.0, "torch": 2.0}, {"minigrad": 30.0, "torch": 40.0}, {"minigrad": 3.0, "torch": 3.0}]
    found = result(seconds, minigrad=0.5, torch=0.5)
    assert found["ratio"]["torch"] == 0.5
    assert found["quartiles"]["torch"] == [0.5, 1.0]
    assert found["fastest"] == {"minigrad": 0.9, "torch": 1.8}
    assert found["median"] == {"minigrad": 3.0, "torch": 3.0}


def test_times_of_several_threads_count_where_they_repeat():
    seconds = [{"minigrad": 1.0 + 0.01 * place, "torch": 2.0, "NumPy": 3.0} for place in range(6)]
    seconds[4]["torch"] = 1.7  # of the last start: torch was lucky there, or the machine was idle
    found = result(seconds, minigrad=0.5, torch=0.5, NumPy=0.5)
    assert found["repeats"] == {"minigrad": True, "torch": False, "NumPy": True}
    (kept,) = measure.only_repeated({"circles": found}).values()
    assert kept["fastest"].keys() == kept["median"].keys() == kept["ratio"].keys() == {"minigrad", "NumPy"}
    assert report.time_of("torch", kept) == report.ratio_of("torch", kept) == ""
    assert not measure.repeats([1.0])  # one start says nothing
    seconds[0]["minigrad"] = seconds[1]["minigrad"] = 0.5
    (kept,) = measure.only_repeated({"circles": result(seconds, minigrad=0.5, torch=0.5, NumPy=0.5)}).values()
    assert kept["fastest"].keys() == {"NumPy"}
    assert kept["ratio"] == {}


def test_the_report_has_tables_for_each_number_of_threads():
    results = {name: result([{"minigrad": 1.0, "torch": 2.0}] * 3, minigrad=0.5, torch=0.5) for name in tasks.GOALS}
    found = {"results": results, "threads": 1, "more threads": {2: {"circles": results["circles"]}}, "peak bytes": {}}
    console = Console(width=120, record=True)
    report.show({**found, "machine": {"processor": "a processor"}}, console)
    text = console.export_text()
    assert text.count("A training step, 1 thread: the fastest") == 1
    assert text.count("A training step, 2 threads, where that repeats: the fastest") == 1
    assert text.count("fastest (median)") == 3 + 1  # at most four workloads in a table
    assert text.count("900 ms (1 s)") == len(results) + 1
    assert max(map(len, text.splitlines())) <= 120


def test_one_round_is_enough_for_who_is_far_behind():
    class Pretended:
        def __init__(self, seconds):
            self.seconds, self.rounds = seconds, 0

        def ask(self, task, asks):
            self.rounds += asks == "seconds"
            return 0.5 if asks == "loss" else (0.9 * self.seconds, self.seconds)

    workers = {"minigrad": Pretended(0.2), "torch": Pretended(0.9), "NumPy": Pretended(1.1)}
    seconds = []
    found = measure.summary(measure.race("circles", workers, 3, seconds), seconds)
    assert {name: worker.rounds for name, worker in workers.items()} == {"minigrad": 3, "torch": 3, "NumPy": 1}
    assert found["ratio"]["NumPy"] == pytest.approx(0.2 / 1.1)


def test_processes_are_started_several_times(monkeypatch):
    started = []

    class Pretended:
        def __init__(self, contestant, threads):
            self.process = self
            started.append(contestant)

        def ask(self, task, asks):
            return 0.5 if asks == "loss" else (0.0005 * len(started), 0.001 * len(started))

        def kill(self):
            pass

        communicate = kill

    monkeypatch.setattr(measure, "Worker", Pretended)
    task = {"circles": tasks.TASKS["circles"]}
    found = measure.measure(task, ["minigrad", "torch"], 7, 1)["circles"]
    assert started == ["minigrad", "torch"] * measure.STARTS
    assert [times["torch"].median for times in found["rounds"]] == [0.002] * 3 + [0.004] * 2 + [0.006] * 2


def test_without_agreement_of_losses_no_time_counts():
    found = result([{"minigrad": 1.0, "torch": 2.0, "NumPy": 1.0}], minigrad=0.5, torch=0.5, NumPy=0.6)
    assert found["losses agree"] == {"minigrad": True, "torch": True, "NumPy": False}
    assert report.time_of("NumPy", found) == "loss 0.6"
    assert report.ratio_of("NumPy", found) == "-"
    assert report.ratio_of("torch", found) == "0.50 (0.50-0.50)"
    assert report.time_of("torch", found) == "1.8 s (2 s)"
    assert not measure.close(float("nan"), float("nan"))


def test_readable_times():
    assert [report.readable(t) for t in (3.8e-6, 1.234e-4, 0.0213, 2.5, 3e-8)] == [
        *("3.8 us", "123 us", "21.3 ms", "2.5 s", "0.03 us"),
    ]


def test_a_run_from_the_command_line(tmp_path):
    command = ["-m", "benchmarks", "linear-regression", "mul", "mnist-adam", "--rounds", "2", "--threads", "1"]
    ended = python(*command, "--contestants", "torch", "NumPy, buffers", "--out", tmp_path, cwd=PROJECT)
    assert ended.returncode == 0, ended.stderr
    found = json.loads((tmp_path / "benchmarks.json").read_text())
    assert found["threads"] == 1
    assert found["machine"]["numpy"] == np.__version__
    line = found["results"]["linear-regression"]
    assert set(line["fastest"]) == {"minigrad", "torch", "NumPy, buffers"}
    assert all(0 < line["fastest"][name] <= line["median"][name] for name in line["fastest"])
    assert len(found["results"]["mul"]["rounds"]) == 2
    peaks, data = found["peak bytes"]["mnist-adam"], found["data bytes"]["mnist-adam"]
    assert all(peak > data for peak in peaks.values())
    assert (tmp_path / "ratios.png").stat().st_size > 10_000
    for part in ("linear-regression", "1 thread: the fastest", "NumPy, buffers", "Goals", "OPENBLAS_CORETYPE"):
        assert part in ended.stdout


@pytest.mark.parametrize("words", [["no-such"], ["--contestants", "no-such"], ["--rounds", "0"]])
def test_refused_arguments(words, capsys):
    with pytest.raises(SystemExit):
        parse_arguments(words)
    assert "no-such" in capsys.readouterr().err or words == ["--rounds", "0"]


def test_the_default_is_everything():
    assert parse_arguments([]).contestants is None
    assert parse_arguments([]).threads == [1]
    assert {"circles", "transformer", "mnist-epoch", "import", "mul"} <= tasks.TASKS.keys()
    assert all(name in CONTESTANTS for task in tasks.TASKS.values() for name in task.contestants)
    assert all({*pair} <= {*task.contestants} for task in tasks.TASKS.values() for pair in task.goals)


# Growth and memory


def test_fitted_exponents():
    assert growth.fitted([10, 100, 1000], [0.5 * n**1.5 for n in (10, 100, 1000)]) == pytest.approx(1.5)


@pytest.mark.parametrize("kind", growth.KINDS)
def test_steps_of_growth_run(kind):
    build, sizes, expected = growth.KINDS[kind]
    assert expected in (1, 2)
    assert growth.seconds_of(build(sizes[0])) > 0


def test_many_consumers_and_many_inputs_cost_in_proportion():
    """Counted, not timed: the bytecodes for each of 4000 operands of one `stack` are those for each of 1000."""
    few, many = (executed_by(growth.consumers(number)) for number in (1000, 4000))
    assert many < 4.2 * few


def test_memory_counts_what_a_step_holds():
    assert worker.data_bytes("linear-regression") == 4 * (35 + 35 + 1 + 1)
    assert worker.resident("VmHWM") >= worker.resident("VmRSS") > 10_000_000
