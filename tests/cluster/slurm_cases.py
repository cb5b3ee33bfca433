"""Cases of Slurm alone: its daemons, its jobs, and a supervisor inside a job."""

import subprocess

from cluster.cases import NODES, Failed
from cluster.cluster import until
from cluster.job import ROOT
from cluster.shared_cases import paid_again

SCRIPT = ROOT / "configs" / "transcripts" / "slurm.sbatch"


class Batch:
    """A job of the shipped batch script: the supervisor runs inside, on the first node."""

    def __init__(self, scene, job, *options):
        self.scene, self.job = scene, job
        words = job.words()
        environment = {**job.environment(), "MUSTER": words[0], "WORKERS": "6"}
        output = job.folder / "batch.log"
        job.log = output
        self.id = subprocess.run(
            ["sbatch", "--parsable", "--nodes=3", f"--output={output}", *options, SCRIPT, *words[2:]], env=environment, text=True, stdout=subprocess.PIPE, timeout=30,
            check=True).stdout.strip()

    def wait(self, seconds=60):
        """The exit code of the supervisor's session, once the job is gone."""
        def gone():
            return not [line for line in self.scene.cluster.jobs() if line.split()[0] == self.id]
        if not until(gone, seconds, every=0.2):
            raise Failed(f"the job did not end within {seconds} s: {self.scene.cluster.jobs()};"
                         f" {self.job.said()}")
        row = self.job.ledger().execute("SELECT exit_code FROM sessions ORDER BY session DESC")
        return row.fetchone()[0]


def add(cases):
    """Adds them all."""

    @cases.case("a slurmd is killed")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way()
        scene.cluster.fault("kill-slurmd", "node2")
        scene.expect_code(job, job.wait(), 0)
        scene.cluster.fault("start-slurmd", "node2")
        scene.expect_finished(job)

    @cases.case("slurmctld is killed, and a worker with it")
    def _(scene):
        scene.up()
        job = scene.job().start()
        job.is_under_way()
        scene.cluster.fault("kill-controller")
        job.busy_worker("node2").signal(9)
        scene.expect_code(job, job.wait(), 0)
        scene.cluster.fault("start-controller")
        scene.expect_finished(job, empty_jobs=True)

    @cases.case("scancel of every job")
    def _(scene):
        scene.up()
        job = scene.job(items=28).start()
        job.is_under_way()
        scene.cluster.command("scancel", *[line.split()[0] for line in scene.cluster.jobs()])
        scene.expect_finished(job)

    @cases.case("there is room for half of the workers: the others are tried again, quietly")
    def _(scene):
        scene.up(CPUS="1")
        job = scene.job([scene.pool(6, start_within="3s")]).start()
        scene.expect_finished(job)
        if max(job.nodes().values()) == job.items:
            raise Failed(f"one node did it all: {job.nodes()}")

    @cases.case("the supervisor inside a job")
    def _(scene):
        scene.up()
        job = scene.job()
        batch = Batch(scene, job)
        scene.expect_code(job, batch.wait(), 0)
        scene.audit(job, faults=False)
        scene.expect_nothing_left()
        scene.expect_nodes(job, *NODES)

    @cases.case("the supervisor inside a job, and another node of it is switched off", netns=True)
    def _(scene):
        scene.up(NODE_TIMEOUT="10")
        job = scene.job(items=28)
        batch = Batch(scene, job)
        job.is_under_way()
        scene.cluster.fault("power-off", "node2")
        scene.expect_code(job, batch.wait(90), 0)
        scene.audit(job)
        scene.expect_nothing_left(dead=["node2"])

    @cases.case("the time limit of a job comes: a clean stop, and the next job goes on")
    def _(scene):
        scene.up(latency_ms=1500)  # more than a minute's work
        job = scene.job(items=28)
        first = Batch(scene, job, "--time=1", "--signal=B:TERM@50")
        scene.expect_code(job, first.wait(100), 143)
        scene.audit(job, finished=False)
        unknown = job.ledger().execute("SELECT count(*) FROM tries WHERE outcome IN (0, 3)")
        if unknown.fetchone()[0] != 0:
            raise Failed("calls in the air were not waited for")
        scene.expect_nothing_left()
        scene.provider.stop()
        scene.provider.start(latency_ms=0)
        scene.expect_code(job, Batch(scene, job).wait(), 0)
        scene.audit(job)
        scene.expect_nothing_left()
        paid_again(job)
