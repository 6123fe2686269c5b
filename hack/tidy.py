#!/usr/bin/env python3
"""Rules of the tree that no reviewer must remember: layers and cycles, banned tokens, sizes, READMEs, purity, TODO form.

Prints one line per finding (path:line: rule) and exits 1 when there is any. Reads only files that git tracks or would track.
"""
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 70
MAX_README_LINES = 40

# token -> files (prefixes) that may use it, with the reason beside them
BANNED = {
    r"\bco_(await|yield|return)\b": [],  # gcc 12.2 miscompiles coroutines
    r"system_clock::now": ["common/runtime/real_runtime.cc"],
    r"steady_clock::now": ["common/runtime/real_runtime.cc", "bench/"],
    r"\bsleep_(for|until)\(": ["common/runtime/", "tests/unit/common/net", "tests/unit/common/runtime", "tests/demo"],
    r"\b(s?rand|random_device)\b\s*[({]": ["common/runtime/real_runtime.cc"],
    r"\bgetenv\(": ["common/program/program.cc", "tests/"],
    r"std::regex": [],
    r"std::c(out|err)\b": [],
    r"\.detach\(\)": [],
    r"\busing namespace\b": [],
    r"shared_from_this": [],
    r"#include <iostream>": [],
}
# runtime::sleep_for takes virtual time and a Call; it is the one that everybody should use.
ALLOWED_USE = re.compile(r"runtime::sleep_for\(|Status sleep_for\(")
PURE_BANNED = re.compile(
    r"#include <(thread|mutex|condition_variable|random|fstream|iostream|stop_token|atomic)>|::now\(\)|spdlog|std::printf")
INCLUDE = re.compile(r'^#include ([<"])([^>"]+)[>"]')
STD_OR_SYSTEM = re.compile(r"^[a-z_]+$|^(sys|netinet|arpa)/[a-z]+\.h$|^(unistd|fcntl|signal|pthread|poll|errno|netdb|zlib|cxxabi|termios|time|stdlib|string|stdint|dirent)\.h$")
TODO = re.compile(r"\b(TODO|FIXME|XXX)\b")
NOLINT_REASON = re.compile(r"NOLINT[A-Z]*(\([^)]*\))?:? \S|NOLINT[A-Z]*\([^)]*\): \S")


def tracked():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                         capture_output=True, text=True, check=True).stdout
    return [pathlib.PurePath(p) for p in out.splitlines() if (ROOT / p).is_file()]


class Findings:
    def __init__(self):
        self.rows = []

    def add(self, path, line, text):
        self.rows.append(f"{path}:{line}: {text}")


def layer_of(path, layers):
    best = None
    for prefix in layers:
        if str(path).startswith(prefix + "/") and (best is None or len(prefix) > len(best)):
            best = prefix
    return best


def check_includes(path, lines, config, found, edges):
    layers, files = config["layer"], config.get("files", {})
    layer = layer_of(path, layers)
    if layer is None:
        found.add(path, 1, "no layer in hack/layers.toml covers this file")
        return
    rule = layers[layer]
    third = rule.get("third_party", []) + files.get(str(path), [])
    for number, line in enumerate(lines, 1):
        m = INCLUDE.match(line)
        if not m:
            continue
        target = m.group(2)
        if re.match(r"(common|controller|webhook|manifests|tests|bench)/", target):
            other = layer_of(pathlib.PurePath(target), layers)
            if not (ROOT / target).is_file():
                found.add(path, number, f"include of a file that is not there: {target}")
            elif other != layer and not any(target.startswith(a + "/") for a in rule["allow"]):
                found.add(path, number, f"layer {layer} may not include {target}")
            elif other != layer:
                edges.setdefault(layer, set()).add(other)
        elif m.group(1) == '"':
            found.add(path, number, f"includes are root-relative: {target}")
        elif not STD_OR_SYSTEM.match(target) and not any(target.startswith(t) for t in third):
            found.add(path, number, f"layer {layer} may not use third-party header {target}")


def check_cycles(edges, found):
    state, stack = {}, []

    def visit(node):
        state[node] = 1
        stack.append(node)
        for nxt in sorted(edges.get(node, ())):
            if state.get(nxt) == 1:
                found.add(nxt, 1, "folder cycle: " + " -> ".join(stack[stack.index(nxt):] + [nxt]))
            elif nxt not in state:
                visit(nxt)
        stack.pop()
        state[node] = 2

    for node in sorted(edges):
        if node not in state and not node.startswith(("tests", "bench")):
            visit(node)


