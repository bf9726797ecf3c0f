"""What the docstrings of the ops say: a meaning or formula, every argument, and the exceptions that errors raise.

What holds for a family is said once, at the head of its file, and an op may refer to another: "As `x`", "those of `x`".
Both count as said.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from pages import PROJECT

sys.path.append(str(PROJECT / "docs" / "site"))

import pytorch_pages
import reference

WORDS = 6
"""So many at least, signs of a formula too, unless an op is another one by another name, or in place."""
OPERANDS = {"input", "other", "self", "args", "kwargs"}
"""What need not be named: a sentence is about it, or tells its forms."""
REFERENCE = re.compile(r"(?:\b(?:as|see|those of|that of)(?: for| in| with| to)?|:)\s+`([\w.]+)`", re.IGNORECASE)


@cache
def ops() -> dict[str, reference.Entry]:
    """The public ops, and the methods of Tensor that are no functions, by their paths."""
    found = [entry for module in reference.entries().values() for entry in module if reference.documented_here(entry)]
    return {entry.path: entry for entry in found if is_op(entry)}


def is_op(entry: reference.Entry) -> bool:
    """Whether a name is a function of minigrad.ops, or a method."""
    is_home = entry.home.startswith("minigrad.ops") or entry.module == reference.METHODS
    return inspect.isroutine(entry.value) and is_home


def said(entry: reference.Entry) -> str:
    """The docstring of an op and of its family, and those that they refer to."""
    texts: dict[str, str] = {}
    waiting = [entry.path, entry.home]
    while waiting:
        path = waiting.pop()
        if path not in texts:
            texts[path] = docstring(path, entry)
            waiting += places(texts[path], entry)
    return "\n".join(texts.values())


def docstring(path: str, entry: reference.Entry) -> str:
    """What stands at a path: of a name, or of a file of minigrad's."""
    place = entry if path == entry.path else reference.by_path().get(path)
    return inspect.getdoc(place.value if place else sys.modules[path]) or ""


def places(text: str, entry: reference.Entry) -> Iterator[str]:
    """The paths of what a docstring refers to."""
    for name in REFERENCE.findall(text):
        place = reference.meant(name, entry)
        if place is not None:
            yield from (place.path, place.home)
    yield from re.findall(r"`(minigrad\.ops[\w.]+)`", text)


def test_every_op_says_what_it_is():
    texts = {path: inspect.getdoc(entry.value) or "" for path, entry in ops().items()}
    assert [path for path in texts if not says_something(texts[path], ops()[path])] == []


def says_something(text: str, entry: reference.Entry) -> bool:
    """Whether a docstring has a sentence or formula of its own, or refers to one that there is."""
    if text.startswith("As `"):
        return any(True for _ in places(text, entry))
    return len(text.partition(">>>")[0].split()) >= WORDS


def test_every_argument_is_named():
    missing = {path: unnamed(said(entry), entry) for path, entry in ops().items()}
    assert {path: names for path, names in missing.items() if names} == {}


def unnamed(text: str, entry: reference.Entry) -> list[str]:
    """The arguments of an op that a text does not name."""
    names = inspect.signature(entry.value).parameters
    return [name for name in names if name not in OPERANDS and not re.search(rf"\b{name}\b", text)]


def test_the_exceptions_of_pytorchs_own_error_samples_are_named(recwarn: Any):
    pytest.importorskip("expecttest")
    from test_op_database import database, named, of_minigrad

    known = {reference.identity(entry.value): entry for entry in ops().values()}
    unsaid = set()
    for info in database.op_db:
        entry = known.get(reference.identity(named(info.name)))
        if entry is None or info.error_inputs_func is None:
            continue
        for sample in info.error_inputs("cpu"):
            inner = sample.sample_input
            try:
                args, options = of_minigrad([[inner.input, *inner.args], inner.kwargs])
            except (TypeError, ValueError):  # a dtype, or a number of dimensions, that NumPy has not
                continue
            try:
                entry.value(*args, **options)
            except Exception as error:
                if not any(re.search(rf"\b{kind.__name__}\b", said(entry)) for kind in type(error).__mro__[:-3]):
                    unsaid.add(f"{entry.path}: {type(error).__name__}: {error}")
    assert sorted(unsaid) == []


def test_what_is_missing_is_found():
    def scaled(input: Any, factor: Any) -> Any:
        """As `nothing_of_this_name`."""

    entry = reference.Entry("torch", "scaled", scaled)
    text = docstring(entry.path, entry)
    assert not says_something(text, entry)
    assert not says_something("input * factor.", entry)
    assert unnamed(text, entry) == ["factor"]
    assert unnamed("factor: a number.", entry) == []
    assert "rounding_mode" in said(ops()["torch.Tensor.div_"])
    assert "ValueError" in said(ops()["torch.nn.functional.mse_loss"])
    assert "ValueError" not in said(ops()["torch.exp"])


def test_names_without_a_page_at_pytorch_are_public_names():
    for module, names in pytorch_pages.MISSING.items():
        public = {entry.name for entry in reference.entries()[module]}
        assert set(names.split()) <= public, module
    assert pytorch_pages.pytorch_page("torch", "exp") == pytorch_pages.ADDRESS + "torch.exp.html"
    assert (
        pytorch_pages.pytorch_page("torch.nn", "Flatten")
        == pytorch_pages.ADDRESS + "torch.nn.modules.flatten.Flatten.html"
    )
    assert pytorch_pages.pytorch_page("torch", "exp_") is pytorch_pages.pytorch_page("torch.Tensor", "exp") is None
