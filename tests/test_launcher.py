"""`python -m minigrad script.py` runs a script as Python would, with minigrad in PyTorch's place."""

import importlib
import re
import shutil
import sys
from pathlib import Path

import processes
import pytest
from engines import needs_torch

import minigrad
from minigrad import launcher

PROJECT = Path(__file__).parent.parent


def python(*arguments, cwd, **options):
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "", "MPLBACKEND": "Agg", "HOME": str(cwd)}
    return processes.python(*arguments, cwd=cwd, env=environment, **options)


@pytest.fixture
def run(tmp_path):
    """Write a script to a folder of its own and run it on minigrad from another folder."""

    def run(source, *arguments):
        script = tmp_path / "scripts" / "script.py"
        script.parent.mkdir(exist_ok=True)
        script.write_text(source)
        return python("-m", "minigrad", str(script), *arguments, cwd=tmp_path)

    return run


def succeeds(finished):
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


# As `python script.py`


LIKE_PYTHON = {
    "what a script sees": """
        import os, sys, helper
        print(sys.argv, sys.path[0], __name__, __file__, os.getcwd(), helper.VALUE, __doc__, __package__)
        import __main__
        print(__main__.os is os, input())
        """,
    "a future import of its own, none of the launcher's": """
        def f(x: int): ...
        print(f.__annotations__)
        """,
    "an exit status": "import sys; sys.exit(7)",
    "an exit message": "import sys; sys.exit('the end')",
    "an exception": """
        def outer():
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise ValueError("wrong") from error
        outer()
        """,
    "a syntax error": "x = (",
    "an interrupt": "raise KeyboardInterrupt",
    "work at exit": """
        import atexit
        text = "still there"
        atexit.register(lambda: print(text))
        """,
    "a pickled class": """
        import pickle
        class Point: pass
        print(type(pickle.loads(pickle.dumps(Point()))) is Point)
        """,
}


@pytest.mark.parametrize("source", LIKE_PYTHON.values(), ids=LIKE_PYTHON.keys())
def test_runs_as_python_does(source, tmp_path):
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "helper.py").write_text("VALUE = 3")
    lines = source.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    (folder / "script.py").write_text("\n".join(line[indent:] for line in lines))
    plain = python("scripts/script.py", "--flag", "x", cwd=tmp_path, input="typed\n")
    ours = python("-m", "minigrad", "scripts/script.py", "--flag", "x", cwd=tmp_path, input="typed\n")
    assert (ours.stdout, ours.stderr, ours.returncode) == (plain.stdout, plain.stderr, plain.returncode)


PACKAGE = {
    "package/__init__.py": "print('init', __name__)",
    "package/__main__.py": """
from . import part
import sys
print(sys.argv, sys.path[0], __name__, __file__, __package__)
""",
    "package/part.py": """
import sys, helper
print(sys.argv, sys.path[0], __name__, __file__, __package__, helper.VALUE, __loader__ is not None)
if __name__ == "__main__":
    from . import other
    sys.exit(3)
""",
    "package/other.py": "raise ValueError('other')",
    "helper.py": "VALUE = 3",
    "folder/helper.py": "VALUE = 4",
    "folder/__main__.py": """
import helper, sys
print(sys.argv, sys.path[0], __name__, __file__, repr(__package__), helper.VALUE, __loader__ is not None)
def f(): 1 / 0
f()
""",
    "broken/__init__.py": "import no_such_dependency",
}

