# `make table` runs the main job and `make test` the tests; both make the environment in .venv first when it is missing.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: table test lint types tests verify published timings calibration audit fuzz golden report notebooks docs pages package bench clean

table: .venv/installed
	@$(BIN)/resnext-flops table

test: lint types tests

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports pyproject.toml outside_packages.toml

types: .venv/installed
	$(BIN)/mypy

# Two workers of one thread each: threads of two workers on two cores wait for each other most of the time.
tests: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

# Other command lines and damaged files than those of the tests, for some minutes.
fuzz: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 tests/test_fuzz.py --hypothesis-profile=fuzz

# The whole ladder of proof, for every network that `resnext-flops models` lists (about twenty minutes on two cores), and
# the named networks of the later families against their libraries, in every convention.
verify: .venv/installed
	$(BIN)/resnext-flops verify --all
	$(BIN)/pytest -m slow tests/proof tests/complexity

# Run the README's slow commands, count every model of torchvision and 150 of timm, hold all figures that torchvision
# prints for its weights, hold the memory of most models against a real run, and write what the installed counters answer
# (the extra `peers` brings them) and what we predict. Then predict the figure of every convention for every model (a
# quarter of an hour; a run that is stopped goes on). Then hold the counters against the conformance suite (a quarter of
# an hour). Then the data and the page of all models of torchvision, every fourth of timm's and some of Hugging Face's,
# with their formulas (about an hour on two cores; a run that is stopped goes on where it was).
audit: .venv/installed
	$(BIN)/pytest -m slow tests/counters tests/docs tests/plots
	$(BIN)/python -m resnext_flops.reports.zoo_audit docs/audit.md
	$(BIN)/python -m resnext_flops.reports.predictions docs/predictions.tsv docs/predictions.md
	$(BIN)/python -m resnext_flops.reports.conformance docs/conformance.json docs/conformance.md
	$(BIN)/python -m resnext_flops.reports.zoo docs/zoo.json docs/zoo.md

# What every printed figure of the published set is: count its models (a quarter of an hour on two cores; a run that is
# stopped goes on where it was), estimate how likely each reading is on one half of the set, and print how many figures,
# and how many shuffled ones, are explained on the other half.
published: .venv/installed
	$(BIN)/python -m resnext_flops.reports.published .cache/published docs/rates.md
	$(BIN)/pytest -m slow tests/proof/test_verdicts.py tests/proof/test_collection.py

# How near estimated times are to published ones, families of models left out: make timings TABLES=FOLDER with CSV files
# such as timm's benchmark files (the first run counts the models, in about ten minutes on two cores; one that is stopped
# goes on where it was). Without TABLES, the shipped profiles on sixty rows that they were made of.
timings: .venv/installed
	$(BIN)/python -m resnext_flops.reports.timings $(if $(TABLES),"$(TABLES)",--shipped tests/machine/timings)

# How near the times are that a calibration of this machine predicts, for models of torchvision that it never saw (about a
# quarter of an hour on one thread).
calibration: .venv/installed
	$(BIN)/pytest -m slow tests/machine
	$(BIN)/python -m resnext_flops.reports.calibration

# Write the golden files of the rendered tables and reports anew; read the difference before you commit it.
golden: .venv/installed
	$(BIN)/pytest tests/tables/test_golden.py tests/reports --update-golden

# The report of the paper, proven on real models (about two minutes on two cores); the tests compare it with the program.
# Then the paper's report and one of other models as LaTeX, compiled and looked at page by page, where pdflatex is installed.
report: .venv/installed
	$(BIN)/resnext-flops report --of paper --prove --device cpu --output docs/report --force
	$(BIN)/pytest -m slow tests/reports/test_look.py

# Execute the notebooks and write their outputs anew; read the difference before you commit it.
notebooks: .venv/installed
	$(BIN)/pytest tests/docs/test_notebooks.py --update-golden

# The documentation site, in docs/_build; a warning is an error. All of it is made anew, as its samples and links are.
docs: .venv/installed
	$(BIN)/python -m sphinx -E -W --keep-going -n -b html docs docs/_build

# The wheel and the source archive, in dist: their metadata, what is in them, and a report that the wheel makes in an
# environment of its own (some minutes).
package: .venv/installed
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m pytest -m slow tests/test_package.py

# Build the site, and look at each of its pages in a browser, as narrow as a telephone and wide (a minute; needs Chromium).
pages: .venv/installed
	$(BIN)/pytest -m slow tests/docs/test_pages.py

bench: .venv/installed
	$(BIN)/python -m benchmarks

# torch and torchvision fit each other only when they are resolved together, so everything is one installation. The wheels
# of the core are kept beside it: a test installs them into an environment of their own.
.venv/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	rm -rf .venv/core
	$(BIN)/python -m pip wheel --quiet --wheel-dir .venv/core .
	@touch $@

clean:
	rm -rf .venv
