#!/bin/bash
# soak.sh [STEPS] [SEED] - random steps on a real ZFS and a real S3 server (npm run soak -- 200): after each, whatever
# `status` calls ok is restored and compared. The same seed makes the same steps; kills and faults meet them as they may.
set -euo pipefail
cd "$(dirname "$0")/.."

export ZFS3BACKUP_SOAK_STEPS=${1:-200}
export ZFS3BACKUP_SOAK_SEED=${2:-$((RANDOM * 32768 + RANDOM))}
scripts/setup.sh npm build zfs s3
npx --no-install vitest run --project s3 test-s3/soak
