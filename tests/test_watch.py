"""Watching a step: what is written down is what the engine computed, and watching changes nothing."""

from __future__ import annotations

import re
import threading
import warnings
from typing import Any

import numpy as np
import pytest
from engines import needs_torch
from processes import python
from stand_in import installed

import minigrad
from benchmarks.cost import executed_by
from minigrad import nn
from minigrad.engine import graph
from minigrad.watch.command import coloured


class Block(nn.Module):
    """A residual block."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.second = nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        return minigrad.relu(x + self.second(minigrad.relu(self.first(x))))


def two_lines() -> Any:
    x = minigrad.tensor([[1.0, -4.0], [3.0, -8.0]])
    w = minigrad.tensor([[0.5, 0.25]], requires_grad=True)
    b = minigrad.tensor(0.5, requires_grad=True)
    with minigrad.watch() as step:
        h = x * w + b
        loss = (h * h).mean() + w.sum()
        loss.backward()
    return step, {"x": x, "w": w, "b": b, "h": h, "loss": loss}


def residual(blocks: int = 2) -> Any:
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), *(Block() for _ in range(blocks)), nn.Linear(8, 1))
    x, target = minigrad.randn(32, 2), minigrad.randn(32, 1)
    with minigrad.watch() as step:
        prediction = model(x)
        penalty = sum((p**2).sum() for p in model.parameters())
        loss = ((prediction - target) ** 2).mean() + 0.01 * penalty
        loss.backward()
    return step, model


# The tape: the engine's own numbers ----------------------------------------------------------------------------


def test_results_and_gradients_are_the_engines():
    step, names = two_lines()
    by_name = {step.tape.names.of_node(op.node): op for op in step.tape.ops}
    for name in ("h", "loss"):
        np.testing.assert_array_equal(by_name[name].value.host, names[name].detach().numpy())
    (one,) = step.tape.passes
    for name in ("w", "b"):
        np.testing.assert_array_equal(one.received(names[name].node).host, names[name].grad.numpy())


def test_a_residual_nets_gradients_are_the_engines():
    step, model = residual()
    (one,) = step.tape.passes
    assert len(step.tape.ops) == 53
    for p in model.parameters():
        np.testing.assert_array_equal(one.received(p.node).host, p.grad.numpy())
    sums = {id(message.node): message.g for message in one.messages}
    for message in one.messages:
        later = [other for other in one.messages if other.edge is message.edge]
        if message is later[-1] and id(message.edge) in sums:
            assert message.total.same_as(sums[id(message.edge)])


def test_watching_changes_no_number():
    def losses(watched: bool) -> list[Any]:
        minigrad.manual_seed(3)
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
        optimizer = minigrad.optim.Adam(model.parameters(), lr=0.1)
        x, y = minigrad.randn(16, 4), minigrad.randint(0, 3, (16,))
        result = []
        for _ in range(5):
            with minigrad.watch() if watched else minigrad.enable_grad():
                loss = nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            result += [loss.item(), *(p.grad.numpy().copy() for p in model.parameters())]
        return result

    for watched, alone in zip(losses(True), losses(False), strict=True):
        np.testing.assert_array_equal(watched, alone)


def test_values_are_as_they_were_when_they_were_used():
    w = minigrad.tensor([2.0], requires_grad=True)
    x = minigrad.tensor([1.0])
    with minigrad.watch() as step:
        y = w * x
        x.mul_(10)
        with minigrad.no_grad():
            w.add_(1.0)
        z = w * x
    first, second = step.tape.ops
    assert [o.value.host.item() for o in first.operands] == [2.0, 1.0]
    assert [o.value.host.item() for o in second.operands] == [3.0, 10.0]
    assert (y.item(), z.item()) == (first.value.host.item(), second.value.host.item())


def test_which_operand_a_gradient_belongs_to_where_one_is_given_twice():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    with minigrad.watch() as step:
        minigrad.cat([x, x, x]).sum().backward()
    (one,) = step.tape.passes
    cats = [message for message in one.messages if message.edge is x.node]
    assert [message.index for message in cats] == [0, 1, 2]
    assert [message.before is None for message in cats] == [True, False, False]
    np.testing.assert_array_equal(cats[-1].total.host, x.grad.numpy())


# Nobody watches ------------------------------------------------------------------------------------------------


def test_nobody_is_told_when_nobody_watches():
    assert graph.new_node is graph.Node
    with minigrad.watch(), minigrad.watch():
        assert graph.new_node is not graph.Node
    assert graph.new_node is graph.Node
    with pytest.raises(ZeroDivisionError), minigrad.watch():
        1 / 0  # noqa: B018
    assert graph.new_node is graph.Node


def test_an_op_costs_nothing_more_after_a_watch():
    x = minigrad.tensor(1.0, requires_grad=True)

    def step() -> None:
        (x * 2.0).backward()

    step()
    step()
    before = executed_by(step)
    with minigrad.watch():
        step()
        assert executed_by(step) > before
    assert executed_by(step) == before


def test_each_thread_has_its_own():
    x = minigrad.tensor(1.0, requires_grad=True)

    def elsewhere() -> None:
        (x * 3).exp().backward()

    with minigrad.watch() as step:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        x * 2
    assert [op.name for op in step.tape.ops] == ["mul"]
    assert not step.tape.passes


def test_two_watches_each_see_what_is_theirs():
    x = minigrad.tensor(1.0, requires_grad=True)
    with minigrad.watch() as outer:
        y = x * 2
        with minigrad.watch() as inner:
            y.exp()
        y.sum()
    assert [op.name for op in outer.tape.ops] == ["mul", "exp", "sum"]
    assert [op.name for op in inner.tape.ops] == ["exp"]


def test_an_error_in_the_step_leaves_what_there_was():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 1))
    with pytest.raises(RuntimeError, match="cannot be multiplied"), minigrad.watch() as step:
        model(minigrad.ones(5, 2))
    assert [op.name for op in step.tape.ops] == ["linear", "relu"]
    text = step.explain()
    assert "relu((1))  in model.1" in text
    assert "Here the step ended: RuntimeError: linear(): mat1 and mat2" in text


def test_several_passes_and_second_derivatives():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    with minigrad.watch() as step:
        (slope,) = minigrad.autograd.grad((x**3).sum(), x, create_graph=True)
        (slope * slope).sum().backward()
        (x * 2).sum().backward()
    assert [one.fills_grad for one in step.tape.passes] == [False, True, True]
    second, third = step.tape.passes[1:]
    np.testing.assert_array_equal(second.received(x.node).host + third.received(x.node).host, x.grad.numpy())
    text = step.explain()
    assert text.index("BACKWARD 1") < text.index("BACKWARD 2") < text.index("BACKWARD 3")
    assert "a -> x   by" in text
    assert "a -> x.grad   by" in text


def test_on_a_gpu():
    with installed():
        x = minigrad.tensor([[1.0, -4.0], [3.0, -8.0]], device="cuda")
        w = minigrad.tensor([[0.5, 0.25]], device="cuda", requires_grad=True)
        with minigrad.watch() as step:
            loss = minigrad.relu(x * w + 1.0).mean()
            loss.backward()
        (one,) = step.tape.passes
        np.testing.assert_array_equal(one.received(w.node).host, w.grad.cpu().numpy())
        assert "broadcast undone: sum over dim 0 = 1x2" in step.explain()


def test_rules_of_ones_own_are_not_run_again_where_they_may_not_be_pure():
    calls = []

    def doubled(x: Any) -> Any:
        def rule(g: Any, _out: Any, _x: Any) -> Any:
            calls.append(1)
            return g * 2

        return minigrad.autograd.record(minigrad.autograd.raw(x) * 2, (x,), (rule,))

    x = minigrad.tensor(1.0, requires_grad=True)
    with minigrad.watch() as step:
        doubled(x).backward()
    assert calls == [1]
    assert "| return g * 2" in step.explain()


def test_a_debugger_keeps_its_trace():
    import sys

    seen = []

    def trace(frame: Any, event: str, _argument: Any) -> Any:
        seen.append(event)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with minigrad.watch():
            minigrad.tensor(1.0, requires_grad=True).exp().backward()
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)


# Names ---------------------------------------------------------------------------------------------------------


def test_names_are_the_users():
    class Trainer:
        def __init__(self) -> None:
            self.net = nn.Linear(2, 1)
            self.scale = minigrad.tensor(2.0, requires_grad=True)

        def fit(self, x: Any) -> Any:
            with minigrad.watch() as step:
                out = self.net(x) * self.scale
                out.sum().backward()
            return step

    text = Trainer().fit(minigrad.ones(3, 2)).explain()
    assert "linear(x, self.net.weight, self.net.bias)  in self.net" in text
    assert "mul((1), self.scale)" in text
    assert "-> out 3x1" in text


def test_a_name_that_is_used_again_is_a_number():
    x = minigrad.tensor([0.5, -1.0], requires_grad=True)
    with minigrad.watch() as step:
        for _ in range(2):
            x = x.exp()
        x.sum().backward()
    assert "exp((1))" in step.explain()


def test_parts_of_lists_have_names():
    weights = [minigrad.ones(2, requires_grad=True) for _ in range(2)]
    with minigrad.watch() as step:
        (weights[0] * weights[1]).sum().backward()
    assert "mul(weights[0], weights[1])" in step.explain()


# In words ------------------------------------------------------------------------------------------------------

TWO_LINES = """\
FORWARD  test_watch.py

    N  h = x * w + b
           ~~~~~ (1)
           ~~~~~~~~~ (2)
       (1) mul(x, w)                                   -> 2x2
               0.5        -1
               1.5        -2
       (2) add((1), b)                                 -> h 2x2
                 1      -0.5
                 2      -1.5

    N  loss = (h * h).mean() + w.sum()
               ~~~~~ (3)
              ~~~~~~~~~~~~~~ (4)
                               ~~~~~~~ (5)
              ~~~~~~~~~~~~~~~~~~~~~~~~ (6)
       (3) mul(h, h)                                   -> 2x2
                 1      0.25
                 4      2.25
       (4) mean((3))                                   -> 1.88
       (5) sum(w)                                      -> 0.75
       (6) add((4), (5))                               -> loss 2.62

