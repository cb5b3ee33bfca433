"""Programs that are measured: started, watched, and ended whatever happens.

A Program is a child with everything it starts. This process is the reaper of all descendants, so
that also those whose parents die come back to it: nothing is lost from the CPU time, and nothing is
left behind. CPU time is what the kernel says at the reaping (user and system, descendants
included); where processes are reaped by nobody, what was last seen of them in /proc. Memory is PSS,
summed over the tree: what is shared counts once.
"""

import atexit
import collections
import ctypes
import dataclasses
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

from benchmarks import guardian

TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None, use_errno=True)

ALIVE = {}  # pid -> Program
GUARD = None  # guardian.Guardian, once there is one


@dataclasses.dataclass
class Seen:
    """A process as /proc shows it. CPU in seconds, its own alone."""

    pid: int
    parent: int
    name: str
    cpu: float
    started: int


def all_processes():
    seen = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                text = stat.read()
        except OSError:
            continue
        name = text[text.index("(") + 1:text.rindex(")")]
        fields = text[text.rindex(")") + 2:].split()
        if fields[0] == "Z":
            continue
        cpu = (int(fields[11]) + int(fields[12])) / TICKS
        seen.append(Seen(int(entry), int(fields[1]), name, cpu, int(fields[19])))
    return seen


def tree_of(root):
    """The process and all its descendants that are alive."""
    children, by_pid = collections.defaultdict(list), {}
    for process in all_processes():
        children[process.parent].append(process)
        by_pid[process.pid] = process
    found, todo = [], [by_pid[root]] if root in by_pid else []
    while todo:
        process = todo.pop()
        found.append(process)
        todo += children[process.pid]
    return found


def pss_kb(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def status_kb(pid, name):
    """A line of /proc/PID/status, such as VmHWM; None when the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return None


def become_reaper(folder):
    """Before anything is started; also makes sure that all ends with this process, however it ends,
    and that the folder goes with it."""
    global GUARD  # pylint: disable=global-statement
    GUARD = guardian.Guardian(folder)
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    atexit.register(end_all)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


def end_all():
    """Kills every descendant of this process and waits until none is left."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for process in tree_of(os.getpid())[1:]:
            try:
                os.kill(process.pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        time.sleep(0.02)
    ALIVE.clear()


def begin_session():
    """In the child: it dies with the bench, and a niceness that the bench was given holds for it too.
    (Where the kernel groups processes by session for scheduling, only the group's own counts.)"""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    niceness = os.nice(0)
    if niceness:
        try:
            with open("/proc/self/autogroup", "w", encoding="ascii") as group:
                group.write(str(niceness))
        except OSError:
            pass


class Program:
    """One program and all it starts. Times are seconds since 1970 (began, ended)."""

    def __init__(self, argv, cwd=None, env=None, stdin=None, log=None, terminal=False):
        self.argv = [str(word) for word in argv]
        self.log = log
        self.cpu = 0.0
        self.ended = self.exit_code = None
        self.peak_pss_kb = self.peak_processes = 0
        self._drain = None
        self._cpu_seen = {}
        out = open(log, "wb") if log else subprocess.DEVNULL
        master = slave = None
        if terminal:
            master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.began = time.time()
        try:
            self.process = subprocess.Popen(
                self.argv, cwd=cwd, env=env, start_new_session=True,
                stdin=slave if terminal else stdin or subprocess.DEVNULL,
                stdout=slave if terminal else out, stderr=slave if terminal else subprocess.STDOUT,
                preexec_fn=begin_session)
        finally:
            if log:
                out.close()
            if terminal:
                os.close(slave)
        self.pid = self.process.pid
        self._pidfd = os.pidfd_open(self.pid)
        ALIVE[self.pid] = self
        GUARD.watch(self.pid)
        if terminal:
            self._drain = threading.Thread(target=drain, args=(master,), daemon=True)
            self._drain.start()

    def wait(self, seconds, watch=None, every=0.25):
        """Whether it ended within so many seconds; meanwhile calls watch(self) now and then."""
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        deadline = time.monotonic() + seconds
        while self.ended is None:
            left = deadline - time.monotonic()
            if poll.poll(max(0, 1000 * min(left, every) if watch else 1000 * left)):
                self.ended = time.time()
                self._reap()
            elif left <= 0:
                return False
            elif watch:
                watch(self)
        return True

    def signal(self, number):
        if self.ended is None:
            os.kill(self.pid, number)

    def tree(self):
        return tree_of(self.pid)

    def look(self, memory=True):
        """A sample: remembers the peak of memory, and the CPU time of those that nobody reaps."""
        processes = self.tree()
        for process in processes:
            self._cpu_seen[(process.pid, process.started)] = process.cpu
        self.peak_processes = max(self.peak_processes, len(processes))
        if memory:
            self.peak_pss_kb = max(self.peak_pss_kb, sum(pss_kb(p.pid) for p in processes))
        return processes

    def end(self, patience=5.0):
        """Kills it with all it started, if need be, and waits for its orphans."""
        if self.ended is None:
            for process in self.tree():
                try:
                    os.kill(process.pid, signal.SIGKILL)
                except OSError:
                    pass
            self.wait(patience)
        self._reap_orphans(patience)

    @property
    def wall(self):
        return self.ended - self.began

    def tail(self, lines=12):
        if not self.log:
            return ""
        with open(self.log, "rb") as text:
            return "\n".join(text.read().decode(errors="replace").splitlines()[-lines:])

    def _reap(self):
        _, status, usage = os.wait4(self.pid, 0)
        self.process.returncode = self.exit_code = os.waitstatus_to_exitcode(status)
        self.cpu += usage.ru_utime + usage.ru_stime
        self.cpu = max(self.cpu, sum(self._cpu_seen.values()))
        os.close(self._pidfd)
        ALIVE.pop(self.pid, None)
        if self._drain:
            self._drain.join(2)

    def _reap_orphans(self, patience):
        """Children of this process that no Program knows: they were this one's descendants."""
        deadline = time.monotonic() + patience
        while orphans := [p for p in unreaped_children() if p not in ALIVE]:
            for pid in orphans:
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                reaped, _, usage = os.wait4(pid, os.WNOHANG)
                if reaped:
                    self.cpu += usage.ru_utime + usage.ru_stime
            time.sleep(0.005)


def unreaped_children():
    """Zombies included. Only of the main thread, which starts everything."""
    me = os.getpid()
    with open(f"/proc/{me}/task/{me}/children", encoding="ascii") as pids:
        return [int(pid) for pid in pids.read().split()]


def drain(master):
    """Reads what a program writes to its terminal, as a terminal does."""
    try:
        while os.read(master, 1 << 16):
            pass
    except OSError:
        pass
    os.close(master)


def run(argv, limit, watch=None, every=0.25, **how):
    """Runs a program to its end, or to its time limit (then exit_code is None)."""
    program = Program(argv, **how)
    try:
        finished = program.wait(limit, watch, every)
    finally:
        program.end()
    if not finished:
        program.exit_code = None
    return program