WAYS = {
    "a package": (["-m", "package"], ""),
    "a module": (["-m", "package.part"], ""),
    "a package that fails": (["-m", "broken"], ""),
    "a folder": (["folder"], ""),
    "a zip file": (["folder.zip"], ""),
    "code": (["-c", "import sys, helper\nprint(sys.argv, sys.path[0], __name__, helper.VALUE)\n1 / 0"], ""),
    "code that is wrong": (["-c", "x = ("], ""),
    "the input": (["-"], "import sys, helper\nprint(sys.argv, sys.path[0], __name__, helper.VALUE)\nsys.exit(5)"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_start_is_pythons(way, tmp_path):
    for name, text in PACKAGE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.make_archive(tmp_path / "folder", "zip", tmp_path / "folder")
    words, typed = WAYS[way]
    plain, ours = (
        python(*start, *words, "--flag", "x", cwd=tmp_path, input=typed) for start in ([], ["-m", "minigrad"])
    )
    assert (ours.stdout, ours.returncode) == (plain.stdout, plain.returncode)
    assert own_lines(ours.stderr) == own_lines(plain.stderr)


def own_lines(errors):
    """What was printed of an error: without the lines of what had started the program, as Python itself has some."""
    lines = re.sub(r'  File "<frozen .*\n(    .*\n)*', "", errors).splitlines()
    return [line for line in lines if not line.startswith("/")] or lines[-1:]


def test_every_way_to_start_brings_minigrad(tmp_path):
    program = "import torch; print(torch.__version__)"
    (tmp_path / "__main__.py").write_text(program)
    (tmp_path / "module.py").write_text(program)
    for words in (["-m", "module"], ["-c", program], ["."], ["-"]):
        assert succeeds(python("-m", "minigrad", *words, cwd=tmp_path, input=program)) == "2.13.0+minigrad\n"


def test_the_lines_of_code_that_is_in_no_file_are_known(tmp_path):
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * x\nprint(y.grad_fn)"
    assert "<string>:3: y = x * x" in succeeds(python("-m", "minigrad", "-c", source, cwd=tmp_path))
    assert "<stdin>:3: y = x * x" in succeeds(python("-m", "minigrad", "-", cwd=tmp_path, input=source))


def test_a_link_to_a_script_imports_from_the_scripts_own_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "helper.py").write_text("VALUE = 3")
    (tmp_path / "real" / "script.py").write_text("import helper; print(helper.VALUE)")
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "script.py")
    assert succeeds(python("-m", "minigrad", "link.py", cwd=tmp_path)) == "3\n"


# minigrad in PyTorch's place


def test_every_form_of_import_brings_minigrad(run):
    assert (
        succeeds(
            run("""
import importlib, sys
import torch
import torch as t
import torch.nn as nn, torch.nn.functional as F
import torch.optim
from torch import nn as nn2, optim, Tensor
from torch.nn import Linear
from torch.nn.functional import relu
from torch.optim.optimizer import Optimizer
from torch.autograd.functional import jacobian
import minigrad
assert torch is t is importlib.import_module("torch") is sys.modules["torch"]
assert nn is nn2 is torch.nn is minigrad.nn
assert F is minigrad.nn.functional and relu is F.relu
assert Linear is minigrad.nn.Linear and Tensor is minigrad.Tensor
assert optim is minigrad.optim and issubclass(optim.SGD, Optimizer)
print("all of them")
""")
        )
        == "all of them\n"
    )


def test_a_script_trains(run):
    printed = succeeds(
        run("""
import torch
from torch import nn
torch.manual_seed(42)
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(8, 2), torch.zeros(8, 1)
for _ in range(50):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if _ == 0: print(f"{loss:.4f}")
print(loss.item() < 1e-3)
""")
    )
    assert printed.splitlines()[1] == "True"


