"""Run a PyTorch script on minigrad: in this process, PyTorch's module names mean minigrad's modules.

    python -m minigrad script.py [arguments]

runs the script as `python script.py [arguments]` would, except that `import torch` brings minigrad; `-m module`,
`-c code`, `-`, a folder and a zip file are run as well.  In a notebook, `%load_ext minigrad` does it.
"""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import minigrad
from minigrad import later
from minigrad.devices import device
from minigrad.dtypes import dtype
from minigrad.launcher.absent import ABSENT
from minigrad.nn.parameter import Parameter
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = ["install", "run", "supported_names"]

MODULES = {
    "torch": "minigrad",
    "torch.autograd": "minigrad.autograd",
    "torch.autograd.functional": "minigrad.autograd.functional",
    "torch.autograd.graph": "minigrad.autograd.graph",
    "torch.accelerator": "minigrad.accelerator",
    "torch.cuda": "minigrad.cuda",
    "torch.distributed": "minigrad.launcher.distributed",
    "torch.jit": "minigrad.launcher.jit",
    "torch.linalg": "minigrad.linalg",
    "torch.nn": "minigrad.nn",
    "torch.nn.functional": "minigrad.nn.functional",
    "torch.nn.init": "minigrad.nn.init",
    "torch.nn.utils": "minigrad.nn.utils",
    "torch.optim": "minigrad.optim",
    "torch.optim.lr_scheduler": "minigrad.optim.lr_scheduler",
    "torch.optim.optimizer": "minigrad.optim.optimizer",
    "torch.random": "minigrad.random",
    "torch.serialization": "minigrad.serialization",
    "torch.utils": "minigrad.utils",
    "torch.utils.data": "minigrad.utils.data",
    "torch.version": "minigrad.launcher.version",
    "torch.utils.hooks": "minigrad.hooks",
    "safetensors.torch": "minigrad.safetensors",
    "torchvision": "minigrad.vision",
    "torchvision.datasets": "minigrad.vision.datasets",
    "torchvision.transforms": "minigrad.vision.transforms",
}
"""PyTorch's public modules, and where minigrad keeps what it has of them (it need not have all)."""

PARTS = {
    "torch.nn.modules": "minigrad.nn",
    "torch.nn.modules.module": "minigrad.nn.module",
    "torch.nn.parameter": "minigrad.nn.parameter",
    "torch.nn.utils.clip_grad": "minigrad.nn.utils.clip_grad",
    "torch.optim.adam": "minigrad.optim.adam",
    "torch.optim.adamw": "minigrad.optim.adam",
    "torch.optim.sgd": "minigrad.optim.sgd",
    "torch.torch_version": "minigrad.launcher.version",
    "torch.utils.data.dataloader": "minigrad.utils.data.loader",
    "torch.utils.data.dataset": "minigrad.utils.data.dataset",
    "torch.utils.data.sampler": "minigrad.utils.data.sampler",
    "torch.utils.hooks": "minigrad.hooks",
    "torchvision.datasets.mnist": "minigrad.vision.datasets",
    "torchvision.transforms.transforms": "minigrad.vision.transforms",
}
"""Files of PyTorch that scripts import from, though what they define is in the modules above."""

PRINTED_IN: dict[type, str] = {
    **dict.fromkeys((Tensor, Size, dtype, device), "torch"),
    Parameter: "torch.nn.parameter",
}
"""The types that are printed by PyTorch's name: `<class 'torch.Tensor'>`, and so `torch.float32`, `torch.Size([2])`."""

WHERE = "`python -m minigrad --names` lists the names that minigrad has"


def install() -> None:
    """Let `import torch` and its submodules, and `import torchvision`, bring minigrad in this process.

    A module or name that minigrad lacks is a ModuleNotFoundError, ImportError or AttributeError when it is
    asked for, so `hasattr` and `try: import` keep working.  Calling this again changes nothing.

    Raises ImportError when PyTorch itself is already imported: half of the process would keep using it.
    """
    if is_installed():
        return
    if "torch" in sys.modules:
        raise ImportError(
            "PyTorch itself is already imported in this process, so it cannot be replaced: call "
            "minigrad.launcher.install() before anything imports torch, or use `python -m minigrad script.py`"
        )
    for kind, module_name in PRINTED_IN.items():
        kind.__module__ = module_name
    for name in PARTS:
        sys.modules[name] = importlib.import_module(PARTS[name])
    for name, module in {**supported_modules(), "torch": torch_module()}.items():
        sys.modules[name] = module
        module.__dict__["__getattr__"] = refuse_missing_names_of(name, module)
    sys.meta_path.insert(0, MissingModules)


def is_installed() -> bool:
    """Whether `import torch` brings minigrad in this process."""
    return MissingModules in sys.meta_path


def torch_module() -> ModuleType:
    """What `import torch` brings: a module with minigrad's names, and the version of PyTorch in place of minigrad's."""
    torch = ModuleType("torch")
    names = vars(minigrad).items()
    torch.__dict__.update({name: value for name, value in names if name not in vars(torch) or name == "__doc__"})
    for name, module in supported_modules().items():
        parent, _, attribute = name.rpartition(".")
        if parent == "torch":
            torch.__dict__[attribute] = module
    torch.__dict__.update(__version__=torch.version.__version__, __package__="torch")
    torch.__spec__ = ModuleSpec("torch", None, is_package=True)
    return torch


def supported_modules() -> dict[str, ModuleType]:
    """minigrad's modules under PyTorch's names."""
    return {name: module for name in MODULES if (module := minigrad_module(MODULES[name])) is not None}


def minigrad_module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise  # it is there, but something that it imports is not
        return None


def refuse_missing_names_of(torch_name: str, module: ModuleType) -> Callable[[str], Any]:
    """A module's `__getattr__`, which Python calls only for names that the module does not have."""

    def __getattr__(name: str) -> Any:
        if torch_name == "torch" and name in later.NAMES:
            return getattr(minigrad, name)
        if f"{torch_name}.{name}" in ABSENT:
            return ABSENT[f"{torch_name}.{name}"]
        raise AttributeError(f"minigrad has no {torch_name}.{name}; {WHERE}", name=name, obj=module)

    return __getattr__


class MissingModules(MetaPathFinder):
    """Answers for the modules that minigrad lacks; without it Python would look for PyTorch itself."""

    @staticmethod
    def find_spec(
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG004
        target: ModuleType | None = None,  # noqa: ARG004
    ) -> ModuleSpec | None:
        """Refuse a module of PyTorch, leave every other one to the next finder."""
        if fullname.partition(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"minigrad has no {fullname}; {WHERE}", name=fullname)
        return None


def run(script: str, arguments: Sequence[str] = ()) -> None:
    """Run a script as `python script arguments` does: sys.argv, sys.path, `__main__`, tracebacks, status.

    The script is left as it ends: an exception, SystemExit included, goes on to the caller.
    """
    from minigrad.launcher import starting

    starting.run(starting.script(script), arguments)


def supported_names() -> str:
    """All that a script may use, grouped by module and spelled as in PyTorch."""
    return "\n\n".join(
        f"{group}\n{textwrap.fill('  '.join(names), 100, initial_indent='    ', subsequent_indent='    ')}"
        for group, names in names_of_groups().items()
        if names
    )


def names_of_groups() -> dict[str, list[str]]:
    """The public names of each module, and those of Tensor."""
    groups = {name: list(getattr(module, "__all__", ())) for name, module in supported_modules().items()}
    tensor = supported_modules()["torch"].Tensor
    groups["torch.Tensor"] = [name for name in dir(tensor) if not name.startswith("_")]
    return groups
