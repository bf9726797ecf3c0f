"""Libraries that are made for PyTorch run on minigrad under the launcher, and print what they print on PyTorch."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from engines import needs_torch
from processes import python

import minigrad
from minigrad.absent import ABSENT
from minigrad.launcher import supported_modules

EINOPS = """
import torch
from torch import nn
from einops import asnumpy, pack, parse_shape, rearrange, reduce, repeat, unpack
from einops.layers.torch import Rearrange, Reduce

x = torch.arange(24.0).reshape(2, 3, 4).requires_grad_()
y = rearrange(x, "b c (h w) -> b (h w) c", h=2)
print(type(y), y.shape)
for how in ("mean", "sum", "max", "min"):
    print(reduce(x, "b c h -> b c", how).tolist(), reduce(x, "b c h -> h", how).tolist())
    print(torch.autograd.grad(reduce(x, "b c (h 2) -> b h", how).sum(), x)[0])
print(repeat(x, "b c h -> b c h k", k=2).shape, rearrange([x, x], "n b c h -> b n c h").shape, parse_shape(x, "b c _"))
packed, shapes = pack([x, x[0]], "* h")
print(packed.shape, [each.tolist() for each in unpack(packed, shapes, "* h")], asnumpy(x))
torch.manual_seed(0)
model = nn.Sequential(Rearrange("b c h -> b (c h)"), nn.Linear(12, 6), nn.ReLU(), Reduce("b (n k) -> b n", "max", k=2))
model(x).sum().backward()
print(model, model(x).shape, [tuple(p.grad.shape) for p in model.parameters()])
"""

TORCHINFO = """
import torch
from torch import nn
from torchinfo import summary

model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(676, 10))
print(summary(model))
print(summary(model, input_size=(2, 1, 28, 28)))
columns = ["input_size", "output_size", "num_params", "kernel_size", "mult_adds", "trainable"]
print(summary(model, input_data=torch.ones(2, 1, 28, 28), col_names=columns, row_settings=["var_names"], verbose=0))
"""

TORCHMETRICS = """
import torch

if "minigrad" not in torch.__version__:  # torchmetrics imports torchvision
    from minigrad.comparison.worker import let_torchvision_be_imported

    let_torchvision_be_imported(torch)

import torchmetrics
from torchmetrics import classification

torch.manual_seed(0)
probabilities, classes = torch.rand(20, 4).softmax(-1), torch.randint(0, 4, (20,))
for name in ("Accuracy", "Precision", "Recall", "F1Score", "ConfusionMatrix", "AUROC"):
    metric = getattr(torchmetrics, name)(task="multiclass", num_classes=4)
    for rows in (slice(0, 12), slice(12, 20)):
        print(name, metric(probabilities[rows], classes[rows]).mul(10000).round().tolist())
    print(metric.compute().mul(10000).round().tolist())
binary = torchmetrics.MetricCollection([classification.BinaryAccuracy(), classification.BinaryF1Score()])
binary.update(probabilities[:, 0], classes == 0)
print({name: value.item() for name, value in binary.compute().items()})
for metric in (torchmetrics.MeanSquaredError(), torchmetrics.MeanAbsoluteError()):
    metric.update(probabilities[:, 0], probabilities[:, 1])
    print(f"{metric.compute().item():.5f}")
mean = torchmetrics.MeanMetric()
print([round(mean(value).item(), 5) for value in (1.0, 2.0, torch.tensor([3.0, 4.0]))], round(mean.compute().item(), 5))
"""


def prints_the_same(program, folder):
    needs_torch()
    script = folder / "script.py"
    script.write_text(program)
    project = {"PYTHONPATH": str(Path(minigrad.__file__).parent.parent), "PATH": ""}
    theirs, ours = (python(*words, script, cwd=folder, env=project) for words in ([], ["-m", "minigrad"]))
    assert theirs.returncode == 0, theirs.stderr
    assert ours.returncode == 0, ours.stderr
    assert ours.stdout == theirs.stdout


def test_einops(tmp_path):
    pytest.importorskip("einops")
    prints_the_same(EINOPS, tmp_path)


@pytest.mark.skipif(not hasattr(minigrad.Tensor, "untyped_storage"), reason="torchinfo asks for the untyped_storage()")
def test_torchinfo(tmp_path):
    pytest.importorskip("torchinfo")
    prints_the_same(TORCHINFO, tmp_path)


@pytest.mark.skipif(find_spec("torchmetrics") is None, reason="torchmetrics is not installed")
def test_torchmetrics(tmp_path):
    prints_the_same(TORCHMETRICS, tmp_path)


@pytest.mark.parametrize("name", ABSENT)
def test_names_that_libraries_look_at(name, tmp_path):
    """They are there to compare with, and say what they are when they are used.  What minigrad has needs none."""
    module, _, attribute = name.rpartition(".")
    assert not hasattr(supported_modules()[module], attribute)
    program = f"""
import torch
absent = {name}
print(torch.ones(1).dtype == absent, torch.ones(1).dtype in [absent, torch.float32], absent)
try:
    torch.ones(1, dtype=absent)
except TypeError as error:
    print({name!r} in str(error), "Write" in str(error))
"""
    printed = python("-m", "minigrad", "-c", program, cwd=tmp_path).stdout.splitlines()
    assert printed[0].startswith("False True")
    assert printed[1] == "True True"


USES = [
    *("x.to(torch.bfloat16)", "x.to(dtype=torch.bfloat16)", "x.to('cpu', torch.bfloat16)", "x.type(torch.bfloat16)"),
    *("x.sum(dtype=torch.bfloat16)", "x.view(torch.bfloat16)", "torch.finfo(torch.bfloat16)", "x.bfloat16()"),
    *("torch.set_default_dtype(torch.bfloat16)", "torch.nn.Linear(2, 2, dtype=torch.bfloat16)"),
    *("torch.nn.Linear(2, 2).to(torch.bfloat16)", "torch.nn.Linear(2, 2).bfloat16()"),
]


def test_uses_of_bfloat16_say_what_to_write(tmp_path):
    program = f"""
import sys
import torch

x = torch.ones(2)
for use in {USES!r}:
    try:
        eval(use)
    except (TypeError, AttributeError):
        sys.excepthook(*sys.exc_info())
"""
    printed = python("-m", "minigrad", "-c", program, cwd=tmp_path).stderr
    assert printed.count("minigrad has no bfloat16. Write torch.float32") == len(USES)


def test_what_is_never_compiled_distributed_or_exported(tmp_path):
    program = """
import torch
import torch.distributed
import torch.onnx
from torch.jit import ScriptModule

class Net(torch.nn.Module):
    @torch.jit.unused
    def a(self): return 1
    @torch.jit.export
    def b(self): return 2
    @torch.jit.ignore
    def c(self): return 3
    @torch.jit.ignore(drop=True)
    def d(self): return 4

net = Net()
print(net.a(), net.b(), net.c(), net.d(), isinstance(net, ScriptModule))
print(torch.jit.is_scripting(), torch.jit.is_tracing(), torch.distributed.is_initialized())
print(torch.onnx.is_in_onnx_export())
"""
    prints_the_same(program, tmp_path)