BACKWARD
    N  loss.backward()
       It starts at loss, whose own gradient is 1.

  (6) add  line N: (h * h).mean() + w.sum()
      g arrives     1
      a -> (4)   by add_da, minigrad/ops/arithmetic.py:N
          | return g
          = g itself
      b -> (5)   by add_db, minigrad/ops/arithmetic.py:N
          | return g
          = g itself

  (5) sum  line N: w.sum()
      g arrives     1
      a -> w.grad   by sum_da, minigrad/ops/reductions.py:N
          | return broadcast_to(g.reshape(kept), shape)
          = 1x2  1         1

  (4) mean  line N: (h * h).mean()
      g arrives     1
      a -> (3)   by mean_da, minigrad/ops/reductions.py:N
          | return broadcast_to(divided(g.reshape(kept), elements_per_result(shape, kept)), shape)
          = 2x2
                 0.25      0.25
                 0.25      0.25

  (3) mul  line N: h * h
      g arrives     2x2
             0.25      0.25
             0.25      0.25
      a -> h   by mul_da, minigrad/ops/arithmetic.py:N
          | return g * b
          = 2x2
                 0.25    -0.125
                  0.5    -0.375
      b -> h   by mul_db, minigrad/ops/arithmetic.py:N
          | return g * a
          = 2x2
                 0.25    -0.125
                  0.5    -0.375
          + what was there already = 2x2
                 0.25    -0.125
                  0.5    -0.375
          together = 2x2
                  0.5     -0.25
                    1     -0.75

  (2) add  line N: x * w + b
      g arrives     2x2
              0.5     -0.25
                1     -0.75
      a -> (1)   by add_da   = g itself
      b -> b.grad   by add_db   = g itself
          broadcast undone: sum over dim 0, 1 = 0.5

  (1) mul  line N: x * w
      g arrives     2x2
              0.5     -0.25
                1     -0.75
      b -> w.grad   by mul_db   = 2x2
              0.5         1
                3         6
          broadcast undone: sum over dim 0 = 1x2  3.5         7
          + what was there already = 1x2  1         1
          together = 1x2  4.5         8

