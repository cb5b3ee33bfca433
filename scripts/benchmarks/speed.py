"""How fast, and at what price: calls without delay, with 200 ms, with 2 s and a thousand at once."""

import math
import os
import re
import shutil

from benchmarks import muster, peers, processes
from benchmarks.measured import Measured, middle, say
from benchmarks.table import Goal, RunnerTable, amount

FLOOR = "curl multi in C, one process (floor)"
FORKED = "ref: processes forked from one warmed process"
AIOHTTP = "Python aiohttp + semaphore"


def throughput(bench):
    """2,000 calls without delay, 64 at a time, all runners in turns."""
    calls, at_once = 2000, 64
    table = RunnerTable(f"{calls:,} calls, no delay, {at_once} at a time")
    results = compare(bench, table, "now", calls, at_once, everyone(bench),
                      150 if bench.quick else 500)
    limit = wrk(bench, at_once)
    if limit:
        table.add([limit])
    ours, reference = results.get(muster.NAME), results.get(FORKED)
    if not ours:
        return [table]
    rate = middle(m.rate for m in ours)
    best_name, best = fastest_keeping(results)
    goals = [Goal("calls/s, no delay, 64 workers", f"{rate:,.0f}", "≥ 5,000", rate >= 5000,
                  f"best with results on file: {best_name} {best:,.0f}" if best else "")]
    if best:
        goals.append(Goal("the same, against the best peer that keeps results", f"{rate / best:.2f} ×",
                          "> 1 ×", rate > best, best_name))
    if reference:
        share = middle(a.rate / b.rate for a, b in zip(ours, reference))
        goals.append(Goal("the same, against the reference forked from one process", f"{share:.2f} ×",
                          "≥ 0.45 ×", share >= 0.45, f"{middle(m.rate for m in reference):,.0f} calls/s"))
    return [table, *goals]


def sustained(bench):
    """The same for longer, so that start and end count for little."""
    calls, at_once = (6000 if bench.quick else 20000), 64
    table = RunnerTable(f"{calls:,} calls, no delay, {at_once} at a time")
    chosen = [bench.muster.peer()] + [p for p in bench.peers.here if p.name in (FLOOR, FORKED, AIOHTTP)]
    compare(bench, table, "now", calls, at_once, chosen, calls)
    return [table]


def delay_200ms(bench):
    """64 at a time, each answered after 200 ms."""
    at_once, waves = 64, (8 if bench.quick else 32)
    calls, ideal = at_once * waves - (48 if waves == 32 else 0), 0.2 * waves
    table = RunnerTable(f"{calls:,} calls of 200 ms, {at_once} at a time (ideal {ideal:.1f} s)", ideal)
    results = compare(bench, table, "after-200ms", calls, at_once, everyone(bench), calls,
                      rounds=min(3, bench.rounds))
    ours = results.get(muster.NAME)
    if not ours:
        return [table]
    ratio, cpu = middle(m.wall for m in ours) / ideal, middle(m.cpu_per_call for m in ours)
    pool = results.get("Python multiprocessing.Pool + requests")
    against = f"Python pool: {middle(m.cpu_per_call for m in pool):,.0f} µs" if pool else ""
    return [table,
            Goal("200 ms × 64: wall", f"{ratio:.3f} × ideal", "≤ 1.03 × ideal", ratio <= 1.03),
            Goal("200 ms × 64: CPU a call", f"{cpu:,.0f} µs", "≤ 400 µs", cpu <= 400, against)]


