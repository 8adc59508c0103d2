#!/usr/bin/env bash
# Packs what is committed here, and the packages that it needs, into release/tocsin-VERSION.tar.gz, for ansible/deploy.yml: hosts then need neither npm nor a registry.
# Usage: deploy/release.sh [VERSION]; without one it is package.json's. Run it on the architecture of the hosts, with Node 24.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-$(node --print 'JSON.parse(fs.readFileSync("package.json")).version')}
out=$PWD/release/tocsin-$version.tar.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tocsin-$version" release
git archive HEAD -- . ':!test' ':!bench' ':!.ci' | tar --extract --directory "$work/tocsin-$version"
(cd "$work/tocsin-$version" && npm ci --omit=dev --no-audit --no-fund --loglevel=error)
tar --create --gzip --owner=0 --group=0 --numeric-owner --directory "$work" --file "$out.new" "tocsin-$version"
mv "$out.new" "$out"
echo "$out"
