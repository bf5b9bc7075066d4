# pamhook. On Debian with Node (20 or later), npm, git and make: `make run` tries it, `make test` tests it.
# Missing system packages are installed, as root or through sudo.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
BIN := node_modules/.bin

BUILD_PACKAGES := g++ libpam0g-dev python3
RUN_PACKAGES := ca-certificates curl libnss-wrapper openssl
# redis-tools, not redis-server: the program is in it too, and no service, account or configuration.
TEST_PACKAGES := dbus fish gnome-keyring iproute2 libpam-google-authenticator libpam-oath libpam-wrapper oathtool redis-tools zsh
CROSS_PACKAGES := g++-aarch64-linux-gnu
CHECK_PACKAGES := clang-format
BENCH_PACKAGES := libssl-dev redis-tools wrk
FUZZ_PACKAGES := clang libclang-rt-dev llvm
PAGE_PACKAGES := chromium
# crun, podman's own choice, wants one kind of cgroups alone.
DEPLOY_PACKAGES := catatonit iptables mmdebstrap netavark podman runc
# Never installed on the machine, whose PAM and NSS they would change: a test of root's does so in a root that it throws away.
THROW_AWAY_PACKAGES := libnss-sss libpam-sss slapd sssd-ldap

# Header files of the running Node, where its installation has them; node-gyp looks for them itself otherwise.
NODE_PREFIX := $(shell node -p 'path.dirname(path.dirname(process.execPath))')
NODE_HEADERS := $(if $(wildcard $(NODE_PREFIX)/include/node/node_api.h),--nodedir=$(NODE_PREFIX))
# Not `rebuild`, nor `clean`: they would delete build/, which holds the compiled tests too.
NODE_GYP = $(BIN)/node-gyp configure build --loglevel=warn $(NODE_HEADERS)

