"""Run a PyTorch script on minigrad: in this process, PyTorch's module names mean minigrad's modules.

    python -m minigrad script.py [arguments]

runs the script as `python script.py [arguments]` would, except that `import torch` brings minigrad.
"""

from __future__ import annotations

import importlib
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType, TracebackType
from typing import Any

import minigrad
from minigrad import later

__all__ = ["install", "run", "supported_names"]

MODULES = {
    "torch": "minigrad",
    "torch.autograd": "minigrad.autograd",
    "torch.autograd.functional": "minigrad.autograd.functional",
    "torch.accelerator": "minigrad.accelerator",
    "torch.cuda": "minigrad.cuda",
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
    "torch.utils.data.dataloader": "minigrad.utils.data.loader",
    "torch.utils.data.dataset": "minigrad.utils.data.dataset",
    "torch.utils.data.sampler": "minigrad.utils.data.sampler",
    "torchvision.datasets.mnist": "minigrad.vision.datasets",
    "torchvision.transforms.transforms": "minigrad.vision.transforms",
}
"""Files of PyTorch that scripts import from, though what they define is in the modules above."""

WHERE = "`python -m minigrad --names` lists the names that minigrad has"


def install() -> None:
    """Let `import torch` and its submodules, and `import torchvision`, bring minigrad in this process.

    A module or name that minigrad lacks is a ModuleNotFoundError, ImportError or AttributeError when it is
    asked for, so `hasattr` and `try: import` keep working.  Calling this again changes nothing.

    Raises ImportError when PyTorch itself is already imported: half of the process would keep using it.
    """
    if sys.modules.get("torch", minigrad) is not minigrad:
        raise ImportError(
            "PyTorch itself is already imported in this process, so it cannot be replaced: call "
            "minigrad.launcher.install() before anything imports torch, or use `python -m minigrad script.py`"
        )
    for name in PARTS:
        sys.modules[name] = importlib.import_module(PARTS[name])
    for name, module in supported_modules().items():
        sys.modules[name] = module
        module.__dict__["__getattr__"] = refuse_missing_names_of(name, module)
    if MissingModules not in sys.meta_path:
        sys.meta_path.insert(0, MissingModules)


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
        if module is minigrad and name in (later.MODULE_OF.keys() | {*later.SUBMODULES}):
            return later.function(name)
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
    path = os.path.abspath(script)
    main = ModuleType("__main__")
    main.__spec__ = ModuleSpec(AGAIN, None)
    sys.modules["__main__"] = main
    sys.argv = [script, *arguments]
    os.environ[SCRIPT] = path
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    sys.excepthook = show_uncaught
    execute(path, main.__dict__)


AGAIN = "minigrad.launcher.again"
"""What a process that multiprocessing starts anew imports in place of the script, which would find PyTorch there."""

SCRIPT = "MINIGRAD_SCRIPT"
"""The environment variable that tells such a process the script's path."""


def execute(path: str, names: dict[str, Any]) -> None:
    """Run the code of a script among the names of a module."""
    names["__file__"] = path
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    exec(code, names)


def show_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an uncaught exception as Python does, from the script's own first line on."""
    path = sys.modules["__main__"].__file__
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    if is_about_minigrads_names(error):
        error.add_note(WHERE)
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def is_about_minigrads_names(error: BaseException) -> bool:
    """True for `from torch import name` and `tensor.name` where minigrad has no such name."""
    if isinstance(error, ImportError):
        return error.name is not None and error.name.partition(".")[0] == "minigrad"
    return isinstance(error, AttributeError) and type(error.obj).__module__.partition(".")[0] == "minigrad"


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
