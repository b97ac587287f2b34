#!/usr/bin/env bash
# What the report's tests in a real browser need: Chromium, from Debian, and axe-core (MPL 2.0, so
# not in this repository), from npm into the user's cache. `make browser` runs it.
set -euo pipefail
axe=4.14.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wmpc

# packages NAME... : from Debian where we may; else the exact command, and stop.
packages() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        echo "Something is missing. Run this, then again: sudo apt-get install -y $*" >&2
        exit 1
    fi
}

found=
for name in ${CHROMIUM:-} chromium chromium-browser google-chrome google-chrome-stable chrome; do
    command -v "$name" >/dev/null && found=$name && break
done
[ -n "$found" ] || packages chromium
command -v npm >/dev/null || packages npm

if [ ! -s "$cache/axe-core-$axe.min.js" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    mkdir -p "$cache"
    (cd "$folder" && npm pack --silent "axe-core@$axe" >/dev/null && tar -xzf axe-core-*.tgz)
    mv "$folder/package/axe.min.js" "$cache/axe-core-$axe.min.js"
fi
echo "Chromium and axe-core $axe are there."
