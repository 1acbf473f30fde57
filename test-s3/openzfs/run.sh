#!/bin/bash
# run.sh IMAGE_FOLDER FOLDER COMMAND [ARG...] - runs COMMAND as root in FOLDER inside the VM that build.sh made.
#
# FOLDER is seen in the VM under its own path; of this machine's programs there is only `node`, and no network. Prints what COMMAND prints (stdout and stderr as one) and exits with its status; 125 when
# the VM failed or was not done after VM_SECONDS (3000). VM_MEGABYTES (2048) sizes it.
set -euo pipefail

IMAGE=$1 FOLDER=$(readlink -f "$2")
shift 2
MEGABYTES=${VM_MEGABYTES:-2048} SECONDS_LIMIT=${VM_SECONDS:-3000}
VM=$(mktemp -d "${TMPDIR:-/tmp}/zfs3backup-vm.XXXXXX")
PIDS=()

clean_up() {
  if [ ${#PIDS[@]} -gt 0 ]; then kill "${PIDS[@]}" 2>/dev/null || true; fi
  rm -rf "$VM"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() {
  echo "run.sh: $1" >&2
  for log in virtiofsd-folder qemu console; do tail -n 20 "$VM/$log.log" >&2 || true; done
  exit 125
}

mkdir "$VM/shared"
touch "$VM/out"
mkdir "$VM/shared/bin"
cp "$(readlink -f "$(command -v node)")" "$VM/shared/bin/node"
echo "folder $FOLDER" >"$VM/shared/mounts"
{
  printf 'cd %q || exit 126\nexec' "$FOLDER"
  printf ' %q' "$@"
} >"$VM/shared/command"

VIRTIOFSD=/usr/libexec/virtiofsd OPTIONS=(--cache=always --shared-dir)
if [ -x /usr/lib/qemu/virtiofsd ]; then # Debian 12's, which takes its options in another way
  VIRTIOFSD=/usr/lib/qemu/virtiofsd OPTIONS=(-o cache=always -o source)
fi
ARGS=()
share() { # TAG FOLDER
  $VIRTIOFSD --socket-path="$VM/$1.socket" "${OPTIONS[@]::${#OPTIONS[@]}-1}" "${OPTIONS[-1]}=$2" >"$VM/virtiofsd-$1.log" 2>&1 &
  PIDS+=($!)
  for _ in $(seq 100); do
    if [ -S "$VM/$1.socket" ]; then break; fi
    sleep 0.05
  done
  [ -S "$VM/$1.socket" ] || fail "virtiofsd does not start"
  ARGS+=(-chardev "socket,id=$1,path=$VM/$1.socket" -device "vhost-user-fs-pci,chardev=$1,tag=$1")
}
share vm "$VM/shared"
share folder "$FOLDER"

# KVM is not asked for: where it exists without working (nested machines) the VM would hang instead of starting.
# What emulating gets wrong in Debian 12's qemu is switched off, as either lets the kernel crash now and then:
# five-level page tables, and the flags after cmpxchg16b.
timeout --foreground -k 5 "$SECONDS_LIMIT" qemu-system-x86_64 \
  -accel tcg,tb-size=512 -cpu max,la57=off,cx16=off -smp 1 \
  -machine q35,memory-backend=memory -m "$MEGABYTES" \
  -object "memory-backend-memfd,id=memory,size=${MEGABYTES}M,share=on" \
  -nodefaults -no-user-config -display none -no-reboot \
  -kernel "$IMAGE/vmlinuz" \
  -append "console=ttyS0 root=/dev/nvme0n1 rw init=/sbin/vm-init panic=-1 oops=panic reboot=t mitigations=off random.trust_cpu=on" \
  -drive "file=$IMAGE/root.ext4,format=raw,if=none,id=root,snapshot=on" -device nvme,drive=root,serial=root \
  -serial "file:$VM/console.log" \
  -device virtio-serial-pci -chardev "file,id=out,path=$VM/out" -device virtserialport,chardev=out,name=out \
  "${ARGS[@]}" </dev/null 2>"$VM/qemu.log" &
QEMU=$!
tail --pid=$QEMU -s 0.2 -n +1 -f "$VM/out" &
TAIL=$!
PIDS+=($QEMU $TAIL)
# in the background and waited for, so that a signal is answered at once
if wait $QEMU; then status=0; else status=$?; fi
wait $TAIL
if [ $status = 124 ]; then fail "not done after $SECONDS_LIMIT s"; fi
[ -s "$VM/shared/status" ] || fail "the VM ended without a status"
exit "$(cat "$VM/shared/status")"
