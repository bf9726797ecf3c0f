"""Writes minigrad/SUPPORTED.md: every public name of PyTorch and torchvision, and whether minigrad has it.

    python docs/supported.py            writes the file anew
    python docs/supported.py --check    says whether it is up to date: exit status 1 if not

It needs both libraries to be installed.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

PROJECT = Path(__file__).parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from minigrad.comparison.worker import let_torchvision_be_imported  # noqa: E402 - of this checkout
from minigrad.launcher import checking  # noqa: E402

FILE = PROJECT / "minigrad" / "SUPPORTED.md"

NAMES = """
torch torch.Tensor
torch.nn torch.nn.functional torch.nn.init torch.nn.utils torch.nn.utils.rnn torch.nn.utils.parametrize
torch.nn.utils.parametrizations torch.nn.utils.prune torch.nn.parallel torch.nn.attention torch.nn.Module
torch.optim torch.optim.Optimizer torch.optim.lr_scheduler torch.optim.swa_utils
torch.utils.data torch.utils.checkpoint torch.utils.benchmark torch.utils.tensorboard torch.utils.dlpack
torch.autograd torch.autograd.functional torch.autograd.function torch.autograd.graph torch.autograd.forward_ad
torch.autograd.profiler
torch.amp torch.cuda torch.cuda.amp torch.cpu torch.mps torch.xpu torch.accelerator
torch.backends.cpu torch.backends.cuda torch.backends.cudnn torch.backends.mkl torch.backends.mkldnn
torch.backends.mps torch.backends.openmp
torch.compiler torch.distributions torch.fft torch.func torch.hub torch.jit torch.linalg torch.masked
torch.multiprocessing torch.nested torch.profiler torch.random torch.serialization torch.signal.windows torch.sparse
torch.special torch.testing torch.fx torch.export torch.onnx torch.distributed torch.library torch.overrides
torchvision torchvision.datasets torchvision.transforms torchvision.transforms.functional torchvision.transforms.v2
torchvision.transforms.v2.functional torchvision.models torchvision.utils torchvision.io torchvision.ops
torchvision.tv_tensors
"""
MODULES = NAMES.split()
"""Modules, and the classes whose methods a script calls."""

DATASETS = ("CIFAR10", "CIFAR100", "EMNIST", "FakeData", "FashionMNIST", "KMNIST", "MNIST", "QMNIST", "STL10", "SVHN")

DIFFERS = {
    "torch.Generator": "one for all devices: numbers for a GPU are drawn on the CPU, the same from a seed everywhere",
    "torch.autocast": "off, with a warning: minigrad computes in the dtype of its tensors",
    "torch.compile": "a training step becomes a NumPy program; a module stays as it is",
    "torch.device": '"cpu" and "cuda"; other devices are refused',
    "torch.get_autocast_dtype": "NotImplementedError for the CPU's bfloat16",
    "torch.inference_mode": "as no_grad: the tensors are ordinary ones",
    "torch.load": "refuses TorchScript, the first versions' tar format, bfloat16, complex",
    "torch.randperm": "NotImplementedError for 214,748,364 and more",
    "torch.save": "only the part of a memory that the tensor looks at; no pickle_module, no pickle_protocol",
    "torch.set_flush_denormal": "False, as on a processor that cannot",
    "torch.set_num_interop_threads": "the number is noted: ops run one after the other",
    "torch.set_num_threads": "tells NumPy's BLAS, OpenBLAS itself or by threadpoolctl; else a warning",
    "torch.use_deterministic_algorithms": "noted: on a CPU no op varies, on a GPU none is refused",
    "torch.Tensor.register_hook": "of a leaf: called when all other nodes have had their turn",
    "torch.Tensor.resize_": "beyond its memory: tensors that share it do not grow along",
    "torch.Tensor.storage_offset": "of from_numpy(a[2:]) counted from the start of a's memory",
    "torch.amp.autocast": "off, with a warning: minigrad computes in the dtype of its tensors",
    "torch.cuda.amp.autocast": "off, with a warning",
    "torch.backends.cudnn.is_available": "False, on a GPU too: CuPy's functions are used",
    "torch.backends.mkl.is_available": "whether NumPy multiplies with it",
    "torch.backends.mkldnn.is_available": "False: it is not used",
    "torch.backends.openmp.is_available": "False: it is not used",
    "torch.backends.cuda.is_built": "whether CuPy is installed",
    "torch.autograd.detect_anomaly": "the error has a note: op, expression and values of the first nan",
    "torch.autograd.gradcheck": "no batched gradients, no forward mode",
    "torch.autograd.gradgradcheck": "no batched gradients, no forward mode",
    "torch.multiprocessing.Queue": "tensors are copied to another process",
    "torch.nn.DataParallel": "one GPU: more are refused",
    "torch.nn.parallel.DataParallel": "one GPU: more are refused",
    "torch.nn.Embedding": "sparse gradients are refused",
    "torch.nn.functional.embedding": "sparse gradients are refused",
    "torch.nn.functional.avg_pool2d": "int64 is refused",
    "torch.utils.benchmark.Timer": "times Python alone",
    "torch.utils.checkpoint.checkpoint": "debug and early_stop change nothing",
    "torch.utils.data.DataLoader": "workers send batches through pipes",
    **dict.fromkeys(
        (f"torchvision.datasets.{name}" for name in DATASETS),
        "an item without a transform is a NumPy array, not an image of Pillow",
    ),
    "torchvision.datasets.CelebA": "not downloaded: the error says which files to bring",
    "torchvision.io.decode_image": "pictures of more than 8 bits need mode=; GRAY of a PNG by Pillow's weights",
    "torchvision.io.read_image": "pictures of more than 8 bits need mode=; GRAY of a PNG by Pillow's weights",
    "torchvision.transforms.functional.pil_to_tensor": "images of 16 bits are refused",
    "torchvision.transforms.v2.Compose": "one image a call; printed as torchvision.transforms",
    "torchvision.transforms.v2.Resize": "bytes of a Tensor may be one off",
    "torchvision.transforms.v2.RandomResizedCrop": "bytes of a Tensor may be one off",
    "torchvision.models.get_model": "weights= are read from a file in PyTorch's folder, never downloaded",
}
"""How names differ, beside the ops, of which tests/differences.py knows; more is in docs/differences.md."""


def differences() -> dict[str, list[str]]:
    """How each name differs."""
    found = {path: [how] for path, how in DIFFERS.items()}
    from differences import GRADIENTS

    for difference in GRADIENTS:
        for op in difference.ops:
            ways = found.setdefault(f"torch.{op}", [])
            ways += [difference.how] if difference.how not in ways else []
    return found


HEAD = """\
# What minigrad has of PyTorch {torch} and torchvision {torchvision}

