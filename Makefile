# Puffin's commands. `make run` and `make test` set up what they need and work on a fresh Debian machine that has a
# Swift toolchain; `make help` lists the rest.

SWIFT_BUILD = swift build -c release
BIN = bin
# Libraries to build with, and programs that tests use where they are there.
PACKAGES = libevent-dev pkg-config
PEERS = redis-server redis-tools netcat-openbsd jq python3-venv shellcheck e2fsprogs mount iproute2
VENV = .venv
# How long each fuzzer runs.
FUZZ_SECONDS ?= 60

.DEFAULT_GOAL = help
.PHONY: help setup setup-dev build run test torture fuzz bench bench-compare bench-pauses micro micro-instructions lint fmt clean

help: ## What there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

# Installs what is missing, by apt: as root, or with sudo.
define install
@missing=$$(dpkg-query -W -f='$${Package} $${Status}\n' $(1) 2>/dev/null | awk '/installed$$/ {print $$1}' | \
	{ cat; echo $(1) | tr ' ' '\n'; } | sort | uniq -u); \
if [ -n "$$missing" ]; then \
	echo "installing:" $$missing; \
	root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	$$root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$root apt-get install -y -qq $$missing >/dev/null; \
fi
endef

setup:
	$(call install,$(PACKAGES))

setup-dev: setup ## Install the programs that the tests talk to (redis-cli, nc, redis-py)
	$(call install,$(PEERS))
	@[ -x $(VENV)/bin/python ] || python3 -m venv $(VENV)
	@$(VENV)/bin/python -c 'import redis' 2>/dev/null || $(VENV)/bin/pip install --quiet redis

build: setup ## Build the programs into bin/
	$(SWIFT_BUILD) --product puffin-server
	$(SWIFT_BUILD) --product puffin-cli
	$(SWIFT_BUILD) --product puffin-bench
	@mkdir -p $(BIN)
	@cd "$$($(SWIFT_BUILD) --show-bin-path)" && cp puffin-server puffin-cli puffin-bench "$(CURDIR)/$(BIN)/"

run: build ## Build and start a server on port 8080 (options: make run ARGS="--port 8081")
	$(BIN)/puffin-server $(ARGS)

test: setup ## Run every test
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build

torture: setup ## Kill, cut, break and tear far more often than the tests do: some ten minutes
	$(SWIFT_BUILD) --build-tests
	PUFFIN_TORTURE=1 swift test -c release --skip-build \
		--filter "CrashTests/compacting|FaultTests|TornTailTests|PowerLossTests|ModelTests|ReplicationKillTests|ReplicationStrangerTests"

fuzz: setup ## Feed the parsers what no test thought of, a minute each (or: make fuzz FUZZ_SECONDS=600)
	FUZZ_SECONDS=$(FUZZ_SECONDS) .ci/fuzz

bench: build ## Measure a standard set on servers of its own: a minute and a half
	Tests/Bench/standard

bench-compare: build ## Measure the same side by side with redis-server, where that is installed: two minutes
	Tests/Bench/compare

bench-pauses: build ## How long a client waits during growth to 10 M keys, compaction, KEYS, SCAN, a start, FLUSHALL
	@Tests/Bench/pauses $(BIN) $(ARGS)

micro: setup ## Nanoseconds an operation: parsers, replies, table, log lines (one: make micro ARGS="--only table-get")
	$(SWIFT_BUILD) --product puffin-micro
	@"$$($(SWIFT_BUILD) --show-bin-path)"/puffin-micro $(ARGS)

micro-instructions: setup ## The same in instructions, which repeat (needs valgrind; some: ARGS="table-get record-read")
	$(SWIFT_BUILD) --product puffin-micro
	@Tests/MicroBenchmarks/instructions "$$($(SWIFT_BUILD) --show-bin-path)"/puffin-micro $(ARGS)

lint: ## Check format, import directions and where unsafe code stands
	swift format lint --strict --parallel --recursive Package.swift Sources Tests
	.ci/check-rooms
	@! command -v shellcheck >/dev/null || shellcheck .ci/check-rooms .ci/fuzz .ci/run \
		Tests/Bench/standard Tests/Bench/compare Tests/Bench/servers.bash Tests/MicroBenchmarks/instructions

fmt: ## Format the sources
	swift format --in-place --parallel --recursive Package.swift Sources Tests

clean: ## Remove everything that was built
	rm -rf .build .build-fuzz $(BIN) $(VENV)
