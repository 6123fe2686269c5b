#!/usr/bin/env python3
"""Which numbered sections of docs/spec no test names.

A test names a section in a comment such as `// spec: disruption §12.4, §12.5; aws §6.6`. Sections listed in
docs/spec/not-built.md (`file §n: reason`) are left out. Usage: spec_coverage.py [--summary] [file ...]
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPEC = ROOT / "docs/spec"
FILES = ["api", "aws", "conversion", "disruption", "lifecycle", "scheduling"]


def sections(name):
    out = {}
    for line in (SPEC / f"{name}.md").read_text().splitlines():
        m = re.match(r"#{2,4} §([0-9]+(?:\.[0-9]+)*)\s*(.*)", line)
        if m:
            out[m.group(1)] = m.group(2)
    # a heading whose subsections carry the rules is covered through them
    return {k: v for k, v in out.items() if not any(o.startswith(k + ".") for o in out)}


def named(text):
    found = set()
    for m in re.finditer(r"spec:([^\n]*)", text):
        current = None
        for word in re.finditer(r"\b(" + "|".join(FILES) + r")\b|§([0-9]+(?:\.[0-9]+)*)", m.group(1)):
            if word.group(1):
                current = word.group(1)
            elif current:
                found.add((current, word.group(2)))
    return found


def main(arguments):
    summary = "--summary" in arguments
    wanted = [a for a in arguments if not a.startswith("--")] or FILES
    covered = set()
    for path in (ROOT / "tests").rglob("*"):
        if path.suffix in {".cc", ".h", ".yaml", ".py"}:
            covered |= named(path.read_text(errors="replace"))
    not_built = SPEC / "not-built.md"
    excused = set(re.findall(r"^- (\w+) §([0-9.]+)\b", not_built.read_text(), re.M)) if not_built.is_file() else set()
    for name in wanted:
        every = sections(name)
        hit = {s for f, s in covered if f == name}
        # naming a section covers it and what lies below it; naming a subsection does not cover its siblings
        open_ = [s for s in every if s not in hit and not any(s.startswith(h + ".") for h in hit)
                 and (name, s) not in excused]
        print(f"{name}: {len(every) - len(open_)} of {len(every)} sections named by a test or listed as not built")
        if not summary:
            for s in open_:
                print(f"  §{s} {every[s]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