def strip_comments_and_strings(text):
    text = re.sub(r'R"(\w*)\(.*?\)\1"', lambda m: '""' + "\n" * m.group(0).count("\n"), text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def check_tokens(path, code, found):
    for number, line in enumerate(code.splitlines(), 1):
        for pattern, allowed in BANNED.items():
            if re.search(pattern, line) and not any(str(path).startswith(a) for a in allowed):
                if not ALLOWED_USE.search(line):
                    found.add(path, number, f"banned here: {pattern}")


FUNCTION = re.compile(r"^(?!\s)(?!(?:namespace|struct|class|enum|union|extern|using|typedef|template\s*<[^>]*>\s*struct)\b)"
                      r"[^;=#{}]*\)[^;{}]*\{\s*$")


def check_functions(path, code, found):
    """Functions that begin in column 0 (after clang-format all free and out-of-class functions do)."""
    lines = code.splitlines()
    i = 0
    while i < len(lines):
        start = i
        head = lines[i]
        while i + 1 < len(lines) and head and not head[0].isspace() and head.count("(") > head.count(")"):
            i += 1
            head += " " + lines[i].strip()
        if FUNCTION.match(head):
            end = next((j for j in range(i + 1, len(lines)) if lines[j].startswith("}")), len(lines))
            if end - start + 1 > MAX_FUNCTION_LINES and "NOLINT(readability-function-size)" not in lines[start]:
                found.add(path, start + 1, f"function of {end - start + 1} lines (limit {MAX_FUNCTION_LINES})")
            i = end
        i += 1


def check_file(path, config, found, edges):
    text = (ROOT / path).read_text(errors="replace")
    lines = text.splitlines()
    if len(lines) > MAX_FILE_LINES:
        found.add(path, 1, f"{len(lines)} lines (limit {MAX_FILE_LINES})")
    check_includes(path, lines, config, found, edges)
    code = strip_comments_and_strings(text)
    check_tokens(path, code, found)
    # A table of fields is data, not code: its length is the API's.
    if not path.name.endswith("_table.cc") and not path.name.endswith("_tables.cc"):
        check_functions(path, code, found)
    layer = layer_of(path, config["layer"])
    if layer and config["layer"][layer].get("pure"):
        for number, line in enumerate(code.splitlines(), 1):
            if PURE_BANNED.search(line):
                found.add(path, number, "this layer is PURE")
    if path.suffix == ".h" and "#pragma once" not in text:
        found.add(path, 1, "header without #pragma once")
    for number, line in enumerate(lines, 1):
        if TODO.search(line) and not re.search(r"TODO\([a-z0-9-]+\): \S", line):
            found.add(path, number, "write TODO(topic): text")
        if "NOLINT" in line and not NOLINT_REASON.search(line):
            found.add(path, number, "a suppression carries its reason on the same line")


def check_readmes(paths, found):
    folders = {p.parent for p in paths if p.suffix in {".cc", ".h"} and not str(p).startswith("tests/unit")}
    for folder in sorted(folders):
        readme = ROOT / folder / "README.md"
        parent = ROOT / folder.parent / "README.md"
        if not readme.is_file() and not parent.is_file():
            found.add(folder, 1, "no README.md in this folder or its parent")
        elif readme.is_file() and len(readme.read_text().splitlines()) > MAX_README_LINES:
            found.add(folder / "README.md", 1, f"longer than {MAX_README_LINES} lines")


def check_dead_files(paths, found):
    listed = "\n".join((ROOT / p).read_text() for p in paths if p.name == "CMakeLists.txt" or p.suffix == ".cmake")
    for path in paths:
        if path.suffix == ".cc" and not re.search(rf"(?<![\w-]){re.escape(path.name)}\b", listed):
            found.add(path, 1, "in no CMakeLists.txt")


def main():
    found, edges = Findings(), {}
    config = tomllib.loads((ROOT / "hack/layers.toml").read_text())
    paths = tracked()
    for path in paths:
        if path.suffix in {".cc", ".h"}:
            check_file(path, config, found, edges)
    check_cycles(edges, found)
    check_readmes(paths, found)
    check_dead_files(paths, found)
    print("\n".join(found.rows) if found.rows else "tidy: ok")
    return 1 if found.rows else 0


if __name__ == "__main__":
    sys.exit(main())
