"""The page of a step in a browser: stepped through by keyboard, read, measured."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from replays import circles, convolutions, data_of, figures, needs_graphviz
from test_watch import residual, two_lines

import minigrad
from minigrad.watch.arrays import one_line

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="there is no playwright: pip install playwright"),
]
MAKERS = {"two_lines": two_lines, "circles": circles, "convolutions": convolutions, "residual": residual}
LINE = ".source .row:last-child code"
QUICK = ("two_lines", "convolutions")
ALL = [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in MAKERS]
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The file of each step, and the step."""
    folder = tmp_path_factory.mktemp("pages")
    made = {name: make()[0] for name, make in MAKERS.items()}
    for name, step in made.items():
        step.replay(folder / f"{name}.html")
    return {name: (folder / f"{name}.html", step) for name, step in made.items()}


class Reader:
    """Somebody who reads a page: presses keys, and sees what is shown."""

    def __init__(self, browser: Any, file: Path, at: str = "", **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("request", lambda request: self.requests.append(request.url.partition("#")[0]))
        self.page.goto(f"file://{file}#{at}")
        self.file = f"file://{file}"

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.trouble == []
        assert set(self.requests) == {self.file}

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def many(self, selector: str) -> int:
        return self.page.locator(selector).count()

    @property
    def step(self) -> str:
        """`step 3 of 15`, in the heading and in the address."""
        shown = self.text(".phase").lower().partition(", ")[2]
        assert self.page.url.endswith(f"#step-{shown.split()[1]}")
        return shown

    def figures(self) -> list[dict[str, Any]]:
        """The arrays that are shown: the numbers in full and as they are to be read, and what stands below."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll("#card figure")].map(figure => ({
                rows: [...figure.querySelectorAll("tr")].map(
                    row => [...row.cells].map(cell => [cell.title, cell.innerText])),
                images: figure.querySelectorAll("canvas").length,
                about: figure.querySelector(".stats")?.textContent ?? "",
            }))"""
        )

    def overflow(self) -> int:
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")


def check(shown: dict[str, Any], seen: Any) -> None:
    """What is shown of an array are its numbers."""
    assert shown["about"] == ("" if seen.host.size == 1 else one_line(seen))
    if shown["images"]:
        assert shown["images"] == min(6, int(np.prod(seen.shape[:-2])))
        return
    matrix = seen.host.reshape(-1, seen.shape[-1] if seen.shape else 1)
    rows = matrix.reshape(-1) if seen.host.size <= 16 else matrix[:6, :8].reshape(-1)
    cells = [cell for row in shown["rows"] for cell in row]
    np.testing.assert_array_equal(np.array([full for full, _ in cells], seen.host.dtype), rows)
    for (full, read), x in zip(cells, rows.tolist()):
        assert abs(float(read) - x) <= 0.00501 * abs(x), (full, read)


# Stepping ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_every_number_of_every_step_by_keyboard(browser, pages, name):
    file, step = pages[name]
    wanted = figures(step.tape)
    with Reader(browser, file) as reader:
        for number, arrays in enumerate(wanted, 1):
            assert reader.step == f"step {number} of {len(wanted)}"
            shown = reader.figures()
            assert len(shown) == len(arrays)
            for each, seen in zip(shown, arrays):
                check(each, seen)
            reader.press("ArrowRight")
        assert reader.step == f"step {len(wanted)} of {len(wanted)}"
        rows = reader.page.locator(".leaves tbody tr").all_inner_texts()
    for row, (leaf, grad) in zip(rows, step.tape.grads.items(), strict=True):
        assert row.split()[0] == step.tape.names.of_node(leaf)
        assert grad.host.size == 1 or row.endswith(one_line(grad).partition("  ")[2])


