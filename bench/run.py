#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tresor against its peers, in one run, as ratios. See bench/README.md."""
import argparse, json, os, re, resource, shutil, signal, socket, statistics, subprocess, sys, tempfile, threading, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def say(text):
    print(text, flush=True)


class Run:
    """One finished process: wall and CPU seconds, peak anonymous and resident memory in MiB, standard output."""

    def __init__(self, argv, env=None, stdin=None):
        out = tempfile.TemporaryFile()
        err = tempfile.TemporaryFile()
        start = time.monotonic()
        process = subprocess.Popen(argv, stdout=out, stderr=err, stdin=stdin or subprocess.DEVNULL, env=env)
        self.anon_mib = 0.0
        done = threading.Event()

        def watch():
            path = f"/proc/{process.pid}/status"
            while not done.wait(0.01):
                try:
                    with open(path) as status:
                        match = re.search(r"RssAnon:\s+(\d+) kB", status.read())
                except OSError:
                    return
                if match:
                    self.anon_mib = max(self.anon_mib, int(match.group(1)) / 1024)

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, code, usage = os.wait4(process.pid, 0)
        self.wall = time.monotonic() - start
        done.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(code)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.rss_mib = usage.ru_maxrss / 1024
        out.seek(0)
        err.seek(0)
        self.out = out.read().decode(errors="replace")
        self.err = err.read().decode(errors="replace")
        if process.returncode != 0:
            sys.exit(f"bench: failed ({process.returncode}): {' '.join(argv)}\n{self.out[-2000:]}{self.err[-2000:]}")


def median_ratio(pairs, figure):
    """Median over pairs of ours/theirs."""
    return statistics.median(getattr(a, figure) / getattr(b, figure) for a, b in pairs)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Etcd:
    """One real etcd member on loopback."""

    def __init__(self, binary, data, flags=(), fresh=True):
        self.data = data
        self.port, peer = free_port(), free_port()
        self.endpoint = f"127.0.0.1:{self.port}"
        self.log = open(data + ".log", "ab")
        argv = [binary, "--name", "m1", "--data-dir", data, "--listen-client-urls", f"http://{self.endpoint}",
                "--advertise-client-urls", f"http://{self.endpoint}", "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                "--quota-backend-bytes", str(16 << 30), "--log-level", "warn", *flags]
        if fresh:
            argv += ["--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster", f"m1=http://127.0.0.1:{peer}"]
        self.process = subprocess.Popen(argv, stdout=self.log, stderr=self.log)

    def wait_ready(self, seconds=120):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://{self.endpoint}/health", timeout=1) as answer:
                    if b'"true"' in answer.read():
                        return self
            except OSError:
                pass
            if self.process.poll() is not None:
                sys.exit(f"bench: etcd ended: see {self.log.name}")
            time.sleep(0.005)
        sys.exit("bench: etcd did not get ready")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def tree_bytes(path):
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(path) for f in files)


