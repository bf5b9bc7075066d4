#!/bin/bash
# Serves pamhook on 127.0.0.1 with one demo account, through the real PAM and NSS code paths; /etc is left alone. Called by `make run`.
# The account lives in passwd and group files of the demo's own (nss_wrapper), with its hash in the second field, where
# pam_unix finds it; the service file comes from a PAM configuration directory of the demo's own (pam_start_confdir).
set -euo pipefail
cd "$(dirname "$0")/.."

port=${PORT:-6443}
user=demo password=demo
node=$(command -v node)
wrapper=libnss_wrapper.so

fail() {
  echo "make run: $*" >&2
  exit 1
}

make_certificates() {
  local day=86400
  if [ -r .demo/signing-key.pem ] && [ -r .demo/server.key ] &&
    openssl x509 -in .demo/server.crt -noout -checkend "$day" >/dev/null 2>&1; then
    return
  fi
  "$node" dist/cli/main.js init --dir .demo --hostname localhost,127.0.0.1,::1 --force >/dev/null
}

make_pam_service() {
  mkdir -p .demo/pam.d
  printf '%s\n' 'auth required pam_unix.so' 'account required pam_unix.so' >.demo/pam.d/pamhook
  printf '%s\n' 'auth required pam_deny.so' 'account required pam_deny.so' >.demo/pam.d/other
}

# Outside the clone: as root, the front asks for the account after it has become `nobody`, and the clone may be closed to that.
make_accounts() {
  local hash
  hash=$(openssl passwd -6 -stdin <<<"$password")
  printf '%s\n' 'root:x:0:0:root:/root:/usr/sbin/nologin' 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' \
    "$user:$hash:20001:20001:Demo account:/nonexistent:/usr/sbin/nologin" >"$accounts/passwd"
  printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' "$user:x:20001:" "developers:x:20002:$user" >"$accounts/group"
  chmod 0711 "$accounts"
  chmod 0644 "$accounts/passwd" "$accounts/group"
}

# The preload goes to node alone: every process that has it reads the demo's accounts in place of the machine's.
with_accounts() {
  exec setpriv --pdeathsig TERM env LD_PRELOAD="$wrapper" NSS_WRAPPER_PASSWD="$accounts/passwd" NSS_WRAPPER_GROUP="$accounts/group" \
    "$node" "$@"
}

check_preload() {
  (with_accounts -e 'process.exit(require("fs").readFileSync("/proc/self/maps", "utf8").includes("libnss_wrapper") ? 0 : 1)') ||
    fail "$node does not take $wrapper by LD_PRELOAD (a node with file capabilities cannot): see 'getcap $(readlink -f "$node")'"
}

check_port() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    fail "port $port is taken; PORT=N make run serves on another"
  fi
}

ready() {
  curl --silent --fail --noproxy '*' --max-time 5 --cacert .demo/ca.crt "https://127.0.0.1:$port/heartbeat" >/dev/null 2>&1
}

wait_until_ready() {
  local tries=150
  until ready; do
    kill -0 "$daemon" 2>/dev/null || return 1
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "no answer from https://127.0.0.1:$port/heartbeat"
    sleep 0.2
  done
}

print_commands() {
  local curl="curl --cacert $PWD/.demo/ca.crt"
  case $PWD in *[!A-Za-z0-9/._-]*) curl="curl --cacert $(printf %q "$PWD/.demo/ca.crt")" ;; esac
  cat <<TEXT

WARNING: a demo account is served: user "$user", password "$password". For trying out only, on 127.0.0.1.

A token for a password:
  $curl -u $user:$password https://localhost:$port/token
A TokenReview of such a token, as kube-apiserver asks for it:
  $curl -H 'Content-Type: application/json' https://localhost:$port/authenticate -d '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"'"\$($curl -s -u $user:$password https://localhost:$port/token)"'"}}'
Whether it lives:
  $curl https://localhost:$port/heartbeat

Ctrl-C stops it.
TEXT
}

# A signal ends bash's wait early; the second wait then gives the daemon's own status.
wait_for_end() {
  local status=0
  wait "$daemon" || status=$?
  [ -z "$stopping" ] || { status=0 && wait "$daemon" || status=$?; }
  return "$status"
}

check_port
make_certificates
make_pam_service
accounts=$(mktemp -d /tmp/pamhook-demo.XXXXXX)
trap 'rm -rf "$accounts"' EXIT
make_accounts
check_preload

# A process group of its own: Ctrl-C reaches the daemon once, by way of this script, and not a second time from the terminal.
set -m
(with_accounts dist/cli/main.js serve -bind-address 127.0.0.1 -bind-port "$port" \
  -cert-file .demo/server.crt -key-file .demo/server.key -signing-key-file .demo/signing-key.pem \
  -pam-config-dir "$PWD/.demo/pam.d" -pam-service-name pamhook) </dev/null &
daemon=$!
set +m
stopping=
trap 'stopping=yes; kill -TERM "$daemon" 2>/dev/null || true' INT TERM HUP
# In conditions, where a Ctrl-C that ends one of their commands does not end this script before the daemon.
if wait_until_ready; then
  print_commands || true
fi
wait_for_end
