#!/bin/bash
# test.sh [ARG...] - runs the ZFS part of test-s3/ on OpenZFS 2.3, in VMs (npm run test:openzfs).
#
# Needs root. The VM is built when it is not there (minutes, once) and kept outside the repository. Without ARGs each
# test file gets a VM of its own, as many at once as there are CPUs (an emulated one keeps one busy), four at most;
# ARGs go to vitest, in one VM.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
REPOSITORY=$(cd "$HERE/../.." && pwd)
# whatever changes what build.sh would make makes another image
INPUTS=$(cat "$HERE/build.sh" "$HERE/vm-init" | sha256sum | cut -c 1-12)
IMAGE=${XDG_CACHE_HOME:-$HOME/.cache}/zfs3backup/openzfs-$INPUTS

make_ready() {
  "$REPOSITORY/scripts/setup.sh" npm build openzfs-vm
  if [ -e "$IMAGE/root.ext4" ]; then return; fi
  echo "Building a VM with OpenZFS in $IMAGE: minutes, but only once."
  mkdir -p "$IMAGE"
  (
    flock 9 # two at once: the second finds what the first built
    [ -e "$IMAGE/root.ext4" ] || "$HERE/build.sh" "$IMAGE"
  ) 9>"$IMAGE/lock"
}

# run_tests ARG... - vitest in a VM
run_tests() {
  "$HERE/run.sh" "$IMAGE" "$REPOSITORY" \
    env ZFS3BACKUP_TEST_ZFS=OpenZFS node node_modules/vitest/vitest.mjs run --config test-s3/openzfs/vitest.config.ts "$@"
}

# run_again_if_vm_failed ARG... - the emulated machine's kernel crashes now and then, which is no test's failure
run_again_if_vm_failed() {
  local status=0
  run_tests "$@" || status=$?
  if [ "$status" = 125 ]; then
    echo "The VM itself failed: once more."
    status=0
    run_tests "$@" || status=$?
  fi
  return "$status"
}

# run_file FILE - shown in one piece once it is done, as others run beside it
run_file() {
  local log status=0 began=$SECONDS
  log=$(mktemp "$LOGS/XXXXXX")
  run_again_if_vm_failed "$1" >"$log" 2>&1 || status=$?
  (
    flock 9
    printf '\n== OpenZFS: %s (%d s, exit %d)\n' "$1" $((SECONDS - began)) "$status"
    cat "$log"
  ) 9>"$LOGS/lock"
  return "$status"
}

make_ready
if [ $# -gt 0 ]; then
  run_again_if_vm_failed "$@"
  exit
fi

LOGS=$(mktemp -d "${TMPDIR:-/tmp}/zfs3backup-openzfs.XXXXXX")
trap 'rm -rf "$LOGS"' EXIT
export HERE REPOSITORY IMAGE LOGS
export -f run_tests run_again_if_vm_failed run_file
AT_ONCE=$(nproc)
if [ "$AT_ONCE" -gt 4 ]; then AT_ONCE=4; fi
cd "$REPOSITORY"
# main/ first: the files that take longest
if ! printf '%s\0' test-s3/main/*.test.ts test-s3/zfs/*.test.ts |
  xargs -0 -n 1 -P "$AT_ONCE" bash -c 'set -euo pipefail; run_file "$1"' run_file; then
  echo "test.sh: some of the tests on OpenZFS failed" >&2
  exit 1
fi
