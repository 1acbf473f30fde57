#!/bin/bash
# build.sh FOLDER - makes a small VM with OpenZFS from Debian's packages alone: FOLDER/vmlinuz and FOLDER/root.ext4.
#
# Needs root and apt's mirror; takes a few minutes, of which the compiling of zfs.ko is the most. The kernel of
# this machine is neither asked for modules nor for KVM.
set -euo pipefail

SUITE=trixie
HERE=$(cd "$(dirname "$0")" && pwd)
FOLDER=${1:?build.sh FOLDER}
MIRROR=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' |
  awk '$2 !~ /-/ && !seen++ { print $1 }')}
# what only the building needs, and what the tests need in the VM (zfs-dkms brings compiler and headers' tools)
BUILD_PACKAGES="linux-image-cloud-amd64 linux-headers-cloud-amd64 zfs-dkms"
TEST_PACKAGES="zfsutils-linux kmod procps libstdc++6 pigz zstd"

[ "$(id -u)" = 0 ] || { echo "build.sh: debootstrap and chroot need root" >&2; exit 1; }
# what the caller's shell sets for npm, Python or CI must not reach the packages' scripts
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C

mkdir -p "$FOLDER"
WORK=$(mktemp -d "$FOLDER/building.XXXXXX")
ROOT=$WORK/root
LOG=$FOLDER/build.log
: >"$LOG"

clean_up() {
  for d in sys proc; do
    if mountpoint -q "$ROOT/$d"; then umount "$ROOT/$d"; fi
  done
  rm -rf --one-file-system "$WORK"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

step() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }
# nice: a build of minutes must leave the machine to its user
quietly() { nice -n 10 "$@" >>"$LOG" 2>&1 || { tail -n 30 "$LOG" >&2; echo "build.sh: failed: $*" >&2; exit 1; }; }
in_root() { quietly env INITRD=No chroot "$ROOT" "$@"; }

step "debootstrap $SUITE from $MIRROR"
quietly debootstrap --variant=minbase --components=main,contrib "$SUITE" "$ROOT" "$MIRROR"
printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d" # no services are started in a chroot
chmod 755 "$ROOT/usr/sbin/policy-rc.d"
printf 'path-exclude=/usr/share/%s/*\n' doc man locale >"$ROOT/etc/dpkg/dpkg.cfg.d/small"
mount -t proc proc "$ROOT/proc"
mount -t sysfs -o ro sysfs "$ROOT/sys"

step "kernel, compiler and zfs-dkms, which compiles zfs.ko"
in_root apt-get install -y --no-install-recommends $BUILD_PACKAGES $TEST_PACKAGES
KERNEL=$(ls "$ROOT/lib/modules" | grep cloud-amd64 | sort -V | tail -n 1)
DKMS=$ROOT/lib/modules/$KERNEL/updates/dkms
ls "$DKMS"/zfs.ko* >/dev/null 2>&1 || {
  tail -n 30 "$ROOT"/var/lib/dkms/zfs/*/build/make.log >&2 || true
  echo "build.sh: dkms made no zfs.ko for $KERNEL" >&2
  exit 1
}

step "keeping kernel and modules, dropping what built them"
mkdir "$ROOT/zfs"
cp "$DKMS"/{spl,zfs}.ko* "$ROOT/zfs"
cp "$ROOT/boot/vmlinuz-$KERNEL" "$WORK/vmlinuz"
# unpacked here, once, and not in the emulated CPU at each start
find "$ROOT/zfs" -name '*.xz' -exec xz -d {} +
in_root dpkg-query -W zfsutils-linux zfs-dkms
in_root apt-get purge -y --auto-remove --allow-remove-essential $BUILD_PACKAGES 'linux-image-*' 'linux-headers-*' dkms
in_root apt-get clean
umount "$ROOT/sys" "$ROOT/proc"
rm -rf "$ROOT"/var/lib/apt/lists/* "$ROOT"/var/log/* "$ROOT/lib/modules" "$ROOT/usr/sbin/policy-rc.d"
install -m 755 "$HERE/vm-init" "$ROOT/sbin/vm-init"
ln -sfn /proc/self/mounts "$ROOT/etc/mtab"
echo '127.0.0.1 localhost vm' >"$ROOT/etc/hosts"

step "image"
MEGABYTES=$(($(du -sm --one-file-system "$ROOT" | cut -f1) + 1024))
quietly mke2fs -q -t ext4 -O '^has_journal' -m 0 -E lazy_itable_init=1 -d "$ROOT" "$WORK/root.ext4" "${MEGABYTES}M"
mv "$WORK/vmlinuz" "$FOLDER/vmlinuz"
mv "$WORK/root.ext4" "$FOLDER/root.ext4" # last: its presence says that the image is whole
step "done: $FOLDER"
