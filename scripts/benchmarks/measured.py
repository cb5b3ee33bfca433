"""One run of a runner against the upstream, in numbers; and what several runs have in common."""

import contextlib
import dataclasses
import pathlib
import shutil
import statistics
import sys
import tempfile

from benchmarks import muster, peers, processes, upstream


@dataclasses.dataclass
class Measured:
    """Seconds and kilobytes. What could not be seen is None."""

    name: str
    calls: int
    answered: int  # with 200, by the upstream's log
    refused: int  # with 429
    wall: float
    cpu: float
    first: float = None  # from start to the arrival of the first request
    all_up: float = None  # to the arrival of as many as may be in the air
    pss_kb: int = None
    ended_well: bool = True
    note: str = ""

    @property
    def rate(self):
        return self.answered / self.wall

    @property
    def cpu_per_call(self):
        """Microseconds."""
        return 1e6 * self.cpu / max(1, self.answered)


@dataclasses.dataclass
class Bench:
    """What all measures share: the one upstream, the peers, muster, and how much is done."""

    folder: pathlib.Path
    upstream: upstream.Upstream
    peers: peers.Peers
    muster: muster.Muster
    quick: bool
    rounds: int
    items: int  # of the mock run

    @contextlib.contextmanager
    def workplace(self):
        """A folder for one run."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def measure(self, peer, kind, calls, at_once, limit, memory=False, terminal=False, tls=False):
        """Lets a runner make so many calls. With `memory` its speed is not to be used: looking at
        the memory of a thousand processes takes time."""
        self.upstream.forget()
        with self.workplace() as folder:
            url = self.upstream.url(kind, tls) + "/chat/completions"
            job = peers.Job(url, calls, at_once, folder)
            trust = self.upstream.trust if tls else {}
            env = peers.environment(peer, TERM="xterm-256color", **trust)
            watch = (lambda program: program.look()) if memory else None
            ran = processes.run(peer.command(job), limit, watch, every=0.05 if at_once < 500 else 1.0,
                                env=env, cwd=folder, log=None if terminal else folder / "log",
                                terminal=terminal)
            return self.understood(peer, ran, calls, at_once)

    def understood(self, peer, ran, calls, at_once):
        requests = self.upstream.requests()
        answered = sum(request.status == 200 for request in requests)
        arrived = [request.arrived - ran.began for request in requests]
        measured = Measured(peer.name, calls, answered, sum(r.status == 429 for r in requests),
                            ran.wall, ran.cpu, ended_well=ran.exit_code == 0)
        if arrived:
            measured.first = arrived[0]
        if len(arrived) >= at_once:
            measured.all_up = arrived[at_once - 1]
        if ran.peak_pss_kb:
            measured.pss_kb = ran.peak_pss_kb
        if ran.exit_code is None:
            measured.note = "stopped at its time limit"
        elif ran.exit_code or answered != calls:
            measured.note = f"exit code {ran.exit_code}, {answered} of {calls} answered"
        if measured.note:
            say(f"    {peer.name}: {measured.note}\n{ran.tail()}")
        return measured

    def in_turns(self, runs, rounds=None):
        """runs: (name, function) pairs. Calls them A B C A B C …; lists of results by name."""
        results = {name: [] for name, _ in runs}
        for _ in range(rounds or self.rounds):
            for name, run in runs:
                results[name].append(run())
        return results


def middle(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def say(text):
    print(text, file=sys.stderr, flush=True)
