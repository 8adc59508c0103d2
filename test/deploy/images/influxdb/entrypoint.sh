#!/bin/bash
# As in the official image: begins as root and becomes influxdb, since root without CAP_KILL may not end what another user runs. The first start sets it up on another port, so that nobody
# meets it half done; if that fails, the next one begins anew.
set -eu
data=/var/lib/influxdb2
if [ "$(id -u)" = 0 ]; then
  find $data /etc/influxdb2 ! -user influxdb -exec chown influxdb {} +
  exec setpriv --reuid influxdb --regid influxdb --clear-groups "$0" "$@"
fi
password=$(cat "$DOCKER_INFLUXDB_INIT_PASSWORD_FILE") token=$(cat "$DOCKER_INFLUXDB_INIT_ADMIN_TOKEN_FILE")
influxd=(influxd run --bolt-path $data/influxd.bolt --sqlite-path $data/influxd.sqlite --engine-path $data/engine)
if [ ! -e $data/set-up ]; then
  rm -rf ${data:?}/*
  "${influxd[@]}" --http-bind-address 127.0.0.1:9999 &
  until curl -fs http://127.0.0.1:9999/health >/dev/null; do kill -0 $!; sleep 0.2; done
  curl -fsS http://127.0.0.1:9999/api/v2/setup -o /dev/null -d \
    "{\"username\":\"$DOCKER_INFLUXDB_INIT_USERNAME\",\"password\":\"$password\",\"token\":\"$token\",\"org\":\"$DOCKER_INFLUXDB_INIT_ORG\",\"bucket\":\"$DOCKER_INFLUXDB_INIT_BUCKET\"}"
  kill $!
  wait $! || :
  touch $data/set-up
fi
exec "${influxd[@]}"
