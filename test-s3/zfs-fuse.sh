#!/bin/bash
# zfs-fuse.sh start|stop OWNER_PID - a ZFS to test with, where the host has none of its own.
#
# start  does nothing when `zfs` works already (the host's module, or a daemon that somebody runs);
#        else starts the daemon of Debian's package zfs-fuse. Prints which of the two it was.
# stop   ends the daemon that this script started, once no owner lives any more that needs it.
set -euo pipefail

STATE=/run/zfs3backup-zfs-fuse
VERB=${1:-} OWNER=${2:-}
case $VERB in start | stop) ;; *) sed -n '2,6p' "$0" >&2; exit 2 ;; esac
[[ $OWNER =~ ^[0-9]+$ ]] || { echo "zfs-fuse.sh: OWNER_PID is missing" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "zfs-fuse.sh: ZFS needs root" >&2; exit 1; }

zfs_works() { command -v zfs >/dev/null && zfs list -H -o name >/dev/null 2>&1; }

# the daemon that this script started, if it is still that one
our_daemon() {
  local pid
  pid=$(cat "$STATE/pid" 2>/dev/null) || return 1
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = zfs-fuse ] && echo "$pid"
}

start_daemon() {
  command -v zfs-fuse >/dev/null || {
    echo "zfs-fuse.sh: no ZFS works here; install one: apt-get install -y --no-install-recommends zfs-fuse" >&2
    exit 1
  }
  [ -e /dev/fuse ] || { echo "zfs-fuse.sh: /dev/fuse is missing: modprobe fuse" >&2; exit 1; }
  # its socket is in there; where /run begins empty, as in a container, it would end without a word
  mkdir -p "$(readlink -m /var/lock)"
  # descriptor 9 holds the lock: a daemon that inherits it would hold it for ever
  setsid zfs-fuse --no-daemon --no-kstat-mount </dev/null >"$STATE/log" 2>&1 9>&- &
  echo $! >"$STATE/pid"
  for _ in $(seq 100); do
    if zfs_works; then return; fi
    sleep 0.1
  done
  echo "zfs-fuse.sh: the daemon does not answer:" >&2
  tr -d '\0' <"$STATE/log" >&2
  # one that does not answer is in the way of the next
  kill -KILL "$!" 2>/dev/null || true
  exit 1
}

stop_daemon() {
  local pid=$1 signal
  # asked to end in the middle of a write, the daemon was seen to stay and to answer nobody
  for signal in TERM KILL; do
    kill -"$signal" "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
      if ! our_daemon >/dev/null; then rm -f "$STATE/pid"; return; fi
      sleep 0.1
    done
  done
  echo "zfs-fuse.sh: daemon $pid does not end" >&2
  exit 1
}

forget_dead_owners() {
  local owner
  for owner in "$STATE"/owners/*; do
    if [ -e "$owner" ] && ! kill -0 "${owner##*/}" 2>/dev/null; then rm -f "$owner"; fi
  done
}

mkdir -p "$STATE/owners"
exec 9>"$STATE/lock"
flock 9
forget_dead_owners
case $VERB in
  start)
    touch "$STATE/owners/$OWNER"
    if ! zfs_works; then
      start_daemon
      echo "started zfs-fuse"
    elif our_daemon >/dev/null; then
      echo "using zfs-fuse, which is running already"
    else
      echo "using the ZFS of this machine"
    fi
    ;;
  stop)
    rm -f "$STATE/owners/$OWNER"
    if pid=$(our_daemon) && [ -z "$(ls "$STATE/owners")" ]; then stop_daemon "$pid"; fi
    ;;
esac