def test_what_is_missing_is_named_and_can_be_asked_for(run):
    printed = succeeds(
        run("""
import torch
from torch import nn

print(hasattr(torch, "fft"), hasattr(nn, "Linear"), getattr(nn, "NoSuchLayer", "default"))
for statement in ["torch.fft", "nn.NoSuchLayer", "nn.functional.grouped_mm", "import torch.fft",
                  "import torch.no.such", "from torch import stft", "from torch.fft import fft"]:
    try:
        exec(statement)
    except (AttributeError, ImportError) as error:
        print(type(error).__name__, "|", error)
""")
    ).splitlines()[:6]
    assert [line.partition(";")[0] for line in printed] == [
        "False True default",
        "AttributeError | minigrad has no torch.fft",
        "AttributeError | minigrad has no torch.nn.NoSuchLayer",
        "AttributeError | minigrad has no torch.nn.functional.grouped_mm",
        "ModuleNotFoundError | minigrad has no torch.fft",
        "ModuleNotFoundError | minigrad has no torch.no",
    ]
    assert all(line.endswith(launcher.WHERE) for line in printed[1:])


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        ("import torch\ntorch.nn.NoSuchLayer(8)", "AttributeError", "torch.nn.NoSuchLayer"),
        ("import torch.fft", "ModuleNotFoundError", "torch.fft"),
        ("from torch import stft", "ImportError", "stft"),
        ("import torch\ntorch.ones(2).sparse_dim()", "AttributeError", "sparse_dim"),
    ],
)
def test_an_uncaught_missing_name_ends_the_script_with_where_to_look(run, source, kind, name):
    finished = run(source)
    assert finished.returncode == 1
    last = finished.stderr.rpartition("\n" + kind)[2]
    assert name in last
    assert last.count(launcher.WHERE) == 1


def test_a_missing_name_says_what_its_module_has():
    program = """
import torch
for name in ("torch.optim.lr_scheduler.NoSuchLR", "torch.clamps", "torch.nn.Xyzzy"):
    try:
        eval(name)
    except AttributeError as error:
        print(error)
"""
    few, close, many = python("-m", "minigrad", "-c", program, cwd=PROJECT).stdout.splitlines()
    assert "; of torch.optim.lr_scheduler it has 16 names: ChainedScheduler, ConstantLR, CosineAnnealingLR, " in few
    assert "SUPPORTED.md#torchoptimlr_scheduler. " in few
    assert " names (like it: clamp, clamp_), see " in close
    assert re.search(r"; of torch.nn it has \d+ names, see .*SUPPORTED.md#torchnn\. ", many)


def test_a_misspelt_name_is_corrected(run):
    assert "Did you mean: 'Linear'" in run("from torch import nn\nnn.linear").stderr


def test_other_attribute_errors_say_nothing_of_names(run):
    assert "--names" not in run("import torch\nclass Net: pass\nNet().weigth").stderr


def test_libraries_that_look_for_torch_take_minigrads_tensors(run):
    """matplotlib and scikit-learn look into sys.modules["torch"] to recognise its tensors."""
    for name in ("matplotlib", "sklearn"):
        pytest.importorskip(name)
    assert succeeds(
        run("""
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

x = torch.arange(6.0)
line, = plt.plot(x, x * 2)
plt.scatter(x, x, c=x)
plt.contourf(torch.ones(3, 3))
plt.imshow(torch.eye(4))
plt.hist([each for each in x])
print(line.get_ydata().tolist())
a, b, c, d = train_test_split(x.reshape(6, 1), x, test_size=2, random_state=0)
print(type(a).__name__, tuple(a.shape), tuple(d.shape), isinstance(b, torch.Tensor))
print(accuracy_score(torch.tensor([1, 0, 1, 1]), torch.tensor([1, 1, 1, 1])), np.asarray(x).dtype)
""")
    ).splitlines() == ["[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]", "Tensor (4, 1) (2,) True", "0.75 float32"]


# What PyTorch says of itself


AS_PYTORCH = """
import pickle, torch
from torch.torch_version import TorchVersion
version = torch.__version__
print(version >= "2.0", version < (3,), version >= (1, 10), "2.9" < version, isinstance(version, str))
print(version == torch.version.__version__, version.split("+")[0], torch.version.cuda, torch.version.hip)
print(type(torch.version.git_version), TorchVersion("1.10.0a0") < "1.10")
x = torch.ones(2, 3)
weight = torch.nn.Parameter(x)
print(x.dtype, x.shape, x.device, repr(x.device), x.double(), x.shape[1:], [torch.int64, torch.bool])
print(*map(type, (x, weight, x.shape, x.dtype, x.device)))
for thing in (x, weight, x.shape, x.dtype, x.device):
    print(pickle.loads(pickle.dumps(thing)), type(pickle.loads(pickle.dumps(thing))))
try:
    torch.Size([1.5])
except TypeError as error:
    print(error)
"""