def delay_2s(bench):
    """1,000 at a time, each answered after 2 s."""
    at_once, waves = 1000, (2 if bench.quick else 5)
    calls, ideal = at_once * waves, 2.0 * waves
    table = RunnerTable(f"{calls:,} calls of 2 s, {at_once:,} at a time (ideal {ideal:.1f} s)", ideal)
    chosen = [p for p in everyone(bench) if p.name != "curl -Z"]  # takes 300 at most
    if bench.quick:
        chosen = [p for p in chosen if p.name in (muster.NAME, FLOOR, FORKED, AIOHTTP)]
    few = [p for p in chosen if p.name in (muster.NAME, FLOOR, FORKED, AIOHTTP)]
    results = compare(bench, table, "after-2s", calls, at_once, chosen, calls, rounds=1)
    for _ in range(0 if bench.quick else min(3, bench.rounds) - 1):
        for peer in few:
            results[peer.name].append(bench.measure(peer, "after-2s", calls, at_once, 120))
    table.replace(results)
    ours = results.get(muster.NAME)
    if not ours:
        return [table]
    ratio, cpu = middle(m.wall for m in ours) / ideal, middle(m.cpu for m in ours)
    memory = middle(m.pss_kb for m in ours)
    pool = results.get("Python multiprocessing.Pool + requests")
    against = f"Python pool: {amount(pool[0].wall, 's')}, {amount(pool[0].cpu, 's')} CPU" if pool else ""
    goals = [Goal("2 s × 1,000 workers: wall", f"{ratio:.3f} × ideal", "≤ 1.10 × ideal", ratio <= 1.1,
                  against),
             Goal(f"2 s × 1,000 workers: CPU for {calls:,} calls", f"{cpu:.1f} s",
                  "" if bench.quick else "≤ 5 s", None if bench.quick else cpu <= 5)]
    if memory:
        goals.append(Goal("2 s × 1,000 workers: memory (PSS)", f"{memory / 1000:,.0f} MB", "≤ 450 MB",
                          memory <= 450000))
    return [table, *goals]


def everyone(bench):
    return [bench.muster.peer(), *bench.peers.here]


def compare(bench, table, kind, calls, at_once, chosen, slow_calls, rounds=None):
    """All in turns, then each once more for its memory. Slow peers take part in the first round."""
    results = {peer.name: [] for peer in chosen}
    for turn in range(rounds or bench.rounds):
        for peer in chosen:
            if peer.slow and turn > 0:
                continue
            count = min(calls, slow_calls) if peer.slow else calls
            measured = bench.measure(peer, kind, count, at_once, 180)
            say(f"    {peer.name}: {measured.rate:,.0f}/s, {measured.cpu_per_call:,.0f} µs a call, "
                f"{measured.wall:.2f} s")
            results[peer.name].append(measured)
    slow = "after-200ms" if kind == "now" else kind  # so that all are up when it is looked at
    for peer in chosen:
        memory = bench.measure(peer, slow, min(calls, 3 * at_once), at_once, 180, memory=True)
        for measured in results[peer.name]:
            measured.pss_kb = memory.pss_kb
    table.replace(results)
    return results


def fastest_keeping(results):
    """The best of those who keep their results, muster aside. Not the floor and the reference."""
    rates = {name: middle(m.rate for m in runs) for name, runs in results.items()
             if name not in (muster.NAME, FLOOR, FORKED, "curl -Z")}
    return max(rates.items(), key=lambda pair: pair[1], default=(None, None))


def wrk(bench, at_once):
    """What the upstream gives at most: nothing is read of the answers."""
    program = shutil.which("wrk")
    if not program:
        return None
    bench.upstream.forget()
    env = peers.environment(None, BENCH_BODY=str(bench.peers.body))
    seconds = 2 if bench.quick else 4
    ran = processes.run([program, f"-t{os.cpu_count()}", f"-c{at_once}", f"-d{seconds}s", "-s",
                         peers.RUNNERS / "post.lua", bench.upstream.url("now") + "/chat/completions"],
                        seconds + 20, env=env, log=bench.folder / "wrk.log")
    found = re.search(r"(\d+) requests in ([\d.]+)(m?s)", ran.tail(40))
    if not found or ran.exit_code != 0 or math.isclose(float(found[2]), 0):
        say(f"    wrk: did not work\n{ran.tail()}")
        return None
    calls = int(found[1])
    wall = float(found[2]) / (1000 if found[3] == "ms" else 1)
    return Measured("wrk (what the upstream gives)", calls, calls, 0, wall, ran.cpu)
