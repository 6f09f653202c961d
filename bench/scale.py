#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much one `tresor serve` carries: 1,000 clusters that are backed up every minute, watchers and lists meanwhile. See bench/README.md."""
import argparse, base64, http.client, json, os, re, selectors, shutil, signal, socket, statistics, subprocess, sys, tempfile, threading, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PROJECTS = 50


def say(text):
    print(text, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def percentile(values, share):
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid, what):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(what + r":\s+(\d+) kB", status.read()).group(1)) / 1024


class Tresor:
    """The server under test, and requests to it over one connection."""

    def __init__(self, program, directory, options):
        self.port = free_port()
        self.log = open(os.path.join(directory, "serve.log"), "w")
        data = os.path.join(directory, "data")
        self.process = subprocess.Popen(
            [program, "serve", "--data-dir", data, "--listen", f"127.0.0.1:{self.port}", "--plain-http", *options],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        for line in self.process.stdout:
            if "KUBECONFIG" in line:
                break
        else:
            sys.exit(f"bench: tresor serve did not start: {directory}/serve.log")
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()
        with open(os.path.join(data, "kubeconfig")) as config:
            self.token = re.search(r"token: (\S+)", config.read()).group(1).strip('"')
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def call(self, method, path, body=None, kind="application/json", connection=None):
        connection = connection or self.connection
        connection.request(method, path, body=None if body is None else json.dumps(body),
                           headers={"Authorization": "Bearer " + self.token, "Content-Type": kind})
        response = connection.getresponse()
        text = response.read()
        if response.status >= 300:
            sys.exit(f"bench: {method} {path}: {response.status} {text[:500]}")
        return text

    def metrics(self):
        """Sums over labels, by name; histograms by (name, le)."""
        sums = {}
        for line in self.call("GET", "/metrics").decode().splitlines():
            match = re.match(r"([a-z_]+)(?:\{(.*)\})? (\S+)$", line)
            if match and not line.startswith("#"):
                bound = re.search(r'le="([^"]+)"', match.group(2) or "")
                result = re.search(r'result="([^"]+)"', match.group(2) or "")
                key = (match.group(1), bound.group(1) if bound else result.group(1) if result else None)
                sums[key] = sums.get(key, 0) + float(match.group(3))
        return sums

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def make_snapshots(directory, count):
    """A small etcd's life: `count` snapshots, each with some new records."""
    tools = os.environ.get("TRESOR_TEST_TOOLS", os.path.join(ROOT, "build/tools"))
    port, peer = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    etcd = subprocess.Popen(
        [f"{tools}/etcd-3.5", "--data-dir", f"{directory}/etcd", "--listen-client-urls", url, "--advertise-client-urls", url,
         "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
         "--initial-cluster", f"default=http://127.0.0.1:{peer}", "--log-level", "error", "--backend-batch-limit", "1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def call(path, body):
        request = urllib.request.Request(f"{url}/v3/{path}", data=json.dumps(body).encode())
        return json.load(urllib.request.urlopen(request, timeout=10))

    try:
        for _ in range(200):
            try:
                version = call("maintenance/status", {})["version"]
                break
            except OSError:
                time.sleep(0.05)
        keys = 0
        for n in range(count):
            for i in range(200 if n == 0 else 30):
                key = f"/registry/pods/default/pod-{(keys * 7919) % 400:04}"
                keys += 1
                value = os.urandom(150).hex()
                call("kv/put", {"key": base64.b64encode(key.encode()).decode(), "value": base64.b64encode(value.encode()).decode()})
            subprocess.run([f"{tools}/etcdctl-3.5", "--endpoints", url, "snapshot", "save", f"{directory}/{n}.db"],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"ETCDCTL_API": "3"})
            answer = json.loads(subprocess.run([f"{tools}/etcdctl-3.5", "--endpoints", url, "endpoint", "hashkv", "--write-out", "json"],
                                               check=True, capture_output=True, env={"ETCDCTL_API": "3"}).stdout)[0]["HashKV"]
            with open(f"{directory}/{n}.json", "w") as facts:
                json.dump({"revision": answer["header"]["revision"], "compactRevision": answer.get("compact_revision", -1),
                           "hash": answer["hash"], "version": version}, facts)
    finally:
        etcd.kill()
        etcd.wait()


def quantile(delta, share):
    """Of a histogram's growth, by linear interpolation in its bucket."""
    total = delta["+Inf"]
    below, low = 0, 0.0
    for bound in sorted((b for b in delta if b != "+Inf"), key=float):
        if delta[bound] >= share * total and delta[bound] > below:
            return low + (float(bound) - low) * (share * total - below) / (delta[bound] - below)
        below, low = delta[bound], float(bound)
    return float("inf")


class Bench:
    def __init__(self, options):
        self.options = options
        self.directory = tempfile.mkdtemp(prefix="tresor-scale-", dir=options.dir)
        self.build = os.path.join(ROOT, "build", options.preset)
        self.results = {}
        self.stub = None
        self.tresor = None

    def start(self):
        snapshots = os.path.join(self.directory, "snapshots")
        os.mkdir(snapshots)
        make_snapshots(snapshots, 12)
        self.stub = subprocess.Popen([f"{self.build}/bench/etcd_stub", str(self.options.clusters), snapshots], stdout=subprocess.PIPE, text=True)
        self.ports = []
        for line in self.stub.stdout:
            if line.strip() == "ready":
                break
            self.ports.append(int(line))
        self.tresor = Tresor(f"{self.build}/bin/tresor", self.directory,
                             ["--default-schedule", self.options.schedule, "--default-keep", str(self.options.keep),
                              "--max-parallel-backups", str(self.options.parallel)])
        size = os.path.getsize(os.path.join(snapshots, "0.db"))
        self.results["setup"] = {"clusters": len(self.ports), "schedule": self.options.schedule, "keep": self.options.keep, "preset": self.options.preset,
                                 "parallel": self.options.parallel, "snapshot_bytes": size}

    def make_clusters(self):
        """Evenly over a minute: `@every` counts from a configuration's creation."""
        for i in range(PROJECTS):
            self.tresor.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"team-{i}"}})
        begin = time.monotonic()
        for i, port in enumerate(self.ports):
            time.sleep(max(0.0, begin + self.options.spread * i / len(self.ports) - time.monotonic()))
            self.tresor.call("POST", f"/apis/tresor.dev/v1/namespaces/team-{i % PROJECTS}/etcdclusters",
                             {"apiVersion": "tresor.dev/v1", "kind": "EtcdCluster", "metadata": {"name": f"c{i:04}"},
                              "spec": {"runtime": "external", "endpoints": [f"http://127.0.0.1:{port}"]}})
        say(f"made {len(self.ports)} clusters in {time.monotonic() - begin:.0f} s")

    def hold(self, name="schedule"):
        """The schedule, once every repository is there."""
        time.sleep(self.options.warm)
        pid = self.tresor.process.pid
        peak = 0.0
        before, cpu, stub, begin = self.tresor.metrics(), cpu_seconds(pid), cpu_seconds(self.stub.pid), time.monotonic()
        while time.monotonic() < begin + self.options.seconds:
            time.sleep(1)
            peak = max(peak, memory_mib(pid, "VmRSS"))
        after = self.tresor.metrics()
        wall = time.monotonic() - begin

        def grown(name, label=None):
            return after.get((name, label), 0) - before.get((name, label), 0)

        def histogram(name):
            return {bound: grown(name, bound) for (key, bound) in after if key == name and bound}

        delay, took = histogram("tresor_backup_start_delay_seconds_bucket"), histogram("tresor_backup_duration_seconds_bucket")
        backups = grown("tresor_backups_total", "completed")
        used = cpu_seconds(pid) - cpu
        self.results[name] = {
            "seconds": round(wall), "backups": int(backups), "expected": int(len(self.ports) * wall / 60),
            "failed": int(grown("tresor_backups_total", "failed")), "skipped": int(grown("tresor_backup_slots_skipped_total")),
            "start_delay_p50_s": round(quantile(delay, 0.5), 3), "start_delay_p99_s": round(quantile(delay, 0.99), 3),
            "start_delay_over_2s": int(delay["+Inf"] - delay["2"]),
            "duration_p50_s": round(quantile(took, 0.5), 3), "duration_p99_s": round(quantile(took, 0.99), 3),
            "rss_peak_mib": round(peak), "rss_peak_ever_mib": round(memory_mib(pid, "VmHWM")), "rss_anonymous_mib": round(memory_mib(pid, "RssAnon")),
            "cores_used": round(used / wall, 2), "stub_cores_used": round((cpu_seconds(self.stub.pid) - stub) / wall, 2),
            "cpu_ms_per_backup": round(1000 * used / max(backups, 1), 1),
            "evidence_unproven": int(grown("tresor_backup_evidence_total", "unproven")), "evidence_failed": int(grown("tresor_backup_evidence_total", "failed")),
            "queue_length": int(after.get(("tresor_backup_queue_waiting", None), 0)), "threads": len(os.listdir(f"/proc/{pid}/task")),
        }
        say(json.dumps(self.results[name]))

    def watch(self):
        """Watchers over real HTTP, while the schedule goes on."""
        count, rounds = self.options.watchers, 20
        path = "/api/v1/namespaces/team-0/secrets"
        self.tresor.call("POST", path, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "watched"}, "stringData": {"a": "b"}})
        version = json.loads(self.tresor.call("GET", path))["metadata"]["resourceVersion"]
        request = (f"GET {path}?watch=1&resourceVersion={version} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.tresor.token}\r\n\r\n").encode()
        selector = selectors.DefaultSelector()
        sockets = []
        for _ in range(count):
            s = socket.create_connection(("127.0.0.1", self.tresor.port))
            s.sendall(request)
            selector.register(s, selectors.EVENT_READ)
            sockets.append(s)

        def wait_for(mark):
            waiting, times = set(sockets), []
            while waiting:
                for key, _ in selector.select(10):
                    text = key.fileobj.recv(65536)
                    if mark in text and key.fileobj in waiting:
                        waiting.discard(key.fileobj)
                        times.append(time.monotonic())
            return times

        wait_for(b"200 OK")
        latencies = []
        writer = http.client.HTTPConnection("127.0.0.1", self.tresor.port)
        for i in range(rounds):
            begin = time.monotonic()
            sender = threading.Thread(target=lambda: self.tresor.call(
                "PATCH", path + "/watched", {"metadata": {"annotations": {"round": f"n{i}n"}}}, "application/merge-patch+json", writer))
            sender.start()
            latencies += [1000 * (t - begin) for t in wait_for(f"n{i}n".encode())]
            sender.join()
            time.sleep(0.2)
        for s in sockets:
            s.close()
        self.results["watch"] = {"watchers": count, "p50_ms": round(percentile(latencies, 0.5), 1), "p99_ms": round(percentile(latencies, 0.99), 1),
                                 "max_ms": round(max(latencies), 1)}
        say(json.dumps(self.results["watch"]))

    def list(self, name="list"):
        times, items = [], 0
        for _ in range(5):
            begin = time.monotonic()
            text = self.tresor.call("GET", "/apis/tresor.dev/v1/etcdbackups")
            times.append(1000 * (time.monotonic() - begin))
            items = text.count(b'"kind":"EtcdBackup"')
        self.results[name] = {"objects": items, "bytes": len(text), "median_ms": round(statistics.median(times), 1)}
        say(json.dumps(self.results[name]))

    def programs(self):
        """Ten thousand objects, without a schedule beside them."""
        for name in ("api_bench", "store_bench"):
            directory = os.path.join(self.directory, name)
            os.mkdir(directory)
            out = subprocess.run([f"{self.build}/bench/{name}", directory, "10000", "1000"], check=True, capture_output=True, text=True).stdout
            say(out)
            self.results[name] = out.splitlines()

    def burst(self):
        """The limit: every cluster at once, each with one backup by hand."""
        before, begin = self.tresor.metrics(), time.monotonic()
        done = ("tresor_backups_total", "completed")
        for i, _ in enumerate(self.ports):
            self.tresor.call("POST", f"/apis/tresor.dev/v1/namespaces/team-{i % PROJECTS}/etcdbackups",
                             {"apiVersion": "tresor.dev/v1", "kind": "EtcdBackup", "metadata": {"name": f"burst-{i:04}"}, "spec": {"cluster": {"name": f"c{i:04}"}}})
        asked = time.monotonic() - begin
        while self.tresor.metrics().get(done, 0) - before.get(done, 0) < len(self.ports) and time.monotonic() < begin + 180:
            time.sleep(0.5)
        wall = time.monotonic() - begin
        count = self.tresor.metrics().get(done, 0) - before.get(done, 0)
        self.results["limit"] = {"asked_in_s": round(asked, 1), "seconds": round(wall, 1), "backups": int(count), "backups_per_second": round(count / wall, 1),
                                 "clusters_every_minute": int(60 * count / wall)}
        say(json.dumps(self.results["limit"]))

    def fill(self):
        """As many backups of every cluster as people keep, all real; then the schedule once more."""
        pid, done = self.tresor.process.pid, ("tresor_backups_total", "completed")

        def count():
            return self.tresor.metrics().get(done, 0)

        def memory():
            time.sleep(5)
            return memory_mib(pid, "VmRSS"), memory_mib(pid, "RssAnon")

        resident, anonymous = memory()
        before, begin, asked = count(), time.monotonic(), 0
        for n in range(self.options.backups):
            for i, _ in enumerate(self.ports):
                self.tresor.call("POST", f"/apis/tresor.dev/v1/namespaces/team-{i % PROJECTS}/etcdbackups",
                                 {"apiVersion": "tresor.dev/v1", "kind": "EtcdBackup", "metadata": {"name": f"fill-{i:04}-{n:02}"},
                                  "spec": {"cluster": {"name": f"c{i:04}"}}})
                asked += 1
            while count() - before < asked - len(self.ports) and time.monotonic() < begin + self.options.fill_seconds:
                time.sleep(0.5)  # some wait, not all
            if time.monotonic() >= begin + self.options.fill_seconds:
                break
        while self.tresor.metrics().get(("tresor_backup_queue_waiting", None), 0) > 0 and time.monotonic() < begin + 2 * self.options.fill_seconds:
            time.sleep(0.5)
        wall = time.monotonic() - begin
        taken = count() - before
        full_resident, full_anonymous = memory()
        self.results["fill"] = {"asked": asked, "backups": int(taken), "seconds": round(wall), "backups_per_second": round(taken / wall, 1),
                                "rss_before_mib": round(resident), "rss_after_mib": round(full_resident),
                                "anonymous_before_mib": round(anonymous), "anonymous_after_mib": round(full_anonymous),
                                "anonymous_kib_per_backup": round(1024 * (full_anonymous - anonymous) / max(taken, 1), 1)}
        failed = [b["status"].get("message", "") for b in json.loads(self.tresor.call("GET", "/apis/tresor.dev/v1/etcdbackups"))["items"]
                  if b.get("status", {}).get("phase") == "Failed"]
        self.results["fill"]["failures"] = {text: failed.count(text) for text in sorted(set(failed))}
        say(json.dumps(self.results["fill"]))
        self.options.warm, self.options.seconds = 0, 60
        self.hold("schedule_full")
        self.list("list_full")

    def stop(self):
        if self.tresor:
            self.tresor.stop()
        if self.stub:
            self.stub.kill()
            self.stub.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="hold watch list burst fill programs (default: all but fill, which takes minutes)")
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--schedule", default="@every 1m")
    parser.add_argument("--keep", type=int, default=2, help="so small that old ones go while it is measured")
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--spread", type=float, default=60, help="seconds in which clusters are made")
    parser.add_argument("--warm", type=float, default=70, help="seconds between that and the measurement")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--backups", type=int, default=20, help="of each cluster, for fill")
    parser.add_argument("--fill-seconds", type=float, default=400, help="at most, for fill")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--keep-dir", action="store_true")
    parser.add_argument("--json", help="write the results here")
    options = parser.parse_args()
    parts = options.parts or ["hold", "watch", "list", "burst", "programs"]
    bench = Bench(options)
    try:
        if parts != ["programs"]:
            bench.start()
            bench.make_clusters()
        for part in parts:
            getattr(bench, part)()
    finally:
        bench.stop()
        if options.keep_dir:
            say(bench.directory)
        else:
            shutil.rmtree(bench.directory, ignore_errors=True)
    text = json.dumps(bench.results, indent=2)
    say(text)
    if options.json:
        with open(options.json, "w") as f:
            f.write(text + "\n")


if __name__ == "__main__":
    main()
