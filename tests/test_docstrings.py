"""What docstrings say: every argument of a public name, and the shapes of every layer.

Those of the ops are held in tests/test_docstrings_of_ops.py.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Any

import pytest
from pages import PROJECT

import minigrad
from minigrad.nn import Module
from minigrad.testing.given import required

sys.path.append(str(PROJECT / "docs" / "site"))

import reference
from reference import Entry

FEWEST_WORDS = 8
HOLD_LAYERS = {"Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "DataParallel"}
"""Their shapes are those of what they hold."""
WITH_METHODS = ("minigrad.nn", "minigrad.optim", "minigrad.amp", "minigrad.utils", "minigrad.gpu", "minigrad.profiler")
OWN_METHODS = {"act", "block_size", "blocks", "grow", "known_scale", "measured", "set_rates"}
"""Methods that PyTorch's classes do not have: their names and one line say enough to who reads the code."""
ANYTHING = {"args", "kwargs"}
"""What is handed on, or ignored: the docstring says which in its own words."""


@cache
def documented() -> dict[str, Entry]:
    """Each public class and function of minigrad once, by its path, where its docstring stands in the reference."""
    return {
        entry.path: entry
        for members in reference.entries().values()
        for entry in filter(reference.documented_here, members)
        if callable(entry.value)
        and (entry.value.__module__ or "").startswith("minigrad")
        and not entry.home.startswith("minigrad.ops")
    }


def arguments(entry: Entry) -> list[str]:
    """The names of the arguments: none of what a program does not make, and of what is made as a text is."""
    if inspect.isclass(entry.value) and issubclass(entry.value, (Enum, BaseException, str)):
        return []
    return [
        name
        for name in inspect.signature(entry.value).parameters
        if name not in ANYTHING | {"self", "cls"} and not name.startswith("_")
    ]


def prose(value: Any) -> str:
    """The docstring, without its examples."""
    paragraphs = (inspect.cleandoc(value.__doc__) if value.__doc__ else "").split("\n\n")
    return "\n\n".join(each for each in paragraphs if not each.startswith(">>>"))


def linked(entry: Entry) -> list[Entry]:
    """The public names to which the docstring leads, as a reader of the site can follow them."""
    found = (reference.meant(name, entry) for name in re.findall(r"`([\w.]+)`", prose(entry.value)))
    return [one for one in found if one is not None]


def bases(value: Any) -> list[Any]:
    """The classes of minigrad that a class extends."""
    above = value.__mro__[1:] if inspect.isclass(value) else ()
    return [base for base in above if base.__module__.startswith("minigrad") and base.__doc__]


def told(entry: Entry) -> Iterator[str]:
    """All that is said of a name: by itself, its page, its bases, and the names to which these lead."""
    yield from (prose(base) for base in bases(entry.value))
    yield prose(reference.module_of(entry.module))
    met, waiting = set(), [entry]
    while waiting:
        one = waiting.pop()
        if id(one.value) not in met:
            met.add(id(one.value))
            yield prose(one.value)
            waiting += linked(one)


def words(text: str) -> set[str]:
    """The words of a text, none of which follows a point: `x.dim` is not `dim`."""
    return set(re.findall(r"(?<![\w.])\w+", text))


def test_most_names_are_looked_at():
    assert len(documented()) > 600
    assert {"torch.nn.Conv1d", "torch.optim.Adam", "torch.save", "torchvision.io.read_file"} <= documented().keys()


def test_every_argument_is_named():
    missing = {}
    for path, entry in documented().items():
        said = words("\n".join(told(entry)))
        unsaid = [argument for argument in arguments(entry) if argument not in said]
        if unsaid:
            missing[path] = unsaid
    assert missing == {}


def test_every_argument_of_a_method_is_named():
    missing = {}
    for path, entry in documented().items():
        if not (inspect.isclass(entry.value) and entry.home.startswith(WITH_METHODS)):
            continue
        for name, method in reference.methods_of(entry.value):
            if name in OWN_METHODS or name == "forward" or not inspect.isroutine(method):
                continue
            said = words("\n".join([prose(method), *told(entry)]))
            unsaid = [argument for argument in arguments(Entry(path, name, method)) if argument not in said]
            if unsaid:
                missing[f"{path}.{name}"] = unsaid
    assert missing == {}


def test_no_docstring_is_a_word():
    short = [path for path, entry in documented().items() if len(prose(entry.value).split()) < FEWEST_WORDS]
    assert short == []


# Layers -----------------------------------------------------------------------------------------------------------


def layers() -> dict[str, Entry]:
    """The layers of torch.nn."""
    return {
        entry.name: entry
        for entry in documented().values()
        if entry.module == "torch.nn" and inspect.isclass(entry.value) and issubclass(entry.value, Module)
    }


def test_layers_say_shapes():
    assert layers().keys() > HOLD_LAYERS
    silent = []
    for name in layers().keys() - HOLD_LAYERS:
        entry = layers()[name]
        said = [entry.value, *bases(entry.value), *(one.value for one in linked(entry))]
        if not any("->" in prose(value) for value in said):
            silent.append(name)
    assert silent == []


