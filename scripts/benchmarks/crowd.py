"""What a thousand workers cost: memory of each, the time until all are up, the time to be rid of
them; and how soon one worker asks."""

import signal
import time

from benchmarks import muster, peers, processes
from benchmarks.measured import middle, say
from benchmarks.table import Goal

MANY = 1000


def memory(bench):
    """PSS per worker at 64 and at 1,000: idle, over http, over https."""
    goals = []
    for workers in (64, MANY):
        for kind in ("idle", "http", "https"):
            found = memory_of(bench, workers, kind)
            if found is None:
                goals.append(Goal(f"PSS per worker, {workers:,}, {kind}", "not all came up"))
                continue
            per_worker, supervisor = found
            most = {"http": 400, "https": 700}.get(kind) if workers == MANY else None
            goals.append(Goal(f"PSS per worker, {workers:,}, {kind}", f"{per_worker / 1000:.2f} MB",
                              f"≤ {most / 1000} MB" if most else "",
                              per_worker <= most if most else None,
                              f"supervisor {supervisor / 1000:.0f} MB"))
    return goals


def memory_of(bench, workers, kind):
    """KB of PSS: of all but the supervisor, by worker; of the supervisor. Workers are idle (up, with an
    item, no request so far), or in their second call."""
    with bench.workplace() as folder:
        url = bench.upstream.url("after-2s" if workers == MANY else "after-200ms", kind == "https")
        text = (muster.config(url, workers, workers, model="mock/gpt-5.1", latency="60s")
                if kind == "idle" else muster.config(url, workers * 20, workers))
        env = peers.environment(None, **bench.upstream.trust)
        program = processes.Program(bench.muster.command(folder, text), cwd=folder, env=env,
                                    log=folder / "log")
        try:
            if not wait_for_workers(program, workers, 90):
                say(f"    memory {workers} {kind}: not all came up\n{program.tail()}")
                return None
            program.wait(1.0 if kind == "idle" else 3.2 if workers == MANY else 1.0)
            samples = []
            for _ in range(1 if workers == MANY else 5):
                tree = program.tree()
                count = sum(1 for p in tree if p.pid != program.pid)
                of_workers = sum(processes.pss_kb(p.pid) for p in tree if p.pid != program.pid)
                samples.append((of_workers / workers, processes.pss_kb(program.pid)))
                program.wait(0.1)
            say(f"    memory {workers} {kind}: {samples[-1][0]:.0f} KB a worker, {count} processes")
            return max(samples)
        finally:
            program.end()


def wait_for_workers(program, workers, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and program.ended is None:
        if len(program.tree()) > workers:
            return True
        program.wait(0.1)
    return False


def start(bench):
    """Time to the first request with one worker; to a thousand requests with a thousand."""
    ones = [bench.measure(bench.muster.peer(), "now", 1, 1, 30) for _ in range(3 * bench.rounds)]
    runs = bench.in_turns(
        [("http", lambda: bench.measure(bench.muster.peer(), "after-2s", MANY, MANY, 120)),
         ("https", lambda: bench.measure(bench.muster.peer(), "after-2s", MANY, MANY, 120, tls=True))],
        rounds=min(3, bench.rounds))
    http, https = runs["http"], runs["https"]
    return [up_by("time to the first request, 1 worker", ones, "first", 0.020),
            up_by("time to the first request, 1,000 workers", http, "first"),
            up_by("time to the 1,000th request of 1,000 workers, http", http, "all_up", 1.0),
            up_by("the same over https (with 1,000 handshakes)", https, "all_up", 2.0)]


def up_by(name, runs, what, goal=None):
    value = middle(getattr(run, what) for run in runs)
    met = value is not None and value <= goal if goal else None
    return Goal(name, "-" if value is None else f"{1000 * value:,.0f} ms",
                f"≤ {1000 * goal:,.0f} ms" if goal else "", met,
                f"CPU of the whole run {1000 * middle(run.cpu for run in runs):,.0f} ms")


def stop(bench):
    """From the second Ctrl+C to the end of the supervisor, with a thousand calls in the air."""
    times, last = [], []
    for _ in range(min(3, bench.rounds)):
        taken = stop_once(bench)
        if taken:
            times.append(taken[0])
            last.append(taken[1])
    value = middle(times)
    if value is None:
        return [Goal("stop of 1,000 workers, second Ctrl+C", "not all came up", "≤ 0.5 s", False)]
    return [Goal("stop of 1,000 workers, second Ctrl+C", f"{1000 * value:,.0f} ms", "≤ 0.5 s",
                 value <= 0.5, f"the last process gone after {1000 * middle(last):,.0f} ms")]


def stop_once(bench):
    with bench.workplace() as folder:
        text = muster.config(bench.upstream.url("after-60s"), MANY, MANY)
        program = processes.Program(bench.muster.command(folder, text), cwd=folder,
                                    env=peers.environment(), log=folder / "log")
        try:
            deadline = time.monotonic() + 90
            while connections(bench.upstream.port) < MANY:
                if time.monotonic() > deadline or program.wait(0.1):
                    say(f"    stop: not all came up\n{program.tail()}")
                    return None
            program.signal(signal.SIGINT)
            if program.wait(0.5):
                say(f"    stop: ended at the first Ctrl+C\n{program.tail()}")
                return None
            known = {(p.pid, p.started) for p in program.tree()}
            asked = time.time()
            program.signal(signal.SIGINT)
            if not program.wait(20):
                return None
            while known & {(p.pid, p.started) for p in processes.all_processes()}:
                if time.time() > asked + 20:
                    break
            return program.ended - asked, time.time() - asked
        finally:
            program.end()


def connections(port):
    """Established ones that the upstream has at its port."""
    wanted = f":{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    return sum(row[1].endswith(wanted) and row[3] == "01" for row in rows[1:])
