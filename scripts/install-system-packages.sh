#!/bin/sh
# Install the Debian packages that the tests run for real (or those named as arguments). As root, or by sudo. Does nothing when
# all are there. No daemon is started: the tests start their own, in temporary folders.
set -eu

tests="apache2 chromium-headless-shell curl fonts-hanazono fonts-noto-cjk ldap-utils libapache2-mod-auth-openidc maven nginx-light openjdk-17-jdk-headless openssl poppler-utils postgresql redis-server slapd softhsm2"
wanted="${*:-$tests}"

missing=""
for package in $wanted; do
  state="$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)"
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root="sudo"
else
  echo "These Debian packages are missing and can only be installed by root or sudo:$missing" >&2
  exit 1
fi

echo "Installing Debian packages:$missing"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '$as_root rm -f "$policy"' EXIT INT TERM
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi
log="$(mktemp)"
# shellcheck disable=SC2086 # a list of words
if ! {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 update &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends $missing
} >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "Could not install:$missing" >&2
  exit 1
fi
rm -f "$log"
