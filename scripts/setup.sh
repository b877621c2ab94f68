#!/bin/sh
# Make .venv and install the project into it. `setup.sh base` is what a node needs, `setup.sh dev` adds what the tests need.
# Quick when nothing changed: a stamp in .venv holds the digest of what was installed and is written last, so that a set-up that
# was cut short is done again.
set -eu
cd "$(dirname "$0")/.."
kind="${1:-base}"
case "$kind" in base | dev) ;; *) echo "usage: scripts/setup.sh [base|dev]" >&2; exit 2 ;; esac

find_python() {
  for candidate in "${PYTHON:-python3.11}" python3.11 python3 python3.12 python3.13 python3.14; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "Python 3.11 or newer is needed (Debian package python3)." >&2
  return 1
}

make_environment() {
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    scripts/install-system-packages.sh python3-venv
  fi
  "$python" -m venv --clear .venv
}

install() {
  echo "Installing the Python packages of requirements/$kind.txt …"
  set -- --quiet --no-input --disable-pip-version-check --progress-bar off
  # Without --no-deps an older pip takes a newer, unpinned release for a requirement with an extra, and then refuses it.
  .venv/bin/python -m pip install "$@" --require-hashes --no-deps -r "requirements/$kind.txt"
  .venv/bin/python -m pip install "$@" --no-deps --no-build-isolation --editable .
}

# One set-up at a time: two make runs in one checkout wait for each other.
exec 9>.setup.lock
command -v flock >/dev/null && flock 9

python="$(find_python)"
.venv/bin/python -m pip --version >/dev/null 2>&1 || make_environment

digest() { cat "requirements/$1.txt" pyproject.toml | sha256sum | cut -d ' ' -f 1; }
stamped() { [ "$(cat ".venv/stamp-$1" 2>/dev/null || true)" = "$(digest "$1")" ]; }
if ! stamped "$kind" && ! { [ "$kind" = base ] && stamped dev; }; then
  install
  digest "$kind" >".venv/stamp-$kind"
fi

# English pages: compiled catalogues lie beside their sources and are no part of the repository.
for catalogue in service/translations/*/LC_MESSAGES/messages.po; do
  [ -e "$catalogue" ] || continue
  compiled="${catalogue%.po}.mo"
  if [ ! -e "$compiled" ] || [ "$catalogue" -nt "$compiled" ]; then
    .venv/bin/pybabel --quiet compile --input-file "$catalogue" --output-file "$compiled"
  fi
done
