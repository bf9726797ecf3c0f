"""An optimizer's step in a program: its own formula is noted, and its numbers are computed by Python each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.arrays import quiet
from minigrad.compiled import tape as tapes
from minigrad.compiled.library import here, plain, recorded
from minigrad.compiled.numbers import NAME, Number, number
from minigrad.engine.changes import mark_changed
from minigrad.optim import optimizer as optimizers
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.packing import Block


class Options:
    """A parameter group of an optimizer, whose numbers a program reads each time."""

    def __init__(self, step: OptimizerStep, group: dict[str, Any], name: str) -> None:
        self.step, self.group, self.name = step, group, name
        self.read: dict[str, Any] = {}

    def __contains__(self, key: str) -> bool:
        return key in self.group

    def get(self, key: str, default: Any = None) -> Any:
        """An option, or a default."""
        return self[key] if key in self.group else default

    def __getitem__(self, key: str) -> Any:
        if key not in self.read:
            self.read[key] = self.option(key, self.group[key])
        return self.read[key]

    def option(self, key: str, value: Any) -> Any:
        """An option as a number of the program; one that is none must stay what it is."""
        source = f'{self.name}["{key}"]'
        if type(value) in (float, int):
            return self.step.number(key, f"float({source})", float(value), key)
        if type(value) in (tuple, list) and all(type(x) in (float, int) for x in value):
            stem = key.removesuffix("s")
            return tuple(
                self.step.number(f"{stem}{i + 1}", f"float({source}[{i}])", float(x), key) for i, x in enumerate(value)
            )
        self.step.fixed.add(key)
        if not (value is None or type(value) in (bool, str)):
            self.step.tape.refuse(f"the optimizer's option {key!r} of type {type(value).__name__}")
        return value


def numbers_of(option: Any) -> Any:
    """An option's numbers: two of betas, else it alone."""
    return option if isinstance(option, (tuple, list)) else (option,)


class RecordedBlock(Block):
    """A block of parameters whose arrays are recorded ones."""

    def __init__(self, block: Block, step: OptimizerStep) -> None:
        self.__dict__.update({name: recorded(value) for name, value in vars(block).items()})
        self.state = {name: recorded(array) for name, array in block.state.items()}
        self.scratch_pieces = self.pieces(self.scratch)
        self.step, self.block = step, block

    @property
    def is_new(self) -> bool:
        """Whether its state is still to be made: that happens once, and is not for a program."""
        is_new: bool = self.__dict__["is_new"]
        if is_new:
            self.step.tape.refuse(NOT_YET)
        return is_new

    @is_new.setter
    def is_new(self, value: bool) -> None:
        self.__dict__["is_new"] = self.block.is_new = value

    def count_step(self) -> int:
        """Begin the next step: its number."""
        self.steps += 1
        return self.step.number("t", self.steps, int(plain(self.steps)[0]), None)  # type: ignore[return-value]


NOT_YET = "the optimizer's first step"


class OptimizerStep:
    """One step of an optimizer as lines of a tape, and what has to be as it was for them to be right.

    fixed: options, by name, that Python decided by.  truths: those of which it asked whether they are 0.
    """

    def __init__(self, tape: tapes.Tape, optimizer: Optimizer) -> None:
        self.tape, self.optimizer = tape, optimizer
        self.fixed: set[str] = set()
        self.truths: set[str] = set()
        self.blocks: list[tuple[dict[str, Any], Block]] = []

    def number(self, name: str, source: Any, value: float, key: str | None) -> Number:
        """A number of the program, under a name of its own, read or counted by a line."""
        name = self.tape.name_for(name)
        parts = (f"{name} = {source}",) if key else (f"{name} = int(", plain(source), "[0])")
        self.tape.note(*parts, number=name)
        made = number(value, name, NAME, names=frozenset([key or ""]))
        made.looked_at = self.looked_at
        return made

    def looked_at(self, names: frozenset[str], is_truth: bool = False) -> None:
        """Python has decided by numbers: they must stay as they are."""
        if "" in names:
            self.tape.refuse("an optimizer that does different things at different steps")
        (self.truths if is_truth else self.fixed).update(names)

    def truths_of(self, group: dict[str, Any]) -> list[bool]:
        """Whether those options of a group are 0 of which the step has asked it."""
        return [not x for name in self.truths for x in numbers_of(group[name])]

    def run(self) -> None:
        """The step itself."""
        optimizer = self.optimizer
        for index, group in enumerate(optimizer.param_groups):
            with self.tape.pause():
                blocks = optimizer.blocks(index, group)
            options = Options(self, group, self.tape.name_for("group", group)) if blocks else None
            for block in blocks:
                optimizer.update(RecordedBlock(block, self), options)  # type: ignore[arg-type]
                mark_changed(*block.params)
                self.blocks.append((group, block))


def recorded_step(step: Callable[..., Any]) -> Callable[..., Any]:
    """Optimizer.step while some thread records."""

    def run(optimizer: Optimizer, closure: Any = None) -> Any:
        tape = here.tape
        hooks = optimizers.global_pre_hooks or optimizers.global_post_hooks or optimizer._pre_hooks
        if tape.refused is None and (closure is not None or hooks or optimizer._post_hooks):
            tape.refuse("an optimizer's step with a closure or hooks")
        if tape.refused is not None:
            return step(optimizer, closure) if closure is not None else step(optimizer)
        tape.part = tapes.OPTIMIZER
        tape.steps.append(OptimizerStep(tape, optimizer))
        optimizer.has_stepped = True
        with quiet():
            tape.steps[-1].run()
        tape.part = tapes.FORWARD
        return None

    run.notes_steps = True  # type: ignore[attr-defined]
    return run
