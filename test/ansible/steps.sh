# Sourced by run.sh: the stages, each of steps. Those after `up` take the hosts as the one before left them.
inventory=$work/inventory
small=$work/small
export ANSIBLE_PRIVATE_KEY_FILE=$work/key ANSIBLE_HOST_KEY_CHECKING=False ANSIBLE_VAULT_PASSWORD_FILE=$work/vault-password ANSIBLE_INVENTORY=$inventory

# As they are in the repository now, beside the vault that was made.
copy_inventories() {
  mkdir -p "$inventory" "$small"
  cp -r inventory/. "$inventory"
  cp -r small/. "$small"
}

make_secrets() {
  new_key=(openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
  "${new_key[@]}" -x509 -days 2 -subj '/CN=test authority' -keyout "$work/ca.key" -out "$work/ca.pem" 2>/dev/null
  "${new_key[@]}" -subj /CN=edge -keyout "$work/edge.key" -out "$work/edge.csr" 2>/dev/null
  openssl x509 -req -in "$work/edge.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 -extfile <(echo "subjectAltName=IP:$network.15,IP:$network.16") -out "$work/edge.pem" 2>/dev/null
  secret() { openssl rand -hex 20; }
  indented() { sed 's/^/  /' "$@"; }
  secret >"$work/api-token"
  {
    echo ---
    echo "vault_api_token: $(cat "$work/api-token")"
    for name in metrics_token influx_token influx_password grafana_password alertmanager_smtp_password; do echo "vault_$name: $(secret)"; done
    echo "vault_sensor_master_secret: v1:$(secret)$(secret)"
    echo "vault_gateway_tokens: site:$(secret)"
    echo 'vault_smtp_url: ""'
    printf 'vault_edge_certificate: |\n%s\n' "$(indented "$work/edge.pem" "$work/edge.key")"
    printf 'vault_edge_authority: |\n%s\n' "$(indented "$work/ca.pem")"
  } >"$inventory/vault.yml"
  echo 'a good password' >"$work/vault-password"
  ansible-vault encrypt "$inventory/vault.yml" >/dev/null 2>&1
  cp "$inventory/vault.yml" "$small"
}

# Two versions of the same sources, and one that doesn't start.
make_releases() {
  local releases=$root/release first
  "$root/deploy/release.sh" 0.1.0 >/dev/null
  first=$releases/tocsin-0.1.0.tar.gz
  mkdir -p "$work/broken"
  tar --extract --gzip --directory "$work/broken" --file "$first"
  mv "$work/broken/tocsin-0.1.0" "$work/broken/tocsin-0.1.1"
  tar --create --gzip --directory "$work/broken" --file "$releases/tocsin-0.1.1.tar.gz" tocsin-0.1.1
  sed -i '1i throw new Error("a version that does not start");' "$work/broken/tocsin-0.1.1/main.ts"
  mv "$work/broken/tocsin-0.1.1" "$work/broken/tocsin-0.1.2"
  tar --create --gzip --directory "$work/broken" --file "$releases/tocsin-0.1.2.tar.gz" tocsin-0.1.2
  rm -rf "$work/broken"
}

play() { (cd "$root/ansible" && timeout 900 ansible-playbook "$@"); }
# As play, and nothing was changed on any host.
play_unchanged() {
  play "$@" | tee "$work/unchanged.log" || return 1
  ! grep -E '^(changed:|.*changed=[1-9])' "$work/unchanged.log"
}
# refused SENTENCE PLAYBOOK…: it fails, and says so.
refused() {
  local sentence=$1
  shift
  if play "$@" >"$work/refused.log" 2>&1; then
    cat "$work/refused.log"
    echo 'it did not fail'
    return 1
  fi
  tr -s '\n ' ' ' <"$work/refused.log" | grep -q "$sentence" || { cat "$work/refused.log"; return 1; }
}
# What systemd says runs, and since when: the same before and after means that nothing was touched.
running() { for number in 11 12 13 14 15; do within "$network.$number" systemctl show --property=Id,ActiveState,MainPID 'tocsin@*' kafka cassandra influxdb haproxy prometheus || echo "$number does not answer"; done; }
untouched() { # COMMAND…
  running >"$work/before"
  "$@" || return 1
  running >"$work/after"
  diff "$work/before" "$work/after"
}
wrong_password() {
  echo 'a wrong one' >"$work/wrong-password"
  ANSIBLE_VAULT_PASSWORD_FILE=$work/wrong-password refused 'the vault password is wrong or missing' start.yml
}
alive() { curl --silent --fail --max-time 5 --cacert "$work/ca.pem" "https://$network.15:19092/readyz"; }

# No alarm since then was mailed later than 10 s after its reading.
in_time() { NODE_EXTRA_CA_CERTS=$work/ca.pem TOCSIN_API_TOKEN=$(cat "$work/api-token") node --import tsx lateness.ts "https://$network.15" "$1" 10; }

under_load() { # PLAYBOOK…: while simulated sensors report, until a while after it. Both must end well, and no mail be late.
  local since load code=0
  since=$(date --utc +%FT%TZ)
  play simulate.yml --extra-vars '{"tocsin_simulation": "--scenario unrest --apps 2 --rate 40 --minutes 20"}' >"$work/load.log" 2>&1 &
  load=$!
  sleep 20
  play "$@" || code=1
  sleep 5
  # What was sent by then is compared; the simulator ends with 130, and says what the oracle found.
  within "$network.15" "pkill -TERM --full '^node .*main/simulate/main.ts'" || { echo 'the load ended before the playbook did'; code=1; }
  wait "$load" || true
  grep -v '^$' "$work/load.log" | tail -n 45
  grep -q 'exactly the right alarms' "$work/load.log" || code=1
  in_time "$since" || code=1
  return "$code"
}

stage_install() {
  check 'site, checked only, on empty hosts' play site.yml --check
  check 'site, checked only, has changed nothing' bash -c "! ls $work/hosts/node-1/root/opt/tocsin* $work/hosts/kafka-1/root/opt/kafka* 2>/dev/null"
  check 'site, from nothing' play site.yml
}

stage_again() {
  check 'site again changes nothing' play_unchanged site.yml
  check 'site, checked only, finds nothing to change' play_unchanged site.yml --check
  check 'start again changes nothing' play_unchanged start.yml
  check 'status' play status.yml
}

stage_simulate() {
  check 'simulate: the oracle agrees' play simulate.yml
}

stage_deploy() {
  check 'a new version under load: nothing lost or doubled' under_load deploy.yml --extra-vars tocsin_version=0.1.1
  check 'the same again changes nothing' play_unchanged deploy.yml --extra-vars tocsin_version=0.1.1
}

stage_refusals() {
  check 'a wrong vault password' untouched wrong_password
  within "$network.14" mount -t tmpfs -o size=64m tmpfs /var/cache
  check 'a full disk' untouched refused 'node-2 has .* MiB left .* Make room' deploy.yml --extra-vars tocsin_version=0.1.2
  within "$network.14" umount /var/cache
  ip link set tocsin-h14 down
  check 'a host that does not answer' refused 'node-2 does not answer by SSH at .* Nothing was changed' deploy.yml --extra-vars tocsin_version=0.1.2
  check 'the rest goes on' alive
  check 'status names it' refused 'node-2 does not answer' status.yml
  ip link set tocsin-h14 up
}

stage_broken() {
  check 'a broken release stops at the first host, and says how to go back' refused 'To go back: ansible-playbook deploy.yml -e tocsin_version=0.1.1' deploy.yml --extra-vars '{"tocsin_version": "0.1.2", "tocsin_patience": 15}'
  check 'its own error is among its last lines' grep -q 'a version that does not start' "$work/refused.log"
  check 'the rest goes on' alive
  check 'the way back' play deploy.yml --extra-vars tocsin_version=0.1.1 --extra-vars tocsin_back=true
  check 'status after it' play status.yml
}

stage_settings() {
  check 'a changed setting restarts what uses it' play site.yml --extra-vars tocsin_version=0.1.1 "${edge_settings[@]}" --tags edge
}
edge_settings=(--extra-vars '{"haproxy_environment": {"SENSORS_CONNECTIONS_MAX": 2100, "EDGE_CONNECTIONS_MAX": 4000}}')

stage_stop() {
  check 'stop' play stop.yml
  check 'stop again changes nothing' play_unchanged stop.yml
  check 'start' play start.yml
  check 'simulate after it' play simulate.yml
}

edit_vault() { # SED-EXPRESSION
  ansible-vault decrypt "$inventory/vault.yml"
  sed -i "$1" "$inventory/vault.yml"
  ansible-vault encrypt "$inventory/vault.yml"
}
dropped_master() {
  cp "$inventory/vault.yml" "$work/vault-before"
  edit_vault "s/^vault_sensor_master_secret: .*/vault_sensor_master_secret: v2:$(openssl rand -hex 40)/"
  local code=0
  untouched refused 'all of them would be refused' rotate-secrets.yml || code=1
  cp "$work/vault-before" "$inventory/vault.yml"
  return "$code"
}
answers() { # TOKEN: what the console answers to it
  curl --silent --output /dev/null --write-out '%{http_code}' --max-time 5 --cacert "$work/ca.pem" --header "Authorization: Bearer $1" "https://$network.15/api/alarms"
}
new_tokens() {
  local old
  old=$(cat "$work/api-token")
  openssl rand -hex 20 >"$work/api-token"
  edit_vault "s/^vault_api_token: .*/vault_api_token: $(cat "$work/api-token")/; s/^vault_metrics_token: .*/vault_metrics_token: $(openssl rand -hex 20)/; s/^\(vault_sensor_master_secret: \)/\1v2:$(openssl rand -hex 40),/"
  play rotate-secrets.yml "${edge_settings[@]}" || return 1
  echo "old token: $(answers "$old"), new token: $(answers "$(cat "$work/api-token")")"
  [ "$(answers "$old") $(answers "$(cat "$work/api-token")")" = '401 200' ]
}
stage_secrets() {
  check 'secrets again change nothing' play_unchanged rotate-secrets.yml "${edge_settings[@]}"
  check 'a master secret that is gone is refused, and all is as it was' dropped_master
  check 'new tokens: the new ones hold, the old ones do not' new_tokens
  check 'status after it' play status.yml
}

on_small() { ANSIBLE_INVENTORY=$small play "$@"; }
# Everything that operators see of all alarms, and the mails that went out.
alarms_of_small() {
  TOCSIN_API_TOKEN=$(cat "$work/api-token") NODE_EXTRA_CA_CERTS=$work/ca.pem node --import tsx alarms.ts "https://$network.16" &&
    within "$network.16" ls /var/lib/tocsin/outbox
}
restored() {
  rm -rf "$work/backups"
  alarms_of_small >"$work/alarms-before" &&
    on_small backup.yml --extra-vars "tocsin_backups_here=$work/backups" &&
    on_small stop.yml &&
    within "$network.16" 'rm -r /var/lib/tocsin && mkdir -m 700 /var/lib/tocsin' &&
    on_small restore.yml --extra-vars "tocsin_backup=$(echo "$work"/backups/*)" &&
    on_small start.yml &&
    alarms_of_small >"$work/alarms-after" || return 1
  wc -l "$work/alarms-before"
  diff "$work/alarms-before" "$work/alarms-after"
}
stage_small() {
  check 'one host: site, from nothing' on_small site.yml
  check 'one host: simulate' on_small simulate.yml
  ANSIBLE_INVENTORY=$small check 'a restore without a backup is refused' refused 'Say which backup' restore.yml
  check 'one host: backup, everything lost, restore: alarms, custody and mails as before' restored
}
