#!/bin/bash
# Brings the files the pages use from npm, exactly those of package-lock.json, once:
#   front/fetch.sh FOLDER     leaves them in FOLDER/files
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
place=$1
mkdir -p "$place"
exec 9>"$place/.lock"
flock 9
! cmp -s "$here/package-lock.json" "$place/.made" || exit 0
command -v npm >/dev/null || {
	echo "npm is missing: deploy/install-packages.sh" >&2
	exit 1
}
cp "$here/package.json" "$here/package-lock.json" "$place/"
for attempt in 1 2 3; do
	npm ci --prefix "$place" --ignore-scripts --no-audit --no-fund --loglevel=error >"$place/npm.log" 2>&1 && break
	[ $attempt -lt 3 ] || {
		cat "$place/npm.log" >&2
		exit 1
	}
	sleep $((attempt * 5))
done
rm -rf "$place/files"
mkdir -p "$place/files"
modules=$place/node_modules
cp "$modules/htmx.org/dist/htmx.min.js" "$modules/htmx-ext-sse/dist/sse.min.js" \
	"$modules/uplot/dist/uPlot.iife.min.js" "$modules/uplot/dist/uPlot.min.css" "$place/files/"
cp "$here/package-lock.json" "$place/.made"
