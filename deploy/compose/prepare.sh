#!/bin/sh
# Makes what the compose files need beside this repository, and no more: secrets, each in a file of its own that only its reader may read (mode 0600), and
# `.env`. Never overwrites a file. As root, since each file belongs to the user that its reader is in its container:
#   sh deploy/compose/prepare.sh single     or     sh deploy/compose/prepare.sh cluster
set -eu
cd "$(dirname "$0")"
umask 077

kind=${1:-}
case $kind in single | cluster) ;; *) echo 'usage: prepare.sh single|cluster' >&2; exit 2 ;; esac
[ "$(id -u)" = 0 ] || { echo 'prepare.sh: run it as root, since each secret belongs to the user of its container' >&2; exit 1; }
command -v openssl >/dev/null || { echo 'prepare.sh: openssl is missing; Debian: apt install openssl' >&2; exit 1; }

# Users in the images.
tocsin=1000 haproxy=99 grafana=472 nobody=65534

# `settings` is for whoever installs it: docs/deployment.md.
mkdir -p secrets settings
chmod 700 secrets

keep() { # FILE OWNER: standard input, unless the file is there. Written aside first, so that a file is whole or not there.
  if [ -e "$1" ]; then cat >/dev/null; return; fi
  cat >"$1.new"
  [ -s "$1.new" ] || { rm -f "$1.new"; echo "prepare.sh: $1 could not be made" >&2; exit 1; }
  chown "$2" "$1.new"
  chmod 600 "$1.new"
  mv "$1.new" "$1"
  echo "made deploy/compose/$1"
}
random() { openssl rand -base64 24; }

random | keep secrets/api-token $tocsin
random | keep secrets/metrics-token $tocsin
openssl rand -base64 32 | keep secrets/sensor-master-secret $tocsin
echo "gateway:$(random)" | keep secrets/gateway-tokens $tocsin
# The mail catcher of the compose files; replace it by your mail server, smtps://user:password@mail.example.org
echo 'smtp://mail-catcher:1025' | keep secrets/smtp-url $tocsin

if [ "$kind" = cluster ]; then
  random | keep secrets/influx-token $tocsin
  random | keep secrets/influx-password $tocsin
  random | keep secrets/grafana-password $grafana
  random | keep secrets/alertmanager-smtp-password $nobody
  # The same for readers who are other users.
  keep secrets/grafana-influx-token $grafana <secrets/influx-token
  keep secrets/prometheus-metrics-token $nobody <secrets/metrics-token
  # A certificate that nobody trusts yet: replace it by your own, with its chain and its key.
  [ -e secrets/edge.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout - 2>/dev/null | keep secrets/edge.pem $haproxy

  # No image has it, so it comes from Maven Central: what Prometheus reads in Kafka and Cassandra.
  version=1.0.1
  sum=7d61f737fd661610ccc14aea79764faa1ea94a340cbc8f0029b3d2edea3d80c1
  agent=jmx/jmx_prometheus_javaagent.jar
  mkdir -p jmx
  if [ ! -e $agent ]; then
    curl --fail --silent --show-error --location --output $agent.new \
      "https://repo1.maven.org/maven2/io/prometheus/jmx/jmx_prometheus_javaagent/$version/jmx_prometheus_javaagent-$version.jar"
    echo "$sum  $agent.new" | sha256sum --check --quiet || { rm -f $agent.new; echo 'prepare.sh: the JMX exporter is not the one that was expected' >&2; exit 1; }
    mv $agent.new $agent
    echo "made deploy/compose/$agent"
  fi
  chmod 755 jmx
  chmod 644 $agent
fi

[ -e .env ] || { cp .env.example .env; chmod 600 .env; echo 'made deploy/compose/.env'; }
echo "ready for: docker compose --file deploy/compose/$kind.yml up --wait"
