"""The site of `make docs`: every public name is in its reference, links lead to pages, a browser needs no network."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from pages import PROJECT
from processes import run

pytest.importorskip("mkdocs", reason="there is no mkdocs: pip install mkdocs-material")
sys.path.append(str(PROJECT / "docs" / "site"))

import hooks
import reference
from test_replay_page import CHROMIUM, PHONE, browser  # noqa: F401 - a fixture

from minigrad import launcher

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")


def test_every_public_name_stands_in_the_reference_with_what_its_docstring_says():
    pages = reference.pages()
    for path, module in launcher.supported_modules().items():
        for name in () if path in reference.PRIVATE else module.__all__:
            entry = reference.Entry(path, name, getattr(module, name))
            place = entry if reference.own_page(path) else reference.first_place(entry)
            _, said = pages[reference.page_of(place.module)].split(f"### {place.name} {{ #{place.path} }}\n", 1)
            said = said.partition("\n##")[0]
            assert re.search(r"\w", said), entry.path
            if reference.has_docstring(entry.value):
                original = reference.first_place(entry)
                assert re.search(r"\w{2}", entry.value.__doc__ or ""), f"{entry.path} has no docstring"
                first = reference.linked(reference.first_line(entry.value), original)
                assert first in said or f"#{original.path}" in said, entry.path
    assert all(f"{{ #torch.Tensor.{name} }}" in pages["reference/torch.Tensor.md"] for name in ("view", "lerp", "grad"))


def test_docstrings_become_markdown():
    def documented():
        """`a * b` of *two*, _c_ and [d]; see https://example.org/x_y.

        At each step::

            p = p - lr * g

            q = p

        >>> 1 + 1
        2

        >>> 2 < 3
        True
        """

    assert "\n".join(reference.prose_of(documented)) == (
        "`a * b` of \\*two\\*, \\_c\\_ and \\[d\\]; see [example.org/x_y](https://example.org/x_y).\n\n"
        "At each step:\n\n```text\np = p - lr * g\n\nq = p\n```\n\n"
        "```pycon\n>>> 1 + 1\n2\n\n>>> 2 < 3\nTrue\n```\n"
    )


def test_names_in_sentences_lead_to_what_is_said_of_them():
    absolute = next(entry for entry in reference.entries()["torch"] if entry.name == "arccos")
    assert reference.linked("As `acos`, not `x`.", absolute) == "As [`acos`](#torch.acos), not `x`."
    assert reference.linked("`arccos` and `linalg.det`", absolute) == (
        "`arccos` and [`linalg.det`](torch.linalg.md#torch.linalg.det)"
    )


def test_what_holds_for_a_family_is_said_once_and_every_name_leads_there():
    pages = reference.pages()
    head = '<a class="head" id="minigrad.ops.elementwise"></a>'
    assert [path for path, text in pages.items() if head in text] == ["reference/torch.md"]
    assert "(torch.md#minigrad.ops.elementwise)" in pages["reference/torch.Tensor.md"]
    _, exp = pages["reference/torch.md"].split("{ #torch.exp }")
    said = exp.partition("\n##")[0]
    assert '"#minigrad.ops.elementwise"' in said
    assert '"https://docs.pytorch.org/docs/stable/generated/torch.exp.html"' in said
    assert "minigrad/ops/elementwise.py:" in said
    _, method = pages["reference/torch.Tensor.md"].split("{ #torch.Tensor.exp }")
    assert "torch.Tensor.exp() -> Tensor" in method.partition("\n##")[0]
    assert "[torch.exp](torch.md#torch.exp)" in method.partition("\n##")[0]
    _, function = pages["reference/torch.nn.functional.md"].split("{ #torch.nn.functional.conv1d }")
    assert "torch.nn.Conv1d.html" in function.partition("\n##")[0]
    assert "#torch.nn.functional.conv1d)" in pages["reference/torch.md"]


def test_signatures_say_what_can_be_given():
    def signature(path: str) -> str:
        module, _, name = path.rpartition(".")
        return reference.signature(reference.Entry(module, name, getattr(launcher.supported_modules()[module], name)))

    assert signature("torch.lerp") == "torch.lerp(input: Tensor, end: Tensor, weight: Any, *, out=None) -> Tensor"
    assert signature("torch.nn.ReLU") == "torch.nn.ReLU(inplace: bool = False)"
    assert "    padding_mode: str = 'zeros',\n" in signature("torch.nn.Conv2d")
    assert not any(" at 0x" in text for name, text in reference.pages().items() if "benchmark" not in name)


def test_links_lead_to_pages():
    pages = hooks.all_pages()
    static = {hooks.site_path(path) for path in hooks.found("docs", "*.*")}
    for path, text in hooks.written().items():
        for link in hooks.LINK.findall(hooks.led(text, path)):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(hooks.site_path(path)), link))
            assert target in pages.keys() | static, f"{path}: {link}"
    assert hooks.led("[a](../minigrad/optim/sgd.py)", "docs/x.md") == "[a](source/minigrad/optim/sgd.py.md)"
    assert hooks.led("[a](docs/gpu.md#b)", "README.md") == "[a](gpu.md#b)"
    assert hooks.site_path("docs/ladder/01_slope.py") == "ladder/01_slope.md"
    assert hooks.site_path("docs/ladder/README.md") == "ladder/index.md"


def test_the_menu_has_every_page_that_people_wrote():
    def listed(menu: Any) -> Iterator[str]:
        for item in menu.values() if isinstance(menu, dict) else menu:
            if isinstance(item, str):
                yield item
            else:
                yield from listed(item)

    pages = hooks.all_pages()
    menu = list(listed(hooks.navigation(pages)))
    assert {hooks.site_path(path) for path in hooks.written()} <= set(menu) <= pages.keys()
    assert len(menu) == len(set(menu))
    assert {"1. Slope": "ladder/01_slope.md"} in hooks.navigation(pages)[2]["Ladder"]


# In full, and in a browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    ended = run(sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder, cwd=PROJECT)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return folder


@pytest.mark.slow
def test_nothing_is_fetched_and_every_link_has_its_place(site: Path):
    texts = {file: file.read_text(encoding="utf-8") for file in site.rglob("*.html")}
    places = {file: set(re.findall(r'\bid="([^"]+)"', text)) for file, text in texts.items()}
    assert len(texts) > 300
    for file, text in texts.items():
        if "replay" in file.parts or file.name == "404.html":
            continue
        fetched = re.findall(r'<(?:script|img|iframe)\b[^>]*\bsrc="([^"]+)"|<link\b[^>]*\bhref="([^"]+)"', text)
        assert [one for pair in fetched for one in pair if re.match(r"https?:|//", one)] == [], file
        for link in {unescape(link) for link in re.findall(r'<a\b[^>]*\bhref="([^"]+)"', text)}:
            if not re.match(r"https?:|mailto:", link):
                target, _, place = link.partition("#")
                to = (file.parent / target).resolve() if target else file
                assert to.exists(), f"{file}: {link}"
                assert not place or place in places[to] or to.parent.name == "replay", f"{file}: {link}"


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("lerp", "reference/torch.html#torch.lerp"),
        ("cross entropy", "reference/torch.nn.functional.html#torch.nn.functional.cross_entropy"),
        ("conv2d", "reference/torch.nn.html#torch.nn.Conv2d"),
        ("debugger", "reading.html#in-the-debugger"),
    ],
)
def test_the_search_finds_names_in_a_page_opened_as_a_file(site: Path, browser: Any, words: str, page: str):  # noqa: F811
    opened = browser.new_page()
    requests: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(f"file://{site}/reference/index.html")
    opened.fill("input.md-search__input", words)
    opened.wait_for_selector(".md-search-result__link")
    found = opened.eval_on_selector_all(".md-search-result__link", "links => links.map(link => link.href)")
    assert page in [re.sub(r"\?[^#]*", "", link).removeprefix(f"file://{site}/") for link in found[:8]]
    assert all(request.startswith(("file:", "data:", "blob:")) for request in requests)
    opened.close()


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["index", "differences", "reference/torch.nn", "source/minigrad/engine/backward.py"])
def test_pages_fit_a_phone_and_can_be_read(site: Path, browser: Any, page: str, scheme: str):  # noqa: F811
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport=PHONE, color_scheme=scheme)
    opened = context.new_page()
    trouble: list[str] = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.goto(f"file://{site}/{page}.html")
    assert opened.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    options = {"runOnly": ["color-contrast", "image-alt", "link-name", "heading-order"]}
    broken = Axe().run(opened, "article", options=options).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in broken] == []
    assert trouble == []
    context.close()
