"""A program as a file of its own, which goes on training with NumPy alone; its arrays lie in a .npz beside it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.compiled.memory import axes_by_rows, root
from minigrad.random.generator import Generator

if TYPE_CHECKING:
    from minigrad.compiled.program import Program

DROPOUT = ".dropout_mask("
"""The draw that a file can make."""

GENERATOR = '''\
class Generator:
    """Random numbers as PyTorch and minigrad draw them: the Mersenne Twister, from where it was."""

    def __init__(self, words, position):
        self.source = np.random.RandomState()
        self.source.set_state(("MT19937", words, position))

    def dropout_mask(self, like, p):
        """0 with probability p, else 1 / (1 - p), in the shape of an array and drawn in the order of its memory."""
        if p in (0, 1):
            return 1 - p
        axes = sorted(range(like.ndim), key=lambda axis: -like.strides[axis])
        words = self.source.randint(0, 1 << 32, (like.size, 2), dtype=np.uint32).astype(np.uint64)
        uniform = ((words[:, 0] << np.uint64(32) | words[:, 1]) & np.uint64((1 << 53) - 1)) * 2.0**-53
        kept = (uniform < 1 - p).reshape(like.transpose(axes).shape).transpose(np.argsort(axes))
        return np.where(kept, 1 / np.promote_types(like.dtype, np.float32).type(1 - p), 0)'''

OTHERWISE = '''\
class Otherwise(Exception):
    """The step would go another way than this program."""'''


def save(program: Program, path: Path) -> None:
    """Write the file.  NotImplementedError where the step draws random numbers in another way than dropout does."""
    draws = [text for line in program.tape.lines for x, text in pairwise(line.parts) if isinstance(x, Generator)]
    if not all(text.startswith(DROPOUT) for text in draws):
        raise NotImplementedError(
            f"{program.title} draws other random numbers than those of dropout: NumPy alone would draw others"
        )
    text = "".join(f"{part}\n\n" for part in parts_of(program) if part)
    kept = {name: laid_by_rows(x) for name, x in program.names.owners() if not is_room(program, x)}
    words: dict[str, Any] = {name: generator._engine.state()[0] for name, generator in program.names.generators()}
    np.savez(path.with_suffix(".npz"), **kept, **words)
    path.write_text(text.rstrip() + "\n")


def parts_of(program: Program) -> Iterator[str]:
    """The text of the file, part by part."""
    yield f'"""{program.title} as NumPy computes it: one training step, recorded by torch.compile of minigrad."""'
    yield "from pathlib import Path\n\nimport numpy as np"
    yield 'arrays = np.load(Path(__file__).with_suffix(".npz"))'
    yield GENERATOR if program.names.generators() else ""
    yield OTHERWISE if "raise Otherwise" in program.text else ""
    values: list[str] = []
    room: list[str] = []
    for name, x in program.names.owners():
        (room if is_room(program, x) else values).append(f"{name} = {made_text(name, x, is_room(program, x))}")
    for name, generator in program.names.generators():
        values.append(f'{name} = Generator(arrays["{name}"], {generator._engine.state()[1]})')
    for name, group in program.groups.items():
        used = {key: group[key] for key in group if f'{name}["{key}"]' in program.text}
        values += [f"{name} = {used!r}"] * bool(used)
    yield "\n".join(["# Values", *values])
    yield "\n".join(["# Room for results", *room])
    yield program.text
    results = [program.names.of(x) for x in program.results if root(x) is x]
    yield (
        'if __name__ == "__main__":\n    for number in range(1, 101):\n        step()\n'
        f"        print({', '.join(['number', *results])})"
    )


def is_room(program: Program, owner: Any) -> bool:
    """Whether a step writes an array before it reads it."""
    memory = program.tape.memory.get(id(owner))
    return memory is not None and memory.kind != "outside" and id(owner) not in program.constants


def laid_by_rows(x: Any) -> Any:
    """An array without gaps, looked at in the order of its memory."""
    return x.transpose(axes_by_rows(x))


def made_text(name: str, x: Any, is_room: bool) -> str:
    """The text that makes an array of the file's."""
    text = f"np.empty({laid_by_rows(x).shape}, np.{x.dtype.name})" if is_room else f'arrays["{name}"]'
    back = [axes_by_rows(x).index(axis) for axis in range(x.ndim)]
    return text if back == sorted(back) else f"{text}.transpose({back})"
