"""What durability and the live view cost: the same run with and without, in turns."""

from benchmarks.measured import middle, say
from benchmarks.table import Goal

CALLS, AT_ONCE = 4000, 64


def durability(bench):
    """The ledger at synchronous=FULL against a preloaded fsync that does nothing."""
    shim = bench.peers.compile("no_fsync.c", "-shared", "-fPIC")
    if not shim:
        return [Goal("cost of synchronous=FULL", "a C compiler is missing")]
    full, without = bench.muster.peer("full"), bench.muster.peer("no fsync", LD_PRELOAD=str(shim))
    results = bench.in_turns([("full", lambda: run(bench, full)), ("off", lambda: run(bench, without))],
                             rounds=max(3, bench.rounds))
    return cost_of("cost of the ledger's FULL (fsync against none, by a preloaded library)",
                   results["full"], results["off"], 0.15)


def live_view(bench):
    """On a terminal of 120 × 40 against output into a file."""
    peer = bench.muster.peer()
    results = bench.in_turns([("live", lambda: run(bench, peer, terminal=True)),
                              ("plain", lambda: run(bench, peer))], rounds=max(3, bench.rounds))
    return cost_of("cost of the live view", results["live"], results["plain"], 0.02)


def run(bench, peer, terminal=False):
    calls = CALLS // 2 if bench.quick else CALLS
    measured = bench.measure(peer, "now", calls, AT_ONCE, 120, terminal=terminal)
    say(f"    {peer.name}{' live' if terminal else ''}: {measured.rate:,.0f}/s, "
        f"{measured.cpu_per_call:,.0f} µs a call")
    return measured


def cost_of(name, with_it, without, goal):
    """Shares of throughput and of CPU time, medians over pairs of runs that followed each other."""
    pairs = list(zip(with_it, without))
    lost = 1 - middle(a.rate / b.rate for a, b in pairs)
    more = middle(a.cpu_per_call / b.cpu_per_call for a, b in pairs) - 1
    return [Goal(name, f"{100 * lost:.1f} % of throughput", f"≤ {100 * goal:.0f} %", lost <= goal,
                 f"CPU {100 * more:+.1f} %")]
