"""The pages of the reference, written from the docstrings of all public names."""

from __future__ import annotations

import html
import importlib
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pytorch_pages import pytorch_page

import minigrad
from minigrad import launcher

PROJECT = Path(__file__).parent.parent.parent
OWN = {"minigrad": "minigrad.seeing", "minigrad.testing": "minigrad.testing"}
"""What PyTorch has not, and the module that offers it."""
PRIVATE = ("torch._C",)
MODULES, CONSTANTS = "modules", "constants"
FEW = 8
"""So many names are not grouped, and need no index."""
WIDE = 88
"""Signatures that are wider get a line for each argument."""
METHODS = "torch.Tensor"
"""The page of the methods: those that are functions too are told about there."""


@dataclass(frozen=True)
class Entry:
    """A public name: where it is asked for, and what stands there."""

    module: str
    name: str
    value: Any

    @property
    def path(self) -> str:
        """As in a program: torch.nn.Linear."""
        return f"{self.module}.{self.name}"

    @property
    def home(self) -> str:
        """The module of minigrad that defines it, or this one where that cannot be told."""
        home = getattr(self.value, "__module__", None) if has_docstring(self.value) else None
        return home if isinstance(home, str) and home.startswith("minigrad") else self.module


def has_docstring(value: Any) -> bool:
    """Whether a name may be asked for a docstring: constants, dtypes and modules have that of their type or page."""
    is_code = inspect.isroutine(value) or inspect.isclass(value) or isinstance(value, property)
    return is_code and (getattr(value, "__module__", "") or "").partition(".")[0] != "multiprocessing"


@cache
def entries() -> dict[str, list[Entry]]:
    """All public names, by module, under PyTorch's names of them; then what is minigrad's own."""
    modules = {path: module for path, module in launcher.supported_modules().items() if path not in PRIVATE}
    found = {
        path: [Entry(path, name, getattr(module, name)) for name in module.__all__] for path, module in modules.items()
    }
    found[METHODS] = [Entry(METHODS, name, value) for name, value in methods_of(minigrad.Tensor)]
    for path, home in OWN.items():
        module = importlib.import_module(home)
        found[path] = [Entry(path, name, getattr(module, name)) for name in module.__all__]
    return {path: found[path] for path in sorted(found, key=by_importance) if found[path]}


def by_importance(path: str) -> tuple[int, str]:
    """The order of the pages: modules above their parts, torch first."""
    order = ("torch", METHODS, "torch.nn", "torch.autograd", "torch.optim", "torch.utils.data")
    return (order.index(path) if path in order else len(order)), path


@cache
def first_places() -> dict[int, Entry]:
    """Where each thing that has several names is documented, by its id: first where PyTorch documents it."""
    places: dict[int, Entry] = {}
    for module in entries().values():
        for entry in filter(is_documented_once, module):
            place = places.setdefault(identity(entry.value), entry)
            if pytorch_page(entry.module, entry.name) and not pytorch_page(place.module, place.name):
                places[identity(entry.value)] = entry
    return places


def identity(value: Any) -> int:
    """What a function and a method that are the same op have in common, whatever names of arguments each takes."""
    return id(inspect.unwrap(value) if inspect.isroutine(value) else value)


def is_documented_once(entry: Entry) -> bool:
    """Whether other names of the same thing lead here; a dtype has several names on one page."""
    return has_docstring(entry.value) or isinstance(entry.value, ModuleType)


def first_place(entry: Entry) -> Entry:
    """Where the thing of this name is documented: here, or on an earlier page."""
    return first_places().get(identity(entry.value), entry)


def own_page(path: str) -> bool:
    """Whether a module has a page: one whose names are all documented elsewhere is listed on the page of the pages."""
    return any(first_place(entry).module == path for entry in entries()[path])


@cache
def pages() -> dict[str, str]:
    """The Markdown of each page by its place in the site."""
    shown = [path for path in entries() if own_page(path)]
    return {"reference/index.md": overview(shown), **{page_of(path): page(path) for path in shown}}


def page_of(module: str) -> str:
    """Where the page of a module lies in the site."""
    return f"reference/{module}.md"


