"""The processes of the demo and the ways to look at them: kubectl, and the AWS emulator's admin interface."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request


class Failure(Exception):
    """A step whose check did not hold."""


class Cluster:
    """karpenter-devcluster, karpenter-webhook and karpenter-controller on loopback. stop() leaves no process and no file."""

    def __init__(self, bin_dir, root):
        self.bin = pathlib.Path(bin_dir).resolve()
        self.root = root
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="karpenter-demo-"))
        self.processes = {}
        self.env = {**os.environ, "KUBECONFIG": str(self.dir / "kubeconfig")}
        self.endpoints = {}

    def start_devcluster(self, webhook_port):
        self.webhook_port = webhook_port
        self._spawn("karpenter-devcluster", ["--dir", str(self.dir), "--webhook_port", str(webhook_port)], {})
        endpoints = self.dir / "endpoints.json"
        self.wait("the embedded cluster to listen", endpoints.exists, 20)
        self.endpoints = json.loads(endpoints.read_text())

    def start_webhook(self):
        self._spawn("karpenter-webhook", ["--webhook-port", str(self.webhook_port), "--bind-address", "127.0.0.1", "--health-probe-port", "0",
                                          "--metrics-port", "0", "--endpoint-grace", "0s"],
                    {"KUBECONFIG": str(self.dir / "webhook.kubeconfig"), "SYSTEM_NAMESPACE": "karpenter"})

    def start_controller(self):
        self._spawn("karpenter-controller", [], {
            "KUBECONFIG": str(self.dir / "controller.kubeconfig"),
            "AWS_ENDPOINT_URL": self.endpoints["aws"], "AWS_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "CLUSTER_NAME": "demo", "INTERRUPTION_QUEUE": "demo", "LEADER_ELECTION_NAMESPACE": "karpenter",
            "BIND_ADDRESS": "127.0.0.1", "METRICS_PORT": "0", "HEALTH_PROBE_PORT": "0", "LOG_LEVEL": "debug",
            # The defaults (10 s, 15 s, 10 s) are for clusters; a story of two minutes cannot wait that long.
            "DISRUPTION_POLL_INTERVAL": "1s", "CONSOLIDATION_VALIDATION_DELAY": "2s", "BATCH_MAX_DURATION": "3s"})

    def _spawn(self, name, args, env):
        log = open(self.dir / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen(
            [str(self.bin / name), *args], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            env={**self.env, **env}, start_new_session=True)

    def kill(self, name, sig=signal.SIGKILL):
        process = self.processes.pop(name)
        process.send_signal(sig)
        process.wait(10)

    def check_alive(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise Failure(f"{name} ended with {process.returncode}:\n{self.log_tail(name)}")

    def log_tail(self, name, lines=25):
        return "\n".join((self.dir / f"{name}.log").read_text(errors="replace").splitlines()[-lines:])

    def stop(self, keep_files):
        """Stops every process in order; returns what did not stop as it should."""
        problems = []
        for name in ("karpenter-controller", "karpenter-webhook", "karpenter-devcluster"):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            process.terminate()
            try:
                code = process.wait(15)
                if code != 0:
                    problems.append(f"{name} ended with {code}: {self.log_tail(name, 3)}")
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                problems.append(f"{name} did not stop within 15 s")
        if not keep_files:
            shutil.rmtree(self.dir, ignore_errors=True)
        return problems

    # ---- kubectl

    def kubectl(self, *args, stdin=None, check=True):
        done = subprocess.run(["kubectl", *args], input=stdin, capture_output=True, text=True, env=self.env, timeout=60)
        if check and done.returncode != 0:
            raise Failure(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return done

    def apply(self, text, *args):
        return self.kubectl("apply", *args, "-f", "-", stdin=text)

    def refuse(self, text):
        """Applies what must be rejected and returns kubectl's message."""
        done = self.kubectl("apply", "-f", "-", stdin=text, check=False)
        if done.returncode == 0:
            raise Failure(f"was accepted and must not be: {done.stdout.strip()}")
        return done.stderr.strip()

    def get(self, *args):
        return json.loads(self.kubectl("get", *args, "-o", "json").stdout)

    def items(self, *args):
        return self.get(*args)["items"]

    # ---- AWS

    def aws(self, path, method="GET"):
        request = urllib.request.Request(self.endpoints["aws"] + "/_admin/" + path, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body.strip() else None

    def live_instances(self):
        rows = self.aws("instances")
        rows = rows["instances"] if isinstance(rows, dict) else rows
        return [i for i in rows if i["state"] in ("pending", "running")]

    # ---- waiting

    def wait(self, what, probe, seconds, every=0.25):
        """Until probe() returns something true; a Failure that says what was awaited otherwise."""
        end = time.monotonic() + seconds
        last = None
        while time.monotonic() < end:
            self.check_alive()
            try:
                last = probe()
                if last:
                    return last
            except Failure as failure:
                last = failure
            time.sleep(every)
        raise Failure(f"waited {seconds} s for {what}; last seen: {last}")
