#!/bin/bash
# demo.sh - shows a dataset backed up to a folder and restored from it (npm run demo). Each command is run as it is
# printed. Pool and files are removed at the end, also after Ctrl-C.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "$0")/.." && pwd)
ZFS_FUSE=$REPOSITORY/test-s3/zfs-fuse.sh
DEMO=$(mktemp -d "${TMPDIR:-/tmp}/z3b-demo.XXXXXX")
POOL=z3b-demo-$$
OWNS_POOL=false
BOLD='' PLAIN=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then BOLD=$'\e[1m' PLAIN=$'\e[0m'; fi

clean_up() {
  local status=$?
  trap '' INT TERM HUP # a second Ctrl-C must not leave half of it
  cd /
  if $OWNS_POOL; then
    for _ in $(seq 40); do # what Ctrl-C has just ended may keep the pool busy for a moment
      if zpool destroy -f "$POOL" 2>"$DEMO/destroy.err" || grep -q 'no such pool' "$DEMO/destroy.err"; then
        OWNS_POOL=false
        break
      fi
      sleep 0.25
    done
  fi
  if $OWNS_POOL; then
    cat "$DEMO/destroy.err" >&2
    echo "The pool could not be removed. Do it by hand: zpool destroy -f $POOL && rm -r $DEMO" >&2
    status=1
  else
    rm -rf --one-file-system "$DEMO"
  fi
  if [ "$(id -u)" = 0 ]; then "$ZFS_FUSE" stop $$ || status=1; fi
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() { printf '\n%s\n' "$*"; }
# the words are what a person would type: they go through the shell as they stand
run() { printf '%s$ %s%s\n' "$BOLD" "$*" "$PLAIN"; eval "$*"; }

# why there can be no ZFS here; nothing when there is one
why_no_zfs() {
  if [ "$(id -u)" != 0 ]; then
    echo "A pool can only be made by root, and you are $(id -un)."
  elif ! "$REPOSITORY/scripts/setup.sh" zfs >&2 || ! "$ZFS_FUSE" start $$ >&2; then
    echo "No ZFS could be had on this machine: the lines above say why."
  fi
}

demo_zfs() {
  say "1. A pool on a file of 512 MB, and in it a dataset with a few files."
  run "truncate -s 512M $DEMO/disk"
  OWNS_POOL=true
  run "zpool create -o cachefile=none -m $DEMO/pool $POOL $DEMO/disk"
  run "zfs create $POOL/data"
  run "cd $DEMO/pool/data"
  run "mkdir photos && head -c 12M /dev/urandom > photos/holiday.jpg && seq 300000 > ledger.txt"

  say "2. Three snapshots, as a nightly job makes them, with changes in between."
  run "zfs snapshot $POOL/data@zfs-auto-snap:daily-saturday"
  run "head -c 4M /dev/urandom > photos/garden.jpg && echo 300001 >> ledger.txt"
  run "zfs snapshot $POOL/data@zfs-auto-snap:daily-sunday"
  run "mv photos/holiday.jpg photos/beach.jpg && rm photos/garden.jpg && date > note.txt"
  run "zfs snapshot $POOL/data@zfs-auto-snap:daily-monday"
  run "cd $DEMO"

  say "3. The configuration. The store is a folder here; STORE = s3://bucket/prefix/ would be a bucket."
  run "printf '%s\n' '[main]' 'STORE = file://$DEMO/store' 'FILESYSTEM = $POOL/data' > zfs3backup.conf"
  run "cat zfs3backup.conf"
  run "mkdir store"
  run "export ZFS3BACKUP_CONFIG=$DEMO/zfs3backup.conf"

  say "4. What would a backup do? Nothing is stored yet; --history asks for all snapshots, not only the newest."
  run "zfs3backup backup --history --dry-run"

  say "5. The backup: one full stream, then what changed from snapshot to snapshot, each as an object of its own."
  run "zfs3backup backup --history"

  say "6. Once more, as cron would: everything is stored, so there is nothing to do."
  run "zfs3backup backup"

  say "7. What is in the store. The order is that of creation, not of the names."
  run "zfs3backup status"
  run "ls -l store/zfs3backup-backup/$POOL"

  say "8. The newest snapshot is restored beside the original; the original is not touched."
  run "zfs3backup restore zfs-auto-snap:daily-monday --to $POOL/restored --mount"

  say "9. Are the two trees the same?"
  run "diff -r pool/data pool/restored && echo 'No difference.'"
  run "zfs list -r -t snapshot -o name,creation $POOL/restored"

  say "That was it: a full backup, two incremental ones, and a restore from all three."
}

demo_pput() {
  say "$1 So this shows no snapshots, but how any stream is stored: a folder as a tar archive."
  say "1. A folder with a few files."
  run "cd $DEMO"
  run "mkdir photos && head -c 12M /dev/urandom > photos/holiday.jpg && seq 300000 > photos/ledger.txt"
  say "2. pput runs tar and stores what it writes; only if tar ends well does the object come to be."
  run "mkdir store"
  run "export ZFS3BACKUP_STORE=file://$DEMO/store"
  run "pput archive/photos.tar -- tar -cf - photos"
  say "3. A stream from a pipe works as well."
  run "tar -cf - photos | pput archive/piped.tar --quiet"
  run "ls -l store/archive"
  say "4. Back again, beside the original."
  run "mkdir restored"
  run "zfs3backup_get archive/photos.tar | tar -xf - -C restored"
  say "5. Are the two trees the same?"
  run "diff -r photos restored/photos && echo 'No difference.'"
  say "That was it. As root, \`npm run demo\` shows backup and restore of ZFS snapshots."
}

# the demo without root does without zstd; as root a compiler can be installed
if [ "$(id -u)" = 0 ]; then NPM=npm; else NPM=npm-or-less; fi
"$REPOSITORY/scripts/setup.sh" "$NPM" build
mkdir "$DEMO/bin"
for program in zfs3backup pput zfs3backup_get; do ln -s "$REPOSITORY/bin/$program.js" "$DEMO/bin/$program"; done
export PATH=$DEMO/bin:$PATH
# settings of the caller's are for the caller's backups
for name in $(compgen -e | grep -E '^(ZFS3BACKUP_|AWS_)' || true) BUCKET S3_PREFIX FILESYSTEM SNAPSHOT_PREFIX COMPRESSOR; do
  unset "$name"
done

NO_ZFS=$(why_no_zfs)
if [ -z "$NO_ZFS" ]; then
  demo_zfs
  say "Removing pool, files and store: zpool destroy $POOL; rm -r $DEMO"
else
  demo_pput "$NO_ZFS"
  say "Removing the files: rm -r $DEMO"
fi