Written by `python docs/supported.py`, which a test compares. "There" means that a name does what PyTorch's does, but
for [these differences](../docs/differences.md) and those named below (printed names of nodes are not). A
name that is not there says so when it is asked for, and `python -m minigrad --check script.py` says it beforehand.

| module | names | there | differ | not there |
|---|---|---|---|---|
"""


NEEDS_MORE = {"torch.utils.tensorboard": ["FileWriter", "RecordWriter", "SummaryWriter"]}
"""The names of modules that need a further library, which need not be installed."""


def public_names(path: str) -> list[str]:
    """The names that a module of PyTorch offers, or the methods of a class."""
    if path in NEEDS_MORE:
        return NEEDS_MORE[path]
    owner = resolved(path)
    owner = getattr(owner, "m", owner)  # torch.backends.cudnn stands before the module
    if inspect.isclass(owner):
        return sorted(name for name in dir(owner) if not name.startswith("_"))
    said = set(getattr(owner, "__all__", ()))
    if path == "torch" or not said:
        said |= {name for name, value in vars(owner).items() if is_offered(path, name, value)}
    return sorted(name for name in said if not name.startswith("_"))


def is_offered(path: str, name: str, value: Any) -> bool:
    """Whether a module without a list of its names offers one of them."""
    if name.startswith("_") or isinstance(value, ModuleType):
        return False
    if name in ("inf", "nan", "pi", "e", "newaxis") and path == "torch":
        return True
    kind = value if inspect.isclass(value) or callable(value) else type(value)
    module = getattr(kind, "__module__", None) or ""
    if inspect.isclass(kind) and module.startswith("torch._C") and name not in ("Event", "Generator", "Stream"):
        return False  # of the compiler, for nobody to use
    return module.partition(".")[0] in ("torch", "torchvision") or (callable(value) and module in ("", "builtins"))


def resolved(path: str) -> Any:
    """A module of PyTorch, or a class in one."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)


def sections() -> Iterator[tuple[str, list[str], list[str]]]:
    """Each module with the names that are there, and those that are not."""
    for path in MODULES:
        names = public_names(path)
        there = [name for name in names if checking.is_there(f"{path}.{name}")]
        yield path, there, [name for name in names if name not in there]


def page() -> str:
    """The text of SUPPORTED.md."""
    import torch

    let_torchvision_be_imported(torch)
    torchvision = importlib.import_module("torchvision")
    versions = {"torch": torch.__version__.partition("+")[0], "torchvision": torchvision.__version__.partition("+")[0]}
    rows, parts, differing_how = [], [], differences()
    for path, there, missing in sections():
        differing = [name for name in there if f"{path}.{name}" in differing_how]
        anchor = path.lower().replace(".", "")
        counts = len(there) + len(missing), len(there), len(differing), len(missing)
        rows.append(f"| [{path}](#{anchor}) | " + " | ".join(map(str, counts)) + " |")
        parts.append(f"\n## {path}\n")
        parts += listed(f"There ({len(there)}):", there)
        parts += [f"- `{name}` differs: {'; '.join(differing_how[f'{path}.{name}'])}" for name in differing]
        parts += [""] * bool(differing)
        parts += listed(f"Not there ({len(missing)}):", missing)
    return HEAD.format(**versions) + "\n".join(rows) + "\n" + "\n".join(parts).rstrip() + "\n"


def listed(head: str, names: list[str]) -> list[str]:
    """Names in lines, under a heading; nothing without any."""
    text = f"{head} " + " ".join(f"`{name}`" for name in names)
    return [*textwrap.wrap(text, 118, break_long_words=False, break_on_hyphens=False), ""] if names else []


def main(arguments: list[str]) -> int:
    """Write the file, or compare it."""
    text = page()
    if arguments == ["--check"]:
        return int(FILE.read_text() != text)
    FILE.write_text(text)
    return 0


warnings.simplefilter("ignore")  # PyTorch's deprecated names warn when they are looked at

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
