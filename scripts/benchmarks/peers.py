"""The programs that muster is held against, each at its fastest documented settings.

What is compiled is compiled here, with Debian's libcurl. A peer whose program or module is not
installed says what it lacks, and is left out by name.
"""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Callable

RUNNERS = pathlib.Path(__file__).parent / "runners"

BODY = json.dumps({
    "model": "bench-model", "max_tokens": 256,
    "messages": [{"role": "system", "content": "You are a helpful assistant. Answer in one sentence."},
                 {"role": "user", "content": "What is known about the number 42? " * 3}]})


@dataclasses.dataclass
class Job:
    """What a runner is to do. The URL is that of the chat completions."""

    url: str
    calls: int
    at_once: int
    folder: pathlib.Path  # for results


@dataclasses.dataclass
class Peer:
    name: str
    command: Callable  # Job -> argv
    lacks: str = ""  # what is not installed
    slow: bool = False  # a process a call: fewer calls are enough to see the rate
    keeps_results: bool = False
    env: dict = dataclasses.field(default_factory=dict)


class Peers:
    """All peers, ready to run. What is compiled and written lies in the folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.body = self.folder / "body.json"
        self.body.write_text(BODY, encoding="ascii")
        self.python = find_python()
        self.all = [self._floor(), self._forked(), self._aiohttp(), self._pool("urllib"),
                    self._pool("requests"), self._node(), self._curl_z(), self._xargs(),
                    self._parallel()]

    @property
    def here(self):
        return [peer for peer in self.all if not peer.lacks]

    @property
    def left_out(self):
        return [f"{peer.name}: {peer.lacks} is not installed" for peer in self.all if peer.lacks]

    def find(self, name):
        return next((peer for peer in self.here if peer.name == name), None)

    def compile(self, source, *flags):
        """The path of what came out, or None where there is no compiler or library."""
        target = self.folder / pathlib.Path(source).stem
        words = [shutil.which("cc") or "cc", "-O2", "-o", target, RUNNERS / source, *flags]
        try:
            subprocess.run(words, check=True, capture_output=True, timeout=120)
        except (OSError, subprocess.SubprocessError):
            return None
        return target

    def _compiled(self, name, source):
        program = self.compile(source, "-lcurl")
        return Peer(name, lambda job: [program, job.url, self.body, job.calls, job.at_once],
                    "" if program else "a C compiler with libcurl (libcurl4-openssl-dev)")

    def _floor(self):
        return self._compiled("curl multi in C, one process (floor)", "curl_multi.c")

    def _forked(self):
        return self._compiled("ref: processes forked from one warmed process", "forked_curl.c")

    def _aiohttp(self):
        return Peer("Python aiohttp + semaphore",
                    lambda job: [self.python, RUNNERS / "aio.py", job.url, self.body, job.calls,
                                 job.at_once, job.folder / "results"],
                    lacks_module(self.python, "aiohttp"), keeps_results=True)

    def _pool(self, how):
        return Peer(f"Python multiprocessing.Pool + {how}",
                    lambda job: [self.python, RUNNERS / "pool.py", how, job.url, self.body, job.calls,
                                 job.at_once, job.folder / "results"],
                    lacks_module(self.python, how), keeps_results=True)

    def _node(self):
        node = shutil.which("node")
        return Peer("Node fetch + limiter",
                    lambda job: [node, RUNNERS / "limiter.mjs", job.url, self.body, job.calls,
                                 job.at_once, job.folder / "results"],
                    "" if node else "node", keeps_results=True)

    def _curl_z(self):
        curl = shutil.which("curl")
        return Peer("curl -Z",
                    lambda job: [curl, "-sS", "-Z", "--parallel-immediate", "--parallel-max",
                                 min(job.at_once, 300), "-H", "Content-Type: application/json",
                                 "-d", f"@{self.body}", "-o", "/dev/null",
                                 f"{job.url}?call=[1-{job.calls}]"],
                    "" if curl else "curl")

    def _xargs(self):
        words = "-sS -m 120 -o /dev/null -H Content-Type:application/json"
        lacks = [name for name in ("xargs", "curl", "seq") if not shutil.which(name)]
        return Peer("xargs -P + curl",
                    lambda job: ["sh", "-c", f"seq {job.calls} | xargs -P {job.at_once} -I N "
                                             f"curl {words} -d @{self.body} '{job.url}?call=N'"],
                    ", ".join(lacks), slow=True)

    def _parallel(self):
        words = "-sS -m 120 -o /dev/null -H Content-Type:application/json"
        lacks = [name for name in ("parallel", "curl", "seq") if not shutil.which(name)]
        home = self.folder / "parallel"
        home.mkdir()
        (home / "will-cite").touch()
        return Peer("GNU parallel + curl",
                    lambda job: ["sh", "-c", f"seq {job.calls} | parallel -u -j {job.at_once} "
                                             f"curl {words} -d @{self.body} '{job.url}?call={{}}'"],
                    ", ".join(lacks), slow=True, env={"PARALLEL_HOME": str(home)})


def find_python():
    """The Python that has the most of what the runners need; Debian's python3-aiohttp is Debian's."""
    candidates = [sys.executable, "/usr/bin/python3"]
    here = [python for python in candidates if pathlib.Path(python).exists()]
    return min(here, key=lambda python: bool(lacks_module(python, "aiohttp"))
               + bool(lacks_module(python, "requests")))


def lacks_module(python, name):
    if name == "urllib":
        return ""
    done = subprocess.run([python, "-c", f"import {name}"], capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    return "" if done.returncode == 0 else f"python3-{name}"


def environment(peer=None, **more):
    """Without proxies: all is on this machine."""
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    env.update(peer.env if peer else {})
    env.update(more)
    return env
