#!/usr/bin/env bash
# The playbooks without any host: yamllint, ansible-lint, the syntax of each with both inventories, and what they would write, judged by the programs that read it.
# Needs python3-venv, haproxy, prometheus, prometheus-alertmanager, systemd. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../../ansible"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source ../test/ansible/tools.sh

check yamllint yamllint --strict .
check ansible-lint ansible-lint
for inventory in reference small; do
  # As somebody would begin: the example as the vault.
  mkdir -p "$work/$inventory"
  cp -r inventories/$inventory/. "$work/$inventory"
  cp inventories/$inventory/vault.example.yml "$work/$inventory/vault.yml"
  syntax() { ansible-playbook --inventory "$work/$inventory" --syntax-check site.yml start.yml stop.yml status.yml deploy.yml backup.yml restore.yml simulate.yml rotate-secrets.yml; }
  check "syntax, $inventory" syntax
  # What the roles write.
  check "templates can be written, $inventory" ansible-playbook --inventory "$work/$inventory" ../test/ansible/render.yml \
    --extra-vars "render_out=$work/out" --extra-vars "ansible_python_interpreter={{ ansible_playbook_python }}"
done
units() { # systemd knows neither the users nor the programs here, and an older one not all keys
  local complaints
  complaints=$(systemd-analyze verify "$work"/out/*/*.service 2>&1 | grep -v -e 'is not executable' -e "Unknown key 'Restart" -e 'systemd-analyze verify' -e '^/\(usr/\)\?lib/systemd') || true
  [ -z "$complaints" ] || { echo "$complaints"; return 1; }
}
check 'units, as systemd-analyze reads them' units
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -keyout "$work/key" -out "$work/cert" 2>"$work/openssl.log"
cat "$work/cert" "$work/key" >"$work/edge.pem"
for host in edge-1 tocsin-1; do
  edge() { (set -a && . "$work/out/$host/haproxy.env" && EDGE_CERTIFICATE=$work/edge.pem haproxy -c -q -f ../deploy/haproxy/haproxy.cfg); }
  check "HAProxy takes the settings of $host" edge
done
mkdir "$work/prometheus" && cp -r ../deploy/prometheus/{prometheus.yml,rules} "$work/prometheus" && touch "$work/prometheus/metrics-token"
for host in grafana-1 tocsin-1; do
  targets() { rm -rf "$work/prometheus/targets" && cp -r "$work/out/$host/targets" "$work/prometheus/targets" && promtool check config "$work/prometheus/prometheus.yml"; }
  check "Prometheus takes the targets of $host" targets
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
