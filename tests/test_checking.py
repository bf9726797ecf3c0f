"""`--check`: what a program uses and minigrad lacks; and SUPPORTED.md, which says it of every name."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from engines import needs_torch
from processes import python

from minigrad.launcher import checking
from minigrad.launcher.supported import FILE, names_of

PROJECT = Path(__file__).parent.parent


@pytest.fixture
def lacking(tmp_path):
    """What a program lacks, and which methods it perhaps does, by name and line."""

    def check(source: str, name: str = "script.py"):
        file = tmp_path / name
        file.write_text(source)
        findings = checking.read(str(file))
        return [(use.name, use.place) for use in findings.lacking], [use.name for use in findings.guessed]

    return check


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import torch\ntorch.no_such(3)", ["torch.no_such"]),
        ("import torch as t\nt.ones(3), t.no_such", ["torch.no_such"]),
        ("import torch.nn as nn\nnn.NoSuch(3)", ["torch.nn.NoSuch"]),
        ("import torch\nnn = torch.nn\nnn.NoSuch(3); nn.Linear", ["torch.nn.NoSuch"]),
        ("from torch import nn\nclass A(nn.NoSuch): pass", ["torch.nn.NoSuch"]),
        ("from torch.nn import functional as F\nF.no_such", ["torch.nn.functional.no_such"]),
        ("from torch.nn import Linear, NoSuch", ["torch.nn.NoSuch"]),
        ("import torch.no.such", ["torch.no"]),
        ("import torch.nn.no_such", ["torch.nn.no_such"]),
        ("from torchvision import no_such", ["torchvision.no_such"]),
        ("import torchvision\ntorchvision.no_such.further()", ["torchvision.no_such"]),
        ("import torch\ntorch.Tensor.no_such", ["torch.Tensor.no_such"]),
        ("import torch\nx = torch.bfloat16", ["torch.bfloat16"]),
        ("import torch\ntorch.ones(2, no=1)", ["torch.ones(no=)"]),
        ("import torch\ntorch.optim.SGD([], lr=1, no=1)", ["torch.optim.SGD(no=)"]),
        ("from torch.nn import *\nLinear(1, 1), CrossMapLRN2d(2)", ["torch.nn.CrossMapLRN2d"]),
        ("import torch\ntorch.cuda.is_available(); torch.backends.cudnn.benchmark = True", []),
        ("import torch\ntorch.ones(2).device.no_such", []),
        ("try:\n    import torch.no\nexcept ImportError:\n    pass", []),
        ("try:\n    import torch.no\nexcept ValueError:\n    pass", ["torch.no"]),
        ("import numpy as torch\ntorch.no_such", []),
        ("import torch\ntorch = None\ntorch.no_such", []),
        ("import os\nos.no_such", []),
        ("from torch.utils.data import DataLoader\nDataLoader([], batch_size=2, num_workers=0)", []),
        ("import torch\nmodel = torch.nn.Linear(1, 1)\nmodel.no_such", []),
    ],
)
def test_names_that_are_lacking(lacking, source, names):
    assert [name for name, _ in lacking(source)[0]] == names


CHOICES = """
import torch
dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}["float32"]
x = torch.ones(2, dtype=dtype)
if x.dtype == torch.bfloat16 or x.dtype in (torch.float16, torch.bfloat16):
    x = x.float()
with torch.autocast("cuda", dtype=torch.bfloat16), torch.amp.autocast("cpu", torch.bfloat16):
    x = x * 2
