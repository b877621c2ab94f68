#!/bin/sh
# Bring the Java example's libraries into its lib/ by Maven: the versions of its pom.xml, held against lib.sha256. Does nothing when they are there.
set -eu
cd "$(dirname "$0")/../examples/java"

complete() { [ "$(ls lib 2>/dev/null | wc -l)" -eq "$(wc -l <lib.sha256)" ] && sha256sum --status --check lib.sha256 2>/dev/null; }
complete && exit 0
echo "Fetching the Java example's libraries …"
rm -rf lib
mvn --quiet --batch-mode dependency:copy-dependencies
complete || {
  echo "examples/java/lib is not what lib.sha256 says; if pom.xml was changed on purpose: sha256sum lib/*.jar >lib.sha256" >&2
  exit 1
}
