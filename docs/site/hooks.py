"""What mkdocs is told beyond mkdocs.yml: which pages there are, and where links lead.

The pages are the files of the project, and links between them are relative in the project; here they are led to where
each file lies in the site.  A file of source has a page when a page links to it, or when it is minigrad's.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import reference
from mkdocs.structure.files import File, Files

PROJECT = Path(__file__).parent.parent.parent
FRONT = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "minigrad/SUPPORTED.md": "supported.md",
    "comparisons/README.md": "lessons.md",
}
"""Pages that lie outside docs/, and where they lie in the site."""
FRONT_MATTER = {
    "index.md": "hide: [navigation]",
    "lessons.md": "hide: [navigation]",
    "supported.md": "search: {exclude: true}",
}
"""What the theme is told of them."""
GUIDES = ["watching", "reading", "own_op", "testing", "compiling", "comparison", "files", "gpu", "speed", "differences"]
"""The pages of docs/ in the order in which they are read; others follow by name."""
LINK = re.compile(r"(?<=\]\()([^)#:\s]+)(?=[)#])")
LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".toml": "toml", ".json": "json"}


def site_path(path: str) -> str:
    """Where a file of the project lies in the site."""
    if path in FRONT:
        return FRONT[path]
    if not path.startswith("docs/") or path.endswith(".yml"):
        is_text = not path.endswith((".md", ".png", ".svg"))
        return f"source/{path}" + ("/index.md" if (PROJECT / path).is_dir() else ".md" if is_text else "")
    inside = path.removeprefix("docs/")
    if (PROJECT / path).is_dir():
        return f"{inside}/index.md"
    return posixpath.splitext(inside)[0] + ".md" if inside.endswith(".py") else inside.replace("README.md", "index.md")


def led(markdown: str, path: str) -> str:
    """The text of a file of the project with its links led to the pages of the site."""
    here = posixpath.dirname(site_path(path))

    def to_page(link: re.Match[str]) -> str:
        return posixpath.relpath(site_path(target_of(link[0], path)), here or ".")

    return LINK.sub(to_page, markdown)


def target_of(link: str, path: str) -> str:
    """The file of the project to which a link in another leads."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def titled_blocks(markdown: str) -> str:
    """Blocks that say after their language what to save them as: the name becomes their title."""
    return re.sub(r"^```(\w+) (\S+)$", r'```\1 title="\2"', markdown, flags=re.MULTILINE)


# The pages -------------------------------------------------------------------------------------------------


def written() -> dict[str, str]:
    """The pages that people wrote, by their paths in the project, with their text."""
    paths = [*FRONT, *sorted(found("docs", "*.md"))]
    return {path: (PROJECT / path).read_text(encoding="utf-8") for path in paths}


def found(folder: str, pattern: str) -> Iterator[str]:
    """Files below a folder of the project."""
    for path in (PROJECT / folder).rglob(pattern):
        if "site" not in path.relative_to(PROJECT).parts[:2]:
            yield path.relative_to(PROJECT).as_posix()


def sources(pages: dict[str, str]) -> set[str]:
    """The files and folders of which the site shows the text."""
    linked = {target_of(link, path) for path, text in pages.items() for link in LINK.findall(text)}
    linked |= {inside for path in linked if (PROJECT / path).is_dir() for inside in found(path, "*.py")}
    shown = {path for path in linked if not path.endswith((".md", ".html", ".png", ".svg"))}
    return shown.union(found("minigrad", "*.py"), found("docs/ladder", "*.py"))


def source_page(path: str) -> str:
    """The text of a file, numbered; of a folder, its files."""
    file = PROJECT / path
    head = ["---", "hide: [navigation, toc]", "search: {exclude: true}", "---", ""]
    if file.is_dir():
        here = site_path(path)
        rows = [
            f"- [{inside}]({posixpath.relpath(site_path(inside), posixpath.dirname(here))}): {subject(inside)}"
            for inside in sorted(found(path, "*.py"))
        ]
        return "\n".join([*head, f"# {path}", "", *rows])
    text = file.read_text(encoding="utf-8")
    is_step = path.startswith("docs/ladder/")
    head = ["---", "hide: [toc]", "---", ""] if is_step else head
    title = title_of_step(path) if is_step else path
    language = LANGUAGES.get(file.suffix, "text")
    return "\n".join(
        [*head, f"# {reference.prose(title)}", "", f'``````{language} linenums="1"', text.rstrip(), "``````"]
    )


def title_of_step(path: str) -> str:
    """Of a step of the ladder: its number, and what it is about."""
    return f"{int(Path(path).name.partition('_')[0])}. {subject(path)}"


def subject(path: str) -> str:
    """The first line of a module's docstring."""
    text = (PROJECT / path).read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0].rstrip(".")


def all_pages() -> dict[str, str]:
    """Every page of the site by its place there, with its Markdown."""
    pages = written()
    made = {site_path(path): titled_blocks(led(text, path)) for path, text in pages.items()}
    made |= {path: f"---\n{matter}\n---\n\n{made[path]}" for path, matter in FRONT_MATTER.items()}
    made |= {site_path(path): source_page(path) for path in sources(pages)}
    return made | reference.pages()


def navigation(pages: dict[str, str]) -> list[Any]:
    """The menu."""
    guides = [name.removesuffix(".md") for name in pages if "/" not in name and name not in FRONT.values()]
    guides.sort(key=lambda name: (GUIDES.index(name) if name in GUIDES else len(GUIDES), name))
    steps = [{title_of_step(path).partition(":")[0]: site_path(path)} for path in sorted(found("docs/ladder", "*.py"))]
    modules = [{name[10:-3]: name} for name in reference.pages() if name != "reference/index.md"]
    return [
        {"Home": "index.md"},
        {"Guides": [f"{name}.md" for name in guides]},
        {"Ladder": ["ladder/index.md", *steps]},
        {"Lessons": "lessons.md"},
        {"Reference": ["reference/index.md", *modules]},
        {"Project": ["contributing.md", "changelog.md", {"Names of PyTorch": "supported.md"}]},
    ]


# What mkdocs calls -----------------------------------------------------------------------------------------


def on_files(files: Files, config: Any) -> Files:
    """All pages are given to mkdocs as text: those of docs/ too, for their links are led."""
    pages = all_pages()
    for path, text in pages.items():
        if there := files.get_file_from_path(path):
            files.remove(there)
        files.append(File.generated(config, path, content=text))
    config["nav"] = navigation(pages)
    return files