LEAVES    shape    norm   norm of .grad
w           1x2   0.559            9.18
b        scalar     0.5             0.5
"""


def without_lines(text: str) -> str:
    """Text without the numbers of lines, which change when a file is edited."""
    text = re.sub(r"^ *\d+  (?=\S)", "    N  ", text, flags=re.MULTILINE)
    return re.sub(r"(\.py:|line )\d+", r"\1N", text)


def test_two_lines_in_words():
    step, _ = two_lines()
    assert without_lines(step.explain()) == TWO_LINES.rstrip("\n")


def test_a_residual_net_fits_150_lines_of_100_columns():
    step, _ = residual()
    lines = step.explain().splitlines()
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 100
    assert any("36 ops: 12 pow, 12 sum, 12 add" in line for line in lines)
    assert any("the same once more: (7)-(11), the last in model.2" in line for line in lines)


def test_only_the_lines_of_a_rule_that_ran_are_shown():
    logits, target = minigrad.zeros(3, requires_grad=True), minigrad.ones(3)
    with minigrad.watch() as step:
        nn.functional.binary_cross_entropy_with_logits(logits, target).backward()
    text = step.explain()
    assert "| slope = sigmoid(input) - target" in text
    assert "slope = 3  -0.5      -0.5      -0.5" in text
    assert "pos_weight" not in text


def test_numbers_that_are_not_finite_are_counted():
    x = minigrad.full((5, 5), -1.0, requires_grad=True)
    with minigrad.watch() as step, warnings.catch_warnings():
        warnings.simplefilter("error")
        x.sqrt().sum().backward()
    assert "5x5  0 .. 0, norm 0, 25 nan" in step.explain()
    assert "(25 nan)" in step.explain()


def test_a_notebook_shows_the_text():
    step, _ = two_lines()
    assert step._repr_html_().startswith("<pre>FORWARD")
    assert "-&gt; h 2x2" in step._repr_html_()


# After the fact ------------------------------------------------------------------------------------------------


def test_an_explanation_after_the_fact_changes_nothing():
    calls = []
    w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    w.register_hook(calls.append)
    loss = (w * 3).exp().sum()
    text = minigrad.explain(loss)
    assert w.grad is None
    assert not calls
    assert "-> 2  (not kept)" in text
    assert "It starts at loss, whose own gradient is 1." in text
    loss.backward()
    np.testing.assert_array_equal(w.grad.numpy(), 3 * np.exp(np.float32([3.0, 6.0])))
    assert len(calls) == 1


def test_an_explanation_of_a_freed_graph_says_so():
    w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    loss = w.exp().sum()
    loss.backward()
    assert "A backward pass has freed the graph" in minigrad.explain(loss)


@pytest.mark.parametrize("tensor", [minigrad.ones(2), minigrad.ones(2, requires_grad=True)])
def test_there_is_nothing_to_explain_without_a_graph(tensor):
    with pytest.raises(RuntimeError, match="there is no graph to explain"):
        minigrad.explain(tensor)


# On the command line -------------------------------------------------------------------------------------------

SCRIPT = """\
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(6, 2)

