"""Cases that hold for whatever carries the protocol to other machines: srun and ssh alike."""

import os
import signal

from cluster.cases import LEASE, Failed
from cluster.cluster import Process, until
from cluster.job import pool

# Workers leave files in the run directory.
WITH_FILES = """
name: files
items: {range: 1..12}
workers: 4
steps:
  - id: make
    command: {run: [sh, -c, 'sleep 0.5; echo made >"$1"', sh, "{{work}}/made"], produces: made}
outputs: [{append: made.txt, record: "{{item.id}}\\n"}]
"""


def launchers(job, carrier):
    """The launchers of this run's supervisor, as processes."""
    parent = job.processes[-1].pid
    with open(f"/proc/{parent}/task/{parent}/children", encoding="utf-8") as list_:
        children = [Process(int(pid)) for pid in list_.read().split()]
    return [child for child in children if name_of(child.pid) == carrier]


def name_of(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as name:
        return name.read().strip()


def add(cases):
    """Adds them all."""

    @cases.case("nothing happens, with the mock")
    def _(scene):
        scene.up(provider=False)
        job = scene.job().start()
        scene.expect_finished(job, faults=False)
        scene.expect_nodes(job, "node1", "node2", "node3")

    @cases.case("nothing happens, 2 local workers and 4 elsewhere")
    def _(scene):
        scene.up()
        job = scene.job([pool(workers=2), scene.pool(4)]).start()
        scene.expect_finished(job, faults=False)
        scene.expect_nodes(job, "node1", "node2", "node3")
        names = {row[0] for row in job.ledger().execute("SELECT DISTINCT worker FROM attempts")}
        expected = {"w1", "w2", "cluster/node1/1", "cluster/node1/2", "cluster/node2/1",
                    "cluster/node3/1"}
        if names != expected:
            raise Failed(f"workers are named {sorted(names)}")

    @cases.case("a node is switched off", netns=True)
    def _(scene):
        scene.up(NODE_TIMEOUT="10")
        job = scene.job(items=28).start()
        job.is_under_way()
        scene.cluster.fault("power-off", "node2")
        scene.expect_finished(job, dead=["node2"])

    @cases.case("a link is cut and mended: workers behind it leave by themselves", netns=True)
    def _(scene):
        scene.up()
        job = scene.job(items=28).start()
        job.is_under_way()
        job.busy_worker("node2")
        there = scene.cluster.workers("node2")
        scene.cluster.fault("link-down", "node2")
        if not until(lambda: not any(worker.lives() for worker in there), 2 * LEASE):
            raise Failed("a worker behind the cut link outlived its lease")
        scene.cluster.fault("link-up", "node2")
        scene.expect_finished(job)

    @cases.case("a worker is killed")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way()
        job.busy_worker("node2").signal(signal.SIGKILL)
        scene.expect_finished(job)

    @cases.case("what holds a worker on its node is killed")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way()
        job.busy_worker("node2").parent().signal(signal.SIGKILL)
        scene.expect_finished(job)

    @cases.case("a worker hangs")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way()
        worker = job.busy_worker("node2")
        worker.signal(signal.SIGSTOP)
        scene.expect_code(job, job.wait(), 0)
        worker.signal(signal.SIGCONT)
        scene.expect_finished(job)

    @cases.case("a launcher is killed")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way()
        launchers(job, scene.carrier)[0].signal(signal.SIGKILL)
        scene.expect_finished(job)

    @cases.case("a launcher's process group is killed: the lease ends its worker")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way()
        group = launchers(job, scene.carrier)[0].pid
        before = len(scene.cluster.workers())
        os.killpg(group, signal.SIGKILL)
        if not until(lambda: len(scene.cluster.workers()) < before, 2 * LEASE):
            raise Failed("its worker outlived the lease")
        scene.expect_finished(job, empty_jobs=True)

    @cases.case("the supervisor is killed, and the same command goes on")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way(40)
        job.kill()
        scene.audit(job, finished=False)
        scene.expect_nothing_left()
        scene.expect_finished(job.start())
        paid_again(job)

    @cases.case("Ctrl+C twice, and the same command goes on")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way(40)
        job.interrupt()
        job.interrupt()
        scene.expect_code(job, job.wait(10), 130)
        scene.audit(job, finished=False)
        scene.expect_nothing_left()
        scene.expect_finished(job.start())

    @cases.case("Ctrl+C once: what is in the air is kept")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way(40)
        job.interrupt()
        scene.expect_code(job, job.wait(20), 130)
        unknown = job.ledger().execute("SELECT count(*) FROM tries WHERE outcome IN (0, 3)")
        if unknown.fetchone()[0] != 0:
            raise Failed("calls in the air were not waited for")
        scene.expect_nothing_left()
        scene.expect_finished(job.start(), faults=True)

    @cases.case("a worker of another build is refused by name, and the others do it all")
    def _(scene):
        scene.up()
        other = scene.cluster.other_build()
        pools = [scene.pool(4, nodes=["node1", "node3"]),
                 scene.pool(2, nodes=["node2"], name="old", program=other)]
        job = scene.job(pools).start()
        scene.expect_finished(job)
        if "old" not in job.said(20000) or "build" not in job.said(20000):
            raise Failed(f"it was not said; {job.said()}")

    @cases.case("a node does not see the run directory: it is said, and the others do it all",
                netns=True)
    def _(scene):
        scene.up(provider=False)
        job = scene.job(config=WITH_FILES)
        job.run_dir.mkdir()
        scene.cluster.command("nsenter", "--mount", "--target", scene.cluster.fault("init", "node2"),
                              "mount", "-t", "tmpfs", "none", job.run_dir)
        scene.expect_code(job, job.run(), 0)
        scene.expect_nothing_left()
        if f"node2 does not see the run directory {job.run_dir}" not in job.said(20000):
            raise Failed(f"it was not said; {job.said()}")
        if sorted(job.nodes()) != ["node1", "node3"] or sum(job.nodes().values()) != 12:
            raise Failed(f"done on {job.nodes()}")


def paid_again(job):
    """After the supervisor was killed: only what was in the air is asked for a second time."""
    repeated = sum(len(bills) > 1 for bills in job.provider.bills().values())
    unknown = job.ledger().execute("SELECT count(*) FROM tries WHERE outcome = 3").fetchone()[0]
    if repeated > unknown:
        raise Failed(f"{repeated} answers were paid again, {unknown} tries are unknown")
