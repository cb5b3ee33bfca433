"""Cases of ssh alone."""

import os
import pwd

from cluster.cases import Failed, Skipped
from cluster.cluster import until


def add(cases):
    """Adds them all."""

    @cases.case("a host cannot be reached: the others do it all", netns=True)
    def _(scene):
        scene.up()
        scene.cluster.fault("link-down", "node2")
        job = scene.job([scene.pool(start_within="3s")], items=28).start()
        scene.expect_finished(job, faults=False)
        scene.expect_nodes(job, "node1", "node3")

    @cases.case("a host comes back: it takes part again", netns=True)
    def _(scene):
        scene.up()
        scene.cluster.fault("link-down", "node2")
        job = scene.job([scene.pool(start_within="3s")], items=56).start()
        job.is_under_way()
        scene.cluster.fault("link-up", "node2")
        scene.expect_finished(job, faults=False)
        scene.expect_nodes(job, "node1", "node2", "node3")

    @cases.case("start-up files print on one host: it is said, and the others do it all")
    def _(scene):
        if not pwd.getpwuid(os.geteuid()).pw_shell.endswith("/bash"):
            raise Skipped("the login shell is not bash")
        scene.up(NOISY="2")
        job = scene.job().start()
        scene.expect_finished(job, faults=False)
        if "start-up files" not in job.said(20000) or "node2" not in job.said(20000):
            raise Failed(f"it was not said; {job.said()}")

    @cases.case("an sshd is killed: sessions go on, new ones do not")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way()
        worker = job.busy_worker("node2")
        worker.parent().parent().signal(9)
        worker.signal(9)
        scene.expect_finished(job)
        if until(lambda: scene.cluster.workers(), 0.1):
            raise Failed("a worker is left")
