#!/usr/bin/env python3
"""Writes data/queries.jsonl: questions about series of numbers, with exact answers.

Everything follows from --seed: the series are made by a generator of our own, so that the file is
the same on every machine and with every version of Python. An answer is worked out from the numbers
as they are printed, never from those before rounding.

    python3 make-queries.py                      the file that is shipped
    python3 make-queries.py --seed 7 --per-task 5 --sizes 100,1000,50000 --out data/mine.jsonl
"""
import argparse
import json
import math
import pathlib
from fractions import Fraction


class Random:
    """SplitMix64: the same numbers everywhere."""

    def __init__(self, seed):
        self.state = seed & (2**64 - 1)

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        return z ^ (z >> 31)

    def uniform(self, low, high):
        return low + (high - low) * (self.bits() >> 11) / 2**53

    def integer(self, low, high):
        return low + self.bits() % (high - low + 1)

    def normal(self):
        return sum(self.uniform(0, 1) for _ in range(12)) - 6


def tenths(value):
    """A number as it is printed: in tenths, exactly."""
    return round(value * 10)


def shown(value):
    return f"{'-' if value < 0 else ''}{abs(value) // 10}.{abs(value) % 10}"


def table(columns):
    """CSV with an index; values are whole tenths."""
    names = list(columns)
    rows = [",".join(["index"] + names)]
    for i, values in enumerate(zip(*columns.values())):
        rows.append(",".join([str(i)] + [shown(v) for v in values]))
    return "\n".join(rows) + "\n"


def rounded(fraction, digits=2):
    """Half away from zero, as people round."""
    scaled = abs(fraction) * 10**digits
    whole = math.floor(scaled + Fraction(1, 2))
    text = f"{whole // 10**digits}.{whole % 10**digits:0{digits}d}"
    return ("-" if fraction < 0 and whole else "") + text


def mean(values):
    return Fraction(sum(values), 10 * len(values))


def noise(random, n, level, spread, slope=0.0):
    return [tenths(level + slope * i + spread * random.normal()) for i in range(n)]


# ---- one function a task: (columns, question, expected, by, a wrong answer for the mock) ----

def statistical(random, n):
    values = noise(random, n, random.uniform(20, 80), random.uniform(2, 9))
    kind = ("mean", "maximum", "range")[random.integer(0, 2)]
    exact = {"mean": mean(values), "maximum": Fraction(max(values), 10),
             "range": Fraction(max(values) - min(values), 10)}[kind]
    question = f"What is the {kind} of the column value?"
    if kind == "range":
        question += " (The range is the maximum less the minimum.)"
    wrong = rounded(exact * Fraction(107, 100) + 1)
    return {"value": values}, question, rounded(exact), "number 1%", wrong


def trend(random, n):
    direction = ("rising", "falling", "flat")[random.integer(0, 2)]
    slope = {"rising": 1, "falling": -1, "flat": 0}[direction] * random.uniform(12, 20) / n
    values = noise(random, n, random.uniform(40, 60), 1.5, slope)
    question = ("Over the whole of the column value, is the level rising, falling or flat? "
                "A change of less than 2 between the first and the last tenth counts as flat.")
    tenth = max(1, n // 10)
    change = mean(values[-tenth:]) - mean(values[:tenth])
    expected = "flat" if abs(change) < 2 else "rising" if change > 0 else "falling"
    wrong = {"rising": "falling", "falling": "flat", "flat": "rising"}[expected]
    return {"value": values}, question, expected, "class", wrong


def anomaly(random, n):
    values = noise(random, n, random.uniform(30, 60), 1.0)
    places = set()
    while len(places) < random.integer(2, 3):
        places.add(random.integer(n // 20, n - 1 - n // 20))
    for place in places:
        values[place] += (1 if random.integer(0, 1) else -1) * tenths(random.uniform(14, 22))
    question = ("At which values of index does the column value jump far out of its usual band for a "
                "single point? List all of them, separated by commas.")
    expected = ", ".join(str(p) for p in sorted(places))
    wrong = ", ".join(str(p) for p in sorted(places)[1:] + [n // 2])
    return {"value": values}, question, expected, "set", wrong


def comparative(random, n):
    level = random.uniform(40, 60)
    gap = random.uniform(0.8, 2.0) * (1 if random.integer(0, 1) else -1)
    columns = {"north": noise(random, n, level, 3), "south": noise(random, n, level + gap, 3)}
    question = "Which column has the larger mean, north or south?"
    larger = "north" if mean(columns["north"]) > mean(columns["south"]) else "south"
    return columns, question, larger, "class", "south" if larger == "north" else "north"


def multi_step(random, n):
    values = noise(random, n, random.uniform(20, 60), 4, random.uniform(-8, 8) / n)
    half = n // 2
    exact = Fraction(max(values[half:]), 10) - mean(values[:half])
    question = (f"Take the largest value among index {half} to {n - 1}, and subtract the mean of the "
                f"values with index 0 to {half - 1}. What is the result?")
    return {"value": values}, question, rounded(exact), "number 2%", rounded(exact + 2)


def scaling(random, n):
    values = noise(random, n, random.uniform(30, 70), 5)
    place = random.integer(n // 4, 3 * n // 4)
    values[place] = max(values) + tenths(random.uniform(6, 12))
    question = "What is the index of the largest value?"
    return {"value": values}, question, str(place), "number 0", str(place + 1)


TASKS = {"statistical": statistical, "trend": trend, "anomaly": anomaly,
         "comparative": comparative, "multi-step": multi_step, "scaling": scaling}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-task", type=int, default=3, help="questions of each task but scaling")
    parser.add_argument("--points", type=int, default=200, help="points of their series")
    parser.add_argument("--sizes", default="100,300,1000,3000,10000", help="series of scaling")
    parser.add_argument("--out", default=pathlib.Path(__file__).parent / "data" / "queries.jsonl",
                        type=pathlib.Path)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    with open(arguments.out, "w", encoding="utf-8", newline="\n") as out:
        for task, make in TASKS.items():
            for number in range(len(sizes) if task == "scaling" else arguments.per_task):
                points = sizes[number] if task == "scaling" else arguments.points
                random = Random(arguments.seed * 1_000_003 + list(TASKS).index(task) * 1_009 + number)
                columns, query, expected, by, wrong = make(random, points)
                name = f"{task}-{points if task == 'scaling' else number + 1}"
                json.dump({"id": name, "task": task, "dataset": f"seed {arguments.seed}",
                           "points": points, "query": query, "expected": expected, "by": by,
                           "wrong": wrong, "raw": table(columns)}, out)
                out.write("\n")


if __name__ == "__main__":
    main()
