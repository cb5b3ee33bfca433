"""muster as one of the runners, and its books as a reader finds them.

Nothing is switched off: ledger with synchronous=FULL, prices, budgets, the limiter, a growing output
file. Told of the upstream is what peers are told too: how many calls may be in the air.
"""

import json
import pathlib
import shutil
import sqlite3
import tempfile

from benchmarks import peers

NAME = "muster"
DONE = 3  # ItemStatus

CONFIG = """\
name: bench
items: {items}
providers:
  bench:
    api: openai-chat
    base_url: {base_url}
    stream: never
    prices: {{bench-model: {{input: 0.10, output: 0.40}}}}
    limits: {limits}
  mock: {{api: mock, mock: {{latency: {latency}}}, limits: {{concurrency: {workers}}}}}
workers: {workers}
steps:
  - id: ask
    chat:
      model: "{model}"
      system: You are a helpful assistant. Answer in one sentence.
      user: "What is known about the number {{{{item.id}}}}?"
      max_tokens: 256
    mock: "Forty-two has been called the answer to life, the universe and everything."
outputs:
  - {{jsonl: answers.jsonl, columns: [id: item.id, text: ask.text]}}
"""


def config(base_url, items, workers, limits=None, model="bench/bench-model", latency="0s"):
    """items: a number, or what the config says under `items`."""
    if isinstance(items, int):
        items = f"{{range: {{from: 1, to: {items}}}}}"
    return CONFIG.format(base_url=base_url, items=items, workers=workers, model=model, latency=latency,
                         limits=limits or f"{{concurrency: {workers}}}")


class Muster:
    """The programs of one build."""

    def __init__(self, programs):
        self.program = pathlib.Path(programs) / "muster"

    def peer(self, name=NAME, limits=None, **env):
        """As a runner among the others."""
        def command(job):
            base_url = job.url.removesuffix("/chat/completions")
            text = config(base_url, job.calls, job.at_once, limits)
            return self.command(job.folder, text)

        return peers.Peer(name, command, keeps_results=True, env=env)

    def command(self, folder, text, *more):
        """A run in folder/run, of this config."""
        (folder / "bench.yaml").write_text(text, encoding="utf-8")
        return self.again(folder, *more)

    def again(self, folder, *more):
        return [self.program, "run", folder / "bench.yaml", "--run", folder / "run", *more]


class Books:
    """A copy of a run's ledger, which may be that of a killed run: its readers change nothing."""

    def __init__(self, run):
        self.run = pathlib.Path(run)
        self._copy = pathlib.Path(tempfile.mkdtemp(prefix="books-", dir=self.run.parent))
        for suffix in ("", "-wal"):
            source = self.run / f"ledger.sqlite{suffix}"
            if source.exists():
                shutil.copy(source, self._copy)
        self._database = sqlite3.connect(self._copy / "ledger.sqlite")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._database.close()
        shutil.rmtree(self._copy, ignore_errors=True)

    def count(self, query):
        return self._database.execute(query).fetchone()[0]

    @property
    def done(self):
        return self.count(f"SELECT count(*) FROM items WHERE status = {DONE}")

    @property
    def answers(self):
        return self.count("SELECT count(*) FROM calls WHERE answer IS NOT NULL")

    def done_ids(self):
        rows = self._database.execute(f"SELECT id FROM items WHERE status = {DONE}")
        return {row[0] for row in rows}


def shown(results):
    """The ids in a results file as a reader finds it: of whole lines."""
    path = pathlib.Path(results)
    if not path.exists():
        return []
    text = path.read_bytes()
    lines = text[:text.rfind(b"\n") + 1].splitlines()
    return [str(json.loads(line)["id"]) for line in lines]


def ledger_bytes(run):
    return sum(path.stat().st_size for path in pathlib.Path(run).glob("ledger.sqlite*"))
