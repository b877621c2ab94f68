#!/bin/sh
# Pin what pyproject.toml asks for, with the hashes of every file of each release: requirements/base.txt runs a node,
# requirements/dev.txt also tests it. Both are for any platform and Python from 3.11 on. Run it after changing pyproject.toml;
# `scripts/lock.sh --upgrade` takes newer releases.
set -eu
cd "$(dirname "$0")/.."
uv="${UV:-.venv/bin/uv}"

compile() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate "$@"
}

compile pyproject.toml requirements/build.in --output-file requirements/base.txt "$@"
compile pyproject.toml requirements/build.in --extra dev --constraint requirements/base.txt --output-file requirements/dev.txt "$@"
