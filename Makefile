# demo · test · check · bench · train: each sets up what it needs by itself.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Where no CPU wheel of PyTorch is at hand: make test TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
PIP = $(BIN)/python -m pip install --quiet --constraint requirements/constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
DATA ?= ../shared/data
SETS = requirements/constraints.txt pyproject.toml

# Several at once, what each of them says kept together.
SIDE_BY_SIDE = --no-print-directory --output-sync=target

# Some sixty processes are started: none compiles the portal anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test test-packages test-sqlite test-browser test-postgres bench train front lock clean
.PHONY: check check-types check-style check-imports check-drift

demo: $(VENV)/.serve static/dist/.built  ## the working portal with demo people; Ctrl-C stops it
	@tools/system_packages serve
	$(BIN)/python -m config.demo

$(BIN)/python:
	@tools/system_packages python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.serve: $(BIN)/python $(SETS)
	$(PIP) ".[serve]"
	@touch $@

$(VENV)/.dev: $(BIN)/python $(SETS)
	$(PIP) --no-compile ".[serve,train,dev]"  # what is imported is compiled then
	@touch $@ $(VENV)/.serve

# Node 20+ from the system, or from its PyPI wheel where missing.
static/dist/.built: package.json package-lock.json build.mjs $(shell find static/js static/css static/img -type f) | $(BIN)/python
	tools/with_node $(BIN) npm ci --no-audit --no-fund --loglevel=error
	tools/with_node $(BIN) npm run --silent build
	@touch $@

front: static/dist/.built

test:  ## everything, on SQLite and on a real PostgreSQL
	@$(MAKE) $(SIDE_BY_SIDE) --jobs 3 $(VENV)/.dev static/dist/.built test-packages
	$(MAKE) --no-print-directory test-sqlite
	$(MAKE) $(SIDE_BY_SIDE) --jobs 2 test-browser test-postgres  # browsers and workers wait a third of their time

test-packages: | $(BIN)/python
	@tools/system_packages serve test

# Two runs share two processors: one thread each, or they wait for one another. Their databases are made from the models;
# the portals of tests/e2e and tests/processes run on migrated ones, and tools.check keeps migrations and models alike.
TWO = $(BIN)/python -m pytest -n 2 --dist loadgroup --no-migrations
test-sqlite test-browser test-postgres: export OMP_NUM_THREADS = 1
test-sqlite:
	$(TWO) -m "not processes and not browser"

test-browser:
	E2E_PICTURES=no $(TWO) -m "processes or browser" tests/e2e tests/frontend tests/processes

test-postgres:
	$(BIN)/python -m tools.with_postgres $(TWO) -m "database and not browser and not research and not processes" $(addprefix --ignore tests/,e2e frontend processes vision)

check: $(VENV)/.dev  ## lint, types, import contracts, drift of migrations, schema and diagrams, deploy check
	@$(MAKE) $(SIDE_BY_SIDE) --jobs 2 --keep-going check-types check-style check-imports check-drift

check-types:
	$(BIN)/mypy .

check-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-imports:
	$(BIN)/lint-imports

check-drift:
	$(BIN)/python -m tools.check

bench: $(VENV)/.dev  ## measured comparisons; each prints a table and a ratio
	$(BIN)/python -m benchmarks

# A step needs the same large blocks as the one before: kept instead of given back to the system, it takes about 0.6 times
# as long (glibc).
train: export MALLOC_MMAP_MAX_ = 0
train: export MALLOC_TRIM_THRESHOLD_ = 100000000000
train: $(VENV)/.dev  ## train every network from DATA (hours on a CPU)
	$(BIN)/python -m vision train scalp_segmentation --data $(DATA)
	$(BIN)/python -m vision train regions --data $(DATA)
	$(BIN)/python -m vision train norwood --data $(DATA)
	$(BIN)/python -m vision train conditions --data $(DATA)
	$(BIN)/python -m vision train trichoscopy --data $(DATA)
	$(BIN)/python -m vision train gate_views --data $(DATA)
	$(BIN)/python -m vision train gate_covers --data $(DATA)

lock: $(VENV)/.dev  ## write what is installed as the new constraints
	$(BIN)/python -m tools.lock

clean:
	rm -rf $(VENV) node_modules static/dist .mypy_cache .ruff_cache .pytest_cache
