"""Networks and their weights by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from minigrad.nn.module import Module
from minigrad.vision import models
from minigrad.vision.models.weights import WeightsEnum

__all__ = ["get_model", "get_model_builder", "get_model_weights", "get_weight", "list_models"]


def builders() -> dict[str, str]:
    """The names of the functions that build networks, and where each of them is."""
    return {
        name: module
        for module, names in models.LATER.items()
        for name in names.split()
        if name.islower() and not module.endswith("by_name")
    }


def list_models(
    module: Any = None,
    include: Iterable[str] | str | None = None,
    exclude: Iterable[str] | str | None = None,
) -> list[str]:
    """The names of the networks, sorted; include, exclude: patterns like "resnet*", one or several.

    module: a module whose networks alone are meant, such as torchvision.models.
    """
    wanted, unwanted = ([p] if isinstance(p, str) else list(p or ()) for p in (include, exclude))
    names = builders() if module is None or module.__name__.endswith(".models") else {}
    return sorted(
        name
        for name in names
        if (not wanted or any(fnmatchcase(name, pattern) for pattern in wanted))
        and not any(fnmatchcase(name, pattern) for pattern in unwanted)
    )


def get_model_builder(name: str) -> Callable[..., Module]:
    """The function that builds a network.  ValueError for an unknown name."""
    if name.lower() not in builders():
        raise ValueError(f"Unknown model {name}")
    builder: Callable[..., Module] = getattr(models, name.lower())
    return builder


def get_model(name: str, **config: Any) -> Module:
    """A network by its name, such as "resnet18", built with config: the options of the function of this name.

    ValueError for an unknown name.
    """
    return get_model_builder(name)(**config)


def get_model_weights(name: str | Callable[..., Module]) -> type[WeightsEnum]:
    """The trained weights that there are of a network, by its name or of the function that builds it.

    ValueError for an unknown name.
    """
    builder: Any = get_model_builder(name) if isinstance(name, str) else name
    known: type[WeightsEnum] = builder.weights
    return known


def get_weight(name: str) -> WeightsEnum:
    """Trained weights by their whole name, such as "ResNet50_Weights.IMAGENET1K_V1".  ValueError for an unknown one."""
    kind, _, which = name.partition(".")
    if not which or "." in which:
        raise ValueError(f"Invalid weight name provided: '{name}'.")
    if kind not in models.__all__ or not kind.endswith("_Weights"):
        raise ValueError(f"The weight enum '{kind}' for the specific method couldn't be retrieved.")
    weights: WeightsEnum = getattr(models, kind)[which]
    return weights
