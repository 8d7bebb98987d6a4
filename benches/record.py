"""Write what criterion measured last as one JSON: `python3 benches/record.py kernels > benches/results/kernels.json`.

Medians in seconds with their 95 % interval, named as criterion names them. The benches are `kernels` (groups msm, ntt) and `quotient`.
"""

import json
import os
import pathlib
import subprocess
import sys

GROUPS = {"kernels": ["msm", "ntt"], "quotient": ["quotient"]}


def measured(group):
    for file in sorted(pathlib.Path("target/criterion").glob(f"{group}/**/new/estimates.json")):
        name = json.loads((file.parent / "benchmark.json").read_text())["full_id"]
        median = json.loads(file.read_text())["median"]
        interval = median["confidence_interval"]
        nanoseconds = [median["point_estimate"], interval["lower_bound"], interval["upper_bound"]]
        yield name, dict(zip(("seconds", "lower", "upper"), (float(f"{value / 1e9:.4g}") for value in nanoseconds)))


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in GROUPS:
        sys.exit(f"expected one of {', '.join(GROUPS)}, as in the line at the top of this file")
    cpuinfo = dict(line.split("\t", 1) for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if "\t" in line)
    cpu, flags = (cpuinfo[key].lstrip("\t: ") for key in ("model name", "flags"))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    results = dict(pair for group in GROUPS[sys.argv[1]] for pair in measured(group))
    head = {"commit": commit, "cpu": cpu, "ifma": "avx512ifma" in flags.split(), "threads": os.cpu_count()}
    print(json.dumps(head | {"results": results}, indent=2))


main()
