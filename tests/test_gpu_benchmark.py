"""`python -m benchmarks.gpu` and `make gpu`: all of it that needs no GPU.  No time measured here counts for one."""

import datetime
import functools
from pathlib import Path

import pytest
from engines import torch
from processes import python
from stand_in import installed

import minigrad
from benchmarks import gpu, gpu_check, gpu_worker
from benchmarks.gpu_workloads import LAYERS, LESSONS, build, bytes_moved, operations, sweep_name

PROJECT = Path(__file__).parent.parent
REQUEST = {"warm": 1, "steps": 1, "chunks": 2}
HERE = pytest.mark.skipif(
    minigrad.cuda.is_available() and torch.cuda.is_available(), reason="there is a GPU for both engines here"
)


# Without a GPU


@HERE
@pytest.mark.parametrize("module", ["benchmarks.gpu", "benchmarks.gpu_check"])
def test_without_a_gpu_it_says_so_and_measures_nothing(module, tmp_path):
    ended = python("-m", module, cwd=tmp_path, env={"PYTHONPATH": str(PROJECT), "PATH": ""})
    assert ended.returncode == 2, ended.stderr
    assert "there is no GPU for both engines" in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_stand_in_is_no_gpu_for_torch():
    with installed():
        assert minigrad.cuda.is_available()
        if not torch.cuda.is_available():
            assert "torch has no GPU" in gpu.gpu.missing()


def test_arguments():
    arguments = gpu.parse_arguments(["--widths", "128", "256", "--batches", "--rounds", "3"])
    assert (arguments.widths, arguments.batches, arguments.rounds) == ([128, 256], [], 3)
    assert max(gpu.parse_arguments([]).widths) == 8192
    with pytest.raises(SystemExit):
        gpu.parse_arguments(["--rounds", "0"])


# The workloads, on the CPU and on the stand-in


@pytest.mark.parametrize("name", [*LESSONS, sweep_name(8, 4)])
def test_a_workload_reaches_the_same_loss_on_every_engine(name):
    request = {"workload": name, **REQUEST}
    losses = [
        gpu_worker.Worker("torch", torch, "cpu", gpu_worker.seconds_by_host).answer(request),
        gpu_worker.Worker("minigrad", minigrad, "cpu", gpu_worker.seconds_by_host).answer(request),
    ]
    with installed():
        clock = functools.partial(gpu_worker.seconds_by_events, minigrad.cuda)
        losses.append(gpu_worker.Worker("minigrad", minigrad, "cuda", clock).answer(request))
    assert gpu.agree([each["loss"] for each in losses])
    assert all(each["seconds"] > 0 for each in losses)


def test_the_sweep_builds_the_network_that_is_asked_for(monkeypatch):
    made = []
    linear = torch.nn.Linear
    monkeypatch.setattr(torch.nn, "Linear", lambda *sizes: made.append(sizes) or linear(*sizes))
    loss = build(sweep_name(16, 4), torch, "cpu")()
    assert made == [(16, 16)] * LAYERS
    assert loss.ndim == 0


def test_workers_answer_over_pipes():
    workers = {engine: gpu.start(engine, "cpu") for engine in ("torch", "minigrad")}
    try:
        request = {"workload": sweep_name(8, 4), **REQUEST}
        losses = [gpu.ask(worker, request)["loss"] for worker in workers.values()]
        rates = gpu.ask(workers["torch"], {"workload": "rates", "size": 16})
    finally:
        for worker in workers.values():
            worker.kill()
    assert gpu.agree(losses)
    assert rates["operations"] > 0
    assert rates["bytes"] > 0


# The arithmetic


def rounds_of(*seconds, losses=(1.0, 1.0, 1.0)):
    return [
        {engine: {"seconds": s, "loss": loss} for engine, s, loss in zip(gpu.ENGINES, each, losses, strict=True)}
        for each in seconds
    ]


def test_ratios_are_paired_within_a_round():
    result = gpu.summary(rounds_of((1, 1, 2), (10, 5, 10), (2, 1, 6)))
    assert result["seconds"] == {"torch": 2, "torch graph": 1, "minigrad": 6}
    assert result["ratio"] == {"torch": 2, "torch graph": 2}
    assert result["quartiles"] == {"torch": [1, 3], "torch graph": [2, 6]}
    assert gpu.quartiles([4, 1, 3, 2, 5, 8, 7, 6]) == [3, 6]


@pytest.mark.parametrize("losses", [(1.0, 1.0, 1.01), (1.0, 1.0, float("nan"))])
def test_a_time_counts_only_where_losses_agree(losses):
    result = gpu.summary(rounds_of((1, 1, 1), losses=losses))
    assert result["losses agree"] is False
    assert gpu.cells(result)[:7] == ["-"] * 7
    assert gpu.cells(result)[7].startswith("DIFFER")


def test_fractions_of_the_cards_rates():
    assert operations(10, 4) == 2 * 4 * 100 * 8
    weights, products, relus, loss = 3 * 600 - 100, (3 + 5) * 2 * 40, 2 * 5 * 40, 5 * 40
    assert bytes_moved(10, 4) == 4 * (weights + products + relus + loss)
    rates = {"operations": operations(10, 4), "bytes": bytes_moved(10, 4) * 2.0}
    fractions = gpu.achieved((10, 4), {"seconds": {"torch": 2.0, "minigrad": 1.0}}, rates)
    assert fractions["fraction of matmul rate"] == {"torch": 0.5, "minigrad": 1.0}
    assert fractions["fraction of bandwidth"] == {"torch": 0.25, "minigrad": 0.5}


def test_table_and_plot(tmp_path, capsys):
    from rich.console import Console

    sweep = {sweep_name(width, 4): (width, 4) for width in (8, 16)}
    rates = {"operations": 1e12, "bytes": 1e12}
    results = {name: gpu.summary(rounds_of((1e-3, 5e-4, 2e-3))) for name in [*sweep, "circles"]}
    for name, size in sweep.items():
        results[name] |= gpu.achieved(size, results[name], rates)
    gpu.plot(tmp_path / "plot.png", sweep, results, "a made-up card")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    report = {"machine": {"card": {"name": "a made-up card"}}, "rates of the card": rates, "results": results}
    gpu.print_tables(Console(width=160), report)
    printed = capsys.readouterr().out
    assert "2000.0 us" in printed
    assert "2.00" in printed
    assert "1.0 Tflop/s" in printed


# The report of `make gpu`


def test_report_names_card_commands_and_results():
    results = [
        ("Tests", "python -m pytest -m cuda", 0, 90.0, "12 passed\n"),
        ("Speed", "python -m benchmarks.gpu", 1, 30.0, "DIFFER\n"),
    ]
    card = {"name": "a made-up card", "cupy": "14.0"}
    text = gpu_check.written(card, datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC), results)
    assert "a made-up card, 02 January 2026 03:04 UTC" in text
    assert '"cupy": "14.0"' in text
    assert "| Tests | `python -m pytest -m cuda` | passed | 1.5 |" in text
    assert "| Speed | `python -m benchmarks.gpu` | FAILED (exit status 1) | 0.5 |" in text
    assert "## Tests\n\n```\n12 passed\n```" in text


def test_a_part_that_fails_is_seen(capsys):
    command, status, seconds, printed = gpu_check.run("Nothing", ["no_such_module"])
    assert command == "python -m no_such_module"
    assert status == 1
    assert seconds > 0
    assert "No module named no_such_module" in printed
    assert printed in capsys.readouterr().out
