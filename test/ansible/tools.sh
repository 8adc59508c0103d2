# Sourced: Ansible and its linters from PyPI, in a folder that is kept; Debian's python3-venv is enough.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tocsin-test
tools=$cache/ansible-13
if [ ! -e "$tools/ready" ]; then
  rm -rf "$tools"
  mkdir -p "$cache"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.19.14 ansible-lint==26.10.1 yamllint
  touch "$tools/ready"
fi
export PATH=$tools/bin:$PATH NO_COLOR=1 ANSIBLE_NOCOLOR=1
passed=0 failed=0
# check NAME COMMAND…: what it prints is shown only if it fails.
check() {
  local name=$1 began=$SECONDS
  shift
  if "$@" >"$work/check.log" 2>&1; then
    passed=$((passed + 1))
    echo "ok   $name ($((SECONDS - began)) s)"
  else
    failed=$((failed + 1))
    echo "FAIL $name ($((SECONDS - began)) s)"
    tail -n 60 "$work/check.log"
  fi
}
