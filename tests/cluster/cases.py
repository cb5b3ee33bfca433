"""Cases: a function each, run one after the other, each on a cluster of its own; a line for each."""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import sys
import time
import traceback

from cluster.audit import Audit
from cluster.cluster import Cluster, until
from cluster.job import Job, pool
from cluster.provider import Provider

LEASE = 5  # seconds
NODES = ["node1", "node2", "node3"]


class Failed(Exception):
    """A case did not come out as it must; says why."""


class Skipped(Exception):
    """A case cannot be tried here; says why."""


class Scene:
    """What a case works with. `carrier` names what carries the protocol to the nodes: srun or ssh."""

    _references = {}

    def __init__(self, mode, programs, carrier):
        self.mode, self.programs, self.carrier = mode, programs, carrier
        self._stack = contextlib.ExitStack()
        self.cluster = self.provider = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def up(self, provider=True, latency_ms=100, **settings):
        settings.setdefault("slurm", self.carrier == "srun")
        settings.setdefault("ssh", self.carrier == "ssh")
        self.cluster = self._stack.enter_context(Cluster(self.mode, self.programs, **settings))
        if provider:
            self.provider = self._new_provider(latency_ms)
        return self

    def _new_provider(self, latency_ms, name="provider"):
        provider = Provider(self.cluster, latency_ms, name)
        self._stack.callback(provider.stop)
        return provider

    def launch(self, *more):
        return self.cluster.srun(*more) if self.carrier == "srun" else self.cluster.ssh(*more)

    def pool(self, workers=6, nodes=None, launch=None, **more):
        settings = {"name": "cluster", "workers": workers, "launch": launch or self.launch(),
                    "nodes": nodes or NODES, "start_within": "10s", "lease": f"{LEASE}s", **more}
        return pool(**settings)

    def job(self, pools=None, **more):
        return Job(self.cluster, pools or [self.pool()], self.provider, **more)

    def reference(self, job):
        """The outputs of the same on this machine alone, by four workers."""
        kind = (job.provider is None, job.items)
        if kind not in self._references:
            provider = self._new_provider(0, "local-provider") if job.provider else None
            local = Job(self.cluster, None, provider, name="local", items=job.items)
            code = local.run()
            if code != 0:
                raise Failed(f"a local run ended with exit code {code}: {local.said()}")
            self._references[kind] = local.outputs()
        return self._references[kind]

    # ---- what has to hold ----

    def expect_code(self, job, code, *expected):
        if code not in expected:
            raise Failed(f"exit code {code}, expected {' or '.join(map(str, expected))}; {job.said()}")

    def expect_finished(self, job, dead=(), faults=True, empty_jobs=False, seconds=60):
        """Waits for a good end; then everything is done once, and nothing is left anywhere."""
        self.expect_code(job, job.wait(seconds), 0)
        self.audit(job, faults=faults)
        self.expect_nothing_left(dead, empty_jobs)

    def audit(self, job, finished=True, faults=True):
        wrong = Audit(job, self.reference(job), finished, faults).run()
        if wrong:
            raise Failed("; ".join(wrong))

    def expect_nothing_left(self, dead=(), empty_jobs=False, seconds=LEASE + 3):
        """No worker on any node, no job of Slurm's but what waits for a dead node. `empty_jobs`: Slurm
        could not hear of the end of some; scancel by their name removes them."""
        left = until(lambda: not self.cluster.workers(), seconds)
        if not left:
            nodes = sorted(where for _, where in self.cluster.processes())
            raise Failed(f"workers are left on {', '.join(nodes)} after {seconds} s")
        if empty_jobs and self.cluster.slurm:
            self.cluster.command("scancel", "-n", self.cluster.JOB)
        jobs = []

        def no_jobs():
            jobs[:] = [job for job in self.cluster.jobs()
                       if not any(node in job for node in dead)]
            return not jobs
        if not until(no_jobs, 20, every=0.2):
            raise Failed(f"jobs are left: {', '.join(jobs)}")

    def expect_nodes(self, job, *nodes):
        """Items were done there; in MODE=ports all nodes go by this machine's name."""
        if self.mode != "netns":
            return
        found = job.nodes()
        for node in nodes:
            if not found.get(node):
                raise Failed(f"nothing was done on {node}: {found}")


def end(*_):
    """At TERM: the cluster that is up is taken down first, once."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


class Cases:
    """Collects cases by decoration, and runs those that are wanted."""

    def __init__(self, about, carrier, needs):
        self.about, self.carrier, self.needs = about, carrier, needs
        self.cases = []

    def case(self, name, netns=False):
        def keep(function):
            self.cases.append((name, netns, function))
            return function
        return keep

    def _why_not(self):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        missing = [program for program in self.needs if not shutil.which(program)]
        return f"{', '.join(missing)}: not installed" if missing else ""

    def _run(self, name, function, arguments):
        began = time.monotonic()
        try:
            with Scene(arguments.mode, arguments.build, self.carrier) as scene:
                function(scene)
            why = ""
        except Skipped as skipped:
            print(f"skipped: {name}: {skipped}")
            return True
        except Failed as failed:
            why = str(failed)
        except Exception as error:  # pylint: disable=broad-except
            why = f"{error}\n{traceback.format_exc()}" if arguments.verbose else repr(error)
        seconds = time.monotonic() - began
        print(f"{'FAIL' if why else 'ok  '} {name} ({seconds:.1f} s){': ' + why if why else ''}",
              flush=True)
        return not why

    def main(self):
        parser = argparse.ArgumentParser(description=self.about,
                                         formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("build", type=pathlib.Path, help="the folder of the programs")
        parser.add_argument("--mode", choices=["netns", "ports"],
                            default="netns" if os.geteuid() == 0 else "ports",
                            help="nodes with networks of their own (root), or ports of this machine")
        parser.add_argument("--only", default="", metavar="WORDS",
                            help="cases whose name has these words in it")
        parser.add_argument("--list", action="store_true", help="names the cases")
        parser.add_argument("--verbose", action="store_true", help="shows where a case failed")
        arguments = parser.parse_args()
        why_not = self._why_not()
        if why_not:
            print(f"skipped: {why_not}")
            return 0
        signal.signal(signal.SIGTERM, end)
        failures = 0
        for name, netns, function in self.cases:
            if arguments.only not in name:
                continue
            if arguments.list:
                print(name)
            elif netns and arguments.mode != "netns":
                print(f"skipped: {name}: needs root (--mode netns)")
            else:
                failures += not self._run(name, function, arguments)
        return int(failures > 0)


def run(cases):
    sys.exit(cases.main())