def test_versions_types_and_sizes_are_printed_as_pytorchs(run, tmp_path):
    needs_torch()
    ours = run(AS_PYTORCH)
    theirs = python(tmp_path / "scripts" / "script.py", cwd=tmp_path)
    assert succeeds(ours) == succeeds(theirs)


def test_minigrad_has_a_version_of_its_own(run):
    printed = run(
        "import torch, torchvision, minigrad\nprint(torch.__version__, torchvision.__version__, minigrad.__version__)"
    )
    assert succeeds(printed) == f"2.13.0+minigrad 0.28.0+minigrad {minigrad.__version__}\n"


def test_what_the_launcher_pickles_needs_no_launcher(run, tmp_path):
    succeeds(
        run("""
import pickle, torch
x = torch.ones(2)
with open("pickled", "wb") as file:
    pickle.dump([x, torch.nn.Parameter(x), x.shape, x.dtype, x.device, torch.nn.Linear(1, 1)], file)
""")
    )
    read = "import pickle, sys\nprint(pickle.load(open('pickled', 'rb')))\nprint('torch' in sys.modules)"
    printed = succeeds(python("-c", read, cwd=tmp_path))
    assert "minigrad.Size([2]), minigrad.float32, device(type='cpu'), Linear(" in printed
    assert printed.endswith("False\n")


def test_torch_has_all_names_of_minigrad(run):
    succeeds(
        run("import torch, minigrad\nassert all(getattr(torch, n) is getattr(minigrad, n) for n in torch.__all__)")
    )


# install()


def test_install_refuses_a_process_that_has_torch(tmp_path):
    finished = python(
        "-c",
        "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\n"
        "from minigrad import launcher\n"
        "try: launcher.install()\n"
        "except ImportError as error: print(error)\n"
        "print(sys.meta_path.count(launcher.MissingModules))",
        cwd=tmp_path,
    )
    message, finders = succeeds(finished).splitlines()
    assert message.startswith("PyTorch itself is already imported in this process")
    assert finders == "0"


def test_install_twice_is_install_once(tmp_path):
    source = (
        "import sys; from minigrad import launcher\n"
        "launcher.install(); launcher.install()\n"
        "import torch; first = torch; launcher.install(); import torch, minigrad\n"
        "print(torch is first, torch.ones is minigrad.ones, sys.meta_path.count(launcher.MissingModules))"
    )
    assert succeeds(python("-c", source, cwd=tmp_path)) == "True True 1\n"


# The command line


def test_names_lists_what_minigrad_has(tmp_path):
    groups = {}
    for block in succeeds(python("-m", "minigrad", "--names", cwd=tmp_path)).strip().split("\n\n"):
        heading, *lines = block.splitlines()
        groups[heading] = " ".join(lines).split()
    assert {"torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.Tensor"} <= groups.keys()
    assert {"tensor", "manual_seed", "no_grad"} <= set(groups["torch"])
    assert {"Linear", "Module", "Sequential"} <= set(groups["torch.nn"])
    assert {"backward", "reshape"} <= set(groups["torch.Tensor"])
    for heading, names in groups.items():
        if heading != "torch.Tensor":
            owner = launcher.supported_modules()[heading]
            assert [name for name in names if not hasattr(owner, name)] == []


def test_every_module_that_is_offered_says_what_it_offers():
    for name, module in launcher.supported_modules().items():
        assert name == "torch._C" or getattr(module, "__all__", None), f"{name} has no __all__"


