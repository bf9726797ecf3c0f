"""Hooks that see gradients, of modules and of nodes, and what libraries ask of nodes: as with PyTorch."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, error_of, needs_torch, same
from processes import python

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore")


def shown(x: Any) -> Any:
    """Gradients as plain numbers."""
    if isinstance(x, (tuple, list)):
        return [shown(each) for each in x]
    return None if x is None else np.round(np.array(x.detach().tolist()), 4).tolist()


def model_and_log(torch: Any) -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)), []


def gradients_of(model: Any) -> Any:
    return [shown(p.grad) for p in model.parameters()]


def noting(log: list[Any], what: str = "") -> Any:
    def hook(module: Any, grad_input: Any, grad_output: Any) -> None:
        assert type(grad_input) is type(grad_output) is tuple
        log.append((what or type(module).__name__, shown(grad_input), shown(grad_output)))

    return hook


def test_each_module_sees_the_gradients():
    def scenario(torch: Any) -> Any:
        model, log = model_and_log(torch)
        for part in model:
            part.register_full_backward_hook(noting(log))
        model(torch.ones(1, 2)).sum().backward()
        return log, gradients_of(model)

    log, _ = same(scenario)
    assert [name for name, *_ in log] == ["Linear", "Tanh", "Linear"]
    assert log[-1][1] == [None]


def test_hooks_replace_gradients_in_their_order():
    def scenario(torch: Any) -> Any:
        model, log = model_and_log(torch)
        tanh = model[1]
        tanh.register_full_backward_hook(lambda m, gi, go: tuple(g * 2 for g in gi))
        tanh.register_full_backward_hook(noting(log, "after"))
        tanh.register_full_backward_hook(noting(log, "first"), prepend=True)
        model[2].register_full_backward_pre_hook(lambda m, go: (go[0] * 10,))
        model(torch.ones(1, 2)).sum().backward()
        return log, gradients_of(model)

    log, _ = same(scenario)
    assert [what for what, *_ in log] == ["first", "after"]


def test_a_removed_hook_is_gone():
    def scenario(torch: Any) -> Any:
        model, log = model_and_log(torch)
        handle = model[1].register_full_backward_hook(noting(log))
        with model[0].register_full_backward_pre_hook(lambda m, go: (go[0] * 0,)):
            model(torch.ones(1, 2)).sum().backward()
        handle.remove()
        model(torch.ones(1, 2)).sum().backward()
        return log, gradients_of(model)

    assert len(same(scenario)[0]) == 1


def two(torch: Any) -> Any:
    class Two(torch.nn.Module):
        def forward(self, a: Any, b: Any, factor: float = 1) -> Any:
            return a * b, (a + b) * 3

    return Two()


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("replaced", [True, False])
def test_several_inputs_and_outputs(both, replaced):
    def scenario(torch: Any) -> Any:
        a, b = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)
        module, log = two(torch), []
        if replaced:
            module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 0, gi[1] * 100))
        module.register_full_backward_hook(noting(log))
        first, second = module(a, b)
        loss = (first * 2 + second if both else first * 2).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        return log, shown(a.grad), shown(b.grad)

    assert len(same(scenario)[0]) == 2


def test_a_module_that_is_called_twice():
    def scenario(torch: Any) -> Any:
        torch.manual_seed(0)
        layer, log = torch.nn.Linear(2, 2), []
        layer.register_full_backward_hook(noting(log))
        x = torch.ones(1, 2, requires_grad=True)
        layer(layer(x)).sum().backward()
        return log, shown(x.grad)

    assert len(same(scenario)[0]) == 2


def test_second_derivatives_go_by_hooks():
    def scenario(torch: Any) -> Any:
        model, _ = model_and_log(torch)
        model[1].register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,))
        x = torch.ones(1, 2, requires_grad=True)
        (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
        (slope**2).sum().backward()
        return shown(slope), shown(x.grad)

    same(scenario)


def test_a_wrong_number_of_gradients():
    def scenario(torch: Any) -> Any:
        layer = torch.nn.Linear(2, 1)
        layer.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
        layer(torch.ones(2, requires_grad=True)).sum().backward()

    assert error_of(scenario, minigrad) == error_of(scenario, ENGINES[0])


def test_an_input_is_not_changed_by_a_module_that_works_in_place():
    x = minigrad.tensor([1.0, -1.0], requires_grad=True)
    y = x * 1
    relu = minigrad.nn.ReLU(inplace=True)
    relu.register_full_backward_hook(lambda m, gi, go: None)
    relu(y).sum().backward()
    assert y.tolist() == [1.0, -1.0]
    assert x.grad.tolist() == [1.0, 0.0]


def test_a_forward_hook_of_all_modules():
    def scenario(torch: Any) -> Any:
        model, log = model_and_log(torch)
        module = importlib.import_module("minigrad.nn.module" if torch is minigrad else "torch.nn.modules.module")
        with module.register_module_forward_hook(lambda m, args, out: log.append((type(m).__name__, shown(out)))):
            model(torch.ones(1, 2))
        model(torch.ones(1, 2))
        return log

    assert [name for name, _ in same(scenario)] == ["Linear", "Tanh", "Linear", "Sequential"]


# Nodes ---------------------------------------------------------------------------------------------------------


def test_what_nodes_tell():
    def scenario(torch: Any) -> Any:
        a, b = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
        node = (a * 2 * b).sum().grad_fn
        product = node.next_functions[0][0]
        leaf = product.next_functions[0][0].next_functions[0][0]
        product.metadata["note"] = 1
        return (
            [type(each).__name__ for each in (node, product, leaf)],
            [each.name() for each in (node, product, leaf)],
            product.next_functions[1],
            leaf.variable is a,
            hasattr(product, "variable"),
            product.metadata,
            node.metadata,
        )

    same(scenario)


def test_hooks_of_a_node():
    def scenario(torch: Any) -> Any:
        a, b = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor(3.0, requires_grad=True)
        log: list[Any] = []
        product = a * b
        first = product.grad_fn.register_hook(lambda gi, go: log.append((shown(gi), shown(go))))
        product.grad_fn.register_hook(lambda gi, go: (gi[0] * 10, gi[1]))
        product.grad_fn.register_prehook(lambda go: (go[0] * 2,))
        loss = product.sum()
        loss.backward(retain_graph=True)
        first.remove()
        loss.backward()
        return log, shown(a.grad), shown(b.grad)

    assert len(same(scenario)[0]) == 1


def test_hooks_of_a_node_under_create_graph():
    def scenario(torch: Any) -> Any:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        cube = (x * x) * x
        cube.grad_fn.register_hook(lambda gi, go: (gi[0] * 2, gi[1]))
        (slope,) = torch.autograd.grad(cube.sum(), x, create_graph=True)
        slope.sum().backward()
        return shown(slope), shown(x.grad)

    same(scenario)


def test_a_wrong_number_from_a_nodes_hook_and_a_leafs_node():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    product = x * 2
    product.grad_fn.register_hook(lambda gi, go: (gi[0],))
    with pytest.raises(RuntimeError, match="has changed the size of value: it returned 1 gradients for 2 operands"):
        product.sum().backward()
    with pytest.raises(RuntimeError, match="call register_hook of the tensor itself"):
        product.grad_fn.next_functions[0][0].register_hook(print)


# Libraries -----------------------------------------------------------------------------------------------------

PICTURE = """\
import torch
from torch import nn
from torchviz import make_dot
model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
print(make_dot(model(torch.ones(4, 2)).mean(), params=dict(model.named_parameters())).source)
"""
TABLE = """\
import torch
from torch import nn
from torchinfo import summary
print(summary(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), (4, 2)))
"""
MISSING = "minigrad has no torch.", "has no attribute"


def printed(tmp_path: Any, library: str, script: str) -> str:
    """What a script prints on minigrad; skipped where the library, or a name that it needs, is not there yet."""
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    (tmp_path / "script.py").write_text(script)
    ended = python("-m", "minigrad", str(tmp_path / "script.py"))
    if any(text in ended.stderr for text in MISSING):
        pytest.skip(f"{library} needs more: {ended.stderr.splitlines()[-2:]}")
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_torchviz(tmp_path):
    needs_torch()
    source = printed(tmp_path, "torchviz", PICTURE)
    for name in ("MeanBackward0", "AddmmBackward0", "ReluBackward0", "AccumulateGrad", '"2.bias\n (1)"'):
        assert f"label={name}" in source


def test_torchinfo(tmp_path):
    table = printed(tmp_path, "torchinfo", TABLE)
    assert "Total params: 13" in table
    assert "├─Linear: 1-1" in table


def test_what_goes_through_a_module_with_hooks_keeps_its_order_in_memory():
    def scenario(torch: Any) -> Any:
        class Looks(torch.nn.Module):
            def forward(self, x: Any) -> Any:
                return x * 2, x.stride(), x.is_contiguous()

        part = Looks()
        part.register_full_backward_hook(lambda *_: None)
        x = torch.arange(6.0).reshape(2, 3).requires_grad_()
        return [(y.stride(), *looked) for y, *looked in (part(x.t()), part(x[:, ::2]), part(x[0].expand(4, 3)))]

    same(scenario)
