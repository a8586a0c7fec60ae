#!/bin/sh
# Brings what the project needs, once: npm packages always; Debian packages when asked.
#   sh tools/setup.sh [demo|lab|bench]
# Runs under any POSIX shell and before anything of ours is installed, so it is neither TypeScript nor clever.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
PATH=$PATH:/usr/sbin:/sbin

say() { echo "setup: $*" >&2; }

npm_packages() {
  stamp=node_modules/.lvs-director-lock
  cmp -s package-lock.json "$stamp" && [ -x node_modules/.bin/tsc ] && return
  say "installing npm packages (about 400 MB on disk, Node 24 among them) ..."
  # Not 'npm ci': npm 11's refuses a lock file made where a registry lacks packages for other platforms. This one
  # installs the locked versions, checks their hashes, and writes nothing back.
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  # npm 9 (Debian 12's) forgets this link when one of two packages that bring a node binary is left out for its CPU.
  for node in node_modules/node-linux-*/bin/node; do ln -sfn "../../$node" node_modules/.bin/node; done
  cp package-lock.json "$stamp"
  say "npm packages are in place"
}

compiled_sources() {
  # As bin/lvs-director looks: an error, such as no file to compare with, is something newer, too.
  newer=$(find src bin package.json tools/bundle.ts tools/compile.ts -newercc .cache/bundle/made 2>&1 | head -n 1)
  [ -e .cache/compiled ] && [ -z "$newer" ] && return
  rm -rf .cache/bundle .cache/bundle.new .cache/compiled
  mkdir -p .cache/bundle.new 2>/dev/null || return 0
  # First: what is edited from here on is newer than what is made of it.
  : >.cache/bundle.new/made
  if node_modules/.bin/node tools/bundle.ts .cache/bundle.new; then mv .cache/bundle.new .cache/bundle
  else say "there is no bundle: lvs-director runs from its sources, and starts more slowly"; fi
  flags=$(sed -n "s/^flags='\(.*\)'/\1/p" bin/lvs-director)
  # shellcheck disable=SC2086
  NODE_COMPILE_CACHE="$root/.cache/compile" node_modules/.bin/node $flags tools/compile.ts && : >.cache/compiled
}

# need COMMAND:PACKAGE ... : Debian packages whose command is missing
need() {
  missing=
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
  done
  [ -z "$missing" ] && return
  if [ "$(id -u)" != 0 ]; then
    say "Debian packages are missing; as root run:  apt-get install -y --no-install-recommends$missing"
    exit 1
  fi
  say "installing Debian packages:$missing"
  # Their services must not start on this machine: policy-rc.d says no while apt runs.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    trap 'rm -f $policy' EXIT
  fi
  apt-get update -qq >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
  say "Debian packages are in place"
}

npm_packages
case "${1:-}" in
  demo) need ip:iproute2 ;;
  lab)
    need ip:iproute2 linux.uml:user-mode-linux modprobe:kmod keepalived:keepalived ipvsadm:ipvsadm \
      tcpdump:tcpdump ping:iputils-ping ethtool:ethtool nft:nftables openssl:openssl promtool:prometheus
    ;;
  bench)
    need ip:iproute2 linux.uml:user-mode-linux modprobe:kmod keepalived:keepalived ipvsadm:ipvsadm gcc:gcc
    [ -x /usr/bin/time ] || need lvs-director-gnu-time:time
    [ -e /usr/include/linux/if_packet.h ] || need lvs-director-libc-headers:libc6-dev
    ;;
esac
compiled_sources
