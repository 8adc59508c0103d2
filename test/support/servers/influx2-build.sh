#!/usr/bin/env bash
# Builds InfluxDB OSS 2 (influxd, without its page) from its Go module, and libflux, the Rust part of the flux module, with cargo: three to eight
# minutes. Usage: influx2-build.sh FOLDER -> FOLDER/influxd-v2.7.12; does nothing if that is there, and waits for a build under way.
# Needs go 1.23 or later, cargo, gcc, pkg-config.
set -euo pipefail
folder=$(realpath -m "$1")
version=v2.7.12 flux=v0.196.1 pkg_config=v0.2.14 # the three go together: see influxdb's go.mod
out=$folder/influxd-$version
[ -x "$out" ] && exit 0
mkdir -p "$folder"
exec 9>"$folder/.lock-2" && flock 9
[ -x "$out" ] && exit 0
work=$(mktemp -d "$folder/build.XXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir -p "$work/m/bin" && cd "$work/m"
export GOMODCACHE=$work/mod GOCACHE=$work/obj CARGO_HOME=$work/cargo GOFLAGS=-mod=mod RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-stable}
# Not a `tool` block: this pkg-config's reader of go.mod stops at one.
printf 'module influx\n\ngo 1.23.0\n\nrequire (\n\tgithub.com/influxdata/influxdb/v2 %s\n\tgithub.com/influxdata/flux %s\n\tgithub.com/influxdata/pkg-config %s\n)\n' \
  "$version" "$flux" "$pkg_config" >go.mod
printf '//go:build tools\n\npackage tools\n\nimport (\n\t_ "github.com/influxdata/influxdb/v2/cmd/influxd"\n\t_ "github.com/influxdata/pkg-config"\n)\n' >tools.go
# flux-core denies warnings, of which newer compilers have more; RUSTFLAGS doesn't reach build dependencies once cargo has --target.
printf '#!/bin/sh\ncase " $* " in *" --cap-lints"*) exec "$@";; *) exec "$@" --cap-lints warn;; esac\n' >bin/rustc-wrap
chmod +x bin/rustc-wrap
export RUSTC_WRAPPER=$PWD/bin/rustc-wrap PKG_CONFIG_LOG=$work/pkg-config.log
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0
step() { "$@" >"$work/step.log" 2>&1 || { tail -40 "$work/step.log" >&2; exit 1; }; }
step go mod tidy
step go build -o bin/pkg-config github.com/influxdata/pkg-config
export PATH=$PWD/bin:$PATH
step pkg-config --cflags --libs flux
step go build -tags sqlite_foreign_keys,sqlite_json -ldflags "-s -w -X main.version=$version" -o influxd github.com/influxdata/influxdb/v2/cmd/influxd
mv influxd "$out"
