"""The fake provider as a process that the nodes can reach, and what it wrote into its books."""

import collections
import json
import subprocess
import urllib.request

from cluster.cluster import until

KEY = "sk-cluster"


class Provider:
    """Prices are those of gpt-5.1, so that money can be compared, too."""

    def __init__(self, cluster, latency_ms=100, name="provider"):
        self.program = cluster.bin / "fake-provider"
        self.books = cluster.folder / f"{name}.jsonl"
        self.port_file = cluster.folder / f"{name}.port"
        self.log = cluster.folder / f"{name}.log"
        self.address, self.port = cluster.address, 0
        self.start(latency_ms)

    def start(self, latency_ms):
        """Again after stop(): at the same port, with the same books."""
        self.port_file.unlink(missing_ok=True)
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.program, "--address", self.address, f"--port={self.port}", "--no-fsync",
                 f"--key={KEY}", f"--books={self.books}", f"--port-file={self.port_file}",
                 f"--latency-ms={latency_ms}"], stdout=log, stderr=log)
        if not until(self.port_file.exists):
            raise RuntimeError(f"the fake provider did not start: {self.log.read_text()}")
        self.port = int(self.port_file.read_text())

    def settings(self):
        return ["--set", "model=openai/gpt-5.1",
                "--set", f"providers.openai.base_url=http://{self.address}:{self.port}/v1",
                "--set", "providers.openai.insecure_http=true"]

    def answered(self):
        """How many answers went out so far."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{self.address}:{self.port}/_books", timeout=10) as reply:
            return json.load(reply)["billed_count"]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def bills(self):
        """By the hash of the request's body: the bills for it."""
        bodies, bills = {}, collections.defaultdict(list)
        for line in self.books.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["event"] == "asked":
                bodies[event["n"]] = event["body_sha256"]
            elif event["event"] == "billed":
                bills[bodies[event["n"]]].append(event)
        return bills