def test_a_module_that_fails_to_import_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_package_for_a_test.py").write_text("import no_such_dependency")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        launcher.minigrad_module("broken_package_for_a_test")
    assert launcher.minigrad_module("no_such_package.no_such_module") is None
    assert launcher.minigrad_module("minigrad") is importlib.import_module("minigrad")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "which script?"),
        (["no_such_file.py"], "no such file: no_such_file.py"),
        (["."], "can't find '__main__' module in '.'"),
        (["-c"], "-c needs code"),
        (["-m"], "-m needs the name of a module"),
        (["-m", "no_such_module"], "no module named no_such_module, or none that can be run"),
        (["-m", "no_such_package.module"], "no module named no_such_package.module, or none that can be run"),
        (["-m", "xml"], "no module named xml, or none that can be run"),
        (["--fast"], "no option --fast"),
    ],
)
def test_a_wrong_command_is_told_what_is_wrong(tmp_path, arguments, reason):
    finished = python("-m", "minigrad", *arguments, cwd=tmp_path)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.startswith("usage: python -m minigrad script.py") == (not arguments)
    assert finished.stderr.endswith(f"python -m minigrad: {reason} (--help: how it is used)\n")


def test_help(tmp_path):
    assert succeeds(python("-m", "minigrad", "--help", cwd=tmp_path)).startswith("usage: python -m minigrad")


WORKERS = """
import sys
import torch
from torch.utils.data.dataloader import DataLoader
from torch.utils.data.dataset import Dataset

class Numbers(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return index, torch.rand(2), torch.__version__.endswith("minigrad")

if __name__ == "__main__":
    torch.manual_seed(0)
    for batch in DataLoader(Numbers(), 2, num_workers=1, multiprocessing_context=sys.argv[1]):
        print(batch)
"""


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_workers_started_anew_run_on_minigrad_too(run, start):
    forked, anew = (run(WORKERS, way) for way in ("fork", start))
    assert anew.returncode == 0, anew.stderr
    assert anew.stdout == forked.stdout
    assert "tensor([True, True])" in anew.stdout


@pytest.mark.parametrize("words", [["-m", "program"], ["-c", "import program, sys; program.main()"]], ids=["-m", "-c"])
def test_workers_of_modules_and_code_run_on_minigrad_too(words, tmp_path):
    source = WORKERS.replace('if __name__ == "__main__":', "def main():")
    (tmp_path / "program.py").write_text(source + 'if __name__ == "__main__":\n    main()\n')
    printed = succeeds(python("-m", "minigrad", *words, "spawn", cwd=tmp_path))
    assert printed.count("tensor([True, True])") == 2


def test_workers_of_a_script_that_runs_on_pytorch_run_on_pytorch(tmp_path):
    """As that of a comparison does, which starts scripts by the launcher on either engine."""
    needs_torch()
    (tmp_path / "script.py").write_text(WORKERS)
    start = "from minigrad import launcher; launcher.run('script.py', ['spawn'])"
    assert succeeds(python("-c", start, cwd=tmp_path)).count("tensor([False, False])") == 2


def test_files_of_pytorch_that_scripts_import_from(run):
    lines = [f"import {name}" for name in launcher.PARTS]
    finished = run("\n".join([*lines, "from torch.utils.data.sampler import SubsetRandomSampler", "print(1)"]))
    assert finished.stdout == "1\n", finished.stderr


