# Two commands for a fresh machine: `make compare` and `make test`.  Each makes .venv on first use.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: compare test lint check slow fuzz benchmarks gpu docs docs-serve clean

compare: .venv/compare
	$(BIN)/python -m comparisons $(LESSONS)

test: .venv/test lint
	$(BIN)/python -m pytest -n auto

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The tests of what one has changed since a commit: `make check BASE=main`.
BASE ?= HEAD

check: .venv/test lint
	PYTHONPATH=. $(BIN)/python tests/changed.py $(BASE)

# Many more examples for each property, drawn anew each time.  What fails is printed with a command that repeats it.
slow: .venv/test
	$(BIN)/python -m pytest -m slow -n auto --hypothesis-profile=anew --hypothesis-seed=$(shell date +%s)

MINUTES ?= 5

fuzz: .venv/test
	$(BIN)/python tests/fuzz.py $(MINUTES)

# Times beside PyTorch, NumPy by hand and other engines; tinygrad and torch.compile need compilers (clang, g++).
benchmarks: .venv/peers
	$(BIN)/python -m benchmarks

# The whole check on an NVIDIA GPU; its report goes to out/gpu.  Nothing is installed where $(PYTHON) has it all: so for
# a driver of CUDA 12, of which the newest PyTorch knows nothing, give a Python with builds of both libraries for that.
GPU_NEEDS := cupy, torch, torchvision, numpy, pytest, xdist, hypothesis, rich, matplotlib, sklearn, safetensors, tqdm

gpu:
	if $(PYTHON) -c "import $(GPU_NEEDS)" 2>/dev/null; then $(PYTHON) -m benchmarks.gpu_check; \
	else $(MAKE) .venv/cuda13 && $(BIN)/python -m benchmarks.gpu_check; fi

.venv/cuda13: .venv/test
	$(BIN)/python -m pip install --quiet --editable ".[cuda13]"
	touch $@

.venv/pip: 
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'minigrad needs Python 3.11 or later: make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	touch $@

# The pages as a site, in out/site: open out/site/index.html.  Its search works from the file too.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs

docs: .venv/docs
	$(MKDOCS) build --strict

docs-serve: .venv/docs
	$(MKDOCS) serve --livereload

.venv/compare .venv/docs .venv/test .venv/peers: .venv/%: .venv/pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@

clean:
	rm -rf .venv
