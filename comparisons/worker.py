"""One engine runs one script: the process that `python -m comparisons` starts for each of the two."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import minigrad
from comparisons import gpu
from comparisons.recorder import EnoughSteps, Recorder
from minigrad import launcher


def main() -> None:
    arguments = parse_arguments()
    if arguments.engine == "minigrad":
        launcher.install()
    torch = importlib.import_module("torch")
    if arguments.engine == "torch":
        torch.set_num_threads(arguments.threads)
        if "torchvision" in Path(arguments.script).read_text(encoding="utf-8"):
            let_torchvision_be_imported(torch)
    if arguments.device == "cuda":
        run_on_gpu(torch, arguments)
    if arguments.dtype == "float64":
        run_in_float64(torch)
    versions = {
        "version": (minigrad if arguments.engine == "minigrad" else torch).__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    (arguments.folder / "versions.json").write_text(json.dumps(versions))

    Recorder(torch, arguments.folder, arguments.steps)
    try:
        launcher.run(arguments.script, arguments.arguments)
    except EnoughSteps:
        pass
    finally:
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].show()  # the figures that the script left open


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["torch", "minigrad"])
    parser.add_argument("script")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--steps", type=int)
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("--dtype", choices=["float32", "float64"], required=True)
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


def run_in_float64(torch: ModuleType) -> None:
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
