"""torch.func: derivatives of functions and loops over batches give PyTorch's numbers, errors and graphs."""

from __future__ import annotations

import numpy as np
import pytest
from engines import error_of, torch

import minigrad

LIBRARIES = (minigrad, torch)
pytestmark = pytest.mark.filterwarnings("ignore")


def tensor(lib, *shape, seed=0, requires_grad=False):
    x = np.random.default_rng(seed).normal(size=shape)
    return lib.tensor(x, requires_grad=requires_grad)


def plain(tree):
    """A tree of tensors as one of arrays."""
    if isinstance(tree, (tuple, list)):
        return [plain(each) for each in tree]
    if isinstance(tree, dict):
        return {key: plain(each) for key, each in tree.items()}
    return (tree.requires_grad, tree.detach().numpy()) if hasattr(tree, "detach") else tree


def check_alike(mine, theirs):
    if isinstance(theirs, list):
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs):
            check_alike(a, b)
    elif isinstance(theirs, dict):
        assert list(mine) == list(theirs)
        for key in theirs:
            check_alike(mine[key], theirs[key])
    elif isinstance(theirs, tuple):
        assert mine[0] == theirs[0]
        assert mine[1].shape == theirs[1].shape
        np.testing.assert_allclose(mine[1], theirs[1], 1e-10, 1e-12)
    else:
        assert mine == theirs


def energy(w, x):
    return (w @ x).tanh().square().sum()


def of_tree(p):
    return {"a": (p["w"] @ p["b"]).sin(), "b": p["b"] ** 2}


