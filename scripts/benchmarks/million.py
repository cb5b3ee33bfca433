"""A very long run on the mock, one call an item; and how soon a run of many items goes on."""

import json

from benchmarks import muster, peers, processes
from benchmarks.measured import middle, say
from benchmarks.table import Goal

WORKERS = 64
LEFT = 10  # items for each time that the run is gone on with
SMALL = 10000


def million(bench):
    """The long run, then the resumes of it; a short run and its resumes."""
    goals = []
    with bench.workplace() as folder:
        goals += long_run(bench, folder, bench.items)
        goals += resume(bench, folder, bench.items, 1.0)
    return goals


def resume_small(bench):
    with bench.workplace() as folder:
        long_run(bench, folder, SMALL)
        return resume(bench, folder, SMALL, 0.1)


def times(bench):
    return 3 if bench.quick else 5


def long_run(bench, folder, items):
    """All but the last few items, on the mock. Those are kept for going on with."""
    write_items(bench, folder, items)
    first = items - LEFT * times(bench)
    memory = []  # of the supervisor: what it has, and the most it had; KB

    def watch(program):
        memory.append((processes.status_kb(program.pid, "VmRSS"),
                       processes.status_kb(program.pid, "VmHWM")))

    ran = processes.run(bench.muster.again(folder, "--limit", first), 120 + items / 300, watch, every=2.0,
                        env=peers.environment(), cwd=folder, log=folder / "log")
    with muster.Books(folder / "run") as books:
        done = books.done
    rate = done / ran.wall
    rss = [now for now, _ in memory if now]
    peak = max((most for _, most in memory if most), default=0)
    early = max(rss[:max(1, len(rss) // 10)], default=0)
    if ran.exit_code != 0:
        say(f"    {items} items: exit code {ran.exit_code}\n{ran.tail()}")
    size = muster.ledger_bytes(folder / "run")
    say(f"    {items} items: {ran.wall:.1f} s, {rate:.0f}/s, peak {peak} KB, CPU {ran.cpu:.1f} s")
    name = f"{items:,} mock items, {WORKERS} workers"
    return [Goal(f"{name}: items/s", f"{rate:,.0f} ({done:,} in {ran.wall:,.1f} s)", "≥ 5,000",
                 rate >= 5000, f"{1e6 * ran.cpu / max(1, done):,.0f} µs CPU an item"),
            Goal(f"{name}: peak memory of the supervisor", f"{peak / 1000:,.0f} MB", "≤ 64 MB, flat",
                 0 < peak <= 64000, f"{early / 1000:,.0f} MB in the first tenth"),
            Goal(f"{name}: ledger", f"{size / 1e6:,.0f} MB", "", None,
                 f"{size / max(1, done):,.0f} bytes an item")]


def write_items(bench, folder, items):
    """The last items go to the upstream, whose log says when the first call came."""
    real = LEFT * times(bench)
    with open(folder / "items.jsonl", "w", encoding="ascii") as lines:
        for number in range(1, items + 1):
            model = "mock/gpt-5.1" if number <= items - real else "bench/bench-model"
            lines.write(json.dumps({"id": f"{number:07}", "model": model}) + "\n")
    text = muster.config(bench.upstream.url("now"), "{jsonl: items.jsonl}", WORKERS,
                         model="{{item.model}}")
    (folder / "bench.yaml").write_text(text, encoding="utf-8")


def resume(bench, folder, items, goal):
    """From the start of the same command to the arrival of its first call."""
    found, cpu = [], []
    for turn in range(1, times(bench) + 1):
        bench.upstream.forget()
        limit = items - LEFT * (times(bench) - turn)
        ran = processes.run(bench.muster.again(folder, "--limit", limit), 120, cwd=folder,
                            env=peers.environment(), log=folder / "log")
        requests = bench.upstream.requests()
        if not requests:
            say(f"    resume at {items}: no call came; exit code {ran.exit_code}\n{ran.tail()}")
            continue
        found.append(requests[0].arrived - ran.began)
        cpu.append(ran.cpu)
        say(f"    resume at {items}: {1000 * found[-1]:.0f} ms, {ran.wall:.2f} s in all")
    value = middle(found)
    return [Goal(f"resume at {items:,} items: start to first call",
                 "-" if value is None else f"{1000 * value:,.0f} ms", f"≤ {goal:g} s",
                 value is not None and value <= goal,
                 f"CPU of the whole session {1000 * middle(cpu):,.0f} ms" if cpu else "")]
