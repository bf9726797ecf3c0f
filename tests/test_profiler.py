"""torch.profiler: the names that scripts use, with numbers that are true."""

import json
import subprocess
import sys

import pytest
from engines import torch

import minigrad
from minigrad import profiler
from minigrad.profiler import ProfilerAction, ProfilerActivity, profile, record_function


def trained() -> None:
    model = minigrad.nn.Linear(3, 2)
    optimizer = minigrad.optim.SGD(model.parameters(), lr=0.1)
    model(minigrad.ones(4, 3)).sum().backward()
    optimizer.step()


def counts(prof: profile) -> dict[str, int]:
    return {event.key: event.count for event in prof.key_averages()}


def test_ops_rules_steps_and_ranges_are_counted_and_timed():
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as prof, record_function("all"):
        for _ in range(3):
            trained()
    assert counts(prof).items() >= {"linear": 3, "linear_dweight": 3, "sum_da": 3, "SGD.step": 3, "all": 1}.items()
    total = {event.key: event.cpu_time_total for event in prof.key_averages()}
    assert 0 < sum(time for name, time in total.items() if name != "all") < total["all"]
    averages = {event.key: event.cpu_time for event in prof.key_averages()}
    assert averages["linear"] == pytest.approx(total["linear"] / 3)


def test_nothing_is_measured_outside():
    prof = profile()
    trained()
    with prof:
        minigrad.ones(1)
    trained()
    assert counts(prof) == {"ones": 1}
    assert sys.getprofile() is None
    assert profiler.ACTIVE == []


def test_the_table_is_sorted_and_cut():
    with profile() as prof:
        trained()
        minigrad.ones(1)
        minigrad.ones(1)
    lines = prof.key_averages().table(sort_by="count", row_limit=1).splitlines()
    assert lines[3].split()[0] == "ones"
    assert len(lines) == 4
    with pytest.raises(ValueError, match="sort_by must be one of"):
        prof.key_averages().table(sort_by="cuda_time_total")


def test_a_schedule_says_which_steps_are_measured():
    seen = []
    with profile(
        schedule=profiler.schedule(skip_first=1, wait=1, warmup=1, active=2, repeat=1),
        on_trace_ready=lambda prof: seen.append((prof.step_num, counts(prof))),
    ) as prof:
        for _ in range(8):
            minigrad.ones(1)
            prof.step()
    assert seen == [(4, {"ones": 2})]


@pytest.mark.filterwarnings("ignore:Profiler won't be using warmup")
@pytest.mark.parametrize("numbers", [(1, 1, 2, 0, 0), (0, 0, 1, 2, 3), (2, 0, 3, 1, 1)])
def test_schedules_are_those_of_pytorch(numbers):
    wait, warmup, active, repeat, skip_first = numbers
    options = {"wait": wait, "warmup": warmup, "active": active, "repeat": repeat, "skip_first": skip_first}
    mine, theirs = profiler.schedule(**options), torch.profiler.schedule(**options)
    assert [mine(i).name for i in range(20)] == [theirs(i).name for i in range(20)]
    assert {each.name for each in ProfilerAction} <= {each.name for each in torch.profiler.ProfilerAction}


def test_a_trace_for_the_browser(tmp_path):
    with profile() as prof, record_function("outer"):
        minigrad.ones(1)
    prof.export_chrome_trace(tmp_path / "trace.json")
    ones, outer = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert (ones["name"], outer["name"]) == ("ones", "outer")
    assert outer["ts"] <= ones["ts"]
    assert ones["ts"] + ones["dur"] <= outer["ts"] + outer["dur"]


def test_a_decorator():
    @record_function("named")
    def f() -> int:
        return 1

    with profile() as prof:
        assert f() == 1
    assert counts(prof) == {"named": 1}


def test_under_the_launcher():
    script = (
        "import torch\n"
        "from torch.profiler import profile, record_function, ProfilerActivity\n"
        "with profile(activities=[ProfilerActivity.CPU]) as prof:\n"
        "    with record_function('inference'):\n"
        "        torch.nn.Linear(2, 2)(torch.ones(1, 2))\n"
        "print(prof.key_averages().table(sort_by='cpu_time_total', row_limit=10))\n"
        "torch.profiler.profile\n"
    )
    ended = subprocess.run([sys.executable, "-m", "minigrad", "-c", script], capture_output=True, text=True, check=True)
    assert "inference" in ended.stdout
    assert "linear" in ended.stdout