def test_keys_and_buttons(browser, pages):
    file, step = pages["circles"]
    last = len(figures(step.tape))
    with Reader(browser, file) as reader:
        reader.press("End")
        assert reader.step == f"step {last} of {last}"
        reader.press("ArrowLeft", "ArrowLeft")
        assert reader.step == f"step {last - 2} of {last}"
        reader.press("b")
        assert reader.text("h2").startswith("The backward pass begins")
        assert reader.step == f"step 6 of {last}"
        reader.press("Home")
        assert reader.step == f"step 1 of {last}"
        for button, at in (("next", 2), ("next", 3), ("back", 2), ("first", 1)):
            reader.page.click(f"#{button}")
            assert reader.step == f"step {at} of {last}"
        reader.page.click("#parts .backward")
        assert reader.step == f"step 6 of {last}"
        reader.page.focus("#slider")
        reader.press("ArrowRight")
        assert reader.step == f"step 7 of {last}"


def test_it_plays_to_the_end(browser, pages):
    file, step = pages["circles"]
    last = len(figures(step.tape))
    with Reader(browser, file, f"step-{last - 1}") as reader:
        reader.page.clock.install()
        reader.press("Space")
        assert reader.text("#play") == "Pause"
        reader.page.clock.run_for(2000)
        assert reader.step == f"step {last} of {last}"
        reader.page.clock.run_for(2000)
        assert reader.text("#play") == "Play"


def test_a_link_to_a_step(browser, pages):
    with Reader(browser, pages["circles"][0], "step-12") as reader:
        assert reader.step.startswith("step 12 of")
        reader.page.evaluate("location.hash = '#step-3'")
        reader.page.wait_for_function("document.querySelector('.phase').textContent.includes('step 3 of')")
        reader.page.click("summary")
        reader.page.click("#steps li:nth-child(5) a")
        assert reader.step.startswith("step 5 of")
        assert reader.many("#steps [aria-current=step]") == 1


def test_over_a_line(browser, pages):
    with Reader(browser, pages["two_lines"][0]) as reader:
        lines = []
        for _ in range(6):
            lines.append(reader.text(LINE) if reader.many(LINE) else reader.text("h2"))
            reader.press("n")
        assert lines == [
            "h = x * w + b",
            "loss = (h * h).mean() + w.sum()",
            "loss.backward()",
            "loss = (h * h).mean() + w.sum()",
            "h = x * w + b",
            "Every gradient is there",
        ]
        reader.press("p", "p")
        assert reader.text(LINE) == "loss = (h * h).mean() + w.sum()"


def test_ask_me_first(browser, pages):
    file, step = pages["two_lines"]
    with Reader(browser, file, "step-14") as reader:
        reader.page.check("#ask")
        reader.press("ArrowRight")  # add_db, which sums over a broadcast
        assert reader.step.startswith("step 15 of")
        (g,) = reader.figures()
        check(g, figures(step.tape)[14][0])
        assert "None" in reader.text(".leaves tr:has-text('b')")
        assert "What comes out" in reader.text("#card")
        reader.press("ArrowRight")
        assert reader.step.startswith("step 15 of")
        assert len(reader.figures()) == 3
        assert "0.5" in reader.text(".leaves tr:has-text('b')")
        reader.press("ArrowRight")
        reader.page.click("text=Show")
        assert reader.step.startswith("step 16 of")
        assert len(reader.figures()) == 5


@needs_graphviz
def test_the_picture_follows(browser, pages):
    with Reader(browser, pages["two_lines"][0], "step-14") as reader:  # add_da
        assert reader.page.get_attribute("#graph .node.now", "id") == "op2"
        assert reader.page.get_attribute("#graph .node.to", "id") == "op1"
        assert reader.page.get_attribute("#graph .edge.now", "id") == "op1-op2-0"
        reader.press("ArrowRight")
        assert reader.page.text_content("#graph .cell-now").split()[0] == "b"
        reader.press("ArrowRight")
        assert reader.many("#graph .edge.now") == 0
        reader.press("Home")
        assert reader.many("#graph .node.done") == 1
        reader.page.evaluate("location.hash = '#step-10'")  # sum_da: to the cell of w, in another op
        reader.page.wait_for_selector("#graph #x2-op5.now")
        reader.page.click("#op4")
        assert reader.text("h2").startswith("mean")


