#!/bin/bash
# test.sh [ARG...] - runs the ZFS part of test-s3/ on OpenZFS 2.3, in a VM (npm run test:openzfs).
#
# Needs root. The VM is built when it is not there (minutes, once) and kept outside the repository; ARGs go to vitest.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
REPOSITORY=$(cd "$HERE/../.." && pwd)
# whatever changes what build.sh would make makes another image
INPUTS=$(cat "$HERE/build.sh" "$HERE/vm-init" | sha256sum | cut -c 1-12)
IMAGE=${XDG_CACHE_HOME:-$HOME/.cache}/zfs3backup/openzfs-$INPUTS

"$REPOSITORY/scripts/setup.sh" npm build openzfs-vm
if ! [ -e "$IMAGE/root.ext4" ]; then
  echo "Building a VM with OpenZFS in $IMAGE: minutes, but only once."
  mkdir -p "$IMAGE"
  (
    flock 9 # two at once: the second finds what the first built
    [ -e "$IMAGE/root.ext4" ] || "$HERE/build.sh" "$IMAGE"
  ) 9>"$IMAGE/lock"
fi
run_tests() {
  "$HERE/run.sh" "$IMAGE" "$REPOSITORY" \
    env ZFS3BACKUP_TEST_ZFS=OpenZFS node node_modules/vitest/vitest.mjs run --config test-s3/openzfs/vitest.config.ts "$@"
}
status=0
run_tests "$@" || status=$?
if [ "$status" = 125 ]; then
  # the emulated machine, not a test: its kernel crashes now and then
  echo "The VM itself failed: once more."
  status=0
  run_tests "$@" || status=$?
fi
exit "$status"
