"""Prints the ten slowest tests of the last run, from nextest's report."""

import sys
import xml.etree.ElementTree as ET

tests = [(float(case.get("time")), case.get("classname"), case.get("name")) for case in ET.parse(sys.argv[1]).iter("testcase")]
for seconds, binary, name in sorted(tests, reverse=True)[:10]:
    print(f"{seconds:7.1f} s  {binary} {name}")
print(f"{sum(seconds for seconds, _, _ in tests):7.1f} s  in all {len(tests)} tests, several at a time")