"""


def test_dtypes_to_compare_with_are_not_lacking(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CHOICES)
    findings = checking.read(str(script))
    assert findings.lacking == []
    assert [use.line for use in findings.compared] == [3, 4, 6, 6, 8, 8]
    assert "to compare with and to choose among" in checking.report("script.py", findings)
    assert python("-W", "ignore", "-m", "minigrad", str(script)).returncode == 0
    script.write_text(f"{CHOICES}x.to(torch.bfloat16 if len(x) else 3), x + torch.ones(1, dtype=torch.bfloat16)")
    assert [use.line for use in checking.read(str(script)).lacking] == [10]


def test_methods_are_guessed(lacking):
    source = (
        "import torch, pandas as pd\nx = torch.ones(3)\nx.no_such(); x.sparse_mask(); x.sum()\n"
        "pd.sparse_mask(); frame = pd.read(); 'a'.split()\n"
        "def own(): pass\n"
    )
    assert lacking(source) == ([], ["Tensor.sparse_mask"])
    assert lacking("import torch\nclass A:\n    def sparse_mask(self): self.sparse_mask()") == ([], [])


def test_lines_and_cells(lacking):
    assert lacking("import torch\n\ntorch.no_such") == ([("torch.no_such", "line 3")], [])
    cells = [
        {"cell_type": "markdown", "source": ["torch.no_such"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install torch\n", "import torch\n"]},
        {"cell_type": "code", "source": "x = 1\nif x:\n    %time torch.ones(1)\ntorch.no_such"},
        {"cell_type": "code", "source": ["%%bash\n", "ls"]},
    ]
    notebook = json.dumps({"cells": cells})
    assert lacking(notebook, "notes.ipynb") == ([("torch.no_such", "cell 3, line 4")], [])


def test_files_beside_are_named(tmp_path):
    for name in ("model", "more", "script"):
        (tmp_path / f"{name}.py").write_text("import torch\nfrom model import Net\nfrom . import more, no\nimport os\n")
    findings = checking.read(str(tmp_path / "script.py"))
    assert findings.beside == [str(tmp_path / "model.py"), str(tmp_path / "more.py")]
    assert checking.report("script.py", findings).splitlines()[-1].startswith("It imports /")


def test_the_command(tmp_path):
    bad, good, none = tmp_path / "bad.py", tmp_path / "good.py", tmp_path / "none.py"
    bad.write_text("import torch\ntorch.no_such(1)\n" + "torch.no_such(2)\n" * 6 + "torch.ones(1).sparse_mask()\n")
    good.write_text("import torch\nraise SystemExit(torch.ones(1))\n")
    none.write_text("print(1)\nx = (")
    ended = python("-m", "minigrad", "--check", str(bad))
    assert ended.returncode == 1
    assert ended.stdout == (
        f"{bad}: minigrad lacks 1 of what it uses of PyTorch:\n"
        "  torch.no_such\n"
        "      line 2: torch.no_such(1)\n" + "".join(f"      line {n}: torch.no_such(2)\n" for n in (3, 4, 5, 6)) + ""
        "      and 2 more\n"
        "Methods that PyTorch's tensors have and minigrad's lack (a guess: these may be no tensors):\n"
        "  Tensor.sparse_mask\n"
        "      line 9: torch.ones(1).sparse_mask()\n"
    )
    ended = python("-m", "minigrad", "--check", str(good))
    assert (ended.returncode, ended.stdout) == (0, f"{good}: minigrad has all 2 names of PyTorch that it uses.\n")
    ended = python("-m", "minigrad", "--check", str(good), str(bad))
    assert ended.returncode == 1
    ended = python("-m", "minigrad", "--check", str(none))
    assert "line 2 is not read: '(' was never closed" in ended.stdout
    assert python("-m", "minigrad", "--check", str(tmp_path / "no.py")).returncode == 2
    assert "a folder: name its files: " in python("-m", "minigrad", "--check", str(tmp_path)).stdout
    assert python("-m", "minigrad", "--check").returncode == 2


def test_what_it_calls_lacking_fails_and_what_not_runs(tmp_path):
    """The answer of --check is that of the launcher."""
    there = [f"torch.nn.{name}" for name in sorted(names_of("torch.nn"))] + [
        f"torch.{name}" for name in sorted(names_of("torch"))
    ]
    program = tmp_path / "names.py"
    program.write_text(
        "import torch, torch.nn\nfrom torch.nn.parameter import Parameter\n"
        f"for name in {there!r}:\n"
        "    try:\n        eval(name)\n        print(name, True)\n"
        "    except AttributeError:\n        print(name, False)\n"
    )
    ended = python("-W", "ignore", "-m", "minigrad", str(program))
    answers = dict(line.split() for line in ended.stdout.splitlines())
    stand_ins = {"torch.bfloat16", "torch.complex64", "torch.complex128"}
    assert len(answers) == len(there) > 1000
    for name in there:
        if name not in stand_ins:
            assert str(checking.is_there(name)) == answers[name], name


# The page ---------------------------------------------------------------------------------------------------------


def test_the_page_is_up_to_date():
    needs_torch()
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    ended = python(str(PROJECT / "docs" / "supported.py"), "--check")
    assert ended.returncode == 0, f"stale: `python docs/supported.py` writes it anew. {ended.stderr}"


def test_the_page_lists_what_there_is():
    text = FILE.read_text()
    assert "- `compile` differs: a training step becomes a NumPy program; a module stays as it is" in text
    assert {"LSTM", "Linear"} <= names_of("torch.nn")
    assert not names_of("torch.no_such")
    assert sys.modules.get("torch") is None or "add_" in names_of("torch.Tensor")


def test_every_difference_is_of_a_name_that_is_there():
    spec = importlib.util.spec_from_file_location("supported", PROJECT / "docs" / "supported.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    for name in page.DIFFERS:
        module, _, last = name.rpartition(".")
        assert module in page.MODULES
        assert checking.is_there(name), name
        assert last in names_of(module), name
