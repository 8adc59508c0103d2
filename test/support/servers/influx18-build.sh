#!/usr/bin/env bash
# Builds InfluxDB 1.8 from its Go module: one to two minutes. Usage: influx18-build.sh FOLDER -> FOLDER/influxd-1.8.3; does nothing if that is
# there, and waits for a build under way. Needs go 1.18 or later.
set -euo pipefail
folder=$(realpath -m "$1")
out=$folder/influxd-1.8.3
[ -x "$out" ] && exit 0
mkdir -p "$folder"
exec 9>"$folder/.lock-1.8" && flock 9
[ -x "$out" ] && exit 0
work=$(mktemp -d "$folder/build18.XXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir -p "$work/m" && cd "$work/m"
export GOMODCACHE=$work/mod GOCACHE=$work/obj GOFLAGS=-mod=mod
# golang.org/x/sys: the one that it names doesn't build with Go 1.18 and later.
printf 'module influx18\n\ngo 1.17\n\nrequire (\n\tgithub.com/influxdata/influxdb v1.8.3\n\tgolang.org/x/sys v0.49.0\n)\n' >go.mod
printf '//go:build tools\n\npackage tools\n\nimport (\n\t_ "github.com/influxdata/influxdb/cmd/influxd"\n\t_ "golang.org/x/sys/unix"\n)\n' >tools.go
step() { "$@" >"$work/step.log" 2>&1 || { tail -40 "$work/step.log" >&2; exit 1; }; }
step go mod tidy
step go build -ldflags '-s -w -X main.version=1.8.3' -o influxd github.com/influxdata/influxdb/cmd/influxd
mv influxd "$out"
