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
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import minigrad
from minigrad.absent import ABSENT
from minigrad.devices import device
from minigrad.dtypes import dtype
from minigrad.launcher.modules import FILES
from minigrad.nn.parameter import Parameter
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = ["install", "run", "supported_names"]

MODULES = {
    "torch": "minigrad",
    "torch.autograd": "minigrad.autograd",
    "torch.autograd.function": "minigrad.autograd.function",
    "torch.autograd.functional": "minigrad.autograd.functional",
    "torch.autograd.graph": "minigrad.autograd.graph",
    "torch.accelerator": "minigrad.accelerator",
    "torch.cuda": "minigrad.cuda",
    "torch.distributed": "minigrad.launcher.distributed",
    "torch.jit": "minigrad.launcher.jit",
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

DISTRIBUTIONS = (
    "bernoulli beta binomial categorical cauchy constraints dirichlet distribution exponential gamma geometric "
    "independent kl laplace log_normal multivariate_normal normal one_hot_categorical poisson uniform utils"
)
"""The files of torch.distributions: one family each."""

LATER = {
    "torch._C": "minigrad.launcher.private",
    "torch._dynamo": "minigrad.compiler",
    "torch.amp": "minigrad.amp",
    "torch.amp.autocast_mode": "minigrad.amp.mode",
    "torch.amp.grad_scaler": "minigrad.amp.scaler",
    "torch.backends": "minigrad.backends",
    "torch.backends.cpu": "minigrad.backends.cpu",
    "torch.backends.cuda": "minigrad.backends.cuda",
    "torch.backends.cudnn": "minigrad.backends.cudnn",
    "torch.backends.mha": "minigrad.backends.mha",
    "torch.backends.mkl": "minigrad.backends.mkl",
    "torch.backends.mkldnn": "minigrad.backends.mkldnn",
    "torch.backends.mps": "minigrad.backends.mps",
    "torch.backends.openmp": "minigrad.backends.openmp",
    "torch.compiler": "minigrad.compiler",
    "torch.cuda.amp": "minigrad.amp.cuda",
    "torch.distributions": "minigrad.distributions",
    **{f"torch.distributions.{file}": f"minigrad.distributions.{file}" for file in DISTRIBUTIONS.split()},
    "torch.func": "minigrad.func",
    "torch.linalg": "minigrad.linalg",
    "torch.nn.utils.parametrizations": "minigrad.nn.utils.parametrizations",
    "torch.nn.utils.parametrize": "minigrad.nn.utils.parametrize",
    "torch.multiprocessing": "minigrad.multiprocessing",
    "torch.nn.attention": "minigrad.nn.attention",
    "torch.onnx": "minigrad.launcher.onnx",
    "torch.nn.parallel": "minigrad.nn.parallel",
    "torch.optim.swa_utils": "minigrad.optim.swa_utils",
    "torch.nn.utils.rnn": "minigrad.nn.utils.rnn",
    "torch.nn.utils.stateless": "minigrad.nn.utils.stateless",
    "torch.profiler": "minigrad.profiler",
    "torch.testing": "minigrad.testing",
    "torch.utils.benchmark": "minigrad.utils.benchmark",
    "torch.utils.checkpoint": "minigrad.utils.checkpoint",
    "torchvision.datasets.celeba": "minigrad.vision.datasets.celeba",
    "torchvision.datasets.cifar": "minigrad.vision.datasets.cifar",
    "torchvision.datasets.fakedata": "minigrad.vision.datasets.fake",
    "torchvision.datasets.folder": "minigrad.vision.datasets.folders",
    "torchvision.datasets.stl10": "minigrad.vision.datasets.stl10",
    "torchvision.datasets.svhn": "minigrad.vision.datasets.svhn",
    "torchvision.datasets.vision": "minigrad.vision.datasets.base",
    "torch.utils.tensorboard": "minigrad.utils.tensorboard",
    "torch.utils.tensorboard.writer": "minigrad.utils.tensorboard",
    "torchvision.io": "minigrad.vision.io",
    "torchvision.io.image": "minigrad.vision.io",
    "torchvision.models": "minigrad.vision.models",
    "torchvision.models.densenet": "minigrad.vision.models.densenet",
    "torchvision.models.mobilenet": "minigrad.vision.models.mobilenet",
    "torchvision.models.mobilenetv2": "minigrad.vision.models.mobilenet",
    "torchvision.models.resnet": "minigrad.vision.models.resnet",
    "torchvision.models.squeezenet": "minigrad.vision.models.squeezenet",
    "torchvision.models.vgg": "minigrad.vision.models.vgg",
    "torchvision.transforms.autoaugment": "minigrad.vision.transforms.policies",
    "torchvision.transforms.functional": "minigrad.vision.transforms.functional",
    "torchvision.transforms.v2": "minigrad.vision.transforms.v2",
    "torchvision.utils": "minigrad.vision.utils",
}
"""Those that are imported when a script first asks for them."""

PARTS = {
    "torch.nn.modules": "minigrad.launcher.modules",
    **{f"torch.nn.modules.{file}": "minigrad.launcher.modules" for file in FILES.split()},
    "torch.nn.modules.module": "minigrad.nn.module",
    "torch.nn.modules.utils": "minigrad.launcher.sizes",
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

FEW = 20
"""So many names of a module are listed in an error; of more only those like the one that is missing."""

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
    torch = torch_module()
    for name, module in {**modules_in(MODULES), "torch": torch}.items():
        sys.modules[name] = module
        module.__dict__["__getattr__"] = refuse_missing_names_of(name, module)
    for name in LATER:
        vars(sys.modules.get(name.rpartition(".")[0], torch)).setdefault("__path__", [])
    sys.meta_path.insert(0, MissingModules)


def is_installed() -> bool:
    """Whether `import torch` brings minigrad in this process."""
    return MissingModules in sys.meta_path


def torch_module() -> ModuleType:
    """What `import torch` brings: a module with minigrad's names, and the version of PyTorch in place of minigrad's."""
    torch = ModuleType("torch")
    names = vars(minigrad).items()
    torch.__dict__.update({name: value for name, value in names if name not in vars(torch) or name == "__doc__"})
    for name, module in modules_in(MODULES).items():
        parent, _, attribute = name.rpartition(".")
        if parent == "torch":
            torch.__dict__[attribute] = module
    torch.__dict__.update(__version__=torch.version.__version__, __package__="torch")
    torch.__spec__ = ModuleSpec("torch", None, is_package=True)
    return torch


def supported_modules() -> dict[str, ModuleType]:
    """minigrad's modules under PyTorch's names, all of them."""
    return modules_in({**MODULES, **LATER})


def modules_in(table: dict[str, str]) -> dict[str, ModuleType]:
    """The modules of a table, as far as they are there."""
    return {name: module for name in table if (module := minigrad_module(table[name])) is not None}


def minigrad_module(name: str) -> ModuleType | None:
    if not name:
        return None
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise  # it is there, but something that it imports is not
        return None


def refuse_missing_names_of(torch_name: str, module: ModuleType) -> Callable[[str], Any]:
    """A module's `__getattr__`, which Python calls only for names that the module does not have."""
    own = vars(module).get("__getattr__")

    def __getattr__(name: str) -> Any:
        whole = f"{torch_name}.{name}"
        if whole in ABSENT:
            return ABSENT[whole]
        if whole in LATER or whole in PARTS:
            return importlib.import_module(whole)
        if own is not None:
            try:
                setattr(module, name, own(name))
                return vars(module)[name]
            except AttributeError as error:
                if error.name != name:
                    raise
        raise AttributeError(f"minigrad has no {whole}; {what_there_is(torch_name, name)}", name=name, obj=module)

    return __getattr__


def what_there_is(torch_name: str, name: str) -> str:
    """In words, the names of a module that are there, or of many those like a missing one; and where all are listed."""
    from difflib import get_close_matches

    from minigrad.launcher.supported import FILE

    module = minigrad_module({**MODULES, **LATER}.get(torch_name, ""))
    there = sorted(vars(module).get("__all__", ())) if module is not None else []
    if len(there) > FEW:
        close = get_close_matches(name, there, n=3, cutoff=0.75)
        shown = f" (like it: {', '.join(close)})" if close else ""
    else:
        shown = f": {', '.join(there)}" if there else ""
    anchor = torch_name.lower().replace(".", "")
    return f"of {torch_name} it has {len(there)} name{'s' * (len(there) != 1)}{shown}, see {FILE}#{anchor}. {WHERE}"


class MissingModules(MetaPathFinder):
    """Answers for the modules that minigrad lacks; without it Python would look for PyTorch itself."""

    @staticmethod
    def find_spec(
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG004
        target: ModuleType | None = None,  # noqa: ARG004
    ) -> ModuleSpec | None:
        """A module that is imported late; refuse any other of PyTorch, and leave the rest to the next finder."""
        if fullname in LATER:
            return ModuleSpec(fullname, Late())
        if fullname.partition(".")[0] in ("torch", "torchvision"):
            above, _, name = fullname.rpartition(".")
            raise ModuleNotFoundError(f"minigrad has no {fullname}; {what_there_is(above, name)}", name=fullname)
        return None


class Late(Loader):
    """Gives minigrad's module in the place of PyTorch's."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module, which keeps its own name."""
        module = importlib.import_module(LATER[spec.name])
        self.own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has run already: only its missing names are to be refused in PyTorch's name."""
        name = module.__spec__.name if module.__spec__ is not None else ""
        module.__spec__ = self.own
        module.__dict__["__getattr__"] = refuse_missing_names_of(name, module)


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