def overview(shown: list[str]) -> str:
    """The page of the pages."""
    rows = [f"| [{path}]({path}.md) | {len(entries()[path])} | {first_line(module_of(path))} |" for path in shown]
    lines = [
        "# Reference",
        "",
        "Every public name, with what its docstring says: shapes, errors, formula, source. The names are PyTorch's, as",
        "a script asks for them under `python -m minigrad`; in a program of your own `import minigrad as torch` does.",
        "What holds for a family stands once, at the head of its group.  The small line under a name leads there, to",
        "PyTorch's page about the name, and to the lines that define it.",
        "",
        *("| module | names | |", "|---|---|---|", *rows),
        "",
        "## Other places of the same names",
        "",
        *("| module | its names are those of | names |", "|---|---|---|"),
    ]
    for path in entries():
        if path not in shown:
            homes = dict.fromkeys(first_place(entry).module for entry in entries()[path])
            names = " ".join(f"`{entry.name}`" for entry in entries()[path])
            lines.append(f"| {path} | {' '.join(f'[{home}]({home}.md)' for home in homes)} | {names} |")
    return "\n".join(lines) + "\n"


def page(path: str) -> str:
    """The page of a module: an index by subject, then every name."""
    groups = grouped(entries()[path])
    lines = ["---", "hide: [toc]", "---", "", f"# {path}", "", *prose_of(module_of(path)), ""]
    if len(entries()[path]) > FEW:
        lines += ['<dl class="names">']
        for title, members in groups:
            links = " ".join(f'<a href="#{entry.path}">{entry.name}</a>' for entry in members)
            lines += [f"<dt>{title}</dt><dd>{links}</dd>"]
        lines += ["</dl>", ""]
    for title, members in groups:
        lines += [f"## {title} {{ .subject }}", "", *heads(members, path)] if title else []
        for entry in members:
            lines += section(entry, path)
    return "\n".join(lines) + "\n"


def grouped(members: list[Entry]) -> list[tuple[str, list[Entry]]]:
    """The names by the file that defines them, files that no lesson needs last; one group without a title if few."""
    by_home: dict[str, list[Entry]] = {}
    for entry in members:
        by_home.setdefault(title_of(entry), []).append(entry)
    if len(by_home) == 1 or len(members) <= FEW:
        return [("", members)]
    return sorted(by_home.items(), key=lambda item: (item[0] in (MODULES, CONSTANTS), "further" in item[0], item[0]))


def title_of(entry: Entry) -> str:
    """The name of the file that defines it as words: `linear algebra`, `further pooling`."""
    if not has_docstring(entry.value):
        return MODULES if isinstance(entry.value, ModuleType) else CONSTANTS
    return title_of_home(entry.home)


def title_of_home(home: str) -> str:
    """The name of a file as words."""
    kept = home.split(".")
    return " ".join(kept[-2:] if "further" in kept[-2:-1] else kept[-1:]).replace("_", " ")


# What holds for a family ------------------------------------------------------------------------------------


@cache
def head_places() -> dict[str, str]:
    """The page that says what holds for all names of a file of minigrad's: that with most of them."""
    homes: dict[str, Counter[str]] = {}
    for path in entries():
        for title, members in grouped(entries()[path]):
            for entry in filter(documented_here, members) if title else ():
                homes.setdefault(entry.home, Counter())[path] += 1
    return {home: pages.most_common(1)[0][0] for home, pages in homes.items() if home.startswith("minigrad.")}


def documented_here(entry: Entry) -> bool:
    """Whether what is said of a name stands under this one."""
    return has_docstring(entry.value) and first_place(entry).path == entry.path


def heads(members: list[Entry], path: str) -> list[str]:
    """At the head of a group: what the files that define it say of all that is in them, or where that stands."""
    lines: list[str] = []
    for home in dict.fromkeys(entry.home for entry in members if has_docstring(entry.value)):
        place = head_places().get(home)
        if place == path:
            lines += [f'<a class="head" id="{home}"></a>', "", *linked_prose(Entry(path, "", sys.modules[home]))]
        elif place:
            lines += [f"What holds for all of them stands [on the page {place}]({place}.md#{home}).", ""]
    return lines


def section(entry: Entry, path: str) -> list[str]:
    """What is said of a name."""
    head = [f"### {entry.name} {{ #{entry.path} }}", ""]
    place = first_place(entry)
    if isinstance(entry.value, ModuleType):
        return [*head, module_line(entry, path), ""]
    if not has_docstring(entry.value):
        return [*head, constant(entry), ""]
    code = ["```python", signature(entry), "```", ""]
    if place.path != entry.path:
        link = link_to(place, place.path, page_of(path))
        more = f"As {link}, where this tensor is `input`." if path == METHODS else f"The same as {link}."
        return [*head, *code, f"{linked(first_line(entry.value), entry)}  {more}", ""]
    return [*head, *code, *linked_prose(entry), *methods(entry), *references(entry), ""]


