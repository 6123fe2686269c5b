#!/usr/bin/env python3
"""PURE layers (hack/layers.toml) on their object files: no clock, thread, lock, socket, environment, random or log symbol.

Usage: hack/pure.py [build folder, default build/dev]. Prints one line per finding and exits 1 when there is any. A library that was
not built is a finding too.
"""
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
BANNED = re.compile(
    r"_clock::now\(|\bclock_gettime|\bgettimeofday|\btime@|\bpthread_|std::thread|std::condition_variable|std::mutex"
    r"|\bsocket\b|\bconnect@|\bgetenv|\bsecure_getenv|random_device|\brand\b|spdlog|karpenter::(runtime|telemetry|net|kube)::")
# Function-local statics are guarded, not locked by us.
ALLOWED = re.compile(r"__cxa_guard")


def main(arguments):
    build = ROOT / (arguments[0] if arguments else "build/dev")
    layers = tomllib.loads((ROOT / "hack/layers.toml").read_text())["layer"]
    found = 0
    for layer, rule in layers.items():
        if not rule.get("pure"):
            continue
        library = build / layer / f"lib{layer.replace('/', '_')}.a"
        if not library.is_file():
            print(f"{library}: not built")
            found += 1
            continue
        symbols = subprocess.run(["nm", "-uC", str(library)], capture_output=True, text=True, check=True).stdout
        for line in sorted({s.strip()[2:] for s in symbols.splitlines() if s.startswith(" ")}):
            if BANNED.search(line) and not ALLOWED.search(line):
                print(f"{layer}: PURE, but uses {line}")
                found += 1
    print("pure: ok" if found == 0 else f"pure: {found} finding(s)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