NATIVE_SOURCES := binding.gyp $(wildcard src/native/*.cc src/native/*.h)
ADDON := build/Release/pamhook.node
TEST_FILES := $(patsubst test/%.ts,build/test/%.js,$(shell find test -name '*.test.ts' | sort))
SOURCES := $(shell find src -name '*.ts' -o -name '*.css' -o -name '*.svg')
BENCH_SOURCES := $(wildcard bench/load/*.c bench/load/*.h)
FUZZ_SOURCES := $(wildcard test/fuzz/*.cc test/fuzz/*.h)
FUZZ_TARGETS := $(addprefix build/fuzz/,conversation transaction lookup nss-services)
FUZZ_CXX = clang++ -std=c++17 -O1 -g -Wall -Wextra -Werror -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=fuzzer,address,undefined -fprofile-instr-generate -fcoverage-mapping
# Inputs of `make fuzz` for each target, and for each property of the tests as far as it gets in FUZZ_SECONDS.
FUZZ_RUNS ?= 1000000
FUZZ_SECONDS ?= 20
PROPERTY_TESTS = $(patsubst test/%.ts,build/test/%.js,$(shell grep -rl --include='*.test.ts' harness/property.js test | sort))
# What Node can change: the addon, sockets, TLS, the parsing of HTTP, cryptography, files that are watched, child processes and signals, terminals, and
# the daemon made of them, from its start to its end. The rest are rules and settings, which compute the same with each, and what surrounds the daemon:
# PAM stacks, accounts, directories, disks.
NODE_TESTS = $(filter $(addprefix build/test/,native/% pam/%),$(TEST_FILES)) \
	$(patsubst %,build/test/http/%.test.js,body connections framing health hostile kept-answers large-bodies metrics-server page request-target source-address steady token unread-bodies) \
	$(patsubst %,build/test/keys/%.test.js,attacks certificate jwk-set key-encoding key-material new-key signer verifier) \
	$(patsubst %,build/test/log/%.test.js,audit-log stderr-logger) \
	$(patsubst %,build/test/privsep/%.test.js,channel channel-bytes drop file-watch hostile-supervisor key-files redis-link) \
	$(patsubst %,build/test/kubectl/%.test.js,credential errors proxy terminal) \
	$(patsubst %,build/test/daemon/%.test.js,clock descriptors hand-over live-files processes startup stop unread-pipes)
# What the user can change: processes, files, accounts, PAM, NSS. The rest compute, within one process: settings, keys, tokens, figures, the routes.
USER_TESTS = $(filter-out build/test/layout.test.js $(addprefix build/test/,bench/% config/% http/% keys/% metrics/% token/% web/%),$(TEST_FILES))
# Four files at a time at least, since most tests wait most of the time. A test that hangs is to fail, not to hold up the others.
export NODE_TEST := node --test --test-concurrency=$(shell n=$$(nproc); echo $$((n < 4 ? 4 : n))) --test-timeout=600000 --test-reporter=spec

.PHONY: run build test test-root test-user test-asan test-load test-nodes test-package package e2e e2e-deploy e2e-ldap e2e-page screenshots soak nodes check lint docs format clean \
	bench bench-docs bench-scaling bench-smoke fuzz fuzz-native fuzz-properties fuzz-short fuzz-corpus packages packages-run packages-test packages-check packages-bench packages-deploy packages-fuzz packages-page compile compile-bench compile-tests

run: build packages-run
	@exec scripts/demo.sh

build: dist/.bundled $(ADDON)

test: packages-test build compile-tests
	$(NODE_TEST) $(TEST_FILES)

# build/package/pamhook-VERSION.tgz for `npm install --global`, with the addon compiled: for this machine's architecture, and with
# PACKAGE_ALSO_FOR=arm64 for that too.
package: packages compile $(if $(PACKAGE_ALSO_FOR),packages-cross)
	scripts/package.sh $(PACKAGE_ALSO_FOR)

# Some tests need root and list themselves as skipped without.
test-root: packages-test build compile-tests
	@if [ "$$(id -u)" -ne 0 ]; then exec sudo env "PATH=$$PATH" $(NODE_TEST) $(TEST_FILES); else exec $(NODE_TEST) $(TEST_FILES); fi

# As root: those tests as an ordinary user, on a copy.
test-user: packages-test
	scripts/test-as-user.sh test TEST_FILES="$(USER_TESTS)"

test-asan: packages-test build compile-tests
	NODE_HEADERS="$(NODE_HEADERS)" scripts/test-asan.sh $(filter build/test/native/% build/test/pam/% build/test/identity/%,$(TEST_FILES))

# Memory of the daemon under load, as root: too slow, and too hungry, for the tests that run side by side.
test-load: packages-test build compile-tests
	$(NODE_TEST) build/test/load/memory.js

test-nodes: packages-test build compile-tests nodes
	scripts/test-nodes.sh $(NODE_TESTS)

# The npm package, installed where there is no compiler, and run.
test-package: packages-test package compile-tests nodes
	$(NODE_TEST) build/test/package/package.js

# Other inputs each time; what they find out is kept in build/fuzz/corpus for the next.
fuzz: fuzz-native fuzz-properties

fuzz-native: $(FUZZ_TARGETS)
	scripts/fuzz.sh long $(FUZZ_RUNS) $(FUZZ_TARGETS)

fuzz-properties: packages-test build compile-tests
	FUZZ_RUNS=$(FUZZ_RUNS) FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz-properties.sh $(PROPERTY_TESTS)

# The same inputs each time: the kept corpus, and some made of it.
fuzz-short: $(FUZZ_TARGETS)
	scripts/fuzz.sh short 10000 $(FUZZ_TARGETS)

# Makes the corpus that is kept anew, as small as it can be, out of itself and what `make fuzz` found out.
fuzz-corpus: $(FUZZ_TARGETS)
	scripts/fuzz-corpus.sh $(FUZZ_TARGETS)

# A real kube-apiserver, as root; KUBEBUILDER_ASSETS names the folder with it, etcd and kubectl.
e2e: packages-test build compile-tests
	$(NODE_TEST) $(patsubst test/%.ts,build/test/%.js,$(wildcard test/e2e/*.e2e.ts))

# Real people of a real directory, slapd and SSSD, as root in a root that is thrown away.
e2e-ldap: packages-test build compile-tests
	$(NODE_TEST) $(patsubst test/%.ts,build/test/%.js,$(wildcard test/e2e-ldap/*.e2e.ts))

# What is in deploy/ and docker/, in containers made of Debian's packages, as root. Building an image takes its time.
e2e-deploy: packages-deploy build compile-tests
	$(NODE_TEST) --test-timeout=900000 $(patsubst test/%.ts,build/test/%.js,$(wildcard test/deploy/*.e2e.ts))

# The page in a real browser, which nothing but these tests needs.
e2e-page: packages-test packages-page build compile-tests
	$(NODE_TEST) $(patsubst test/%.ts,build/test/%.js,$(wildcard test/page/*.e2e.ts))

# docs/images: what the page looks like; each differs a little every time.
screenshots: packages-test packages-page build compile-tests
	@scripts/system-packages.sh pngquant
	node build/test/page/screenshots.js
	pngquant --force --ext .png 64 docs/images/*.png

# One daemon under load, attack and failure, for SOAK_SECONDS (600); as root in a root that is thrown away. Not a part of .ci/run.
soak: packages-test build compile-tests
	node build/test/soak/soak.js

# pamhook beside the floor, as root in a root that is thrown away: about ten minutes, on a machine that does nothing else. docs/benchmarks.md has the options.
bench: packages-bench build compile-bench
	node build/bench/bench.js

# Whether the bench works: no judgement on time.
bench-smoke: packages-bench build compile-bench
	BENCH_SMOKE=yes node build/bench/bench.js

# How the cost of a review grows, by powers of ten.
bench-scaling: packages-bench build compile-bench
	BENCH_SCALING=yes node build/bench/bench.js

# docs/benchmarks.md, docs/scaling.md and their charts, from the newest results.
bench-docs: compile-bench
	node build/bench/docs-main.js

# The supported Nodes, as build/nodes/<major>/bin/node.
nodes:
	scripts/nodes.sh

# All that is checked before a change is taken; .ci/run adds the other ways to run the tests.
check: lint test

lint: packages-check build compile-tests
	$(BIN)/biome check --error-on-warnings .
	clang-format --dry-run -Werror $(filter %.cc %.h,$(NATIVE_SOURCES) $(FUZZ_SOURCES)) $(BENCH_SOURCES)

format: packages-check node_modules/.installed
	$(BIN)/biome check --write .
	clang-format -i $(filter %.cc %.h,$(NATIVE_SOURCES) $(FUZZ_SOURCES)) $(BENCH_SOURCES)

# The tables that are made from the code; a test fails when they are not up to date.
docs: compile-tests
	node build/test/docs/generate.js

clean:
	rm -rf build dist .demo

# build/src, checked for types, each file for itself as tests use them; dist, as it is run.
compile: dist/.bundled
	$(BIN)/tsc -b

dist/.bundled: $(SOURCES) scripts/bundle.sh node_modules/.installed
	scripts/bundle.sh dist
	@touch $@

compile-bench: compile
	$(BIN)/tsc -b bench

compile-tests: compile
	$(BIN)/tsc -b test

$(ADDON): $(NATIVE_SOURCES) node_modules/.installed | packages
	+$(NODE_GYP)
	@touch $@

build/fuzz/conversation: src/native/conversation.cc test/fuzz/watched-heap.cc
build/fuzz/conversation: private FUZZ_CXX += -Wl,--wrap=calloc,--wrap=free
build/fuzz/transaction: src/native/transaction.cc src/native/conversation.cc
build/fuzz/lookup: src/native/lookup.cc
build/fuzz/nss-services: src/native/nss-services.cc
build/fuzz/nss-services: private FUZZ_CXX += -Ddlopen=OpenService -Ddlsym=FunctionOfService
$(FUZZ_TARGETS): build/fuzz/%: test/fuzz/%.cc $(filter %.h,$(FUZZ_SOURCES) $(NATIVE_SOURCES)) | packages-fuzz
	@mkdir -p $(@D)
	$(FUZZ_CXX) $(filter %.cc,$^) -o $@

node_modules/.installed: package-lock.json package.json
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# One at a time, also with -j: each waits for apt's lock, but apt's lists are one.
packages:
	@scripts/system-packages.sh $(BUILD_PACKAGES)

packages-run: | packages
	@scripts/system-packages.sh $(RUN_PACKAGES)

packages-test: | packages-run
	@scripts/system-packages.sh $(TEST_PACKAGES)
	@scripts/download-packages.sh build/packages $(THROW_AWAY_PACKAGES)

packages-cross: | packages
	@scripts/system-packages.sh $(CROSS_PACKAGES)

packages-check: | packages-run
	@scripts/system-packages.sh $(CHECK_PACKAGES)

packages-bench: | packages-run
	@scripts/system-packages.sh $(BENCH_PACKAGES)

packages-deploy: | packages
	@scripts/system-packages.sh $(DEPLOY_PACKAGES)

packages-page: | packages
	@scripts/system-packages.sh $(PAGE_PACKAGES)

packages-fuzz: | packages
	@scripts/system-packages.sh $(FUZZ_PACKAGES)
