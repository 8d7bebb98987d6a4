#!/usr/bin/env bash
# Static analysis: compiles a copy with syntax trees and hands it to slither, which must be on the path (`pip install slither-analyzer`).
# `docs/market.md` says what its findings are; it fails only when slither does not run.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/src" "$copy/generated" "$copy/bin"
cp -r "$root/src/market" "$copy/src/"
cp "$root/generated/IVerifier.sol" "$copy/generated/"
cp -r "$root/foundry.toml" "$root/tools" "$copy/"
ln -s "$root/node_modules" "$copy/node_modules"
ln -s "$copy/tools/forge.cjs" "$copy/bin/forge"
cd "$copy"
tools/forge.cjs build --build-info --ast --skip test
PATH="$copy/bin:$PATH" slither . --compile-force-framework foundry --foundry-ignore-compile --filter-paths node_modules --fail-none
