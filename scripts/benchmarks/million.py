"""A very long run on the mock, one call an item; and how soon a run of many items goes on.

The last items of the source go to a server that takes connections and never answers. When the first
of these comes, all others are done: then the run is stopped by two Ctrl+C. The same command, given
again, has only those items to do, as often as one likes.
"""

import json
import select
import signal
import socket
import time

from benchmarks import muster, peers, processes
from benchmarks.measured import middle, say
from benchmarks.table import Goal

WORKERS = 64
LEFT = 10  # items for the server that never answers
SMALL = 10000


def million(bench):
    """The long run, and going on with it."""
    with bench.workplace() as folder, Silent() as server:
        goals = long_run(bench, folder, server, bench.items)
        return goals + resume(bench, folder, server, bench.items, 1.0)


def resume_small(bench):
    """Going on with a run of 10,000 items."""
    with bench.workplace() as folder, Silent() as server:
        long_run(bench, folder, server, SMALL)
        return resume(bench, folder, server, SMALL, 0.1)


class Silent:
    """A server that takes connections, notes when, and never answers."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4 * LEFT)
        self._taken = []
        return self

    def __exit__(self, *_):
        self.forget()
        self._listener.close()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def forget(self):
        """Closes what was taken, and what nobody has taken."""
        while self.wait(0):
            pass
        for connection in self._taken:
            connection.close()
        self._taken = []

    def wait(self, seconds):
        """When the next connection came, seconds since 1970, or None."""
        if not select.select([self._listener], [], [], seconds)[0]:
            return None
        now = time.time()
        self._taken.append(self._listener.accept()[0])
        return now


def long_run(bench, folder, server, items):
    write_items(folder, server, items)
    memory = []  # of the supervisor: what it has, and the most it had; KB

    def watch(program):
        memory.append((processes.status_kb(program.pid, "VmRSS"),
                       processes.status_kb(program.pid, "VmHWM")))

    took, ran = until_called(bench, folder, server, 120 + items / 300, watch)
    with muster.Books(folder / "run") as books:
        done = books.done
    rss = [now for now, _ in memory if now]
    peak = max((most for _, most in memory if most), default=0)
    early = max(rss[:max(1, len(rss) // 10)], default=0)
    size = muster.ledger_bytes(folder / "run")
    rate = done / took if took else 0
    say(f"    {items} items: {took or 0:.1f} s, {rate:.0f}/s, peak {peak} KB, CPU {ran.cpu:.1f} s")
    name = f"{items:,} mock items, {WORKERS} workers"
    return [Goal(f"{name}: items/s", f"{rate:,.0f} ({done:,} in {took or 0:,.1f} s)", "≥ 5,000",
                 rate >= 5000, f"{1e6 * ran.cpu / max(1, done):,.0f} µs CPU an item"),
            Goal(f"{name}: peak memory of the supervisor", f"{peak / 1000:,.0f} MB", "≤ 64 MB, flat",
                 0 < peak <= 64000, f"{early / 1000:,.0f} MB in the first tenth"),
            Goal(f"{name}: ledger", f"{size / 1e6:,.0f} MB", "", None,
                 f"{size / max(1, done):,.0f} bytes an item")]


def write_items(folder, server, items):
    with open(folder / "items.jsonl", "w", encoding="ascii") as lines:
        for number in range(1, items + 1):
            model = "mock/gpt-5.1" if number <= items - LEFT else "bench/bench-model"
            lines.write(json.dumps({"id": f"{number:07}", "model": model}) + "\n")
    text = muster.config(server.base_url, "{jsonl: items.jsonl}", WORKERS, model="{{item.model}}")
    (folder / "bench.yaml").write_text(text, encoding="utf-8")


def until_called(bench, folder, server, seconds, watch=lambda _: None):
    """Runs it until the server is called, then stops it. Seconds until then, or None; the program."""
    server.forget()
    program = processes.Program(bench.muster.again(folder), cwd=folder, env=peers.environment(),
                                log=folder / "log")
    called, looked = None, 0.0
    try:
        while called is None and time.time() < program.began + seconds and not program.wait(0):
            called = server.wait(0.25)
            if time.time() > looked + 2.0:
                watch(program)
                looked = time.time()
        watch(program)
        if called is None:
            say(f"    no call came; exit code {program.exit_code}\n{program.tail()}")
        for _ in range(2):
            program.signal(signal.SIGINT)
            program.wait(0.5)
        program.wait(20)
    finally:
        program.end()
    return (called - program.began if called else None), program


def resume(bench, folder, server, items, goal):
    """From the start of the same command to its first call."""
    found, cpu = [], []
    for _ in range(3 if bench.quick else 5):
        took, ran = until_called(bench, folder, server, 120)
        if took is not None:
            found.append(took)
            cpu.append(ran.cpu)
            say(f"    resume at {items}: {1000 * took:.0f} ms, CPU {1000 * ran.cpu:.0f} ms")
    value = middle(found)
    return [Goal(f"resume at {items:,} items: start to first call",
                 "-" if value is None else f"{1000 * value:,.0f} ms", f"≤ {goal:g} s",
                 value is not None and value <= goal,
                 f"the first time {1000 * found[0]:,.0f} ms; CPU of a whole session "
                 f"{1000 * middle(cpu):,.0f} ms, the first {1000 * cpu[0]:,.0f}" if cpu else "")]