def train():
    for epoch in range(3):
        loss = model(x).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print("epoch", epoch, flush=True)

train()
"""


def explained(tmp_path: Any, *options: str, script: str = SCRIPT) -> Any:
    (tmp_path / "script.py").write_text(script)
    return python("-m", "minigrad", "--explain", *options, str(tmp_path / "script.py"))


def test_a_step_of_a_script(tmp_path):
    ended = explained(tmp_path, "--step", "2")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("epoch 0\nFORWARD  script.py\n")
    assert "epoch 1" not in ended.stdout
    assert "(1) linear(x, model.0.weight, model.0.bias)  in model.0" in ended.stdout
    assert "-> loss " in ended.stdout


def test_a_script_is_run_by_pytorch_too(tmp_path):
    needs_torch()
    ended = explained(tmp_path, "--step", "2")
    rows = ended.stdout[ended.stdout.index("LEAVES") :].splitlines()
    assert rows[0].endswith("torch's differs by")
    assert len(rows) == 5
    assert all(float(row.split()[-1]) < 1e-5 for row in rows[1:])


def test_a_script_that_imports_minigrad_is_not_one_of_pytorch(tmp_path):
    needs_torch()
    ended = explained(
        tmp_path,
        script=SCRIPT.replace("import torch", "import minigrad as torch", 1).replace("from torch", "from minigrad"),
    )
    assert ended.returncode == 0, ended.stderr
    assert "torch's differs by" not in ended.stdout


def test_a_step_that_there_is_not(tmp_path):
    ended = explained(tmp_path, "--step", "4")
    assert ended.returncode == 1
    assert ended.stderr == "The script made 3 backward passes: there is no step 4.\n"


def test_a_script_that_ends_in_an_error(tmp_path):
    ended = explained(tmp_path, script=SCRIPT.replace("nn.Linear(3, 1)", "nn.Linear(4, 1)"))
    assert ended.returncode == 1
    assert "(2) relu((1))  in model.1" in ended.stdout
    assert "Here the step ended: RuntimeError: linear()" in ended.stdout
    assert "RuntimeError: linear()" in ended.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [([], "which script?"), (["--step", "0", "x.py"], "--step needs the number"), (["no.py"], "no such file: no.py")],
)
def test_other_uses_are_refused(options, reason):
    ended = python("-m", "minigrad", "--explain", *options)
    assert ended.returncode == 2
    assert reason in ended.stderr


def test_colours_are_added_to_the_text():
    step, _ = two_lines()
    text = step.explain()
    assert re.sub(r"\033\[\d+m", "", coloured(text)) == text
    assert coloured(text).startswith("\033[1mFORWARD  test_watch.py\033[0m")
