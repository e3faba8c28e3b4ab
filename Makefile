# SPDX-License-Identifier: Apache-2.0
#
# make demo and make test are the two commands; make help lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
REQUIREMENTS := .ci/requirements
JOBS := $(shell nproc 2>/dev/null || echo 2)
# ctest NAME,BUILD_TYPE,SANITIZERS,CORE: configure, build and run the C++ tests.
comma := ,
define ctest
.ci/quiet build/cpp/$(1).log $(BIN)/cmake -S . -B build/cpp/$(1) -G Ninja \
	-DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja -DCMAKE_BUILD_TYPE=$(2) \
	-DGITHUB_OIDC_SANITIZE=$(3) -DGITHUB_OIDC_CORE=$(4) -DGITHUB_OIDC_TESTS=ON -DGITHUB_OIDC_WERROR=ON; \
.ci/quiet build/cpp/$(1).log $(BIN)/cmake --build build/cpp/$(1) --parallel $(JOBS); \
.ci/quiet build/cpp/$(1).log $(BIN)/ctest --test-dir build/cpp/$(1) --no-tests=error \
	--verbose; \
.ci/sum "C++ $(1)" "$$(sed -n 's/.*PASSED *. \([0-9]* tests\).*/\1/p' build/cpp/$(1).log) passed"
endef
# The core and the server, for the other Pythons and for the oldest FastAPI.
PORTABLE := tests/verifier tests/keys tests/claims tests/server tests/contracts/test_modules.py
PACKAGE := CMakeLists.txt pyproject.toml README.md LICENSE \
	$(shell find cpp/include cpp/src cpp/bindings python -type f -not -name '*.pyc')
CPP := $(shell find cpp -name '*.hpp' -o -name '*.cpp')

.PHONY: help system system-build venv build demo test lint test-cpp test-python \
	test-python-quietly test-cpp-release test-cpp-sanitized test-pythons \
	test-fastapi-oldest generate format bench requirements clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-20s %s\n", $$1, $$2}' Makefile

system:  ## install the system packages that are missing (Debian, Ubuntu)
	@PYTHON=$(PYTHON) .ci/system test

system-build:
	@PYTHON=$(PYTHON) .ci/system build

venv: .venv/requirements.sha256  ## make .venv with the pinned packages
.venv/requirements.sha256: $(REQUIREMENTS)/dev.txt
	@echo "venv: installing the pinned packages into .venv"
	.ci/venv $(PYTHON) .venv $<
	touch $@

build: build/installed  ## build the package and install it into .venv
build/installed: .venv/requirements.sha256 $(PACKAGE)
	@mkdir -p build
	@echo "build: compiling and installing the package"
	.ci/install .venv
	touch $@

demo: system-build build  ## a server, a CI job and three forged tokens on this machine
	@$(BIN)/python examples/demo/run.py

# Each part works on one core, and as many parts as there are cores run at a time; the
# longest come first.
test: system  ## every check and test
	@rm -f build/summary
	@$(MAKE) build
	@$(MAKE) --jobs=$(JOBS) --output-sync=target --keep-going JOBS=1 \
		CMAKE_BUILD_PARALLEL_LEVEL=1 test-pythons test-python-quietly \
		test-cpp-sanitized lint test-cpp-release test-fastapi-oldest
	@echo && cat build/summary && tail -n 1 build/test-python.log

lint: build  ## formats, types, stubs, static analysis, generated files
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/python cpp/expand_reasons.py --check
	@$(BIN)/mypy
	@$(BIN)/python -m mypy.stubtest --mypy-config-file pyproject.toml github_oidc._core
	@$(BIN)/clang-format --dry-run --Werror $(CPP)
	@JOBS=$(JOBS) $(BIN)/python .ci/clang_tidy.py $$(.ci/install --build-folder .venv)
	@.ci/sum lint clean

test-cpp: test-cpp-release test-cpp-sanitized  ## the C++ tests, optimised and under ASan with UBSan
test-cpp-release: build
	@$(call ctest,release,Release,,$(CURDIR)/build/extension/venv/libgithub_oidc_core.a)
test-cpp-sanitized: build
	@$(call ctest,sanitized,Debug,address$(comma)undefined,)

test-python: build  ## the whole Python suite
	@$(BIN)/python -m pytest
test-python-quietly: build
	@.ci/quiet build/test-python.log $(BIN)/python -m pytest -p no:cacheprovider

test-pythons: build  ## core and server on the other CPythons of this machine
	@own=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	found=$$(.ci/pythons "$$own"); \
	[[ -n $$found ]] || found="none"; \
	echo "other CPythons: $$(awk '{print $$1}' <<<"$$found" | xargs)"; \
	[[ $$found != none ]] || exit 0; \
	xargs -P $(JOBS) -n 2 bash -c '.ci/test_on "python-$$0" "$$1" $(REQUIREMENTS)/test.txt $(PORTABLE)' <<<"$$found"

test-fastapi-oldest: build  ## the server on FastAPI 0.115.0
	@.ci/test_on fastapi-0.115.0 $(PYTHON) $(REQUIREMENTS)/fastapi-oldest.txt tests/server tests/claims

generate:  ## write the files that come from errc.def
	$(PYTHON) cpp/expand_reasons.py

format: venv  ## format both languages
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format --quiet .
	$(BIN)/clang-format -i $(CPP)

bench: system-build  ## ours against its peers, in ratios
	@.ci/venv $(PYTHON) .venv-bench $(REQUIREMENTS)/bench.txt
	@.ci/install .venv-bench
	@mkdir -p build/bench
	@.venv-bench/bin/python -m pip install --quiet --require-hashes --no-deps --upgrade \
		--target build/bench/pyjwt-2.13 -r $(REQUIREMENTS)/pyjwt-2.13.txt
	@c++ -O2 -shared -fPIC -std=c++20 tests/bench/bare.cpp -o build/bench/bare.so -lcrypto
	PYJWT_2_13=build/bench/pyjwt-2.13 .venv-bench/bin/python -W ignore -m tests.bench build/bench/bare.so

requirements: venv  ## pin the newest versions in .ci/requirements
	cd $(REQUIREMENTS) && for set in uv test dev fastapi-oldest bench pyjwt-2.13; do \
		../../$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 \
			--generate-hashes --no-emit-index-url --no-annotate --no-header \
			--output-file $$set.txt $$set.in; \
	done

clean:  ## remove what was built; .venv stays
	rm -rf build .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
