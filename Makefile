# make help lists what there is. Everything works as root and as a normal user; on Debian, what the
# machine lacks is installed when make runs as root.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json web/package.json web/mock -type f ! -name '*.test.*' 2>/dev/null)
NODE_MODULES := web/node_modules/.package-lock.json

.PHONY: help setup setup-run build run test test-go test-web test-browser check generate bench bench-web eval clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what building and testing need (Debian as root; else it names the packages)
	@scripts/require postgresql chromium
	@$(MAKE) --no-print-directory $(NODE_MODULES)

setup-run:
	@scripts/require postgresql

$(NODE_MODULES): web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: $(WEB_SOURCES) $(NODE_MODULES)
	cd web && npx vite build --logLevel warn
	@touch $@

build: web/dist/index.html ## build the interface and bin/ponte
	@CGO_ENABLED=0 go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/ponte ./cmd/ponte

run: setup-run build ## build and serve a demo brand on http://127.0.0.1:8080
	@exec bin/ponte run

test: setup ## every test: Go on a real PostgreSQL, interface, browser
	@scripts/test

test-go: setup-run ## the Go tests alone
	@scripts/test go

test-web: $(NODE_MODULES) ## types and unit tests of the interface
	@scripts/test web

test-browser: setup ## browser tests alone
	@scripts/test browser

check: build ## format, vet, lint, generated files, arrows between packages, links in the docs
	@scripts/check $(STATICCHECK)

generate: build ## write the interface's API types again from the typed handlers
	@scripts/generate web/src/api/schema.gen.ts

soak: setup-run ## the tests over random histories, with histories that nobody has seen (ROUNDS=times)
	@PONTE_SEED=new scripts/test go -count=$(or $(ROUNDS),20) -run 'Random|Whatever|DryRun|Recount|TheClock' ./campaign ./flow ./ingest ./outbox ./router

bench: setup-run build ## measure receiving, the pipeline and an overload on this machine
	@bin/ponte bench receive
	@bin/ponte bench pipeline
	@bin/ponte bench overload

bench-web: setup build ## measure the inbox in a browser, on 100,000 made-up conversations (DATA=folder to keep them)
	@node scripts/bench-web.mjs --conversations $(or $(CONVERSATIONS),100000) $(if $(DATA),--data $(DATA))

eval: build ## measure moderation and write the table into docs/moderation.md (DATA=folder with labelled sets)
	@node scripts/eval.mjs $(DATA)

clean: ## remove what was built; data/ stays
	rm -rf bin web/node_modules web/test-results
	find web/dist -mindepth 1 ! -name .gitkeep -delete
