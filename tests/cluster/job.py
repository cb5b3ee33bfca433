"""A run of the transcripts config on a cluster: its config, its process, its ledger."""

import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time

from cluster.cluster import PATIENCE, until
from cluster.provider import KEY

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Short, so that a loss is seen within seconds.
TIMES = """
guard: {worker_silence: 4s, worker_deaths: 20}
retry: {base: 100ms, most: 1s}
limits: {time: {connect: 3s, first_byte: 5s, between_bytes: 5s, base: 10s}}
"""


def pool(**settings):
    """A pool in YAML's short form."""
    def text(value):
        if isinstance(value, list):
            return "[" + ", ".join(f'"{word}"' for word in value) + "]"
        return str(value)
    return "{" + ", ".join(f"{name}: {text(value)}" for name, value in settings.items()) + "}"


class Job:
    """The config is a copy, with `pools` in the place of `workers` and whatever is `more`."""

    def __init__(self, cluster, pools, provider=None, name="job", more=TIMES, items=14, config=None):
        self.cluster, self.provider, self.items = cluster, provider, items
        self.folder = cluster.folder / name
        self.config = self.folder / "transcripts.yaml"
        self.run_dir = self.folder / "run"
        self.processes = []
        shutil.copytree(ROOT / "configs" / "transcripts", self.folder)
        if items > 14:
            subprocess.run(["python3", self.folder / "make-personas.py", f"--count={items}",
                            f"--out={self.folder / 'more'}"], check=True, timeout=60,
                           stdout=subprocess.DEVNULL)
            shutil.rmtree(self.folder / "personas")
            (self.folder / "more").rename(self.folder / "personas")
        text = config if config is not None else self.config.read_text(encoding="utf-8")
        lines = "pools:\n" + "".join(f"  - {one}\n" for one in pools) if pools else "workers: 4\n"
        self.config.write_text(text.replace("workers: 4\n", lines) + more, encoding="utf-8")

    # ---- the process ----

    def words(self, *more):
        """The command line of muster."""
        settings = self.provider.settings() if self.provider else []
        return [str(word) for word in (self.cluster.bin / "muster", "run", self.config,
                                       "--run", self.run_dir, *settings, *more)]

    def environment(self):
        return {**self.cluster.environment(), "OPENAI_API_KEY": KEY,
                "MUSTER_DATA": str(ROOT / "configs")}

    def start(self, *more, command=None):
        """Its own session, as a terminal's foreground group: Ctrl+C goes to all in it."""
        self.log = self.folder / f"log.{len(self.processes) + 1}"
        with open(self.log, "w", encoding="utf-8") as log:
            process = subprocess.Popen(command or self.words(*more), stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, env=self.environment(),
                                       start_new_session=True)
        self.processes.append(process)
        return self

    def interrupt(self):
        os.killpg(self.processes[-1].pid, signal.SIGINT)

    def kill(self):
        self.processes[-1].kill()
        self.processes[-1].wait(PATIENCE)

    def wait(self, seconds=60):
        """Its exit code; killed, with an error, when it takes too long."""
        try:
            return self.processes[-1].wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"muster did not end within {seconds} s; {self.said()}") from None

    def run(self, *more, seconds=60):
        return self.start(*more).wait(seconds)

    def said(self, last=1500):
        return self.log.read_text(encoding="utf-8", errors="replace")[-last:]

    # ---- what it does ----

    def is_under_way(self, answers=20):
        """Waits until so many calls were answered, and every pool has had time to take part."""
        found = until(lambda: self.provider.answered() >= answers, PATIENCE)
        if not found:
            raise RuntimeError(f"no {answers} answers within {PATIENCE} s; {self.said()}")

    def busy_worker(self, node):
        """A worker on this node that has been at work for a moment."""
        if not until(lambda: self.cluster.workers(node)):
            raise RuntimeError(f"no worker on {node}; {self.said()}")
        time.sleep(0.3)
        return self.cluster.workers(node)[0]

    # ---- what it left ----

    def ledger(self):
        """A copy of its ledger, opened. Whoever reads the original could change its log."""
        copy = self.folder / "ledger"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in ("ledger.sqlite", "ledger.sqlite-wal"):
            if (self.run_dir / name).exists():
                shutil.copy(self.run_dir / name, copy / name)
        database = sqlite3.connect(copy / "ledger.sqlite")
        database.row_factory = sqlite3.Row
        return database

    def outputs(self):
        return {path.name: path.read_bytes() for path in (self.run_dir / "transcripts").glob("*")}

    def nodes(self):
        """On which nodes attempts were done, and how many on each."""
        rows = self.ledger().execute("SELECT node, count(*) AS n FROM attempts WHERE outcome = 'done'"
                                     " GROUP BY node")
        return {row["node"]: row["n"] for row in rows}
