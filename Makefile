# Everything that `make run` and `make test` need beyond Go, Node and make they
# fetch themselves: modules by go, the console's packages and Postgres by npm
# (see internal/dev/pgserver), and for the browser tests a Chromium.

LINT := go tool -modfile=tools/go.mod golangci-lint
VULN := go tool -modfile=tools/go.mod govulncheck
FUZZTIME ?= 10s

UI := admin-ui
UI_PACKAGES := $(UI)/node_modules/.package-lock.json
UI_BUILT := $(UI)/dist/index.html
UI_SOURCES := $(shell find $(UI)/src $(UI)/public -type f) $(UI)/index.html $(UI)/vite.config.ts $(UI)/tsconfig.json

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(UI_BUILT) ## Run Stoa with its own Postgres and Redis, state in .stoa/
	@command -v go >/dev/null || { echo "Stoa is built with Go: see https://go.dev/dl"; exit 1; }
	@echo "Building bin/stoa; the first time, with modules to fetch and all to compile, it takes minutes"
	@go build -tags nocloud,nomsgpack -ldflags='-s -w' -o bin/stoa ./cmd/stoa
	@exec bin/stoa dev

.PHONY: ui
ui: $(UI_BUILT) ## Build the console's pages, which the binary carries

$(UI_PACKAGES): $(UI)/package-lock.json
	@command -v npm >/dev/null || { echo "The console is built with Node 20 or newer: see https://nodejs.org"; exit 1; }
	@echo "Building the console's pages"
	@cd $(UI) && npm ci --no-audit --no-fund --loglevel=error

$(UI_BUILT): $(UI_PACKAGES) $(UI_SOURCES)
	@cd $(UI) && npm run --silent build

.PHONY: test
test: $(UI_BUILT) ## Run the tests (of some packages: go test ./internal/lrs/...)
	go test ./...
	cd $(UI) && npm run --silent check && npm run --silent test && npm run --silent size
	@$(MAKE) --no-print-directory e2e

.PHONY: e2e
e2e: $(UI_BUILT) ## Drive the console in a real Chromium against the real binary
	@$(UI)/scripts/chromium.sh >/dev/null
	go build -tags nocloud,nomsgpack -o bin/stoa-e2e ./cmd/stoa
	cd $(UI) && CHROMIUM="$$(scripts/chromium.sh)" STOA_BIN=../bin/stoa-e2e npm run --silent e2e

.PHONY: screenshots
screenshots: $(UI_BUILT) ## Take pictures of every page into admin-ui/screenshots
	go build -tags nocloud,nomsgpack -o bin/stoa-e2e ./cmd/stoa
	cd $(UI) && CHROMIUM="$$(scripts/chromium.sh)" STOA_BIN=../bin/stoa-e2e npm run --silent screenshots

.PHONY: bench-ui
bench-ui: $(UI_BUILT) ## Measure the console's pages on 1,000,000 statements and 10,000 members, some ten minutes
	@$(UI)/scripts/chromium.sh >/dev/null
	go build -tags nocloud,nomsgpack -o bin/stoa-e2e ./cmd/stoa
	cd $(UI) && CHROMIUM="$$(scripts/chromium.sh)" STOA_BIN=../bin/stoa-e2e npm run --silent bench

.PHONY: race
race: ## Run the tests under the race detector (needs a C compiler)
	go test -race ./...

.PHONY: lint
lint: ## Check the house rules (.golangci.yaml); the first run builds the linter
	$(LINT) config verify
	$(LINT) run ./...

.PHONY: vuln
vuln: ## Look for known vulnerabilities; findings fail, a database that is out of reach is said
	@$(VULN) ./...; status=$$?; \
	if [ $$status -eq 3 ]; then exit 1; fi; \
	if [ $$status -ne 0 ]; then echo "NOT CHECKED: govulncheck ended with $$status before it could judge (is https://vuln.go.dev out of reach?)"; fi

.PHONY: fmt
fmt: ## Format the Go files
	$(LINT) fmt ./...

.PHONY: generate
generate: $(UI_PACKAGES) ## Make what is derived from the description of the API
	go generate ./internal/apiv1
	cd $(UI) && npm run --silent generate

.PHONY: build
build: $(UI_BUILT) ## Build bin/stoa for release: static, with every kind of blob store
	CGO_ENABLED=0 go build -trimpath -tags nomsgpack -ldflags='-s -w' -o bin/stoa ./cmd/stoa

.PHONY: bench
bench: ## Measure ingest and queries as ratios to the floor
	go run ./cmd/stoa bench

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (10s)
	@set -e; for package in $$(go list ./...); do \
		for target in $$(go test -run '^$$' -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done
