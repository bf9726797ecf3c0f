"""PyTorch's gradients of the same step: where it is installed, a process of its own runs the script on it.

    python -m minigrad.watch.peer FILE N script.py [arguments]

writes the gradients after the N-th backward pass, by the user's names, to an .npz file.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

from minigrad.engine.graph import Node
from minigrad.launcher import MissingModules
from minigrad.watch.names import joined, users_frames, within
from minigrad.watch.tape import Tape


def difference_from_torch(script: str, arguments: list[str], number: int, tape: Tape) -> dict[Node, str]:
    """By how much the `.grad` of each leaf differs from PyTorch's, relative to its norm.

    Empty without PyTorch, and where the script does not make that pass by it: one that imports minigrad itself.
    """
    if not is_installed():
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "gradients.npz")
        command = [sys.executable, "-m", "minigrad.watch.peer", file, str(number), script, *arguments]
        silent = subprocess.DEVNULL
        ended = subprocess.run(command, stdout=silent, stderr=silent, stdin=silent)
        if not os.path.exists(file):
            return dict.fromkeys(tape.leaves, "(it failed there)") if ended.returncode else {}
        with np.load(file) as theirs:
            gradients = dict(theirs)
    return {
        leaf: relative_difference(grad.host, gradients[name])
        for leaf, grad in tape.grads.items()
        if grad is not None and (name := tape.names.of_node(leaf)) in gradients
    }


def is_installed() -> bool:
    """Whether PyTorch itself is, whose name means minigrad in this process."""
    finders = [finder for finder in sys.meta_path if finder is not MissingModules]
    return any(finder.find_spec("torch", None) is not None for finder in finders)


def relative_difference(ours: Any, theirs: Any) -> str:
    """The norm of the difference over that of theirs."""
    if ours.shape != theirs.shape:
        return f"has shape {list(theirs.shape)}"
    difference = np.linalg.norm(ours.astype(np.float64) - theirs)
    norm = np.linalg.norm(theirs.astype(np.float64))
    return f"{difference / norm if norm else difference:.1e}"


def named_gradients(frame: Any, torch: Any) -> dict[str, Any]:
    """The gradients of the leaves that the user's variables, modules and lists hold."""
    found: dict[str, Any] = {}
    for variables in reversed([frame.f_locals for frame in users_frames(frame)]):
        for name, value in within(variables):
            if isinstance(value, torch.nn.Module):
                tensors = [(joined(name, path), p) for path, p in value.named_parameters()]
            else:
                tensors = [(name, value)] if isinstance(value, torch.Tensor) and value.is_leaf else []
            for path, tensor in tensors:
                if tensor.grad is not None:
                    found.setdefault(path, tensor.grad.detach().cpu().numpy())
    return found


def main(file: str, number: int, script: str, arguments: list[str]) -> None:
    """Run a script on PyTorch to the end of a backward pass, and write the gradients to a file."""
    import torch

    backward, passes = torch.autograd.backward, 0

    def counted(*args: Any, **kwargs: Any) -> None:
        nonlocal passes
        backward(*args, **kwargs)
        passes += 1
        if passes == number:
            np.savez(file, **named_gradients(sys._getframe(1), torch))
            os._exit(0)

    torch.autograd.backward = counted  # Tensor.backward calls it
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])
