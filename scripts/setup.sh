#!/bin/bash
# setup.sh PART... - makes sure that what the demo and the tests need is there; what is there is not touched.
#
#   npm         the packages of package-lock.json, zstd-napi's native part included
#   npm-or-less the same, going on without that part where it can be neither fetched nor compiled
#   build       dist/: the library compiled from src/, the programs bundled
#   zfs         programs of some ZFS: the machine's own, else Debian's zfs-fuse
#   s3          Ceph's object gateway, the S3 server of the tests
#   tools       programs that a person would use beside ours: pigz, zstd, aws, age, gpg; strace
#   bench       what `npm run bench` compiles its server with, and the clients it compares
#   openzfs-vm  what builds and runs the VM of `npm run test:openzfs`
#
# Debian packages are installed as root only; without root it says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }

# debian PACKAGE... - installs them
debian() {
  local command="apt-get install -y --no-install-recommends $*" log
  command -v apt-get >/dev/null || die "these are missing, and there is no apt-get to install them with: $*"
  [ "$(id -u)" = 0 ] || die "Debian packages are missing; as root: $command"
  say "installing Debian packages: $*"
  log=$(mktemp)
  # the update first: a fresh machine has no lists, an old one lists what the mirror dropped
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive $command; } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "failed: $command"
  fi
  rm -f "$log"
}

# need PROGRAM=PACKAGE... - installs the packages of the programs that are missing
need() {
  local pair missing=()
  for pair in "$@"; do
    if ! [ -x "${pair%%=*}" ] && ! command -v "${pair%%=*}" >/dev/null; then missing+=("${pair#*=}"); fi
  done
  if [ ${#missing[@]} -gt 0 ]; then debian "${missing[@]}"; fi
}

addon_loads() { node -e 'require("zstd-napi")' >/dev/null 2>&1; }

setup_npm() {
  if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
    say "installing npm packages"
    # scripts are run below, for the one package that needs them, so that its failure can be mended
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    touch node_modules/.package-lock.json
  fi
  if addon_loads; then return; fi
  say "building zstd-napi's native part"
  npm rebuild zstd-napi --loglevel=error >/dev/null 2>&1 || true
  if addon_loads; then return; fi
  if [ "${1:-}" = or-less ]; then
    say "it could be neither fetched nor compiled: zstd cannot be used, all else can"
    return
  fi
  need python3=python3 make=make g++=g++
  npm rebuild zstd-napi --loglevel=error >&2 || true
  addon_loads || die "zstd-napi cannot be loaded: node -e 'require(\"zstd-napi\")' says why"
}

setup_npm_or_less() { setup_npm or-less; }

setup_build() {
  # the programs are bundled last
  local built=dist/cli/main.js
  if [ -e $built ] && [ -z "$(find src package.json tsconfig*.json rolldown.config.js -newer $built -print -quit)" ]; then
    return
  fi
  say "compiling src/ to dist/"
  npm run --silent build >&2
}

setup_zfs() {
  if command -v zfs >/dev/null && zfs list >/dev/null 2>&1; then return; fi
  if command -v zfs-fuse >/dev/null; then return; fi
  if command -v zfs >/dev/null; then
    # to install zfs-fuse would remove the user's ZFS
    modprobe zfs 2>/dev/null || die "ZFS is installed here but does not run: modprobe zfs"
    return
  fi
  debian zfs-fuse
}

setup_s3() { need radosgw=radosgw ceph-mon=ceph-mon ceph-osd=ceph-osd; }

setup_tools() {
  need pigz=pigz zstd=zstd aws=awscli age=age gpg=gnupg ssh-keygen=openssh-client strace=strace
}

setup_bench() {
  need cc=gcc openssl=openssl curl=curl zstd=zstd /usr/bin/aws=awscli rclone=rclone
  if ! [ -e /usr/include/openssl/ssl.h ]; then debian libssl-dev libc6-dev; fi
}

setup_openzfs_vm() {
  need debootstrap=debootstrap qemu-system-x86_64=qemu-system-x86 mke2fs=e2fsprogs xz=xz-utils
  if ! [ -x /usr/lib/qemu/virtiofsd ]; then # Debian 12 has it with qemu, later ones in a package of its own
    need /usr/libexec/virtiofsd=virtiofsd
  fi
}

node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  die "Node 20.19 or newer is needed; this is $(node --version)"
# two at once, such as a demo beside the tests, would install into each other's feet
exec 9<package.json
flock 9
for part in "$@"; do
  case $part in
    npm | npm-or-less | build | zfs | s3 | tools | bench | openzfs-vm) "setup_${part//-/_}" 9<&- ;;
    *) die "there is no part $part; parts are: npm npm-or-less build zfs s3 tools bench openzfs-vm" ;;
  esac
done
