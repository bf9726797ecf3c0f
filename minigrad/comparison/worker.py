"""One engine runs one script: the process that a comparison starts for each of the two."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import linecache
import platform
import random
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from minigrad import launcher
from minigrad.comparison import gpu
from minigrad.comparison.recorder import EnoughSteps, Recorder

SEED = 0
"""What all generators start from, so that scripts that set no seed can be compared too."""


def main() -> None:
    """Run the script of the command line, and record it."""
    arguments = parse_arguments()
    if arguments.engine == "minigrad":
        launcher.install()
    torch = importlib.import_module("torch")
    if arguments.engine == "torch":
        torch.set_num_threads(arguments.threads)
        if "torchvision" in Path(arguments.script).read_text(encoding="utf-8", errors="replace"):
            let_torchvision_be_imported(torch)
    if arguments.device == "cuda":
        run_on_gpu(torch, arguments)
    if arguments.dtype == "float64":
        run_in_float64(torch)
    versions = {
        "version": getattr(torch, "__version__", "unknown"),
        "folder": str(Path(torch.__file__ or "").parent),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    (arguments.folder / "versions.json").write_text(json.dumps(versions))

    for seed in (torch.manual_seed, np.random.seed, random.seed):
        seed(SEED)
    recorder = Recorder(torch, arguments.folder, arguments.steps, arguments.disturbed)
    try:
        with ops_noted(arguments):
            launcher.run(arguments.script, arguments.arguments)
    except EnoughSteps:
        pass
    except Exception as error:
        note_error(error, arguments)
        raise
    finally:
        recorder.end_step(last=True)
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].show()  # the figures that the script left open


def ops_noted(arguments: argparse.Namespace) -> AbstractContextManager[Any]:
    """Within it each op is written down, where that was asked for."""
    if not arguments.ops:
        return nullcontext()
    from minigrad.comparison.ops import Log, OnMinigrad, on_torch

    log = Log(arguments.folder)
    return OnMinigrad(log) if arguments.engine == "minigrad" else on_torch(log)


def note_error(error: Exception, arguments: argparse.Namespace) -> None:
    """Write down what ended the script, and at which line of it or of a file beside it."""
    home = str(Path(arguments.script).resolve().parent)
    frames = traceback.extract_tb(error.__traceback__)
    library = str(Path(__file__).parent.parent)
    own = [(each.filename, each.lineno) for each in frames]
    own = [(file, line) for file, line in own if file.startswith(home) and not file.startswith((library, sys.prefix))]
    if isinstance(error, SyntaxError):
        own.append((error.filename or "", error.lineno))
    file, line = own[-1] if own else ("", None)
    noted = {
        "file": Path(file).name,
        "line": line,
        "source": linecache.getline(file, line).strip() if line else "",
        "message": "".join(traceback.format_exception_only(error)).strip(),
    }
    (arguments.folder / "error.json").write_text(json.dumps(noted))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["torch", "minigrad"])
    parser.add_argument("script")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--steps", type=int)
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("--dtype", choices=["float32", "float64"], required=True)
    parser.add_argument("--disturbed", action="store_true")
    parser.add_argument("--ops", action="store_true")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    return parser.parse_args()


def run_on_gpu(torch: ModuleType, arguments: argparse.Namespace) -> None:
    """Let an unchanged script train on the GPU, with the same weights and masks on both engines."""
    if arguments.engine == "torch":
        gpu.full_precision(torch)
        gpu.draw_masks_on_the_cpu(torch)
    if not gpu.chooses_device(Path(arguments.script)):
        gpu.let_modules_compute_on(torch, "cuda")


def let_torchvision_be_imported(torch: ModuleType) -> None:
    """Import torchvision, also where its compiled part is made for another build of PyTorch than this one.

    The lessons use nothing of that part, but the import of torchvision looks for two ops of it.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        library = torch.library.Library("torchvision", "DEF")
        for op in ("nms", "qnms"):
            library.define(f"{op}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        importlib.import_module("torchvision")


def run_in_float64(torch: Any) -> None:
    """Let every name for single precision mean double, so that an unchanged script runs wholly in float64."""
    file = io.BytesIO()
    torch.save(torch.zeros(1), file)
    torch.load(io.BytesIO(file.getvalue()))  # the first load makes PyTorch's table of dtypes: by their right names
    single, double = torch.float32, torch.float64
    torch.set_default_dtype(double)
    torch.float32 = torch.float = double
    torch.FloatTensor = torch.DoubleTensor
    torch.Tensor.float = torch.Tensor.double
    torch.nn.Module.float = torch.nn.Module.double

    def widened(factory: Callable[..., Any]) -> Callable[..., Any]:
        def make(*args: Any, **options: Any) -> Any:
            tensor = factory(*args, **options)
            if tensor.dtype is not single:
                return tensor
            return tensor.detach().double().requires_grad_(tensor.requires_grad)

        return make

    for name in ("tensor", "as_tensor", "from_numpy"):  # a float32 NumPy array brings its own dtype
        setattr(torch, name, widened(getattr(torch, name)))


if __name__ == "__main__":
    main()