CASES = {
    "grad": lambda lib: lib.func.grad(energy)(tensor(lib, 2, 3), tensor(lib, 3)),
    "by the second": lambda lib: lib.func.grad(energy, 1)(tensor(lib, 2, 3), tensor(lib, 3)),
    "by the last": lambda lib: lib.func.grad(energy, -1)(tensor(lib, 2, 3), tensor(lib, 3)),
    "by both": lambda lib: lib.func.grad(energy, (0, 1))(tensor(lib, 2, 3), tensor(lib, 3)),
    "by what does not count": lambda lib: lib.func.grad(lambda x, y: x.sum(), 1)(tensor(lib, 2), tensor(lib, 3)),
    "value": lambda lib: lib.func.grad_and_value(energy)(tensor(lib, 2, 3), tensor(lib, 3)),
    "aux": lambda lib: lib.func.grad(lambda x: (x.sum(), {"y": x * 2}), has_aux=True)(tensor(lib, 3)),
    "tree": lambda lib: lib.func.grad(lambda p: sum(v.sum() for v in of_tree(p).values()))(
        {"w": tensor(lib, 2, 3), "b": tensor(lib, 3)}
    ),
    "third": lambda lib: lib.func.grad(lib.func.grad(lib.func.grad(lambda x: x**5)))(tensor(lib)),
    "of one that requires grad": lambda lib: lib.func.grad(lib.sin)(tensor(lib, requires_grad=True)),
    "vjp": lambda lib: (lambda y, pull: (y, pull(tensor(lib, 2, seed=1))))(
        *lib.func.vjp(lambda x: x[:2] * x[1:], tensor(lib, 3))
    ),
    "vjp of several": lambda lib: (lambda y, pull: (y, pull((tensor(lib, 3), tensor(lib, 3, seed=2)))))(
        *lib.func.vjp(lambda x, z: (x * z, x.exp()), tensor(lib, 3), tensor(lib, 3, seed=1))
    ),
    "jvp": lambda lib: lib.func.jvp(
        lambda x, y: (x * y).sin(), (tensor(lib, 3), tensor(lib, 3)), (tensor(lib, 3, seed=1),) * 2
    ),
    "jvp, strict": lambda lib: lib.func.jvp(
        lambda x, y: (x.sin(), y * 2), (tensor(lib, 3), tensor(lib, 3)), (tensor(lib, 3, seed=1),) * 2, strict=True
    ),
    "jvp of a tree": lambda lib: lib.func.jvp(
        of_tree,
        ({"w": tensor(lib, 2, 3), "b": tensor(lib, 3)},),
        ({"w": tensor(lib, 2, 3, seed=1), "b": tensor(lib, 3)},),
    ),
    "jacrev": lambda lib: lib.func.jacrev(lambda x: (x @ x.mT).tanh())(tensor(lib, 2, 3)),
    "jacrev of a tree": lambda lib: lib.func.jacrev(of_tree)({"w": tensor(lib, 2, 3), "b": tensor(lib, 3)}),
    "jacrev by both": lambda lib: lib.func.jacrev(lambda x, y: x * y, (0, 1))(tensor(lib, 3), tensor(lib, 3, seed=1)),
    "jacfwd": lambda lib: lib.func.jacfwd(lambda x: x[:2] ** 3)(tensor(lib, 3)),
    "hessian": lambda lib: lib.func.hessian(lambda x: (x**3).sum() * x[0])(tensor(lib, 3)),
    "jacobian of a gradient": lambda lib: lib.func.jacrev(lib.func.grad(lambda x: (x**4).sum()))(tensor(lib, 3)),
    "grad of a jvp": lambda lib: lib.func.grad(lambda x: lib.func.jvp(lib.sin, (x,), (lib.ones_like(x),))[1].sum())(
        tensor(lib, 3)
    ),
    "vmap": lambda lib: lib.func.vmap(lib.dot)(tensor(lib, 4, 3), tensor(lib, 4, 3, seed=1)),
    "vmap of dims": lambda lib: lib.vmap(lib.mv, in_dims=(None, 1), out_dims=1)(tensor(lib, 2, 3), tensor(lib, 3, 5)),
    "vmap of a tree": lambda lib: lib.vmap(of_tree, in_dims=({"w": None, "b": 0},))(
        {"w": tensor(lib, 2, 3), "b": tensor(lib, 4, 3)}
    ),
    "vmap of keywords": lambda lib: lib.vmap(lambda x, y: x * y)(tensor(lib, 4), y=tensor(lib, 4, seed=1)),
    "vmap of vmap": lambda lib: lib.vmap(lib.vmap(lambda x: x.sum() * x))(tensor(lib, 2, 3, 4)),
    "gradients of samples": lambda lib: lib.vmap(lib.func.grad(energy), in_dims=(None, 0))(
        tensor(lib, 2, 3), tensor(lib, 5, 3)
    ),
    "vmap that requires grad": lambda lib: lib.vmap(lib.sin)(tensor(lib, 3, requires_grad=True)),
    "is_grads_batched": lambda lib: lib.autograd.grad(
        (x := tensor(lib, 3, requires_grad=True)) ** 3, x, lib.eye(3, dtype=lib.float64), is_grads_batched=True
    ),
    "vhp": lambda lib: lib.autograd.functional.vhp(lambda x: (x**3).sum(), tensor(lib, 3), tensor(lib, 3, seed=1)),
}


@pytest.mark.parametrize("case", CASES)
def test_results_are_those_of_pytorch(case):
    check_alike(*(plain(CASES[case](lib)) for lib in LIBRARIES))


