"""An emulated cluster as a test sees it: processes and nodes, and what can be done to them.

Everything lies in one folder under $TMPDIR or /tmp. It is taken down at the end of the `with` block,
and by the cluster itself when this process dies.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 30  # seconds, for what should take one


def until(condition, seconds=PATIENCE, every=0.05):
    """Waits until the condition holds and returns its value; that of the last look if it never does."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(every)


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[1])


def words_of(pid):
    """Its command line; that of a zombie is one empty word."""
    with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as words:
        return words.read().split("\0")


def folder_of(pid):
    """Where it is at work; of one that keeps its secrets, nowhere."""
    try:
        return pathlib.Path(os.readlink(f"/proc/{pid}/cwd"))
    except PermissionError:
        return pathlib.Path()


class Process:
    """A process, told from a later one with its number by a descriptor of it."""

    def __init__(self, pid):
        self.pid = pid
        self.fd = os.pidfd_open(pid)

    def __del__(self):
        if hasattr(self, "fd"):
            os.close(self.fd)

    def signal(self, number):
        try:
            signal.pidfd_send_signal(self.fd, number)
        except ProcessLookupError:
            pass

    def parent(self):
        return Process(parent_of(self.pid))

    def lives(self):
        try:
            signal.pidfd_send_signal(self.fd, 0)
            with open(f"/proc/{self.pid}/stat", encoding="utf-8", errors="replace") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
        except (ProcessLookupError, FileNotFoundError):
            return False


class Cluster:
    """Programs are started from its folder `bin`: by that its processes are known, on all nodes."""

    JOB = "muster"  # the name of Slurm's jobs

    def __init__(self, mode, programs, nodes=3, slurm=True, ssh=True, **settings):
        self.mode = mode
        self.node_names = [f"node{n}" for n in range(1, nodes + 1)]
        self.settings = {"MODE": mode, "NODES": str(nodes), "SLURM": str(int(slurm)),
                         "SSH": str(int(ssh)), **settings}
        self.slurm = slurm
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mst-"))
        self.bin = self.folder / "bin"
        self.programs = pathlib.Path(programs)

    def __enter__(self):
        try:
            self.bin.mkdir()
            for name in ("muster", "muster-worker", "fake-provider"):
                shutil.copy(self.programs / name, self.bin / name)
            self._script("up", str(os.getpid()), timeout=300)
        except BaseException:
            self.__exit__()
            raise
        for line in (self.folder / "environment").read_text().splitlines():
            for word in line.split():
                name, _, value = word.partition("=")
                setattr(self, name.lower(), value)
        return self

    def __exit__(self, *_):
        if os.environ.get("KEEP_CLUSTER"):
            print(f"kept: {self.folder}")
            os.environ["KEEP"] = "1"
        subprocess.run([HERE / "down", self.folder], timeout=300, check=False)
        if not os.environ.get("KEEP_CLUSTER"):
            shutil.rmtree(self.folder, ignore_errors=True)  # it never came up

    def _script(self, name, *arguments, timeout=60):
        """Its stdout goes to a file: daemons must not keep a pipe of ours open."""
        with open(self.folder / "script.log", "w+", encoding="utf-8") as log:
            code = subprocess.run([HERE / name, self.folder, *arguments], stdout=log, stderr=log,
                                  stdin=subprocess.DEVNULL, env={**os.environ, **self.settings},
                                  timeout=timeout, check=False).returncode
            log.seek(0)
            text = log.read()
        if code != 0:
            raise RuntimeError(f"{name} {' '.join(arguments)}: {text[-3000:]}")
        return text

    def fault(self, verb, node=""):
        """See ./fault. A node is named as everywhere: node2."""
        return self._script("fault", verb, node.removeprefix("node")).strip()

    def environment(self):
        return {**os.environ, "SLURM_CONF": self.slurm_conf}

    def command(self, *words, timeout=PATIENCE, check=True):
        """The stdout of a command of Slurm's or ssh's, or of any other."""
        return subprocess.run([str(word) for word in words], env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=timeout,
                              check=check).stdout

    def other_build(self):
        """A worker whose build is not that of the supervisor."""
        build = re.search('"([0-9a-f]{16})"', (self.programs / "gen/build_id.h").read_text()).group(1)
        program = (self.bin / "muster-worker").read_bytes()
        other = self.bin / "other-worker"
        other.write_bytes(program.replace(build.encode(), b"0" * len(build)))
        other.chmod(0o755)
        return other

    # ---- launchers ----

    def srun(self, *more):
        return ["srun", "--quiet", "--mpi=none", "-N1", "-n1", "-c1", "--mem=100M", "-J",
                self.JOB, *more, "-w", "{{node}}"]

    def ssh(self, *more):
        return ["ssh", "-F", self.ssh_config, *more, "{{node}}"]

    # ---- processes ----

    def _node_of(self, pid):
        if self.mode == "netns":
            network = os.stat(f"/proc/{pid}/ns/net").st_ino
            for name in self.node_names:
                if os.stat(f"/run/netns/{self.net}-{name.removeprefix('node')}").st_ino == network:
                    return name
            return ""
        return self._node_above(int(pid))

    def _node_above(self, pid):
        """Of MODE=ports: its node's slurmstepd or sshd is among its ancestors."""
        while pid > 1:
            folder = folder_of(pid)
            if folder.parent == self.folder / "spool":
                return folder.name
            config = re.search(f"{self.folder}/ssh/sshd_config.([0-9]+)", " ".join(words_of(pid)))
            if config:
                return f"node{config.group(1)}"
            pid = parent_of(pid)
        return ""

    def processes(self, program="muster-worker"):
        """Pairs of process and node ("" is this machine) that run this program of ours."""
        found = []
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                if words_of(entry.name)[0] == str(self.bin / program):
                    found.append((Process(int(entry.name)), self._node_of(entry.name)))
            except OSError:  # gone meanwhile
                pass
        return found

    def workers(self, node=None):
        return [process for process, where in self.processes() if node in (None, where)]

    def jobs(self):
        """Slurm's jobs, as "ID STATE NODES"."""
        if not self.slurm:
            return []
        return self.command("squeue", "-h", "-o", "%i %T %N", check=False).splitlines()
