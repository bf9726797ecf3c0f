"""Who watches: what the engine tells of ops and gradients goes to the watchers of the thread that they run in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, Protocol

from minigrad.engine import backward as engine
from minigrad.engine import graph
from minigrad.engine.broadcasting import NO_GRADIENT
from minigrad.engine.graph import Node


class Watcher(Protocol):
    """What is told of events.  An error that it raises ends the op, or the pass."""

    def recorded(self, node: Node, value: Any, inputs: tuple[Any, ...]) -> None:
        """An op was recorded: its node, its result as an array, and its operands."""

    def sent(self, node: Node, edge: Node, rule: Any, arguments: tuple[Any, ...], g: Any, arrived: Any) -> None:
        """A rule of a node, called with some arguments, returned the gradient g of an operand, whose node is edge.

        arrived: the gradients in flight, by node; those that have come to edge before g among them.
        """


watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())
"""The watchers of this thread (and of each task of asyncio)."""

of_all_threads: list[Watcher] = []
telling: ContextVar[bool] = ContextVar("telling", default=False)
"""Whether a watcher is being told something: of the ops that it runs itself it is not told."""

in_use = 0
counting = Lock()


def told_node(value: Any, edges: Any, rules: Any, place: Any, kept: Any, inputs: tuple[Any, ...], *more: Any) -> Node:
    """The node of an op, after the watchers were told of it."""
    node = Node(value, edges, rules, place, kept, inputs, *more)
    tell("recorded", node, value, inputs)
    return node


class Observer:
    """Tells the watchers of gradients."""

    def sent(self, *event: Any) -> None:
        """See Watcher, whom no gradient is no event."""
        if event[4] is not NO_GRADIENT:
            tell("sent", *event)


def tell(kind: str, *event: Any) -> None:
    """Tell the watchers of this thread of an event."""
    if telling.get():
        return
    before = telling.set(True)
    try:
        for watcher in (*of_all_threads, *watchers.get()):
            getattr(watcher, kind)(*event)
    finally:
        telling.reset(before)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Within it, a watcher is told what this thread records and sends."""
    begin()
    before = watchers.set((*watchers.get(), watcher))
    try:
        yield
    finally:
        watchers.reset(before)
        end()


def watch_all_threads(watcher: Watcher) -> None:
    """Tell a watcher of all threads from now on."""
    if watcher not in of_all_threads:
        begin()
        of_all_threads.append(watcher)


def leave_all_threads(watcher: Watcher) -> None:
    """Tell it no longer."""
    if watcher in of_all_threads:
        of_all_threads.remove(watcher)
        end()


def begin() -> None:
    """One more watcher: the engine has to tell."""
    global in_use
    with counting:
        in_use += 1
        graph.new_node, engine.observer = told_node, Observer()


def end() -> None:
    """One watcher less: without any, the engine tells nobody."""
    global in_use
    with counting:
        in_use -= 1
        if not in_use:
            graph.new_node, engine.observer = Node, None