SIZES: dict[str, Any] = {"N": 2, "C": 4, "D": 5, "H": 6, "W": 7, "L": 8}
SIZES |= {"d": 5, "h": 6, "w": 7, "length": 8, "height": 6, "width": 7, "image": (6, 7)}
SIZES |= {"any": (2, 3), "rest": (3, 5)}
"""What the letters of the shapes stand for here; `any` is what * is, `rest` what ... is."""
SIDES = {"left": 1, "right": 2, "top": 2, "bottom": 1, "front": 1, "back": 2}
PADDED = ("Circular", "Reflection", "Replication", "Zero")
MADE_OF = {
    **{f"BatchNorm{n}d": (4,) for n in (1, 2, 3)},
    **{f"InstanceNorm{n}d": (4,) for n in (1, 2, 3)},
    **{f"{kind}Pad{n}d": (tuple(SIDES.values())[: 2 * n],) for n in (1, 2, 3) for kind in PADDED},
    **{f"ConstantPad{n}d": (tuple(SIDES.values())[: 2 * n], 0.5) for n in (1, 2, 3)},
    **{f"Adaptive{kind}Pool1d": (3,) for kind in ("Avg", "Max")},
    **{f"Adaptive{kind}Pool2d": ((3, 2),) for kind in ("Avg", "Max")},
    **{f"Adaptive{kind}Pool3d": ((3, 2, 1),) for kind in ("Avg", "Max")},
    "Bilinear": (4, 5, 3),
    "ChannelShuffle": (2,),
    "FeatureAlphaDropout": (),
    "GroupNorm": (2, 4),
    "Linear": (4, 3),
    "LocalResponseNorm": (2,),
    "MSELoss": (),
    "HuberLoss": (),
    "L1Loss": (),
    "SmoothL1Loss": (),
    "Softmax2d": (),
    "SyncBatchNorm": (4,),
    "Threshold": (0.1, 0.5),
    "ReLU": (),
    "Softmin": (0,),
    "Upsample": ((3, 4),),
    "UpsamplingBilinear2d": ((3, 4),),
    "UpsamplingNearest2d": ((3, 4),),
}
"""Layers whose shapes are tried, and how each is made; also those that keep every shape, and can be made of nothing."""


def shape(text: str, sizes: dict[str, Any]) -> tuple[int, ...]:
    """A shape as docstrings write it: (N, C, top + H + bottom, ...)."""
    text = re.sub(r"\*(?=[,)])", "*any", text).replace("...", "*rest")
    made: tuple[int, ...] = eval("()" if text == "()" else re.sub(r",?\)", ",)", text), {}, sizes)
    return made


def keep_every_shape() -> list[str]:
    """Layers that say so, and can be made without an argument."""
    found = [name for name, entry in layers().items() if "(*) -> (*)" in prose(entry.value)]
    return [name for name in found if not required(layers()[name].value)]


@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
@pytest.mark.parametrize("name", sorted({*MADE_OF, *keep_every_shape()}))
def test_layers_give_the_shapes_that_they_say(name: str):
    layer = layers()[name].value(*MADE_OF.get(name, ()))
    options = {key: value for key, value in vars(layer).items() if re.fullmatch(r"\w+_features|\w*size", key)}
    sizes = {**SIZES, **SIDES, **options, **({"any": (4,)} if name == "PReLU" else {})}
    claims = re.findall(r"((?:\([^()]*\)(?:, )?)+) -> (\([^()]*\))", prose(type(layer)))
    assert claims, "no shape is said"
    for given, result in claims:
        inputs = [minigrad.rand(shape(each, sizes)) for each in re.findall(r"\([^()]*\)", given)]
        assert tuple(layer(*inputs).shape) == shape(result, sizes), f"{given} -> {result}"


def test_shapes_are_read():
    assert shape("(N, *, C)", SIZES) == (2, 2, 3, 4)
    assert shape("(N,)", SIZES) == (2,)
    assert shape("(*)", SIZES) == (2, 3)
    assert shape("()", SIZES) == ()
    assert shape("(left + W, ...)", {**SIZES, **SIDES}) == (8, 3, 5)
    assert len(keep_every_shape()) > 20


# Families ---------------------------------------------------------------------------------------------------------


def classes_of(module: str, base: str) -> list[Entry]:
    """The classes of a module that come from one of its classes."""
    above = documented()[f"{module}.{base}"].value
    found = [entry for entry in documented().values() if entry.module == module and inspect.isclass(entry.value)]
    return [entry for entry in found if issubclass(entry.value, above) and entry.value is not above]


def test_distributions_say_their_density_support_mean_and_variance():
    families = classes_of("torch.distributions", "Distribution")
    assert len(families) > 15
    for entry in families:
        text = prose(entry.value).lower()
        assert all(word in text for word in ("support", "mean", "variance")), entry.name
        assert re.search(r"densit|\bp\(|probabilit", text), entry.name


def test_optimizers_say_what_becomes_of_a_parameter():
    kinds = classes_of("torch.optim", "Optimizer")
    assert len(kinds) > 12
    assert [entry.name for entry in kinds if not re.search(r"\bp = p|`Adam`", prose(entry.value))] == []


def test_schedules_say_the_rate():
    schedules = classes_of("torch.optim.lr_scheduler", "LRScheduler")
    assert len(schedules) > 12
    others = {
        "ChainedScheduler": "several schedulers at once",
        "SequentialLR": "several schedulers one after another",
        "ReduceLROnPlateau": "it depends on a metric",
        "OneCycleLR": "three numbers, and the way between them",
    }
    assert {entry.name for entry in schedules if "lr = " not in prose(entry.value)} == others.keys()


# What is named exists ---------------------------------------------------------------------------------------------


MODULES = "torch|torchvision|amp|autograd|cuda|datasets|functional|init|nn|optim|utils"
"""What a name in backticks begins with where it is meant as a link."""


def test_names_with_their_module_lead_to_what_is_said_of_them():
    for path, entry in documented().items():
        for name in re.findall(rf"`((?:{MODULES})\.[\w.]+)`", prose(entry.value)):
            assert reference.meant(name, entry), f"{path}: {name}"


def test_words_that_hold_a_name_are_not_it():
    assert words("along dim, if x.p; dims_of `eps`: a=b") == {"along", "dim", "if", "x", "dims_of", "eps", "a", "b"}
