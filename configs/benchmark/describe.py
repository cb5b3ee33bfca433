#!/usr/bin/env python3
"""Describes a table of numbers in words and a few figures: what the treatment sees of it.

Reads CSV with an index column from its standard input. Put your own program in its place: whatever
reads the table and prints text.
"""
import csv
import statistics
import sys

SEGMENTS = 10


def number(value):
    return f"{value:.3f}".rstrip("0").rstrip(".")


def outliers(values):
    """Indexes far out of the usual band, by the median of the distances from the median."""
    middle = statistics.median(values)
    spread = statistics.median(abs(v - middle) for v in values) or 1e-9
    return [i for i, v in enumerate(values) if abs(v - middle) > 6 * 1.4826 * spread]


def describe(name, values):
    n = len(values)
    low, high = min(values), max(values)
    lines = [f"Column {name}: {n} points, index 0 to {n - 1}.",
             f"  mean {number(statistics.fmean(values))}, median {number(statistics.median(values))}, "
             f"standard deviation {number(statistics.pstdev(values))}",
             f"  minimum {number(low)} at index {values.index(low)}, "
             f"maximum {number(high)} at index {values.index(high)}, range {number(high - low)}"]
    half = n // 2
    for label, part, first in (("first", values[:half], 0), ("second", values[half:], half)):
        lines.append(f"  {label} half (index {first} to {first + len(part) - 1}): "
                     f"mean {number(statistics.fmean(part))}, minimum {number(min(part))}, "
                     f"maximum {number(max(part))}")
    size = max(1, n // SEGMENTS)
    means = [statistics.fmean(values[i:i + size]) for i in range(0, size * SEGMENTS, size)
             if values[i:i + size]]
    lines.append("  means of tenths, in order: " + ", ".join(number(m) for m in means))
    lines.append(f"  change from the first to the last tenth: "
                 f"{number(statistics.fmean(values[-size:]) - means[0])}")
    far = outliers(values)
    lines.append("  single points far out of the usual band: " +
                 (", ".join(f"{number(values[i])} at index {i}" for i in far[:12]) or "none"))
    return lines


def main():
    rows = list(csv.reader(sys.stdin))
    if len(rows) < 2:
        sys.exit("describe.py: the table is empty")
    lines = []
    for column, name in enumerate(rows[0]):
        if name == "index":
            continue
        try:
            values = [float(row[column]) for row in rows[1:]]
        except (ValueError, IndexError) as error:
            sys.exit(f"describe.py: column {name}: {error}")
        lines += describe(name, values)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
