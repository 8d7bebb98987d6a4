"""Checks the crates' normal dependencies on each other against the table of docs/overview.md, and that each crate is built with checks in tests
(stdin: cargo metadata)."""

import json
import sys
from pathlib import Path

ALLOWED = {
    "assay-models": set(),
    "assay-quantiser": {"assay-models"},
    "assay-circuits": {"assay-models"},
    "assay-verifier": set(),
    "assay-halo2": {"assay-verifier"},
    "assay-solidity": {"assay-verifier"},
    "assay-kernels": set(),
    "assay-prover": {"assay-kernels", "assay-models", "assay-circuits", "assay-verifier", "assay-halo2"},
    "assay-contracts": set(),
    "assay": {"assay-models", "assay-quantiser", "assay-circuits", "assay-verifier", "assay-halo2", "assay-solidity", "assay-prover", "assay-contracts"},
}

PROFILES = Path("Cargo.toml").read_text()

wrong = []
packages = json.load(sys.stdin)["packages"]
for package in packages:
    name = package["name"]
    if name not in ALLOWED:
        wrong.append(f"{name} has no row in the table")
        continue
    if f"[profile.dev.package.{name}]\nopt-level = 2\ndebug-assertions = true\noverflow-checks = true\n" not in PROFILES:
        wrong.append(f"{name} has no [profile.dev.package.{name}] with debug-assertions and overflow-checks in Cargo.toml")
    ours = {d["name"] for d in package["dependencies"] if d["kind"] is None and d["name"].startswith("assay")}
    wrong += [f"{name} -> {other} is not an allowed arrow" for other in sorted(ours - ALLOWED[name])]
missing = set(ALLOWED) - {p["name"] for p in packages}
wrong += [f"{name} is in the table and not in the workspace" for name in sorted(missing)]
print("\n".join(wrong) if wrong else f"{len(packages)} crates, every arrow allowed, every one checked in tests")
sys.exit(bool(wrong))
