#!/bin/bash
# test.sh - installs what the tests need and runs them all (npm test): lint, types, test/, test-s3/.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

step "set-up"
scripts/setup.sh npm build zfs s3 tools
step "lint"
npx --no-install biome check --error-on-warnings .
step "types"
npx --no-install tsc -p tsconfig.json
step "test/: no network, no root"
npx --no-install vitest run --project unit
step "test-s3/: a real S3 server and a real ZFS"
npx --no-install vitest run --project s3
step "all passed"
