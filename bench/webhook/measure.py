#!/usr/bin/env python3
"""Measures karpenter-webhook over HTTPS beside a controller-runtime webhook with Karpenter's own validation (peer/), in turn in one run.

    bench/webhook/measure.py BIN_DIR [--seconds 5] [--rounds 3]

Prints JSON on standard output and a small table on standard error. Without wrk, openssl or go it says so and skips what needs them.
CPU per request is the process's user and system time over the requests it answered: on a shared machine the figure to compare."""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PATH = "/validate/karpenter.sh"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server process with TLS on loopback."""

    def __init__(self, name, arguments, port):
        self.name, self.port = name, port
        self.started = time.monotonic()
        environment = {**os.environ, "KUBECONFIG": "/nonexistent"}
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        self.ready_ms = self.wait_until_it_answers()

    def wait_until_it_answers(self):
        context = ssl._create_unverified_context()
        while time.monotonic() < self.started + 20:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as plain, context.wrap_socket(plain) as wire:
                    wire.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    if wire.recv(1):
                        return (time.monotonic() - self.started) * 1000
            except OSError:
                time.sleep(0.001)
        raise SystemExit(f"{self.name} does not answer")

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def load(server, body, path, seconds, connections=32):
    """One run of wrk: requests a second, microseconds of CPU a request, latencies in milliseconds."""
    before = server.cpu()
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(HERE / "post.lua"),
                          f"https://127.0.0.1:{server.port}{path}"],
                         capture_output=True, text=True, check=True, env={**os.environ, "BODY": str(body)}).stdout
    used = server.cpu() - before
    requests = int(re.search(r"(\d+) requests in", out)[1])
    if requests == 0 or "Non-2xx" in out:
        raise SystemExit(f"{server.name} did not answer as it should:\n{out}")
    unit = {"us": 1e-3, "ms": 1, "s": 1e3}

    def percentile(which):
        value, name = re.search(rf"{which}%\s+([\d.]+)(us|ms|s)", out).groups()
        return round(float(value) * unit[name], 3)
    return {"requestsPerSecond": round(float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])),
            "cpuMicrosPerRequest": round(used * 1e6 / requests, 2), "p50Ms": percentile(50), "p99Ms": percentile(99),
            "rssMiB": round(server.rss(), 1)}


def median_of(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def conversion_review(folder, objects):
    """As an API server sends it for a LIST: v1beta1 NodePools that are wanted as v1."""
    pool = json.loads((HERE / "review.json").read_text())["request"]["object"]
    pool["apiVersion"] = "karpenter.sh/v1beta1"
    spec = pool["spec"]
    spec["disruption"] = {"consolidationPolicy": "WhenUnderutilized", "expireAfter": spec["template"]["spec"].pop("expireAfter")}
    spec["template"]["spec"]["nodeClassRef"] = {"apiVersion": "karpenter.k8s.aws/v1beta1", "kind": "EC2NodeClass", "name": "default"}
    pools = [{**pool, "metadata": {"name": f"pool-{i}", "uid": f"{i:08}-0000-0000-0000-000000000000"}} for i in range(objects)]
    path = folder / f"conversion-{objects}.json"
    path.write_text(json.dumps({"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "request": {
        "uid": "u1", "desiredAPIVersion": "karpenter.sh/v1", "objects": pools}}))
    return path


def build_peer(folder):
    if not shutil.which("go"):
        print("bench/webhook: no go: the peer is SKIPPED", file=sys.stderr)
        return None
    binary = folder / "peer"
    done = subprocess.run(["go", "build", "-o", str(binary), "."], cwd=HERE / "peer", capture_output=True, text=True)
    if done.returncode != 0:
        print(f"bench/webhook: the peer does not build and is SKIPPED:\n{done.stderr[-500:]}", file=sys.stderr)
        return None
    return binary


def measure(bin_dir, folder, seconds, rounds):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")],
                   check=True, capture_output=True)

    def start_ours():
        port = free_port()
        return Server("karpenter-webhook", [str(bin_dir / "karpenter-webhook"), "--webhook-port", str(port), "--metrics-port", "0",
                                            "--health-probe-port", "0", "--bind-address", "127.0.0.1", "--tls-cert-file",
                                            str(folder / "tls.crt"), "--tls-private-key-file", str(folder / "tls.key")], port)
    starts = []
    for _ in range(5):
        server = start_ours()
        starts.append(server.ready_ms)
        server.stop()
    ours = start_ours()
    servers = {"ours": ours}
    peer = build_peer(folder)
    if peer:
        port = free_port()
        servers["peer"] = Server("peer", [str(peer), str(folder), str(port)], port)
    idle = {name: round(server.rss(), 1) for name, server in servers.items()}
    runs = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            runs[name].append(load(server, HERE / "review.json", PATH, seconds))
    result = {name: {**median_of(each), "idleRssMiB": idle[name]} for name, each in runs.items()}
    result["ours"]["startToReadyMs"] = round(statistics.median(starts), 1)
    objects = 1000
    conversion = load(ours, conversion_review(folder, objects), "/conversion/karpenter.sh", seconds, connections=2)
    result["conversion"] = {"objects": objects, "cpuMicrosPerObject": round(conversion["cpuMicrosPerRequest"] / objects, 2),
                            "rssMiB": conversion["rssMiB"]}
    for server in servers.values():
        server.stop()
    return result


def table(result):
    rows = [("", "ours", "peer", "peer/ours")]
    for key in ("requestsPerSecond", "cpuMicrosPerRequest", "p50Ms", "p99Ms", "rssMiB", "idleRssMiB"):
        ours, peer = result["ours"][key], result.get("peer", {}).get(key)
        rows.append((key, ours, peer or "-", f"{peer / ours:.2f}" if peer else "-"))
    rows.append(("startToReadyMs", result["ours"]["startToReadyMs"], "", ""))
    rows.append(("conversion, CPU us an object", result["conversion"]["cpuMicrosPerObject"], "", ""))
    return "\n".join(f"{a:30}{b!s:>12}{c!s:>12}{d!s:>12}" for a, b, c, d in rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin_dir", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    missing = [tool for tool in ("wrk", "openssl") if not shutil.which(tool)]
    if missing:
        print(f"bench/webhook: no {' and no '.join(missing)}: SKIPPED (apt-get install {' '.join(missing)})", file=sys.stderr)
        print(json.dumps({"skipped": "no " + ", ".join(missing)}))
        return
    with tempfile.TemporaryDirectory(prefix="karpenter-bench-") as folder:
        result = measure(arguments.bin_dir.resolve(), pathlib.Path(folder), arguments.seconds, arguments.rounds)
    print(json.dumps(result, indent=1))
    print(table(result), file=sys.stderr)


if __name__ == "__main__":
    main()
