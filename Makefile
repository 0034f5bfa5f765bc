# Everything from one place; each target first sets up what it needs, and does nothing where that is done already.
# Options for the program behind a target go into ARGS: make demo ARGS="--port 8001"

PY := .venv/bin/python
ARGS ?=
# A process a core, up to four, each with a Postgres of its own; `make test TESTERS=0` runs them one after another.
TESTERS ?= auto

.PHONY: help demo test fuzz bench lint types schema papers lock setup dev clean

help:
	@echo 'make demo     the whole market on this machine, trading by itself  (ARGS="--port 8001")'
	@echo 'make test     every test                                           (ARGS="tests/test_db.py -k commit")'
	@echo 'make fuzz     ten thousand made-up requests                         (FUZZ_SEED=7 make fuzz)'
	@echo 'make bench    what is claimed about speed, side by side, in about 20 minutes (ARGS="--short")'
	@echo 'make lint     style, by ruff'
	@echo 'make types    types, by mypy'
	@echo 'make schema   write sql/schema.sql anew from the migrations'
	@echo 'make papers   write docs/llms.txt and docs/api/errors.md anew from the code'
	@echo 'make lock     write requirements*.lock anew from pyproject.toml'
	@echo 'make clean    remove what the targets made, but no data'

demo: setup
	@.venv/bin/tradepost demo $(ARGS)

# In their own order, the longest first; and compiled once, not by each of the hundred programs that they start.
test: dev
	@PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n $(TESTERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# `make test` makes up some requests for each call, this draws them until there are ten thousand. FUZZ_SEED draws others.
fuzz: dev
	@FUZZ=whole $(PY) -m pytest -s tests/dialects/test_fuzz.py tests/dialects/user_api/test_fuzz.py $(ARGS)

# What fits in about twenty minutes. It needs nginx, wrk and two cores that nobody else uses.
bench:
	@sh scripts/setup.sh bench
	@$(PY) -m bench reads buys start $(ARGS)
	@echo 'Longer ones, each by its name: $(PY) -m bench reads-5m | growth AXIS | jobs | peers | profiles; $(PY) -m bench tells of each.'

lint: dev
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

types: dev
	@$(PY) -m mypy $(ARGS)

schema: dev
	@$(PY) scripts/write_schema.py

papers: dev
	@$(PY) scripts/write_papers.py

lock: dev
	@sh scripts/lock.sh

setup:
	@sh scripts/setup.sh runtime

dev:
	@sh scripts/setup.sh dev

clean:
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build src/*.egg-info
	@find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} +
