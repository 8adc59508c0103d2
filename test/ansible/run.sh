#!/usr/bin/env bash
# The playbooks against hosts on this machine, each with its own network, processes, root and systemd, reached by SSH: from nothing to a system that runs, a new version under load, and
# what goes wrong. Needs root, Debian 12, debootstrap, systemd-container, openssh-client, dpkg-dev, Maven and what influx2-build.sh needs.
# Usage: run.sh [STAGE…]. Without one all of them run, on new hosts that are ended after it. With some only these run, and the hosts stay until `run.sh down`:
#   run.sh up install again simulate; …; run.sh down
# Prints a line a step, ends with "N passed, N failed".
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root/test/ansible"
stages=(up install again simulate deploy refusals broken settings stop secrets small down)
source tools.sh
source hosts.sh
work=$hosts_cache/run
node_version=$(sed -n 's/^node_version: //p' "$root/ansible/roles/node/defaults/main.yml")
source steps.sh

stage_up() {
  stage_down
  mkdir -p "$work"
  make_base
  make_archives
  start_network
  for each in cassandra-1:11 kafka-1:12 node-1:13 node-2:14 edge-1:15 tocsin-1:16; do host "${each%:*}" "${each#*:}"; done
  echo "six hosts answer ($SECONDS s)"
  copy_inventories
  make_secrets
  make_releases
}
stage_down() {
  end_hosts
  rm -rf "$work"
}

if [ $# -gt 0 ]; then
  for stage in "$@"; do [[ " ${stages[*]} " == *" $stage "* ]] || { echo "no stage $stage; there are: ${stages[*]}" >&2; exit 2; }; done
  stages=("$@")
else
  trap stage_down EXIT
fi
[ ! -e "$inventory" ] || copy_inventories
for stage in "${stages[@]}"; do "stage_$stage"; done
echo "$passed passed, $failed failed ($SECONDS s)"
[ "$failed" = 0 ]
