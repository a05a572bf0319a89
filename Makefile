# SPDX-License-Identifier: MIT
# A thin front: CMake builds, ctest tests. Everything here can be called again and does nothing twice.
#
#   make demo          the main job, shown on an example
#   make test          build and test (everyday: a few minutes)
#   make test-more     the same under sanitizers, valgrind and clang, and against the oracles
#   make install       into PREFIX (default /usr/local); DESTDIR is honoured

PREFIX ?= /usr/local
CMAKE_FLAGS ?=
SOURCES = $$(git ls-files '*.c' '*.h')

.PHONY: build setup demo test test-more test-release packages fmt abi bless fuzz bench bench-yaml bench-engine mutants clean install
.DEFAULT_GOAL := build

setup:
	@.ci/setup

build: setup
	@cmake --preset release --log-level=WARNING $(CMAKE_FLAGS) >/dev/null
	@cmake --build --preset release

demo: build
	@examples/demo.sh

test: build
	@ctest --preset release

test-more: build
	@.ci/test-more

packages:
	@.ci/packages

test-release: test test-more
	@.ci/test-release

abi: build
	@ctest --preset release -R '^abi_'

fuzz: setup
	@.ci/fuzz

bench: bench-yaml bench-engine

bench-yaml: build
	@cmake --build build --target bench_yaml
	@bench/yaml.sh build

bench-engine: build
	@cmake --build build --target bench_engine
	@bench/engine.sh build

mutants: build
	@NETPOL_MUTANTS=$${NETPOL_MUTANTS:-10000000} build/test_text_plain

bless: build
	@python3 tests/abi/abi.py bless
	@python3 docs/make_errors.py
	@NETPOL_BLESS=1 ctest --preset release

fmt:
	@clang-format -i $(SOURCES)

install: build
	@cmake --install build --prefix "$(PREFIX)"

clean:
	@rm -rf build build-asan build-tsan build-valgrind build-clang build-fuzz build-python-extras
