# The door: everything is done through these targets, on a developer's machine and in CI alike.
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The folder that `make demo` looks at.
DIR ?= examples/recordings

.PHONY: help setup build demo test test-rust test-python lint types bench bench-micro scale docs format lock clean

help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

setup: $(VENV)/installed ## make .venv and install everything into it

$(VENV)/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("recstore needs Python 3.11 or later; say PYTHON=python3.x" if sys.version_info < (3, 11) else 0)'
	@command -v cargo >/dev/null || { echo "recstore needs Rust: https://rustup.rs" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@touch $@

build: setup ## build the extension module, optimised, into .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .

demo: build ## index DIR, find a request's recording, replay it, pack it, and compare with plain json
	@$(BIN)/python examples/demo.py $(DIR)

test: test-rust test-python ## run all tests

test-rust: ## run the tests of the core
	@[ -n "$$RECSTORE_CORPUS" ] || echo "RECSTORE_CORPUS is not set: the core's tests on real data are skipped"
	cargo test --quiet --workspace --locked

test-python: build ## run the tests of the package, against the real SDKs
	$(BIN)/python -m pytest --quiet

lint: build types ## check format, style and types of everything
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets --locked -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --workspace --no-deps --locked
	$(BIN)/ruff format --quiet --check
	$(BIN)/ruff check --quiet

types: build ## check types, and that the stub says what the extension module holds
	$(BIN)/mypy
	$(BIN)/mypy benches
	$(BIN)/python -m mypy.stubtest recstore._core --mypy-config-file pyproject.toml

bench: build target/rivals ## print each operation beside its rivals, in one table (about six minutes)
	$(BIN)/python benches/report.py

bench-micro: build ## run the micro-benchmarks of the package and of the core
	$(BIN)/python -m pytest benches --quiet --benchmark-only --benchmark-columns=median,min,iqr,rounds --benchmark-sort=fullname
	$(BIN)/python benches/inputs.py target/bench-recordings
	RECSTORE_BENCH=$(CURDIR)/target/bench-recordings cargo bench --quiet --package recstore-core --locked

scale: build ## measure up to a million recordings, and write docs/scale.md (about two minutes)
	$(BIN)/python benches/scale.py

target/rivals: setup pyproject.toml
	$(BIN)/uv pip install --quiet --no-deps --upgrade --target $@ --group apart
	@touch $@

docs: build ## write the API documentation to site/
	$(BIN)/pdoc --docformat markdown --output-directory site recstore
	cargo doc --quiet --no-deps --package recstore-core --target-dir target

format: setup ## format everything
	cargo fmt --all
	$(BIN)/ruff format --quiet
	$(BIN)/ruff check --quiet --fix

lock: setup ## resolve the newest versions into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group all --upgrade --output-file requirements.lock pyproject.toml

clean: ## remove what was built
	rm -rf $(VENV) target site rust/fuzz/target python/recstore/_core*.so