PRIVATE_BASES = """\
import torch
from torch import nn
import torch.nn.modules.batchnorm as bn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.loss import _Loss, _WeightedLoss
from torch.nn.modules.module import Module
from torch.nn.modules.utils import _ntuple, _pair, _single, _triple, consume_prefix_in_state_dict_if_present
from torch.nn.modules.container import Sequential
modules = nn.modules
layers = [
    nn.BatchNorm1d(2), nn.BatchNorm2d(2), nn.BatchNorm3d(2), nn.InstanceNorm2d(2), nn.LayerNorm(2), nn.Conv1d(1, 1, 1),
    nn.Conv3d(1, 1, 1), nn.ConvTranspose2d(1, 1, 1), nn.MSELoss(), nn.CrossEntropyLoss(), nn.MaxPool1d(2),
    nn.AvgPool3d(2), nn.LPPool1d(2, 2), nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1), nn.MaxUnpool2d(2),
    nn.Dropout(), nn.AlphaDropout(), nn.LSTM(1, 1), nn.Sequential(), nn.KLDivLoss(),
]
bases = [
    _BatchNorm, _NormBase, modules.instancenorm._InstanceNorm, _ConvNd, _ConvTransposeNd, _Loss, _WeightedLoss,
    modules.pooling._MaxPoolNd, modules.pooling._AvgPoolNd, modules.pooling._LPPoolNd,
    modules.pooling._AdaptiveAvgPoolNd, modules.pooling._AdaptiveMaxPoolNd, modules.pooling._MaxUnpoolNd,
    modules.dropout._DropoutNd, modules.rnn.RNNBase, Module, Sequential, bn._BatchNorm,
]
for base in bases:
    print(base.__name__, *[type(layer).__name__ for layer in layers if isinstance(layer, base)])

class Anywhere(_BatchNorm):
    def _check_input_dim(self, input):
        pass

class Scaled(_WeightedLoss):
    def __init__(self, scale, weight=None, reduction="mean"):
        super().__init__(weight, reduction=reduction)
        self.scale = scale
    def forward(self, input, target):
        return self.scale * nn.functional.cross_entropy(input, target, self.weight, reduction=self.reduction)

class Halved(_Loss):
    def forward(self, input, target):
        return nn.functional.mse_loss(input, target, reduction=self.reduction) / 2

class Thinned(modules.dropout._DropoutNd):
    def forward(self, input):
        return nn.functional.dropout(input, self.p, self.training)

class Standardized(nn.Conv2d):
    def forward(self, input):
        w = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return self._conv_forward(input, w / w.std((1, 2, 3), keepdim=True), self.bias)

x = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
torch.manual_seed(1)
print(Standardized(1, 1, 2, padding=1, padding_mode="reflect")(x[None]))
print(Anywhere(2)(x), Anywhere(2, eps=0.5, momentum=None), Thinned(0.0)(x), Thinned())
print(Scaled(3, torch.tensor([1.0, 2.0]))(x, torch.tensor([0, 1])), Halved(reduction="sum")(x, x + 1))
print(_single(1), _pair(2), _pair((1, 2)), _triple([1]), _ntuple(4)("ab"), _pair.__name__)
state = {f"module.{name}": tensor for name, tensor in nn.Linear(1, 1).state_dict().items()} | {"other": 1}
consume_prefix_in_state_dict_if_present(state, "module.")
print(list(state), modules.utils._reverse_repeat_tuple((1, 2), 2))
"""


def test_private_bases_of_layers_are_those_of_pytorch(run, tmp_path):
    """Which layers are instances of them, subclasses of a script's own, and what makes tuples of sizes."""
    needs_torch()
    printed = succeeds(run(PRIVATE_BASES))
    assert "_BatchNorm BatchNorm1d BatchNorm2d BatchNorm3d\n" in printed
    assert printed == succeeds(python(str(tmp_path / "scripts" / "script.py"), cwd=tmp_path))


@pytest.mark.parametrize("words", ["minigrad --names", "comparisons --list", "comparisons.exercise"])
def test_a_reader_may_leave_before_the_end(tmp_path, words):
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    finished = processes.run("/bin/sh", "-c", f"{sys.executable} -m {words} | :", env=environment, cwd=tmp_path)
    assert (finished.stdout, finished.stderr) == ("", "")


def test_names_can_be_read_in_part(tmp_path):
    command = f"{sys.executable} -m minigrad --names | head -n 1"
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    finished = processes.run("/bin/sh", "-c", command, env=environment, cwd=tmp_path)
    assert (finished.stdout, finished.stderr) == ("torch\n", "")
