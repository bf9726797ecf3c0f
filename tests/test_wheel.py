"""The wheel: what is in it, and that it works where nothing but NumPy is installed."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
import venv
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import numpy
import pytest
from pages import PROJECT, follow, steps
from processes import python, run

import minigrad

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
IMPORT_ALL = """
import importlib.metadata, minigrad, sys
from minigrad import launcher
for module in launcher.supported_modules().values():
    for name in module.__all__:
        getattr(module, name)
print(importlib.metadata.version("minigrad"), minigrad.__file__, *sys.modules)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what it is made of, by the setuptools that is there: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    project = folder / "project"
    shutil.copytree(PROJECT / "minigrad", project / "minigrad", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, project)
    ended = python("-c", BUILD, folder, cwd=project)
    assert ended.returncode == 0, ended.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_every_file_is_in_it_and_nothing_else(wheel):
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    ours = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "minigrad").rglob("*.*") if is_file(path)}
    assert names == ours
    assert {"minigrad/py.typed", "minigrad/SUPPORTED.md", "minigrad/watch/page/replay.js"} <= names


def is_file(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def test_it_says_what_pip_must_know(wheel):
    assert wheel.name == f"minigrad-{minigrad.__version__}-py3-none-any.whl"
    with ZipFile(wheel) as archive:
        of = {name.partition("/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        said = Parser().parsestr(archive.read(of["METADATA"]).decode())
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert "licenses/LICENSE" in of
    assert (said["Name"], said["Requires-Python"], said["License-Expression"]) == ("minigrad", ">=3.11", "MIT")
    assert set(said.get_all("Provides-Extra")) == set(settings["optional-dependencies"])
    assert [need for need in said.get_all("Requires-Dist") if "extra ==" not in need] == ["numpy>=2.0"]
    assert said.get_payload() == (PROJECT / "README.md").read_text(encoding="utf-8")


def test_it_works_where_only_numpy_is_installed(wheel, tmp_path, monkeypatch):
    for name in ("PYTHONPATH", "PYTHONHOME"):
        monkeypatch.delenv(name, raising=False)
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    bin = environment / "bin"
    packages = next(environment.glob("lib/python*/site-packages"))
    for part in Path(numpy.__file__).parent.parent.glob("numpy*"):
        (packages / part.name).symlink_to(part)
    pip = sys.executable, "-m", "pip", "--python", bin / "python", "install", "--quiet", "--no-index"
    ended = run(*pip, wheel)
    assert ended.returncode == 0, ended.stderr

    ended = run(bin / "python", "-c", IMPORT_ALL, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    version, file, *modules = ended.stdout.split()
    assert version == minigrad.__version__
    assert Path(file).is_relative_to(environment)
    assert not {"torch", "scipy", "PIL"} & set(modules)

    for step in list(steps("README.md")):
        if step.what.file == "first.py" or "-m minigrad first.py" in step.what.text or "--explain" in step.what.text:
            follow(step, tmp_path, bin)
    for words, says in (["--names"], "torch.nn.functional"), (["--replay", "page.html", "first.py"], ""):
        ended = run(bin / "python", "-m", "minigrad", *words, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert says in ended.stdout
    assert "mse_loss" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_an_op_of_ones_own_is_proved_with_it(wheel, tmp_path, monkeypatch):
    """docs/testing.md's tests in a project of their own, by the last command of docs/prove.yml: wrong, then right."""
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "wheel")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "wheel"))
    mine = tmp_path / "mine"
    mine.mkdir()
    *_, command = re.findall(r"^ +- run: (.*)$", (PROJECT / "docs" / "prove.yml").read_text(), flags=re.MULTILINE)
    wanted = {"softsign.py", "conftest.py", "test_softsign.py", "test_each.py"}
    saved = [step for step in steps("docs/testing.md") if step.what.file in wanted]
    wrong, *right = saved
    for step in (*saved, wrong):
        follow(step, mine, Path(sys.executable).parent)
    where = run(sys.executable, "-c", "import minigrad; print(minigrad.__file__)", cwd=mine)
    assert where.stdout.startswith(str(tmp_path))
    found = run("bash", "-c", command.replace("python", sys.executable), cwd=mine)
    assert "x.grad is 2.04082, by finite differences 0.591716" in found.stdout, found.stdout
    assert found.returncode == 1
    for step in right:
        follow(step, mine, Path(sys.executable).parent)
    proved = run("bash", "-c", command.replace("python", sys.executable), cwd=mine)
    assert " passed" in proved.stdout, proved.stdout
    assert proved.returncode == 0