def module_line(entry: Entry, path: str) -> str:
    """Of a name that is a module: where its own page is."""
    if entry.path in entries() and own_page(entry.path):
        return f"A module: [{entry.path}]({entry.path}.md)."
    return "A module." if entry.path == path else f"A module: {first_line(entry.value)}"


def constant(entry: Entry) -> str:
    """Of a name without a docstring of its own: what it is."""
    value = entry.value
    if callable(value) and not isinstance(value, minigrad.dtype):
        return "Python's own."
    text = repr(value) if not re.search(r" at 0x|^<", repr(value)) else f"{type(value).__name__}(...)"
    about = first_line(type(value)) if type(value).__module__.startswith("minigrad") else ""
    return f"`{text}`. {about}".strip()


def link_to(place: Entry, text: str, page: str) -> str:
    """A link to where a name is documented, from a page of the reference."""
    file = "" if page_of(place.module) == page else f"{place.module}.md"
    if isinstance(place.value, ModuleType) and place.path in entries() and own_page(place.path):
        return f"[{text}]({place.path}.md)"
    return f"[{text}]({file}#{place.path})"


@cache
def by_path() -> dict[str, Entry]:
    """Every name that has a docstring, by its path."""
    return {entry.path: entry for module in entries().values() for entry in module if has_docstring(entry.value)}


def meant(name: str, entry: Entry) -> Entry | None:
    """The thing that a docstring means by a name: first in its own module, then in torch."""
    paths = (f"{entry.module}.{name}", f"torch.{name}", name)
    return next(filter(None, map(by_path().get, paths)), None)


def linked_prose(entry: Entry) -> list[str]:
    """The docstring of a name, or of a module, as blocks of Markdown with links."""
    return [linked(block, entry) for block in prose_of(entry.value)]


def linked(text: str, entry: Entry) -> str:
    """A paragraph on a name, in which the names of others lead to what is said of them."""

    arguments = re.findall(r"(\w+)[:=,)]", signature(entry))

    def to_place(name: re.Match[str]) -> str:
        if page := head_places().get(name[1]):
            return f"[{title_of_home(name[1])}]({'' if page == entry.module else f'{page}.md'}#{name[1]})"
        place = None if name[1] in arguments else first_place(meant(name[1], entry) or entry)
        is_itself = place is None or place.path == first_place(entry).path
        return name[0] if is_itself else link_to(place, name[0], page_of(entry.module))

    return re.sub(r"`([\w.]+)`", to_place, text)


# Signatures, methods, sources ------------------------------------------------------------------------------


def signature(entry: Entry) -> str:
    """How it is called: in one line, or a line for each argument."""
    value = entry.value
    if not callable(value):  # a property
        return entry.path
    try:
        found = inspect.signature(value)
    except ValueError:  # of a class of Python's own
        return f"{entry.path}(...)"
    if entry.module == METHODS and inspect.isroutine(value):
        found = found.replace(parameters=list(found.parameters.values())[1:])
    parameters = list(shown(found, value))
    returns = "" if found.return_annotation in (found.empty, "None", None) else f" -> {found.return_annotation}"
    line = f"{entry.path}({', '.join(parameters)}){returns}"
    if len(line) <= WIDE:
        return line
    return "\n".join([f"{entry.path}(", *(f"    {parameter}," for parameter in parameters), f"){returns}"])


def shown(found: inspect.Signature, value: Any) -> Iterator[str]:
    """The parameters of a signature, the marks between them, and `out` where a function takes it."""
    kinds = inspect.Parameter
    last = None
    for parameter in found.parameters.values():
        if last == kinds.POSITIONAL_ONLY != parameter.kind:
            yield "/"
        if parameter.kind == kinds.KEYWORD_ONLY and last not in (kinds.KEYWORD_ONLY, kinds.VAR_POSITIONAL):
            yield "*"
        last = parameter.kind
        yield written(parameter)
    if last == kinds.POSITIONAL_ONLY:
        yield "/"
    if hasattr(value, "__wrapped__") and "out" in value.__code__.co_varnames and "out" not in found.parameters:
        yield from () if last in (kinds.KEYWORD_ONLY, kinds.VAR_POSITIONAL) else ("*",)
        yield "out=None"


