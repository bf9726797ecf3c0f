"""What minigrad offers by name: it is there, it is documented, and importing it needs NumPy alone."""

from __future__ import annotations

import pytest
from processes import python

from minigrad import launcher
from minigrad.dtypes import dtype

MODULES = launcher.supported_modules()


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_there_and_documented(module):
    for name in MODULES[module].__all__:
        value = getattr(MODULES[module], name)
        of_python = getattr(value, "__module__", "").startswith("multiprocessing")
        if callable(value) and not isinstance(value, dtype) and not of_python:
            assert (value.__doc__ or "").strip(), f"{module}.{name} has no docstring"


def test_every_public_method_of_a_tensor_is_documented():
    import minigrad

    for name in dir(minigrad.Tensor):
        value = getattr(minigrad.Tensor, name)
        if not name.startswith("_") and (callable(value) or isinstance(value, property)):
            assert (value.__doc__ or "").strip(), f"Tensor.{name} has no docstring"


def test_importing_minigrad_needs_numpy_alone():
    program = (
        "import sys, minigrad, minigrad.launcher\n"
        "for name, module in list(sys.modules.items()):\n"
        "    if 'site-packages' in (getattr(module, '__file__', None) or ''):\n"
        "        print(name.partition('.')[0])"
    )
    packages = {name for name in python("-c", program).stdout.split() if not name.startswith("_")}
    assert packages <= {"numpy", "minigrad"}
    assert "numpy" in packages
