# Two commands for a fresh machine: `make compare` and `make test`.  Each makes .venv on first use.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: compare test lint slow benchmarks gpu clean

compare: .venv/compare
	$(BIN)/python -m comparisons

test: .venv/test lint
	$(BIN)/python -m pytest

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

slow: .venv/test
	$(BIN)/python -m pytest -m slow

# Times beside PyTorch, NumPy by hand and other engines; tinygrad and torch.compile need compilers (clang, g++).
benchmarks: .venv/peers
	$(BIN)/python -m benchmarks

# The whole check on an NVIDIA GPU; its report goes to out/gpu.  Nothing is installed where $(PYTHON) has it all.
# The number is the major version of CUDA: `make gpu CUDA=12` where PyTorch is a build for that one.
CUDA ?= 13
GPU_NEEDS := cupy, torch, torchvision, numpy, pytest, hypothesis, rich, matplotlib, sklearn, safetensors, tqdm

gpu:
	if $(PYTHON) -c "import $(GPU_NEEDS)" 2>/dev/null; then $(PYTHON) -m benchmarks.gpu_check; \
	else $(MAKE) .venv/cuda$(CUDA) && $(BIN)/python -m benchmarks.gpu_check; fi

.venv/cuda%: .venv/test
	$(BIN)/python -m pip install --quiet --editable ".[cuda$*]"
	touch $@

.venv/pip: 
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'minigrad needs Python 3.11 or later: make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	touch $@

.venv/compare .venv/test .venv/peers: .venv/%: .venv/pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@

clean:
	rm -rf .venv
