#!/bin/sh
# Prints the path of a Chromium for the browser tests: the one that CHROMIUM names, one
# of this machine, one that was fetched before, or one that is fetched now. Fails and
# says what to do when there is none to be had.
set -eu
cd "$(dirname "$0")/.."

found() { [ -n "$1" ] && [ -x "$1" ] && echo "$1" && exit 0; }

if [ -n "${CHROMIUM:-}" ]; then
	found "$(command -v "$CHROMIUM" || true)"
	echo "CHROMIUM names $CHROMIUM, which cannot be run" >&2
	exit 1
fi
for name in chromium chromium-browser google-chrome-stable google-chrome; do
	found "$(command -v $name || true)" || true
done
found "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" || true
fetched() { node -e "process.stdout.write(require('@playwright/test').chromium.executablePath())"; }
found "$(fetched)" || true
echo "No Chromium on this machine; fetching one" >&2
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >&2 || true
	found "$(command -v chromium || true)" || true
fi
npx playwright install chromium >&2 || true
found "$(fetched)" || true
echo "No Chromium could be fetched. Install one (Debian: apt-get install chromium) or name it in CHROMIUM." >&2
exit 1