def written(parameter: inspect.Parameter) -> str:
    """A parameter as in a definition, in PyTorch's names."""
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    annotation = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
    if parameter.default is parameter.empty:
        return f"{stars}{parameter.name}{annotation}"
    default = re.sub(r"^<function (\w+) at .*>$|^<.*>$", lambda found: found[1] or "...", repr(parameter.default))
    equals = " = " if annotation else "="
    return f"{parameter.name}{annotation}{equals}{default}".replace("minigrad.", "torch.")


def methods_of(owner: type) -> list[tuple[str, Any]]:
    """The public methods and properties of a class that have a docstring and are no other class's."""
    names = dir(owner) if owner is minigrad.Tensor else vars(owner)
    found = [(name, getattr(owner, name)) for name in sorted(names) if not name.startswith("_")]
    return [(name, value) for name, value in found if has_docstring(value) and inspect.getdoc(value)]


def methods(entry: Entry) -> list[str]:
    """The methods that a class defines itself, a line for each."""
    if not inspect.isclass(entry.value) or entry.value is minigrad.Tensor:
        return []
    lines = []
    for name, value in methods_of(entry.value):
        if name != "forward" and not inspect.isclass(value):
            line = re.sub(r"\s+", " ", signature(Entry("", name, value)).lstrip("."))
            lines.append(f"- `{line.replace('(self, ', '(').replace('(self)', '()')}`: {first_line(value)}")
    return [*lines, ""] if lines else []


def references(entry: Entry) -> list[str]:
    """Where more is said: what holds for its family, PyTorch's page about it, and the lines that define it."""
    page = head_places().get(entry.home)
    links = [
        (title_of_home(entry.home), f"{'' if page == entry.module else f'{page}.html'}#{entry.home}" if page else None),
        ("PyTorch", pytorch_page(entry.module, entry.name)),
        source_of(entry.value),
    ]
    found = " · ".join(f'<a class="source" href="{address}">{text}</a>' for text, address in links if address)
    return [found] if found else []


def source_of(value: Any) -> tuple[str, str | None]:
    """The file and the number of the line that define it, and the address of that line in the site."""
    try:
        code = inspect.unwrap(value.fget if isinstance(value, property) else value)
        file = Path(inspect.getsourcefile(code) or "").relative_to(PROJECT).as_posix()
        number = inspect.getsourcelines(code)[1]
    except (TypeError, OSError, ValueError):
        return "", None
    return f"{file}:{number}", f"../source/{file}.html#L-0-{number}"


# Docstrings as Markdown ------------------------------------------------------------------------------------


@cache
def module_of(path: str) -> Any:
    """The module, or the class, that a page is of."""
    if path == METHODS:
        return minigrad.Tensor
    return importlib.import_module(OWN[path]) if path in OWN else launcher.supported_modules()[path]


def first_line(value: Any) -> str:
    """The first sentence of a docstring."""
    return prose((inspect.getdoc(value) or "").partition("\n\n")[0])


def prose_of(value: Any) -> list[str]:
    """A docstring as blocks of Markdown: paragraphs, indented formulas, examples."""
    lines: list[str] = []
    fence = None
    for block in re.split(r"\n\s*\n", inspect.getdoc(value) or ""):
        kind = "pycon" if block.startswith(">>>") else "text" if block.startswith("  ") else None
        if fence and kind != fence:
            lines += ["```", ""]
        if kind:
            lines += [""] if kind == fence else [f"```{kind}"]
            lines.append(inspect.cleandoc("\n" + block) if kind == "text" else block)
        else:
            lines += [prose(block), ""]
        fence = kind
    return [*lines, "```", ""] if fence else lines


def prose(text: str) -> str:
    """Sentences of a docstring: code and addresses are marked as such, all else is as it was written."""
    text = re.sub(r"::$", ":", text)
    parts = re.split(r"(`[^`]+`|https?://[^\s,;)]*[^\s,;).])", text)
    for place, part in enumerate(parts):
        if part.startswith("http"):
            parts[place] = f"[{part.partition('://')[2].removeprefix('docs.')}]({part})"
        elif not part.startswith("`"):
            parts[place] = re.sub(r"([\\*_\[\]{}|])", r"\\\1", html.escape(part, quote=False))
    return "".join(parts)
