"""What a server's own limit does, and what SIGKILL leaves."""

import shutil
import signal

from benchmarks import muster, peers, processes, upstream
from benchmarks.measured import middle, say
from benchmarks.table import Goal


def limit(bench):
    """2,000 calls at an upstream that answers 429 beyond 200/s and a burst of 50."""
    calls = 1000 if bench.quick else 2000
    ideal = (calls - upstream.LIMIT_BURST) / upstream.LIMIT_PER_SECOND
    ours = [("limit written as min_delay: 5ms", "{concurrency: 64, min_delay: 5ms}", True),
            ("limit written as 200 requests per 1 s",
             "{concurrency: 64, rates: [{per: 1s, requests: 200}]}", False),
            ("no limit written", "{concurrency: 64}", False),
            ("nothing written", "{learn: true}", False)]
    runs = [(f"muster, {name}", bench.muster.peer(f"muster, {name}", limits), judged)
            for name, limits, judged in ours]
    if shutil.which("xargs") and shutil.which("curl"):
        runs.append(("xargs -P + curl --retry", retrying_curl(bench), False))
    results = bench.in_turns([(name, lambda peer=peer: limited(bench, peer, calls))
                              for name, peer, _ in runs], rounds=1 if bench.quick else 2)
    goals = []
    for name, _, judged in runs:
        found = results[name]
        answered = min(m.answered for m in found)
        times = middle(m.wall for m in found) / ideal
        share = middle(m.refused / max(1, m.refused + m.answered) for m in found)
        well = answered == calls and times <= 1.05 and share < 0.02
        goals.append(Goal(f"server limit of 200/s: {name}",
                          f"{answered:,} of {calls:,} answered, {times:.3f} × ideal, "
                          f"{100 * share:.1f} % 429s",
                          "all, ≤ 1.05 × ideal, < 2 % 429s" if judged else "", well if judged else None))
    return goals


def limited(bench, peer, calls):
    measured = bench.measure(peer, "limited", calls, 64, 90)
    say(f"    {peer.name}: {measured.answered} answered, {measured.refused} refused, "
        f"{measured.wall:.2f} s")
    return measured


def retrying_curl(bench):
    # To standard output: curl 7.88 fails where it is to begin /dev/null again.
    words = "-sS -m 120 --retry 20 -H Content-Type:application/json"
    return peers.Peer(
        "xargs -P + curl --retry",
        lambda job: ["sh", "-c", f"seq {job.calls} | xargs -P {job.at_once} -I N "
                                 f"curl {words} -d @{bench.peers.body} '{job.url}?call=N' >/dev/null 2>&1"])


def kill(bench):
    """SIGKILL after 3 s of 200 ms × 64: what of the upstream's answers is kept."""
    goals = []
    ours = [kill_muster(bench) for _ in range(bench.rounds)]
    kept = sum(k for k, _, _, _ in ours)
    answered = sum(a for _, a, _, _ in ours)
    lost = sum(lost for _, _, lost, _ in ours)
    again = sum(again for _, _, _, again in ours)
    goals.append(Goal("answers kept after SIGKILL at 3 s", f"{kept:,} of {answered:,}",
                      "all that were shown", lost == 0,
                      f"shown and not kept: {lost}; asked again though kept: {again}"))
    for peer in bench.peers.here:
        if peer.keeps_results:
            kept, answered = kill_peer(bench, peer)
            goals.append(Goal(f"the same, {peer.name}", f"{kept:,} of {answered:,}"))
    return goals


def kill_muster(bench):
    """(kept, answered before the kill, shown and not kept, asked again though kept)."""
    calls, at_once = 1600, 64
    peer = bench.muster.peer()
    bench.upstream.forget()
    with bench.workplace() as folder:
        job = peers.Job(bench.upstream.url("after-200ms") + "/chat/completions", calls, at_once, folder)
        killed = start_and_kill(peer, job, 3.0)
        shown = set(muster.shown(folder / "run" / "answers.jsonl"))
        with muster.Books(folder / "run") as books:
            kept, done = books.answers, books.done_ids()
        answered = sum(r.status == 200 and r.answered <= killed for r in bench.upstream.requests())
        bench.upstream.forget()
        ran = processes.run(bench.muster.again(folder), 60, env=peers.environment(peer), cwd=folder,
                            log=folder / "log")
        resumed = sum(r.status == 200 for r in bench.upstream.requests())
        if ran.exit_code != 0:
            say(f"    kill: going on ended with {ran.exit_code}\n{ran.tail()}")
        return kept, answered, len(shown - done), max(0, resumed - (calls - kept))


def kill_peer(bench, peer):
    bench.upstream.forget()
    with bench.workplace() as folder:
        job = peers.Job(bench.upstream.url("after-200ms") + "/chat/completions", 2000, 64, folder)
        killed = start_and_kill(peer, job, 3.0)
        kept = len(muster.shown(folder / "results"))
        return kept, sum(r.status == 200 and r.answered <= killed for r in bench.upstream.requests())


def start_and_kill(peer, job, seconds):
    """When it was killed, seconds since 1970. Its children get a moment to see it."""
    program = processes.Program(peer.command(job), cwd=job.folder, env=peers.environment(peer),
                                log=job.folder / "log")
    try:
        if program.wait(seconds):
            raise RuntimeError(f"{peer.name} ended before it was killed:\n{program.tail()}")
        program.signal(signal.SIGKILL)
        program.wait(5)
        return program.ended
    finally:
        program.end(patience=2)
