"""What is imported when it is first used, and what is written from tables."""

from __future__ import annotations

import importlib
import inspect

import pytest
from engines import torch
from processes import python
from tables import elementwise, in_place

import minigrad
from minigrad import later
from minigrad.more_methods import MoreMethods
from minigrad.nn.further import FUNCTIONS, LAYERS
from minigrad.optim.further import OPTIMIZERS
from minigrad.optim.lr_scheduler.further import SCHEDULERS


@pytest.mark.parametrize("family", later.FAMILIES)
def test_a_family_offers_what_is_listed(family: str) -> None:
    module = importlib.import_module(f"minigrad.ops.{family}")
    assert sorted(module.__all__) == sorted(later.FAMILIES[family].split())
    for name in module.__all__:
        assert getattr(minigrad, name) is getattr(minigrad, name)
        assert inspect.unwrap(getattr(minigrad, name)) is getattr(module, name)
        assert name in minigrad.__all__


TABLES = {
    "minigrad.nn": LAYERS,
    "minigrad.nn.functional": FUNCTIONS,
    "minigrad.optim": OPTIMIZERS,
    "minigrad.optim.lr_scheduler": SCHEDULERS,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_a_module_offers_is_listed_where_it_is_found(name: str) -> None:
    asked = importlib.import_module(name)
    for source, names in TABLES[name].items():
        for name in names.split():
            module = importlib.import_module(source or f"{asked.__name__}.{name}")
            assert getattr(asked, name) is (getattr(module, name) if source else module)
            assert name in asked.__all__


def test_a_method_is_its_function_once_it_was_used() -> None:
    program = (
        "import sys, minigrad\n"
        "assert not {'minigrad.ops.picking', 'minigrad.ops.functions', 'minigrad.linalg'} & sys.modules.keys()\n"
        "x = minigrad.tensor([1.0, 2.0])\n"
        "assert x.take(minigrad.tensor([1])).item() == 2.0 and minigrad.take(x, minigrad.tensor([0])).item() == 1.0\n"
        "assert 'minigrad.ops.functions' not in sys.modules\n"
        "assert minigrad.Tensor.take is minigrad.take.__wrapped__ is sys.modules['minigrad.ops.picking'].take\n"
        "assert minigrad.linalg.norm(x).item() > 2\n"
        "assert not hasattr(minigrad, 'no_such_name') and not hasattr(x, 'no_such_name')\n"
    )
    assert python("-c", program).returncode == 0


def test_every_method_that_is_listed_is_there() -> None:
    for name in vars(MoreMethods).keys() - vars(type).keys():
        if not name.startswith(("__", "is_")):
            assert callable(getattr(minigrad.Tensor, name))


def test_of_what_kind_a_tensor_is() -> None:
    theirs, mine = torch.ones(1), minigrad.ones(1)
    names = [name for name in dir(torch.Tensor) if name.startswith("is_") and not callable(getattr(theirs, name))]
    assert len(names) > 10
    assert {name: getattr(mine, name) for name in names} == {name: getattr(theirs, name) for name in names}


def test_rules_of_what_is_imported_later_are_learnt() -> None:
    from minigrad.engine.kept import READS

    function = later.function("atan")
    assert vars(importlib.import_module(function.__module__))["atan_da"] in READS


@pytest.mark.parametrize("writer", [elementwise, in_place], ids=["functions", "more_in_place"])
def test_what_is_written_from_a_table_is_what_the_table_says(writer) -> None:
    pytest.importorskip("ruff")
    stale = f"{writer.FILE.name} is stale, or was changed by hand: run `PYTHONPATH=tests python -m tables`"
    assert writer.FILE.read_text(encoding="utf-8") == writer.source(), stale
