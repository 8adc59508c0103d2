#!/usr/bin/env bash
# The playbooks against five hosts on this machine, each with its own network, processes, root and systemd, reached by SSH: from nothing to a system that runs, a new version under
# load, and what goes wrong. Some twenty minutes. Needs root, Debian 12, debootstrap, systemd-container, openssh-client, dpkg-dev, Maven and what influx2-build.sh needs.
# Prints a line a step, ends with "N passed, N failed". TOCSIN_HOSTS_FOLDER names a folder to work in, instead of a new one.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root/test/ansible"
work=$(mktemp -d)
source tools.sh
source hosts.sh
node_version=$(sed -n 's/^node_version: //p' "$root/ansible/roles/node/defaults/main.yml")
trap 'end_hosts; rm -rf "$work"' EXIT
source steps.sh

make_base
make_archives
start_network
for each in cassandra-1:11 kafka-1:12 node-1:13 node-2:14 edge-1:15; do host "${each%:*}" "${each#*:}"; done
echo "five hosts answer ($SECONDS s)"
make_inventory
make_releases
all_steps
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
