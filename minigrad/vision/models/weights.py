"""Trained weights of known networks: what there is of them, and how a file of them is loaded.

minigrad downloads none.  Weights that are asked for are loaded from the folder into which PyTorch downloads them; where
they are not there, the error says which file to bring.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from minigrad.dtypes import float32
from minigrad.engine.places import warn
from minigrad.nn.module import Module
from minigrad.serialization import load
from minigrad.tensor import Tensor
from minigrad.vision.transforms.functional.converting import convert_image_dtype, normalize, pil_to_tensor
from minigrad.vision.transforms.functional.placing import center_crop
from minigrad.vision.transforms.functional.resampling import InterpolationMode, resize

__all__ = ["Weights", "WeightsEnum"]

ADDRESS = "https://download.pytorch.org/models/"

Network = TypeVar("Network", bound=Module)


class ImageClassification(Module):
    """What is done to an image before a network sees it: another size, the middle of it, and normalized."""

    def __init__(
        self,
        *,
        crop_size: int,
        resize_size: int = 256,
        mean: tuple[float, ...] = (0.485, 0.456, 0.406),
        std: tuple[float, ...] = (0.229, 0.224, 0.225),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.crop_size = [crop_size]
        self.resize_size = [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Any) -> Tensor:
        """The image as the network takes it."""
        img = resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        img = center_crop(img, self.crop_size)
        if not isinstance(img, Tensor):
            img = pil_to_tensor(img)
        return normalize(convert_image_dtype(img, float32), self.mean, self.std)

    def __repr__(self) -> str:
        names = ("crop_size", "resize_size", "mean", "std", "interpolation")
        lines = "".join(f"\n    {name}={getattr(self, name)}" for name in names)
        return f"{type(self).__name__}({lines}\n)"


@dataclass(frozen=True)
class Weights:
    """Trained weights: where they are, what makes images ready for them, and what else is known.

    url: their address; transforms: called, gives the transform; meta: a dict, with "num_params" and "min_size".
    """

    url: str
    transforms: Callable[..., ImageClassification] = field(compare=False)  # a partial is equal to none
    meta: dict[str, Any]


class WeightsEnum(Enum):
    """The trained weights that there are of a network."""

    @classmethod
    def verify(cls, obj: Any) -> Any:
        """obj as one of these weights, also by its name; None stays.  TypeError for those of another network."""
        if isinstance(obj, str):
            return cls[obj.replace(cls.__name__ + ".", "")]
        if obj is not None and not isinstance(obj, cls):
            raise TypeError(
                f"Invalid Weight class provided; expected {cls.__name__} but received {type(obj).__name__}."
            )
        return obj

    def get_state_dict(self, *_: Any, **__: Any) -> dict[str, Any]:
        """The weights, from their file.  RuntimeError, with what to do, where that is not there or is another one."""
        name = self.url.rpartition("/")[2]
        path = folder() / name
        if not path.is_file():
            raise RuntimeError(
                f"{self!r} is not on this machine, and minigrad does not download it. Download {self.url} elsewhere "
                f"and put it there as {path}; or build the network without weights and load the file: "
                f"model.load_state_dict(torch.load({name!r}))"
            )
        start = name.rpartition("-")[2].partition(".")[0]  # the name ends with the beginning of the checksum
        with path.open("rb") as file:
            if not hashlib.file_digest(file, "sha256").hexdigest().startswith(start):
                raise RuntimeError(
                    f"invalid hash value: {path} is not what {self.url} is, whose SHA-256 begins {start}"
                )
        state: dict[str, Any] = load(path)
        return state

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    @property
    def url(self) -> str:
        """Where the weights are published."""
        address: str = self.value.url
        return address

    @property
    def transforms(self) -> Callable[..., ImageClassification]:
        """What, called, gives the transform that makes images ready for the network."""
        preset: Callable[..., ImageClassification] = self.value.transforms
        return preset

    @property
    def meta(self) -> dict[str, Any]:
        """What else is known of the weights."""
        known: dict[str, Any] = self.value.meta
        return known


def folder() -> Path:
    """The folder into which PyTorch downloads weights."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub" / "checkpoints"


def known(module: str, name: str, num_params: int, min_size: int, v1: str, v2: str | None = None, **how: Any) -> Any:
    """The weights of a network with so many parameters and images at least so large, one or two files of them.

    The later ones are for images that were resized to 232; how: what else is done to images before.
    """
    meta = {"num_params": num_params, "min_size": (min_size, min_size)}
    first = Weights(ADDRESS + v1, partial(ImageClassification, crop_size=224, **how), meta)
    members = {"IMAGENET1K_V1": first, "DEFAULT": first}
    if v2 is not None:
        second = Weights(ADDRESS + v2, partial(ImageClassification, crop_size=224, resize_size=232), meta)
        members = {"IMAGENET1K_V1": first, "IMAGENET1K_V2": second, "DEFAULT": second}
    make: Any = WeightsEnum
    enum = make(name, members, module=module)
    enum.__doc__ = f"The trained weights that there are of a network with {num_params:,} parameters."
    return enum


def builder(
    network: Callable[..., Network], module: str, name: str, about: str, known_weights: type[WeightsEnum]
) -> Callable[..., Network]:
    """The function of a module that builds a network, with its initial weights or with trained ones."""

    def build(
        *pretrained: bool,
        weights: Any = None,
        progress: bool = True,  # noqa: ARG001
        **kwargs: Any,
    ) -> Network:
        if pretrained or "pretrained" in kwargs:
            warn("The parameter 'pretrained' is deprecated, please use 'weights' instead.")
            [trained] = pretrained or [kwargs.pop("pretrained")]
            weights = known_weights["IMAGENET1K_V1"] if trained else None
        chosen = known_weights.verify(weights)
        if chosen is None:
            return network(**kwargs)
        if kwargs.setdefault("num_classes", 1000) != 1000:
            raise ValueError(
                f"The parameter 'num_classes' expected value 1000 but got {kwargs['num_classes']} instead."
            )
        state = chosen.get_state_dict()
        result = network(**kwargs)
        result.load_state_dict(state)
        return result

    build.__module__, build.__name__, build.__qualname__ = module, name, name
    build.__doc__ = (
        f"{about}.\n\n"
        f"weights: None, for those drawn from the seed, or one of {known_weights.__name__}, also by its name,\n"
        "which is loaded from its file: RuntimeError, with what to do, where that is not on this machine.\n"
        "progress: accepted, for there is no download.  pretrained: the old word for weights, with a warning.\n"
        "kwargs: the options of the network; ValueError for num_classes other than 1000 with trained weights."
    )
    build.weights = known_weights  # type: ignore[attr-defined]
    return build
