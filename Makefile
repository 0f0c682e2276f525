# Everything that `make run` and `make test` need beyond Go, Node and make they
# fetch themselves: modules by go, Postgres by npm (see internal/dev/pgserver).

LINT := go tool -modfile=tools/go.mod golangci-lint
VULN := go tool -modfile=tools/go.mod govulncheck
FUZZTIME ?= 10s

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Run Stoa with its own Postgres and Redis, state in .stoa/
	@command -v go >/dev/null || { echo "Stoa is built with Go: see https://go.dev/dl"; exit 1; }
	@echo "Building bin/stoa; the first time, with modules to fetch and all to compile, it takes minutes"
	@go build -tags nocloud,nomsgpack -ldflags='-s -w' -o bin/stoa ./cmd/stoa
	@exec bin/stoa dev

.PHONY: test
test: ## Run the tests (of some packages: go test ./internal/lrs/...)
	go test ./...

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
generate: ## Make what is derived from the description of the API
	go generate ./internal/apiv1

.PHONY: build
build: ## Build bin/stoa for release: static, with every kind of blob store
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
