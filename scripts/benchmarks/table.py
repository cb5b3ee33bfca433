"""What comes out: Markdown tables for people, JSON for programs."""

import dataclasses
import os
import pathlib
import platform
import statistics
import time

from benchmarks.measured import middle


@dataclasses.dataclass
class Goal:
    """One line of the table of goals: what was measured, what was wanted, and whether it is so."""

    measure: str
    value: str
    goal: str = ""
    met: bool = None
    against: str = ""


class RunnerTable:
    """Several runners doing the same. ideal: seconds, or None."""

    def __init__(self, title, ideal=None):
        self.title, self.ideal, self.runs = title, ideal, []

    def add(self, runs):
        self.runs.append(runs)

    def replace(self, results):
        self.runs = [runs for runs in results.values() if runs]

    def markdown(self):
        heading = ["runner", "calls/s", "wall s", "CPU µs/call", "first request ms", "peak PSS MB"]
        if self.ideal:
            heading.insert(3, "× ideal")
        fastest_first = sorted(self.runs, key=lambda runs: -middle(m.rate for m in runs))
        lines = [self._line(runs) for runs in fastest_first]
        return f"**{self.title}**\n\n{markdown_table(heading, lines)}"

    def _line(self, runs):
        name = runs[0].name + (f" ({runs[0].note})" if runs[0].note else "")
        wall, calls = middle(m.wall for m in runs), runs[0].calls
        cells = [name, f"{middle(m.rate for m in runs):,.0f}", f"{wall:.2f}"]
        if self.ideal:
            most = max(m.calls for runs_ in self.runs for m in runs_)
            cells.append(f"{wall / self.ideal:.2f}" if calls == most else "-")
        first, memory = middle(m.first for m in runs), middle(m.pss_kb for m in runs)
        return cells + [f"{middle(m.cpu_per_call for m in runs):,.0f}",
                        "-" if first is None else f"{1000 * first:,.0f}",
                        "-" if memory is None else f"{memory / 1000:,.0f}"]

    def data(self):
        return {"title": self.title, "ideal_s": self.ideal,
                "runs": [[dataclasses.asdict(m) for m in runs] for runs in self.runs]}


def markdown_table(heading, lines):
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def goals_table(goals):
    met = {True: "yes", False: "**no**", None: ""}
    return markdown_table(["measure", "muster", "goal", "met", "beside it"],
                          [[g.measure, g.value, g.goal, met[g.met], g.against] for g in goals])


def amount(value, unit):
    return "-" if value is None else f"{value:,.1f} {unit}"


def machine(folder):
    """What the numbers were measured on."""
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cores": os.cpu_count(), "cpu": model, "memory_gb": round(memory),
            "kernel": platform.release(), "ledger_on": file_system(folder),
            "flush_ms": flush_ms(folder), "load_before": os.getloadavg()[0]}


def flush_ms(folder):
    """How long the disk takes to keep 4 KB for good; what a commit costs at least."""
    path = pathlib.Path(folder) / "flush"
    times = []
    with open(path, "wb", buffering=0) as file:
        for _ in range(100):
            file.write(b"x" * 4096)
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(1000 * (time.perf_counter() - begun))
    path.unlink()
    return statistics.median(times)


def file_system(folder):
    """The type of the file system that holds the folder."""
    path, best = str(pathlib.Path(folder).resolve()), ("", "?")
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            _, point, kind = line.split()[:3]
            inside = path == point or path.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best[0]):
                best = (point, kind)
    return best[1]