# For everybody -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="no axe: pip install axe-playwright-python")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_axe_finds_nothing(browser, pages, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    file, step = pages[name]
    last = len(figures(step.tape))
    with Reader(browser, file, color_scheme=scheme, reduced_motion="reduce") as reader:
        reader.page.click("summary")
        for at in sorted({1, 2, last // 2, last * 3 // 4, last}):
            reader.page.evaluate(f"show({at - 1})")
            found = Axe().run(reader.page)
            assert found.violations_count == 0, found.generate_report()
        reader.page.set_viewport_size(PHONE)
        found = Axe().run(reader.page)
        assert found.violations_count == 0, found.generate_report()


def test_a_reader_who_listens_hears_each_step(browser, pages):
    with Reader(browser, pages["circles"][0]) as reader:
        reader.press("ArrowRight")
        assert reader.page.inner_text("[role=status]").startswith(
            "Step 2. relu (2). relu(linear (1)) is called. It makes"
        )
        for role, name in (
            ("main", ""),
            ("banner", ""),
            ("navigation", "All steps"),
            ("region", "Graph"),
            ("region", "Step"),
        ):
            assert reader.page.get_by_role(role, name=name, exact=bool(name)).count() == 1, role
        assert reader.page.get_attribute("#slider", "aria-valuetext") == "step 2, relu (2)"


@pytest.mark.parametrize("name", ALL)
def test_it_fits_a_phone(browser, pages, name):
    file, step = pages[name]
    with Reader(browser, file, viewport=PHONE) as reader:
        for _ in figures(step.tape):
            assert reader.overflow() <= 0, reader.step
            reader.press("ArrowRight")
        for button in reader.page.locator(".buttons button").all():
            box = button.bounding_box()
            assert box["width"] > 44
            assert box["height"] > 44
            assert box["y"] + box["height"] <= PHONE["height"]


def test_dark_by_the_system_and_by_hand(browser, pages):
    def background(reader: Reader) -> int:
        colour = reader.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        return sum(map(int, colour.strip("rgb()").split(",")))

    with Reader(browser, pages["circles"][0], color_scheme="light") as light:
        with Reader(browser, pages["circles"][0], color_scheme="dark") as dark:
            assert background(dark) < 150 < 600 < background(light)
            cells = [r.page.locator(".heat td").first.get_attribute("style") for r in (dark, light)]
            light.page.click("#theme")
            assert background(light) == background(dark)
            assert light.page.locator(".heat td").first.get_attribute("style") == cells[0] != cells[1]
        light.page.click("#theme")
        assert light.page.locator(".heat td").first.get_attribute("style") == cells[1]


def test_a_step_that_nobody_watched_says_what_is_missing(browser, tmp_path):
    w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    minigrad.replay((w * 3 + 1).sum(), tmp_path / "loss.html")
    with Reader(browser, tmp_path / "loss.html") as reader:
        assert reader.text("#hint").startswith("The graph keeps only")
        assert "was not kept" in reader.text("#card")
        for _ in data_of(tmp_path / "loss.html")["steps"]:
            reader.press("ArrowRight")


def test_what_a_script_says_does_not_run(browser, tmp_path):
    a = minigrad.tensor([1.0], requires_grad=True)
    with minigrad.watch() as step:
        (a * len("<img src=x onerror=alert(1)></script><script>alert(2)</script>")).sum().backward()
    step.replay(tmp_path / "page.html")
    with Reader(browser, tmp_path / "page.html") as reader:
        assert "<img src=x onerror=alert(1)></script>" in reader.text(LINE)
        assert reader.many("img") == 0


def test_over_a_line_within_a_module(browser, pages):
    with Reader(browser, pages["residual"][0]) as reader:
        lines = []
        for _ in range(5):
            lines.append(reader.page.locator(".source pre mark").inner_text())
            reader.press("n")
        assert lines[:4] == ["model(x)", "self.first(x)", "model(x)", "p**2"]
        reader.press("Home", "n")
        rows = reader.page.locator(".source .row code").all_inner_texts()
        assert rows == ["prediction = model(x)", "return minigrad.relu(x + self.second(minigrad.relu(self.first(x))))"]