class Bench:
    def __init__(self, options):
        self.o = options
        self.tools = os.environ.get("TRESOR_TEST_TOOLS", os.path.join(ROOT, "build", "tools"))
        self.bin = os.path.join(ROOT, "build", options.preset)
        self.tresor = os.path.join(self.bin, "bin", "tresor")
        self.loadgen = os.path.join(self.bin, "bench", "loadgen")
        self.bound = os.path.join(self.bin, "bench", "record_bound")
        self.etcdctl = os.path.join(self.tools, "etcdctl-3.5")
        self.etcdutl = os.path.join(self.tools, "etcdutl-3.5")
        self.etcd = os.path.join(self.tools, "etcd-3.5")
        self.results = {"load": {"gib": options.gib, "churn": options.churn, "pairs": options.pairs}}
        os.makedirs(options.dir, exist_ok=True)
        self.dir = tempfile.mkdtemp(prefix="tresor-bench-", dir=options.dir)
        self.passphrase = self.path("passphrase")
        with open(self.passphrase, "w") as f:
            f.write("correct horse battery staple\n")
        os.chmod(self.passphrase, 0o600)
        os.environ["ETCDCTL_API"] = "3"
        self.server = None
        self.interval = 0

    def path(self, name):
        return os.path.join(self.dir, name)

    def wipe(self, *names):
        for name in names:
            shutil.rmtree(self.path(name), ignore_errors=True)
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))

    def fill(self, gib=None):
        gib = gib or self.o.gib
        data = self.path(f"source-{gib}")
        # Six writes a backend commit is what 100 ms of real time would see.
        self.server = Etcd(self.etcd, data, ["--unsafe-no-fsync", "--backend-batch-limit", "6" if not self.o.fast_fill else "1000",
                                             "--snapshot-count", "100000"]).wait_ready()
        start = time.monotonic()
        Run([self.loadgen, "base", "--endpoint", self.server.endpoint, "--scale", str(gib)])
        self.interval = 0
        self.churn()
        say(f"load: {gib} GiB, database {tree_bytes(data + '/member/snap') / 1e6:.0f} MB on disk, {time.monotonic() - start:.0f} s")

    def churn(self):
        Run([self.loadgen, "interval", "--endpoint", self.server.endpoint, "--scale", str(self.o.gib), "--churn", str(self.o.churn),
             "--number", str(self.interval)])
        self.interval += 1

    def stop(self):
        if self.server:
            self.server.stop()
            self.server = None

    def repo_flags(self, repo):
        return ["--repo", self.path(repo), "--passphrase-file", self.passphrase]

    def init(self, repo):
        self.wipe(repo)
        Run([self.tresor, "repo", "init", *self.repo_flags(repo)])

    def save(self, repo):
        return Run([self.tresor, "snapshot", "save", "--endpoints", self.server.endpoint, *self.repo_flags(repo), "--output", "json"])

    def etcdctl_save(self, name="peer.db"):
        self.wipe(name)
        return Run([self.etcdctl, "--endpoints", self.server.endpoint, "--command-timeout", "10m", "snapshot", "save", self.path(name)])

    def put(self, part, **figures):
        self.results.setdefault(part, {}).update(figures)
        for name, value in figures.items():
            say(f"  {part}.{name}: {value:.3f}" if isinstance(value, float) else f"  {part}.{name}: {value}")

    # --- parts -----------------------------------------------------------------------------------------------------

    def part_save(self):
        say("save: one interval of churn, then etcdctl and tresor in turn")
        self.init("save")
        self.save("save")
        pairs, anon = [], 0
        for pair in range(self.o.pairs):
            self.churn()
            if pair % 2:
                theirs = self.etcdctl_save()
                ours = self.save("save")
            else:
                ours = self.save("save")
                theirs = self.etcdctl_save()
            pairs.append((ours, theirs))
            anon = max(anon, ours.anon_mib)
            say(f"    tresor {ours.wall:.2f} s, {ours.cpu:.2f} CPU s; etcdctl {theirs.wall:.2f} s, {theirs.cpu:.2f} CPU s")
        self.put("save", wall_ratio=median_ratio(pairs, "wall"), cpu_ratio=median_ratio(pairs, "cpu"), peak_anon_mib=anon,
                 seconds=statistics.median(a.wall for a, _ in pairs), etcdctl_seconds=statistics.median(b.wall for _, b in pairs))
        before = tree_bytes(self.path("save"))
        self.save("save")
        self.save("save")
        self.put("save", unchanged_bytes=(tree_bytes(self.path("save")) - before) // 2)

    def part_first(self):
        say("first: a save into an empty repository")
        pairs, gzip_pairs, anon = [], [], 0
        for _ in range(self.o.pairs):
            self.init("first")
            theirs = self.etcdctl_save()
            ours = self.save("first")
            pairs.append((ours, theirs))
            anon = max(anon, ours.anon_mib)
            say(f"    tresor {ours.wall:.2f} s, {ours.cpu:.2f} CPU s; etcdctl {theirs.wall:.2f} s")
        for _ in range(1 if self.o.quick else 3):
            saved = self.etcdctl_save()
            zipped = Run(["gzip", "-kf", self.path("peer.db")])
            saved.wall += zipped.wall
            gzip_pairs.append((pairs[len(gzip_pairs)][0], saved))
        self.wipe("peer.db.gz")
        self.put("first", wall_ratio=median_ratio(pairs, "wall"), wall_ratio_gzip=median_ratio(gzip_pairs, "wall"), peak_anon_mib=anon,
                 seconds=statistics.median(a.wall for a, _ in pairs))

    def part_storage(self):
        count = self.o.backups
        say(f"storage: {count} backups one interval apart")
        self.init("storage")
        os.environ["RESTIC_PASSWORD"] = "x"
        restic = ["restic", "-q", "-r", self.path("restic")]
        self.wipe("restic", "bound")
        Run(restic + ["init"])
        gzip_bytes, gzip_count = 0, 0
        for number in range(count):
            if number:
                self.churn()
            self.save("storage")
            self.etcdctl_save("now.db")
            with open(self.path("now.db"), "rb") as snapshot:
                Run(restic + ["backup", "--stdin", "--stdin-filename", "snapshot.db"], stdin=snapshot)
            Run([self.bound, self.path("bound"), self.path("now.db")])
            if number % 5 == 0:
                Run(["gzip", "-kf", self.path("now.db")])
                gzip_bytes += os.path.getsize(self.path("now.db.gz"))
                gzip_count += 1
            say(f"    {number + 1}: tresor {tree_bytes(self.path('storage')) / 1e6:.1f} MB")
        ours = tree_bytes(self.path("storage"))
        with open(self.path("bound")) as f:
            bound = json.load(f)
        self.put("storage", tresor_bytes=ours, bound_bytes=bound["compressedBytes"], ratio_bound=ours / bound["compressedBytes"],
                 ratio_gzip=ours / (gzip_bytes / gzip_count * count), ratio_restic=ours / tree_bytes(self.path("restic")),
                 first_bytes=bound["firstBytes"], per_interval_bound=(bound["compressedBytes"] - bound["firstBytes"]) // max(1, count - 1))
        self.wipe("restic", "now.db.gz")

    def restore_flags(self, name="m1", peer="http://127.0.0.1:2380"):
        return ["--name", name, "--initial-cluster", f"{name}={peer}", "--initial-advertise-peer-urls", peer]

    def part_restore(self):
        say("restore: from the repository, etcdutl from the local file")
        if not os.path.exists(self.path("now.db")):
            self.init("storage")
            self.save("storage")
            self.etcdctl_save("now.db")
        pairs, threes, starts, anon = [], [], [], 0
        for pair in range(self.o.pairs):
            self.wipe("ours", "theirs", "t1", "t2", "t3")
            os.sync()
            theirs = Run([self.etcdutl, "snapshot", "restore", self.path("now.db"), "--data-dir", self.path("theirs"), *self.restore_flags()])
            os.sync()
            ours = Run([self.tresor, "snapshot", "restore", "latest", *self.repo_flags("storage"), "--data-dir", self.path("ours"), *self.restore_flags()])
            os.sync()
            members = [f"m{n}" for n in (1, 2, 3)]
            three = Run([self.tresor, "snapshot", "restore", "latest", *self.repo_flags("storage"), "--initial-cluster",
                         ",".join(f"{m}=http://127.0.0.1:{23800 + n}" for n, m in enumerate(members)),
                         *sum((["--member", f"{m}={self.path('t' + m[1])}"] for m in members), [])])
            pairs.append((ours, theirs))
            threes.append((three, ours))
            anon = max(anon, ours.anon_mib, three.anon_mib)
            first_read = []
            for data in ("ours", "theirs"):
                start = time.monotonic()
                server = Etcd(self.etcd, self.path(data), fresh=False).wait_ready()
                Run([self.etcdctl, "--endpoints", server.endpoint, "get", "/registry/namespaces/team-001", "--keys-only"])
                first_read.append(time.monotonic() - start)
                server.stop()
            starts.append((ours.wall + first_read[0]) / (theirs.wall + first_read[1]))
            say(f"    tresor {ours.wall:.2f} s (3 members {three.wall:.2f}), start {first_read[0]:.2f}; etcdutl {theirs.wall:.2f} s, start {first_read[1]:.2f}")
        self.put("restore", wall_ratio=median_ratio(pairs, "wall"), cpu_ratio=median_ratio(pairs, "cpu"), three_ratio=median_ratio(threes, "wall"),
                 to_first_read_ratio=statistics.median(starts), peak_anon_mib=anon, etcdutl_rss_mib=max(b.rss_mib for _, b in pairs),
                 seconds=statistics.median(a.wall for a, _ in pairs))
        self.wipe("ours", "theirs", "t1", "t2", "t3")

    def part_check(self):
        say("check, get")
        if not os.path.exists(self.path("storage")):
            self.init("storage")
            self.save("storage")
        checks = [Run([self.tresor, "repo", "check", "--read-data", *self.repo_flags("storage"), "--output", "json"]) for _ in range(3)]
        one = [Run([self.tresor, "snapshot", "check", "latest", *self.repo_flags("storage"), "--output", "json"]) for _ in range(3)]
        listing = json.loads(Run([self.tresor, "repo", "list", *self.repo_flags("storage"), "--output", "json"]).out)
        backups = listing["backups"] if isinstance(listing, dict) else listing
        image = backups[-1]["imageBytes"]
        cpu, one_cpu = statistics.median(c.cpu for c in checks), statistics.median(c.cpu for c in one)
        gets = [Run([self.tresor, "snapshot", "get", "latest", "/registry/namespaces/team-001", *self.repo_flags("storage"), "--output", "json"]) for _ in range(5)]
        # Without Argon2, which a passphrase costs every process on purpose: with a key file.
        key_file = self.path("key")
        with open(key_file, "wb") as f:
            f.write(os.urandom(32))
        os.chmod(key_file, 0o600)
        Run([self.tresor, "repo", "keys", "add", *self.repo_flags("storage"), "--new-key-file", key_file])
        by_file = [Run([self.tresor, "snapshot", "get", "latest", "/registry/namespaces/team-001", "--repo", self.path("storage"),
                        "--key-file", key_file, "--output", "json"]) for _ in range(5)]
        started = [Run([self.tresor, "version"]) for _ in range(5)]
        self.put("check", backups=len(backups), all_mb_per_core_second=image * len(backups) / 1e6 / cpu, one_mb_per_core_second=image / 1e6 / one_cpu,
                 peak_anon_mib=max(c.anon_mib for c in checks + one), seconds=statistics.median(c.wall for c in checks))
        self.put("get", milliseconds=1000 * statistics.median(g.wall for g in gets), key_file_milliseconds=1000 * statistics.median(g.wall for g in by_file),
                 process_milliseconds=1000 * statistics.median(g.wall for g in started))

    def part_retention(self):
        count, keep = self.o.intervals, 20
        say(f"retention: {count} intervals, keep {keep}, prune each time")
        self.init("retention")
        written = 0
        for number in range(count):
            self.churn()
            self.save("retention")
            Run([self.tresor, "repo", "forget", "--keep-last", str(keep), *self.repo_flags("retention")])
            written += json.loads(Run([self.tresor, "repo", "prune", *self.repo_flags("retention"), "--output", "json"]).out).get("writtenBytes", 0)
            if number >= count - keep:
                self.etcdctl_save("now.db")
                Run([self.bound, self.path("kept"), self.path("now.db")])
            if number % 20 == 19:
                say(f"    {number + 1}: {tree_bytes(self.path('retention')) / 1e6:.1f} MB, prune wrote {written / 1e6:.1f} MB so far")
        with open(self.path("kept")) as f:
            bound = json.load(f)["compressedBytes"]
        ours = tree_bytes(self.path("retention"))
        self.put("retention", intervals=count, tresor_bytes=ours, bound_bytes=bound, ratio=ours / bound, prune_written_bytes=written)

    def part_growth(self):
        say("growth")
        rows = []
        for gib in self.o.sizes:
            self.stop()
            self.o.gib = gib
            self.fill(gib)
            self.init("growth")
            first = self.save("growth")
            self.churn()
            size = tree_bytes(self.path("growth"))
            later = [self.save("growth")]
            added = tree_bytes(self.path("growth")) - size
            for _ in range(2):
                self.churn()
                later.append(self.save("growth"))
            self.wipe("ours")
            restore = Run([self.tresor, "snapshot", "restore", "latest", *self.repo_flags("growth"), "--data-dir", self.path("ours"), *self.restore_flags()])
            check = Run([self.tresor, "snapshot", "check", "latest", *self.repo_flags("growth")])
            image = tree_bytes(self.path("ours") + "/member/snap")
            row = {"gib": gib, "first_s": first.wall, "first_cpu_s": first.cpu, "save_s": statistics.median(r.wall for r in later),
                   "save_cpu_s": statistics.median(r.cpu for r in later), "added_bytes": added, "restore_s": restore.wall,
                   "check_s": check.wall, "restored_bytes": image,
                   "anon_mib": {"first": first.anon_mib, "save": max(r.anon_mib for r in later), "restore": restore.anon_mib, "check": check.anon_mib}}
            if gib >= 2:
                self.wipe("theirs")
                self.etcdctl_save("now4.db")
                theirs = Run([self.etcdutl, "snapshot", "restore", self.path("now4.db"), "--data-dir", self.path("theirs"), *self.restore_flags()])
                row["etcdutl_restore_s"], row["etcdutl_rss_mib"] = theirs.wall, theirs.rss_mib
            self.wipe("growth", "ours", "theirs", "now4.db")
            rows.append(row)
            say("    " + json.dumps({k: round(v, 2) if isinstance(v, float) else v for k, v in row.items()}))
        if len(rows) > 1:
            a, b = rows[0], rows[-1]
            factor = b["gib"] / a["gib"]
            self.put("growth", rows=rows, **{f"{k}_slope": (b[k] / a[k]) / factor for k in ("first_s", "first_cpu_s", "save_s", "save_cpu_s", "restore_s", "check_s")},
                     added_bytes_ratio=b["added_bytes"] / a["added_bytes"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="save first storage restore check retention growth (default: all but growth and retention)")
    parser.add_argument("--gib", type=float, default=1.0)
    parser.add_argument("--churn", type=float, default=1.0)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--backups", type=int, default=21)
    parser.add_argument("--intervals", type=int, default=200)
    parser.add_argument("--sizes", type=float, nargs="*", default=[0.25, 1.0, 4.0])
    parser.add_argument("--preset", default="release")
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--quick", action="store_true", help="fewer runs of slow peers")
    parser.add_argument("--fast-fill", action="store_true", help="large backend commits while filling: pages churn less than in real time")
    parser.add_argument("--json", help="write the results here")
    options = parser.parse_args()
    parts = options.parts or ["save", "first", "storage", "restore", "check"]
    bench = Bench(options)
    try:
        if parts != ["growth"]:
            bench.fill()
        for part in parts:
            getattr(bench, "part_" + part)()
    finally:
        bench.stop()
        shutil.rmtree(bench.dir, ignore_errors=True)
    text = json.dumps(bench.results, indent=2)
    say(text)
    if options.json:
        with open(options.json, "w") as f:
            f.write(text + "\n")


if __name__ == "__main__":
    main()