REFUSED = {
    "no number": lambda lib: lib.func.grad(lambda x: x)(lib.ones(2)),
    "a float": lambda lib: lib.func.grad(lambda x: 3.0)(lib.ones(2)),
    "no such argument": lambda lib: lib.func.grad(lib.sin, 1)(lib.tensor(1.0)),
    "a number for a tensor": lambda lib: lib.func.grad(lib.sin)(3.0),
    "nothing to map over": lambda lib: lib.vmap(lib.sin)(lib.tensor(1.0)),
    "sizes": lambda lib: lib.vmap(lib.add)(lib.ones(2), lib.ones(3)),
    "dims of fewer": lambda lib: lib.vmap(lib.add, in_dims=(0,))(lib.ones(2), lib.ones(2)),
    "random numbers": lambda lib: lib.vmap(lambda x: lib.rand(()))(lib.ones(2)),
    "no tensor": lambda lib: lib.vmap(lambda x: 1.0)(lib.ones(2)),
    "a kind of randomness": lambda lib: lib.vmap(lib.sin, randomness="some")(lib.ones(2)),
    "fewer tangents": lambda lib: lib.func.jvp(lib.sin, (lib.ones(2),), ()),
    "a constant result": lambda lib: lib.func.jvp(
        lambda x: (x * 2, lib.ones(2)), (lib.ones(2),), (lib.ones(2),), strict=True
    ),
    "a name in two dicts": lambda lib: lib.func.functional_call(
        lib.nn.Linear(1, 1), [{"bias": lib.ones(1)}, {"bias": lib.ones(1)}], lib.ones(1)
    ),
    "no models": lambda lib: lib.func.stack_module_state([]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_pytorch_refuses_is_refused(case):
    mine, theirs = (error_of(lambda lib=lib: REFUSED[case](lib)) for lib in LIBRARIES)
    assert mine[0] == theirs[0] if isinstance(theirs, tuple) else type(mine) is type(theirs), mine


def test_gradients_by_inputs_can_be_trained_on():
    """A physics-informed loss: parameters that a function closes over get their gradients."""
    gradients = []
    for lib in LIBRARIES:
        lib.manual_seed(0)
        net = lib.nn.Sequential(lib.nn.Linear(1, 8), lib.nn.Tanh(), lib.nn.Linear(8, 1)).double()
        second = lib.func.grad(lib.func.grad(lambda x, net=net: net(x.reshape(1)).sum()))
        loss = (lib.vmap(second)(lib.linspace(0, 1, 5, dtype=lib.float64)) - 1).square().mean()
        loss.backward()
        gradients.append([loss.item(), *(0 if p.grad is None else p.grad.numpy() for p in net.parameters())])
    for mine, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-9, 1e-12)


def test_modules_called_with_other_tensors():
    found = []
    for lib in LIBRARIES:
        lib.manual_seed(0)
        net = lib.nn.Sequential(lib.nn.Linear(3, 3), lib.nn.BatchNorm1d(3))
        net[0].weight.requires_grad_(True)
        before = {name: x.clone() for name, x in net.state_dict().items()}
        x = lib.arange(12.0).reshape(4, 3)
        given = {"0.weight": lib.eye(3), "1.running_mean": lib.zeros(3)}
        results = [
            lib.func.functional_call(net, given, (x,)),
            lib.func.functional_call(net, ({"0.weight": lib.eye(3)}, {"0.bias": lib.ones(3)}), x),
            lib.nn.utils.stateless.functional_call(net, given, x),
            given["1.running_mean"],
        ]
        assert isinstance(net[0].weight, lib.nn.Parameter)
        after = net.state_dict()
        assert all(bool((after[name] == x).all()) for name, x in before.items() if "0." in name)
        net.eval()
        slopes = lib.func.grad(lambda p, net=net, x=x, lib=lib: lib.func.functional_call(net, p, (x,)).square().sum())(
            {name: p.detach() for name, p in net.named_parameters()}
        )
        found.append([*(y.detach().numpy() for y in results), *(g.numpy() for g in slopes.values())])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, 2e-4, 2e-4)
    tied = minigrad.nn.Linear(2, 2)
    tied.again = tied.weight
    with pytest.raises(RuntimeError, match="Missing key"):
        minigrad.func.functional_call(tied, {"bias": minigrad.ones(2)}, minigrad.ones(2), strict=True)
    places = minigrad.nn.utils.stateless.places_of(tied)
    with minigrad.nn.utils.stateless.replaced(tied, {"weight": minigrad.eye(2)}, True, False):
        assert tied.again is tied.weight
    assert set(places) == {"weight", "bias", "again"}


def test_an_ensemble_is_one_call():
    found = []
    for lib in LIBRARIES:
        lib.manual_seed(0)
        models = [lib.nn.Linear(3, 2) for _ in range(4)]
        parameters, buffers = lib.func.stack_module_state(models)
        results = lib.vmap(
            lambda p, b, x, m=models[0], lib=lib: lib.func.functional_call(m, (p, b), (x,)), (0, 0, None)
        )(parameters, buffers, lib.ones(5, 3))
        found.append(results.detach().numpy())
    np.testing.assert_allclose(*found, 1e-5)


def test_randomness_of_a_loop():
    for lib in LIBRARIES:
        same = lib.vmap(lambda x, lib=lib: x + lib.rand(2), randomness="same")(lib.zeros(3))
        assert bool((same == same[0]).all())
        different = lib.vmap(lambda x, lib=lib: x + lib.rand(2), randomness="different")(lib.zeros(3))
        assert not bool((different == different[0]).all())
