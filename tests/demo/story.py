#!/usr/bin/env python3
"""The story of hack/demo: each step acts with a real kubectl and checks the world; ends with a table."""
import argparse
import pathlib
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cluster import Cluster, Failure  # noqa: E402

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent


def manifest(name, **replace):
    text = (HERE / "manifests" / name).read_text()
    for key, value in replace.items():
        text = text.replace(key, value)
    return text


def deployment(name, cpu, selector="{karpenter.sh/nodepool: default}"):
    return manifest("deployment.yaml", NAME=name, CPU=cpu, SELECTOR=selector)


def condition(obj, kind):
    return next((c for c in obj.get("status", {}).get("conditions", []) if c["type"] == kind), {"status": "absent"})


def expect(holds, what):
    if not holds:
        raise Failure(what)


class Story:
    def __init__(self, cluster):
        self.c = cluster
        self.rows = []

    # ---- looking

    def pods(self, app):
        return self.c.items("pods", "-l", f"app={app}")

    def running(self, app):
        return [p for p in self.pods(app) if p["status"].get("phase") == "Running" and p["spec"].get("nodeName")]

    def all_run(self, app, count, seconds=30):
        self.c.wait(f"{count} pods of {app} to run", lambda: len(self.running(app)) == count, seconds)

    def nodes(self, pool=None):
        return self.c.items("nodes", *(["-l", f"karpenter.sh/nodepool={pool}"] if pool else []))

    def scale(self, app, count):
        self.c.kubectl("scale", "deployment", app, f"--replicas={count}")

    def nothing_left(self, seconds=40):
        self.c.wait("no NodeClaims", lambda: not self.c.items("nodeclaims"), seconds)
        self.c.wait("no nodes", lambda: not self.c.items("nodes"), 10)
        self.c.wait("no instances", lambda: not self.c.live_instances(), 10)

    # ---- the steps

    def install(self):
        c = self.c
        for path in sorted((ROOT / "manifests/crds").glob("*.yaml")):
            c.apply(path.read_text())
        for name in ("rbac.yaml", "webhook.yaml"):
            c.apply((ROOT / "manifests/install" / name).read_text())
        c.start_webhook()
        c.wait("the webhook to publish its CA", self.ca_is_published, 15)
        c.start_controller()
        c.apply(manifest("nodeclass-v1beta1.yaml"))
        c.apply(manifest("nodepool-v1beta1.yaml"))
        pool = c.get("nodepools.v1.karpenter.sh", "default")
        spec = pool["spec"]
        expect(pool["apiVersion"] == "karpenter.sh/v1", f"apiVersion is {pool['apiVersion']}")
        expect(spec["disruption"]["consolidationPolicy"] == "WhenEmptyOrUnderutilized",
               f"consolidationPolicy is {spec['disruption'].get('consolidationPolicy')}")
        expect(spec["template"]["spec"]["expireAfter"] == "720h", "expireAfter did not move into the template")
        expect(spec["disruption"]["budgets"] == [{"nodes": "10%"}], "budgets are not defaulted")
        expect(spec["template"]["spec"]["nodeClassRef"]["group"] == "karpenter.k8s.aws", "nodeClassRef has no group")
        c.wait("NodePool Ready", lambda: condition(c.get("nodepool", "default"), "Ready")["status"] == "True", 20)
        # Single nodes of small clusters must be free to go: the default budget of 10 % allows one of ten.
        c.kubectl("patch", "nodepool", "default", "--type=merge",
                  "-p", '{"spec":{"disruption":{"budgets":[{"nodes":"100%"}],"consolidateAfter":"1s"}}}')
        return "v1beta1 applied, read as v1, defaulted, Ready"

    def ca_is_published(self):
        clients = [crd["spec"]["conversion"]["webhook"]["clientConfig"] for crd in self.c.items("crds")
                   if crd["spec"].get("conversion", {}).get("strategy") == "Webhook"]
        for kind in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"):
            clients += [hook["clientConfig"] for config in self.c.items(kind) for hook in config["webhooks"]]
        bundles = {client.get("caBundle") for client in clients}
        return len(clients) > 3 and len(bundles) == 1 and None not in bundles

    def reject(self):
        cases = [
            ("{key: node.kubernetes.io/instance-type, operator: Inn, values: [m5.large]}", "operator"),
            ("{key: kubernetes.io/hostname, operator: In, values: [a]}", "requirements"),
            ("{key: karpenter.k8s.aws/instance-cpu, operator: Gt, values: [\"many\"]}", "requirements"),
        ]
        for requirement, word in cases:
            message = self.c.refuse(manifest("nodepool-bad.yaml", BAD_REQUIREMENT=requirement))
            expect("spec.template.spec.requirements" in message and word in message,
                   f"the message names no path: {message}")
        return "unknown operator, restricted label, Gt of a word: refused with the path"

    def scale_up(self):
        c = self.c
        c.apply(deployment("inflate", "1"))
        self.scale("inflate", 10)
        self.all_run("inflate", 10)
        claims = c.items("nodeclaims")
        for claim in claims:
            for kind in ("Launched", "Registered", "Initialized", "Ready"):
                expect(condition(claim, kind)["status"] == "True", f"{claim['metadata']['name']} is not {kind}")
        header = c.kubectl("get", "nodeclaims").stdout.splitlines()[0].split()
        expect(header == ["NAME", "TYPE", "CAPACITY", "ZONE", "NODE", "READY", "AGE"], f"columns are {header}")
        fleets = [r for r in self.requests() if r["operation"] == "CreateFleet"]
        expect(fleets and all(r["signed"] > 0 for r in fleets), f"no signed CreateFleet seen: {fleets}")
        expect(len(c.live_instances()) == len(claims), "instances and NodeClaims differ in number")
        return f"10 pods run on {len(claims)} nodes; CreateFleet signed"

    def requests(self):
        rows = self.c.aws("requests")
        return rows["requests"] if isinstance(rows, dict) else rows

    def burst(self):
        self.c.apply(deployment("small", "100m"))
        self.scale("small", 200)
        self.all_run("small", 200, 45)
        count = len(self.nodes())
        self.scale("small", 0)
        self.c.wait("the small pods to go", lambda: not self.pods("small"), 20)
        return f"200 small pods ran on {count} nodes, then went"

    def scale_down(self):
        self.scale("inflate", 0)
        self.nothing_left(60)
        return "nodes emptied, drained, terminated; no claim, node or instance left"

    def consolidate(self):
        c = self.c
        self.scale("inflate", 8)
        self.all_run("inflate", 8)
        before = sum(self.price(i) for i in c.live_instances())
        self.scale("inflate", 2)
        self.c.wait("6 pods to go", lambda: len(self.pods("inflate")) == 2, 20)

        def cheaper():
            self.settled()
            now = sum(self.price(i) for i in c.live_instances())
            return now < before and len(self.running("inflate")) == 2 and now
        now = c.wait("fewer or cheaper nodes", cheaper, 60)
        return f"{before:.3f} $/h became {now:.3f} $/h, 2 pods run"

    def price(self, instance):
        return float(instance["price"])

    def settled(self):
        claims = self.c.items("nodeclaims")
        expect(all("deletionTimestamp" not in k["metadata"] for k in claims), "claims are going")
        expect(len(self.c.live_instances()) == len(claims), "instances are going")

    def interrupt(self):
        c = self.c
        self.scale("inflate", 4)
        self.all_run("inflate", 4)
        spot = [i for i in c.live_instances() if i["capacityType"] == "spot"]
        expect(spot, "no spot instance runs")
        victim = spot[0]["id"]
        alone = len(c.live_instances()) == 1
        before = {k["metadata"]["name"] for k in c.items("nodeclaims")}
        c.aws(f"interrupt?instance={victim}", "POST")
        if alone:  # its pods fit nowhere else: the replacement is made while the old node still drains
            c.wait("a replacement", lambda: {k["metadata"]["name"] for k in c.items("nodeclaims")} - before, 20, 0.1)
            expect(any(i["id"] == victim for i in c.live_instances()), "the replacement came after the end of the node")
        c.wait("the interrupted instance to go",
               lambda: all(i["id"] != victim for i in c.live_instances()), 40)
        others = {i["id"] for i in spot[1:]}
        expect(others <= {i["id"] for i in c.live_instances()}, "another instance went too")
        self.all_run("inflate", 4)
        return f"{victim} drained, its pods run elsewhere"

    def drift(self):
        c = self.c
        # A second pool with a short life runs beside the drift: its claim expires while the others are replaced.
        c.apply(manifest("nodepool-brief.yaml"))
        c.apply(deployment("brief", "1", "{life: short}"))
        self.scale("brief", 1)
        self.all_run("brief", 1)
        self.brief = {k["metadata"]["name"] for k in c.items("nodeclaims", "-l", "karpenter.sh/nodepool=brief")}
        old = {n["metadata"]["name"] for n in self.nodes("default")}
        c.kubectl("patch", "nodepool", "default", "--type=merge",
                  "-p", '{"spec":{"template":{"metadata":{"labels":{"demo":"drifted"}}}}}')
        c.wait("every node to be replaced", lambda: (nodes := self.nodes("default")) and all(
            n["metadata"]["labels"].get("demo") == "drifted" for n in nodes), 60)
        self.all_run("inflate", 4)
        expect(not old & {n["metadata"]["name"] for n in self.nodes("default")}, "an old node is still there")
        return f"{len(old)} drifted node(s) replaced, the replacement first"

    def expire(self):
        def replaced():
            claims = self.c.items("nodeclaims", "-l", "karpenter.sh/nodepool=brief")
            return claims and not self.brief & {k["metadata"]["name"] for k in claims}
        self.c.wait("the expired claim to be replaced", replaced, 60)
        self.all_run("brief", 1)
        self.scale("brief", 0)
        return "the claim older than its expireAfter is replaced, its pod runs"

    def legacy(self):
        c = self.c
        c.apply(manifest("provisioner-v1alpha5.yaml"))
        message = c.refuse(manifest("provisioner-v1alpha5.yaml").replace("operator: In", "operator: Within", 1)
                           .replace("name: legacy", "name: wrong"))
        expect("spec.requirements[0].operator" in message, f"the message names no path: {message}")
        c.wait("a NodePool of the Provisioner",
               lambda: c.kubectl("get", "nodepool", "legacy", check=False).returncode == 0, 15)
        pool = c.get("nodepool", "legacy")
        name = pool["spec"]["template"]["spec"]["nodeClassRef"]["name"]
        node_class = c.get("ec2nodeclass", name)
        expect(str(pool["spec"]["limits"]["cpu"]) == "40", "limits were lost")
        expect(pool["spec"]["disruption"]["consolidationPolicy"] == "WhenEmpty", "ttlSecondsAfterEmpty was lost")
        expect(pool["spec"]["disruption"]["consolidateAfter"] == "5s", "ttlSecondsAfterEmpty was lost")
        keys = {r["key"] for r in pool["spec"]["template"]["spec"]["requirements"]}
        expect({"kubernetes.io/os", "kubernetes.io/arch"} <= keys, "the Provisioner was not defaulted")
        expect(node_class["spec"]["subnetSelectorTerms"] == [{"tags": {"karpenter.sh/discovery": "demo"}}],
               "the subnet selector was lost")
        c.apply(deployment("old", "1", "{era: legacy}"))
        self.scale("old", 3)
        self.all_run("old", 3)
        self.scale("old", 0)
        c.wait("its empty nodes to go", lambda: not self.nodes("legacy"), 50)
        return "Provisioner became NodePool and EC2NodeClass, served 3 pods, emptied after its TTL"

    def tear_down(self):
        self.c.kubectl("delete", "provisioner", "legacy", "--wait=false")
        self.c.kubectl("delete", "nodepool", "default", "brief", "--wait=false")
        self.nothing_left(40)
        self.c.wait("the NodePools to go", lambda: not self.c.items("nodepools"), 20)
        return "NodePools deleted with pods on them; nodes drained and terminated"

    # ---- telling

    STEPS = [("1 install", install), ("2 reject", reject), ("3 scale up", scale_up), ("3 burst", burst),
             ("4 scale down", scale_down), ("5 consolidate", consolidate), ("6 interruption", interrupt),
             ("7 drift", drift), ("7 expiration", expire), ("8 v1alpha5", legacy), ("9 tear down", tear_down)]

    def tell(self, only=None):
        for name, step in self.STEPS:
            if only and name.split()[0] not in only:
                continue
            print(f"  {name:<15} ...", end="", flush=True)
            start = time.monotonic()
            try:
                what = step(self)
            except Failure as failure:
                self.rows.append((name, time.monotonic() - start, f"FAILED: {failure}"))
                print(f"\r  {name:<15} FAILED", flush=True)
                return False
            self.rows.append((name, time.monotonic() - start, what))
            print(f"\r  {name:<15} {self.rows[-1][1]:5.1f} s  {what}", flush=True)
        return True

    def table(self):
        print(f"\n{'step':<16}{'seconds':>8}  checked")
        for name, seconds, what in self.rows:
            print(f"{name:<16}{seconds:>8.1f}  {what}")
        print(f"{'in all':<16}{sum(r[1] for r in self.rows):>8.1f}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--keep", action="store_true", help="leave the cluster up until Ctrl-C")
    parser.add_argument("--keep-logs", action="store_true")
    parser.add_argument("--only", help="step numbers, comma separated")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupted)
    cluster = Cluster(options.bin, ROOT)
    story = Story(cluster)
    good = False
    try:
        cluster.start_devcluster(free_port())
        print(f"embedded cluster at {cluster.endpoints['kubernetes']}, AWS at {cluster.endpoints['aws']}")
        good = story.tell(options.only.split(",") if options.only else None)
        story.table()
        if not good:
            print("\n--- karpenter-controller\n" + cluster.log_tail("karpenter-controller", 30)
                  if "karpenter-controller" in cluster.processes else "", file=sys.stderr)
        if options.keep:
            print(f"\nexport KUBECONFIG={cluster.dir}/kubeconfig\nCtrl-C stops the cluster.", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        print("\nstopping")
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
    finally:
        for problem in cluster.stop(keep_files=options.keep_logs):
            print(f"demo: {problem}", file=sys.stderr)
            good = False
        if options.keep_logs:
            print(f"logs in {cluster.dir}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
