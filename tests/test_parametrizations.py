"""Weight and spectral normalization by hooks and by parametrizations, and further initial weights: beside PyTorch's."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, error_of, same, torch
from same_draws import in_step
from test_normalization import in_both, numbers, saved

import minigrad
from minigrad.nn.utils import parametrizations, parametrize

LAYERS = {
    "Linear": (lambda nn: nn.Linear(4, 3), (5, 4)),
    "Conv2d": (lambda nn: nn.Conv2d(2, 3, 2), (2, 2, 4, 4)),
    "ConvTranspose2d": (lambda nn: nn.ConvTranspose2d(2, 3, 2), (2, 2, 4, 4)),
}
NORMS: dict[str, Any] = {
    "weight_norm": lambda lib, layer: lib.nn.utils.weight_norm(layer),
    "weight_norm, along 1": lambda lib, layer: lib.nn.utils.weight_norm(layer, dim=1),
    "weight_norm, of all": lambda lib, layer: lib.nn.utils.weight_norm(layer, "weight", None),
    "spectral_norm": lambda lib, layer: lib.nn.utils.spectral_norm(layer),
    "spectral_norm, iterations": lambda lib, layer: lib.nn.utils.spectral_norm(layer, n_power_iterations=3, dim=1),
    "parametrized weight_norm": lambda lib, layer: lib.nn.utils.parametrizations.weight_norm(layer),
    "parametrized weight_norm, of all": lambda lib, layer: lib.nn.utils.parametrizations.weight_norm(layer, dim=None),
    "parametrized spectral_norm": lambda lib, layer: lib.nn.utils.parametrizations.spectral_norm(layer),
    "parametrized spectral_norm, along 1": lambda lib, layer: lib.nn.utils.parametrizations.spectral_norm(
        layer, dim=1, n_power_iterations=2
    ),
}
REMOVE = {
    "weight_norm": lambda lib, layer: lib.nn.utils.remove_weight_norm(layer),
    "spectral_norm": lambda lib, layer: lib.nn.utils.remove_spectral_norm(layer),
    "parametrized": lambda lib, layer: lib.nn.utils.parametrize.remove_parametrizations(layer, "weight"),
}


@pytest.fixture(autouse=True)
def _without_the_advice() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.nn.utils.weight_norm` is deprecated")
        yield


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("name", NORMS)
def test_normed_weights(name: str, kind: str) -> None:
    """Training steps in training and in evaluation, the state, and the layer without the norm."""
    make, shape = LAYERS[kind]

    def train(lib: Any) -> Any:
        lib.nn.utils.parametrizations, lib.nn.utils.parametrize  # noqa: B018 - imported when used
        layer = NORMS[name](lib, make(lib.nn).double())
        steps = lib.optim.SGD(layer.parameters(), lr=0.1)
        seen: list[Any] = [repr(layer), list(layer.state_dict()), [n for n, _ in layer.named_parameters()]]
        for i in range(3):
            layer.train(i != 1)
            x = numbers(lib, *shape, start=i)
            y = layer(x) + layer(x * 2)
            steps.zero_grad()
            (y * y).mean().backward()
            steps.step()
            seen.append([y, saved(layer), [p.grad for p in layer.parameters()]])
        layer.eval()
        y = layer(x)
        plain = REMOVE[name.split(",")[0].split()[0]](lib, layer)
        return [*seen, repr(plain), list(plain.state_dict()), plain(x), y, type(plain.weight).__name__]

    in_both(train)
    in_step()


def test_the_hook_of_weight_norm_is_advised_against() -> None:
    for lib in ENGINES:
        with pytest.warns(
            FutureWarning, match="is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`"
        ):
            lib.nn.utils.weight_norm(lib.nn.Linear(2, 2))


def test_state_goes_to_pytorch_and_back() -> None:
    for name in NORMS:
        theirs, mine = (NORMS[name](lib, lib.nn.Linear(4, 3)) for lib in ENGINES)
        mine.load_state_dict({key: minigrad.from_numpy(x.numpy().copy()) for key, x in theirs.state_dict().items()})
        x = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
        y, z = theirs.eval()(torch.from_numpy(x)), mine.eval()(minigrad.from_numpy(x))
        np.testing.assert_allclose(z.detach().numpy(), y.detach().numpy(), 1e-5, 1e-6)


# Parametrizations of one's own ------------------------------------------------------------------------------


def parts(lib: Any) -> Any:
    """Parametrizations for tests."""

    class Symmetric(lib.nn.Module):
        def forward(self, x: Any) -> Any:
            return x.triu() + x.triu(1).mT

    class Doubled(lib.nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2

        def right_inverse(self, x: Any) -> Any:
            return x / 2

    class Sum(lib.nn.Module):
        def forward(self, a: Any, b: Any) -> Any:
            return a + b

        def right_inverse(self, x: Any) -> Any:
            return x / 2, x / 2

    class Longer(lib.nn.Module):
        def forward(self, x: Any) -> Any:
            return lib.cat((x, x))

    return Symmetric, Doubled, Sum, Longer


def test_a_parametrization() -> None:
    def used(lib: Any) -> Any:
        nn, parametrize = lib.nn, lib.nn.utils.parametrize
        Symmetric, Doubled, Sum, _ = parts(lib)
        layer = nn.Linear(3, 3).double()
        weight = layer.weight
        register = parametrize.register_parametrization
        seen = [parametrize.is_parametrized(layer), register(layer, "weight", Doubled()) is layer]
        seen += [repr(layer), list(layer.state_dict()), layer.parametrizations.weight.original is weight]
        layer.weight = numbers(lib, 3, 3)
        seen += [layer.weight, weight]
        register(register(layer, "weight", Symmetric()), "bias", Sum())
        seen += [repr(layer), layer.weight, layer.bias, list(layer.state_dict())]
        seen += [parametrize.is_parametrized(layer, "bias"), parametrize.is_parametrized(layer, "no")]
        seen += [parametrize.type_before_parametrizations(layer) is nn.Linear, type(layer).__name__]
        layer(numbers(lib, 2, 3)).sum().backward()
        seen += [p.grad for p in layer.parameters()]
        again = copy.deepcopy(layer)
        seen += [again.weight, again.weight is not layer.weight, repr(again)]
        parametrize.remove_parametrizations(layer, "weight")
        seen += [layer.weight, layer.weight is weight, type(layer).__name__]
        parametrize.remove_parametrizations(layer, "bias")
        return [*seen, layer.bias, repr(layer), type(layer) is nn.Linear, list(layer.state_dict())]

    in_both(used)


def test_a_cached_tensor_is_computed_once() -> None:
    def counted(lib: Any) -> Any:
        calls = []

        class Noted(lib.nn.Module):
            def forward(self, x: Any) -> Any:
                calls.append(1)
                return x * 2

        layer = lib.nn.utils.parametrize.register_parametrization(lib.nn.Linear(2, 2), "weight", Noted())
        calls.clear()
        with lib.nn.utils.parametrize.cached():
            first = layer.weight is layer.weight
        return first, len(calls), layer.weight is layer.weight, len(calls)

    assert same(counted) == (True, 1, False, 3)


def test_buffers_and_originals() -> None:
    def used(lib: Any) -> Any:
        parametrize = lib.nn.utils.parametrize
        _, Doubled, _, Longer = parts(lib)
        module = lib.nn.Module()
        module.register_buffer("mean", numbers(lib, 2))
        parametrize.register_parametrization(module, "mean", Doubled())
        parametrize.register_parametrization(module, "mean", Longer(), unsafe=True)
        seen = [module.mean, list(module.state_dict())]
        parametrize.remove_parametrizations(module, "mean", leave_parametrized=False)
        return [*seen, module.mean, list(module.state_dict())]

    in_both(used)


def register(lib: Any, name: str, part: int) -> Any:
    return lib.nn.utils.parametrize.register_parametrization(lib.nn.Linear(3, 3), name, parts(lib)[part]())


ERRORS = {
    "no such name": lambda lib: register(lib, "no", 0),
    "another shape": lambda lib: register(lib, "weight", 3),
    "not parametrized": lambda lib: lib.nn.utils.parametrize.remove_parametrizations(lib.nn.Linear(2, 2), "weight"),
    "no inverse": lambda lib: setattr(register(lib, "weight", 0), "weight", lib.ones(3, 3)),
    "several originals": lambda lib: lib.nn.utils.parametrize.remove_parametrizations(
        register(lib, "weight", 2), "weight", leave_parametrized=False
    ),
    "nothing to list": lambda lib: lib.nn.utils.parametrize.ParametrizationList([], lib.ones(2)),
    "twice": lambda lib: lib.nn.utils.weight_norm(lib.nn.utils.weight_norm(lib.nn.Linear(2, 2))),
    "spectral twice": lambda lib: lib.nn.utils.spectral_norm(lib.nn.utils.spectral_norm(lib.nn.Linear(2, 2))),
    "spectral, iterations": lambda lib: lib.nn.utils.spectral_norm(lib.nn.Linear(2, 2), n_power_iterations=0),
    "spectral, no bias": lambda lib: lib.nn.utils.spectral_norm(lib.nn.Linear(2, 2, bias=False), "bias"),
    "lazy": lambda lib: lib.nn.utils.weight_norm(lib.nn.LazyLinear(2)),
    "spectral lazy": lambda lib: lib.nn.utils.spectral_norm(lib.nn.LazyLinear(2)),
    "no norm": lambda lib: lib.nn.utils.remove_weight_norm(lib.nn.Linear(2, 2)),
    "no spectral norm": lambda lib: lib.nn.utils.remove_spectral_norm(lib.nn.Linear(2, 2)),
    "dim": lambda lib: lib.nn.utils.parametrizations.spectral_norm(lib.nn.Linear(2, 2), dim=2),
    "no weight": lambda lib: lib.nn.utils.parametrizations.spectral_norm(lib.nn.ReLU()),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case: str) -> None:
    theirs, mine = (error_of(ERRORS[case], lib) for lib in ENGINES)
    assert theirs == mine


def test_a_parametrized_module_is_not_pickled() -> None:
    for lib in ENGINES:
        layer = register(lib, "weight", 1)
        with pytest.raises(RuntimeError, match="Serialization of parametrized modules is only"):
            pickle.dumps(layer)
    assert parametrize.is_parametrized(parametrizations.weight_norm(minigrad.nn.Linear(2, 2)))


# Initial weights --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (5, 5), (3, 2, 2, 2), (7, 2, 2), (0, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    for dtype, tolerance in (("float32", 2e-5), ("float64", 1e-12)):
        drawn = []
        for lib in ENGINES:
            lib.manual_seed(0)
            drawn.append(lib.nn.init.orthogonal_(lib.empty(shape, dtype=getattr(lib, dtype)), gain=2))
        np.testing.assert_allclose(drawn[1].numpy(), drawn[0].numpy(), tolerance, tolerance)
        in_step()


def test_orthogonal_from_a_generator() -> None:
    drawn = [lib.nn.init.orthogonal_(lib.empty(4, 3), generator=lib.Generator().manual_seed(3)) for lib in ENGINES]
    np.testing.assert_allclose(drawn[1].numpy(), drawn[0].numpy(), 2e-5, 2e-5)
    flat = minigrad.nn.init.orthogonal_(minigrad.nn.Linear(3, 6).weight)
    np.testing.assert_allclose((flat.T @ flat).detach().numpy(), np.eye(3), atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 3, 3), (3, 4, 2, 3), (4, 2, 3, 1, 3)])
def test_dirac(shape: tuple[int, ...]) -> None:
    for groups in (1, shape[0]):
        same(lambda lib, groups=groups: lib.nn.init.dirac_(lib.empty(shape), groups).tolist())


def test_sparse() -> None:
    def drawn(lib: Any) -> Any:
        lib.manual_seed(1)
        return lib.nn.init.sparse_(lib.empty(7, 4), 0.3, std=0.5).tolist()

    same(drawn)
    in_step()


INIT_ERRORS = {
    "orthogonal": lambda lib: lib.nn.init.orthogonal_(lib.ones(3)),
    "dirac": lambda lib: lib.nn.init.dirac_(lib.ones(3, 3)),
    "dirac, groups": lambda lib: lib.nn.init.dirac_(lib.ones(3, 3, 3), 2),
    "sparse": lambda lib: lib.nn.init.sparse_(lib.ones(3), 0.1),
}


@pytest.mark.parametrize("case", INIT_ERRORS)
def test_errors_of_initial_weights(case: str) -> None:
    theirs, mine = (error_of(INIT_ERRORS[case], lib) for lib in ENGINES)
    assert theirs == mine


def test_weights_that_are_not_drawn() -> None:
    for lib in ENGINES:
        lib.manual_seed(0)
        layer = lib.nn.utils.skip_init(lib.nn.Linear, 3, 2, bias=False)
        assert (type(layer), tuple(layer.weight.shape)) == (lib.nn.Linear, (2, 3))
        assert lib.rand(1).item() == pytest.approx(0.4962565899)
    for pick in (lambda _: int, lambda lib: lib.nn.ReLU):
        theirs, mine = (error_of(lib.nn.utils.skip_init, pick(lib), 3) for lib in ENGINES)
        assert theirs == mine
