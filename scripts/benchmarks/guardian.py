"""Who ends what was started, and removes its folder, when the bench itself is killed with SIGKILL.

A process of its own, a child of init, that is told of every session (of processes) that is begun
and does nothing until the pipe from the bench breaks.
"""

import os
import shutil
import signal
import time


class Guardian:
    """Held by the bench. To be made before it reaps other processes' children, and before threads."""

    def __init__(self, folder):
        reading, self._pipe = os.pipe()
        child = os.fork()
        if child == 0:
            os.setsid()
            if os.fork() == 0:
                os.close(self._pipe)
                guard(reading, folder)
            os._exit(0)
        os.waitpid(child, 0)
        os.close(reading)

    def watch(self, session):
        os.write(self._pipe, f"{session}\n".encode())


def guard(reading, folder):
    """Never returns. The standard streams stay open only until the bench has ended."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for stream in (0, 1, 2):
        os.close(stream)
    told = b""
    while part := os.read(reading, 4096):
        told += part
    sessions = {int(line) for line in told.split()}
    for _ in range(20):
        for pid in members(sessions):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def members(sessions):
    """Whose session is one of these."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) in sessions:
            found.append(int(entry))
    return found
