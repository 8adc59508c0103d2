#!/bin/bash
# The first start sets it up on another port, so that nobody meets it half done.
set -eu
data=/var/lib/influxdb2
password=$(cat "$DOCKER_INFLUXDB_INIT_PASSWORD_FILE") token=$(cat "$DOCKER_INFLUXDB_INIT_ADMIN_TOKEN_FILE")
as_influxdb() { exec setpriv --reuid influxdb --regid influxdb --clear-groups influxd run --bolt-path $data/influxd.bolt --sqlite-path $data/influxd.sqlite --engine-path $data/engine "$@"; }
find $data /etc/influxdb2 ! -user influxdb -exec chown influxdb {} +
if [ ! -e $data/influxd.bolt ]; then
  (as_influxdb --http-bind-address 127.0.0.1:9999 >/dev/null) &
  until curl -fs http://127.0.0.1:9999/health >/dev/null; do sleep 0.2; done
  curl -fsS http://127.0.0.1:9999/api/v2/setup -o /dev/null -d \
    "{\"username\":\"$DOCKER_INFLUXDB_INIT_USERNAME\",\"password\":\"$password\",\"token\":\"$token\",\"org\":\"$DOCKER_INFLUXDB_INIT_ORG\",\"bucket\":\"$DOCKER_INFLUXDB_INIT_BUCKET\"}"
  kill $!
  wait $! || :
fi
as_influxdb
