#!/usr/bin/env python3
"""Makes the 29 problems and their key from scenes: problems/N.png and problems/answers.csv.

    ./make-problems.py           writes them beside this folder, the same every time
    ./make-problems.py FOLDER    writes them there

A problem's picture and its answer come from the same scene. A scene is taken only if its picture
can be read in one way alone, and if exactly one option is right.
"""

import csv
import hashlib
import pathlib
import sys

import solids
from canvas import Canvas
from solids import EDGE, draw, heap, mirrored, quarter_turn, view, view_from_above

WIDTH = 720
INK, FAINT, ARROW, BLUE = EDGE, (150, 156, 166), (196, 78, 32), (150, 176, 214)
FLOOR_RULE = "Nothing hangs in the air: under every cube there are cubes down to the floor."
COUNT_RULE = FLOOR_RULE + " Count the cubes that you cannot see as well."


class Chance:
    """Numbers by chance that never change."""

    def __init__(self, seed):
        self.seed, self.drawn = seed, 0

    def below(self, n):
        self.drawn += 1
        digest = hashlib.sha256(f"{self.seed} {self.drawn}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % n

    def pick(self, values):
        return values[self.below(len(values))]

    def shuffled(self, values):
        values = list(values)
        for i in range(len(values) - 1, 0, -1):
            j = self.below(i + 1)
            values[i], values[j] = values[j], values[i]
        return values


def random_plan(chance, width, depth, most):
    """A heap that can be told from its picture: what cannot be seen gets another height."""
    rows = [[chance.below(most + 1) for _ in range(width)] for _ in range(depth)]
    while True:
        hidden = solids.hidden_columns(rows)
        filled = sum(height > 0 for row in rows for height in row)
        if (not hidden and filled >= width * depth * 2 / 3 and max(map(max, rows)) == most and
                sum(map(sum, rows)) <= width * depth * most * 0.62 and
                solids.readings_of_heap(rows) == 1):
            return tuple(map(tuple, rows))
        x, y = chance.pick(hidden) if hidden else (chance.below(width), chance.below(depth))
        rows[y][x] = chance.below(most + 1)


# ---------------------------------------------------------------- pieces of pictures

def edge_for(cubes, width, height, floor=None, most=46):
    left, upper, right, lower = solids.extent(cubes, floor)
    return min(most, width / (right - left), height / (lower - upper))


def arrow(canvas, tip, tail, label, label_at):
    canvas.line(tail, tip, 5, ARROW)
    dx, dy = tip[0] - tail[0], tip[1] - tail[1]
    length = (dx * dx + dy * dy) ** 0.5
    dx, dy = dx / length, dy / length
    base = (tip[0] - 16 * dx, tip[1] - 16 * dy)
    point = (tip[0] + 4 * dx, tip[1] + 4 * dy)
    canvas.polygon([point, (base[0] - 10 * dy, base[1] + 10 * dx),
                    (base[0] + 10 * dy, base[1] - 10 * dx)], ARROW)
    canvas.text_centred(label_at[0], label_at[1], label, 3, ARROW)


def draw_heap(canvas, plan, middle, width, height, sides=True):
    """A heap on its floor, with arrows to its front and right."""
    floor = (len(plan[0]), len(plan))
    edge = edge_for(heap(plan), width, height, floor)
    origin = draw(canvas, heap(plan), middle, edge, floor)
    if not sides:
        return
    front = solids.on_picture((floor[0] / 2, floor[1] + 0.25, 0), edge, origin)
    right = solids.on_picture((floor[0] + 0.25, floor[1] / 2, 0), edge, origin)
    arrow(canvas, front, (front[0] - 48, front[1] + 28), "FRONT",
          (front[0] - 96, front[1] + 36))
    arrow(canvas, right, (right[0] + 48, right[1] + 28), "RIGHT",
          (right[0] + 96, right[1] + 36))


def draw_profile(canvas, heights, middle, most, cell=26):
    """What is seen from a side: columns of squares."""
    left = middle[0] - len(heights) * cell / 2
    lower = middle[1] + most * cell / 2
    for i, height in enumerate(heights):
        for level in range(height):
            corner = (left + i * cell, lower - (level + 1) * cell)
            canvas.box(*corner, cell, cell, BLUE)
            canvas.outline([corner, (corner[0] + cell, corner[1]),
                            (corner[0] + cell, corner[1] + cell), (corner[0], corner[1] + cell)],
                           2, INK)
    canvas.line((left - 8, lower), (left + len(heights) * cell + 8, lower), 3, INK)


def draw_plan(canvas, cells, middle, cell=26):
    """What is seen from above; empty places are only outlined."""
    left = middle[0] - len(cells[0]) * cell / 2
    upper = middle[1] - len(cells) * cell / 2
    for filled in (False, True):  # strong lines over faint ones
        for y, row in enumerate(cells):
            for x, taken in enumerate(row):
                if taken != filled:
                    continue
                corner = (left + x * cell, upper + y * cell)
                if taken:
                    canvas.box(*corner, cell, cell, BLUE)
                canvas.outline([corner, (corner[0] + cell, corner[1]),
                                (corner[0] + cell, corner[1] + cell),
                                (corner[0], corner[1] + cell)], 2, INK if taken else FAINT)


def page(number, caption, height, more=""):
    canvas = Canvas(WIDTH, height)
    canvas.text_centred(WIDTH / 2, 86, more, 2, INK)
    canvas.text(24, 20, f"PROBLEM {number}", 2, FAINT)
    canvas.text_centred(WIDTH / 2, 52, caption, 3, INK)
    return canvas


def draw_options(canvas, upper, height, options, draw_one):
    """Four boxes in a row, numbered from 1."""
    gap, width = 14, 157
    for i, option in enumerate(options):
        left = 24 + i * (width + gap)
        canvas.outline([(left, upper), (left + width, upper), (left + width, upper + height),
                        (left, upper + height)], 2, FAINT)
        draw_one(option, (left + width / 2, upper + height / 2 - 2))
        canvas.text_centred(left + width / 2, upper + height + 12, str(i + 1), 4, INK)


# ---------------------------------------------------------------- counting

def count_all(number, chance, size):
    plan = random_plan(chance, *size)
    canvas = page(number, "HOW MANY CUBES?", 520)
    draw_heap(canvas, plan, (WIDTH / 2, 300), 480, 380, sides=False)
    return canvas, sum(map(sum, plan)), (
        "How many cubes does the stack consist of? " + COUNT_RULE +
        " The final answer is the number of cubes.")


def count_missing(number, chance, size):
    width, depth, most = size
    plan = random_plan(chance, *size)
    canvas = page(number, "HOW MANY CUBES ARE MISSING?", 520)
    draw_heap(canvas, plan, (WIDTH / 2, 300), 480, 380, sides=False)
    return canvas, width * depth * most - sum(map(sum, plan)), (
        f"The stack is to become a full block of {width} by {depth} by {most} cubes: it fills the "
        "floor that is drawn and is as high as the highest column is now. How many cubes must be "
        f"added? {COUNT_RULE} The final answer is the number of cubes to add.")


def count_painted(number, chance, size, sides):
    while True:
        plan = random_plan(chance, *size)
        cubes = heap(plan)
        answer = sum(painted_sides(cubes, cube) == sides for cube in cubes)
        if 2 <= answer <= 9:
            break
    canvas = page(number, f"HOW MANY HAVE {sides} PAINTED SIDES?", 520)
    draw_heap(canvas, plan, (WIDTH / 2, 300), 480, 380, sides=False)
    return canvas, answer, (
        "The stack is glued together and dipped in paint, so that every side of a cube that touches "
        "no other cube is painted, those that stood on the floor included. How many cubes have "
        f"exactly {sides} painted sides? {COUNT_RULE} The final answer is the number of cubes.")


def painted_sides(cubes, cube):
    x, y, z = cube
    around = ((x + 1, y, z), (x - 1, y, z), (x, y + 1, z), (x, y - 1, z), (x, y, z + 1),
              (x, y, z - 1))
    return sum(neighbour not in cubes for neighbour in around)


# ---------------------------------------------------------------- views

def wrong_profiles(chance, plan, side):
    """Three profiles that differ from the right one and from each other, the nearest first."""
    right, most = view(plan, side), max(map(max, plan))
    near = [right[::-1]] + [view(plan, other) for other in ("front", "right")]
    for i in range(len(right)):
        for change in (-1, 1):
            if 1 <= right[i] + change <= most:
                near.append(right[:i] + (right[i] + change,) + right[i + 1:])
    wrong = []
    for profile in near[:3] + chance.shuffled(near[3:]):
        if profile != right and profile not in wrong and len(profile) == len(right):
            wrong.append(profile)
    return wrong[:3]


def which_view(number, chance, size, side):
    while True:
        plan = random_plan(chance, *size)
        right, wrong = view(plan, side), wrong_profiles(chance, plan, side)
        if right != right[::-1] and len(wrong) == 3:
            break
    options = chance.shuffled([right] + wrong)
    canvas = page(number, f"WHICH VIEW IS FROM THE {side.upper()}?", 640)
    draw_heap(canvas, plan, (WIDTH / 2, 250), 420, 280)
    draw_options(canvas, 440, 140, options,
                 lambda option, middle: draw_profile(canvas, option, middle, size[2]))
    assert [option == right for option in options].count(True) == 1
    return canvas, options.index(right) + 1, (
        f"The arrows show which sides of the stack are its front and its right. {FLOOR_RULE} Which "
        f"of the views 1 to 4 is what one sees looking straight at the stack from the {side}? Each "
        "view is a flat outline with a line for the floor. The final answer is the number of the "
        "view.")


def which_view_from_above(number, chance, size):
    while True:
        plan = random_plan(chance, *size)
        right = view_from_above(plan)
        near = [mirrored(right), right[::-1], mirrored(right)[::-1], quarter_turn(right),
                mirrored(quarter_turn(right))]
        wrong = []
        for cells in near:
            if cells != right and cells not in wrong and len(cells[0]) == len(right[0]):
                wrong.append(cells)
        if len(wrong) >= 3:
            break
    options = chance.shuffled([right] + chance.shuffled(wrong)[:3])
    canvas = page(number, "WHICH VIEW IS FROM ABOVE?", 640)
    draw_heap(canvas, plan, (WIDTH / 2, 250), 420, 280)
    draw_options(canvas, 440, 140, options,
                 lambda option, middle: draw_plan(canvas, option, middle))
    assert [option == right for option in options].count(True) == 1
    return canvas, options.index(right) + 1, (
        f"The arrows show which sides of the stack are its front and its right. {FLOOR_RULE} Which "
        "of the plans 1 to 4 shows the stack from above, with its front at the lower edge of the "
        "plan? Filled squares are places where there is a column, of any height. The final answer "
        "is the number of the plan.")


def three_views(plan):
    return view(plan, "front"), view(plan, "right"), view_from_above(plan)


def which_solid(number, chance, size):
    """The other way round: three views are given, the heap is wanted."""
    width, depth, most = size
    plan = random_plan(chance, *size)
    wrong = []
    for _ in range(20000):
        rows = [list(row) for row in plan]
        for _ in range(1 + chance.below(3)):
            y, x = chance.below(depth), chance.below(width)
            rows[y][x] = chance.below(most + 1)
        other = tuple(map(tuple, rows))
        if (len(wrong) < 3 and three_views(other) != three_views(plan) and
                all(three_views(other) != three_views(taken) for taken in wrong) and
                not solids.hidden_columns(other) and solids.readings_of_heap(other) == 1):
            wrong.append(other)
    if len(wrong) < 3:
        return which_solid(number, chance, size)
    options = chance.shuffled([plan] + wrong)
    canvas = page(number, "WHICH STACK HAS THESE VIEWS?", 620)
    for i, (label, what) in enumerate(zip(("FRONT", "RIGHT", "ABOVE"), three_views(plan))):
        middle = (WIDTH * (1 + 2 * i) / 6, 180)
        if label == "ABOVE":
            draw_plan(canvas, what, middle, 36)
        else:
            draw_profile(canvas, what, middle, most, 36)
        canvas.text_centred(middle[0], 262, label, 3, ARROW)
    canvas.line((24, 316), (WIDTH - 24, 316), 2, FAINT)
    floor = (width, depth)
    edge = min(edge_for(heap(option), 140, 150, floor, 24) for option in options)
    draw_options(canvas, 350, 190, options,
                 lambda option, middle: draw(canvas, heap(option), middle, edge, floor))
    assert [three_views(option) == three_views(plan) for option in options].count(True) == 1
    return canvas, options.index(plan) + 1, (
        "The upper row shows a stack of cubes from the front, from the right and from above (in "
        "the plan from above the front is at the lower edge). In the drawings 1 to 4 the front is "
        f"the side that looks to the lower left, the right the one that looks to the lower right. "
        f"{FLOOR_RULE} Which drawing is the stack that has these three views? The final answer is "
        "the number of the drawing.")


# ---------------------------------------------------------------- rotations

def random_chain(chance, length):
    """Cubes in a chain that bends in all three directions and is unlike its mirror image."""
    while True:
        at, cubes, axes = (0, 0, 0), [(0, 0, 0)], set()
        while len(cubes) < length:
            axis, way = chance.below(3), chance.pick((1, -1))
            for _ in range(1 + chance.below(3)):
                at = tuple(c + way * (i == axis) for i, c in enumerate(at))
                cubes.append(at)
            axes.add(axis)
        solid = solids.settled(cubes)
        if (len(solid) == len(cubes) == length and len(axes) == 3 and
                not solids.same_but_turned(solid, solids.mirror(solid))):
            return solid


def shown(chance, solid, but=()):
    """The solid turned in some way in which all of it shows; None if there is none left."""
    ways = {solids.turned(solid, turn) for turn in solids.TURNS} - set(but)
    for way in chance.shuffled(sorted(ways, key=sorted)):
        if solids.every_cube_shows(way) and solids.readings_of_solid(way) == 1:
            return way
    return None


def moved_cube(chance, solid):
    """The solid with one cube at another place, in one piece."""
    while True:
        rest = set(solid) - {chance.pick(sorted(solid))}
        x, y, z = chance.pick(sorted(rest))
        axis, way = chance.below(3), chance.pick((1, -1))
        new = tuple(c + way * (i == axis) for i, c in enumerate((x, y, z)))
        other = solids.settled(rest | {new})
        if len(other) == len(solid) and in_one_piece(other):
            return other


def in_one_piece(cubes):
    todo, found = [min(cubes)], set()
    while todo:
        x, y, z = cube = todo.pop()
        if cube in cubes and cube not in found:
            found.add(cube)
            todo += [(x + 1, y, z), (x - 1, y, z), (x, y + 1, z), (x, y - 1, z), (x, y, z + 1),
                     (x, y, z - 1)]
    return len(found) == len(cubes)


def which_is_turned(number, chance, length):
    while True:
        solid = random_chain(chance, length)
        first = shown(chance, solid)
        right = first and shown(chance, solid, but=[first])
        others = [solids.mirror(solid), moved_cube(chance, solid), moved_cube(chance, solid)]
        kinds = [solid] + others
        distinct = all(not solids.same_but_turned(a, b)
                       for i, a in enumerate(kinds) for b in kinds[i + 1:])
        wrong = [shown(chance, other) for other in others] if distinct else [None]
        if right and all(wrong):
            break
    options = chance.shuffled([right] + wrong)
    canvas = page(number, "WHICH IS THE SAME SOLID?", 640)
    draw(canvas, first, (WIDTH / 2, 240), edge_for(first, 340, 270, most=50))
    edge = min(edge_for(option, 140, 140, most=26) for option in options)
    draw_options(canvas, 410, 170, options,
                 lambda option, middle: draw(canvas, option, middle, edge))
    assert [solids.same_but_turned(first, option) for option in options].count(True) == 1
    return canvas, options.index(right) + 1, (
        "The upper drawing shows a solid of cubes that are glued together; of every cube at least "
        "a part can be seen. One of the drawings 1 to 4 shows the same solid turned in space; the "
        "others cannot be turned so as to become it (a mirror image is not the same). The final "
        "answer is the number of the drawing with the same solid.")


def which_turn(number, chance, size, turns):
    """A heap turned on its floor. Options need only look different: one is what is asked for."""
    floor = (size[0], size[1])
    while True:
        plan = random_plan(chance, *size)
        ways = [plan]
        for _ in range(3):
            ways.append(quarter_turn(ways[-1]))
        right = ways[turns]
        options = [right]
        for other in [way for way in ways if way != right] + [mirrored(right), right[::-1]]:
            if all(solids.look_different(heap(other), heap(option), floor) for option in options):
                options.append(other)
        if len(options) >= 4:
            break
    options = chance.shuffled(options[:4])
    how = {1: "a quarter turn clockwise", 2: "a half turn", 3: "a quarter turn anticlockwise"}[turns]
    canvas = page(number, "WHICH DRAWING SHOWS IT TURNED?", 630,
                  f"BY {how} AS SEEN FROM ABOVE".upper())
    draw_heap(canvas, plan, (WIDTH / 2, 246), 340, 250, sides=False)
    edge = min(edge_for(heap(option), 140, 150, floor, 24) for option in options)
    draw_options(canvas, 400, 170, options,
                 lambda option, middle: draw(canvas, heap(option), middle, edge, floor))
    assert [option == right for option in options].count(True) == 1
    return canvas, options.index(right) + 1, (
        f"The floor with the stack on it is turned by {how}, as seen from above, and then "
        f"drawn again from the same corner. {FLOOR_RULE} Which of the drawings 1 to 4 shows it "
        "then? The final answer is the number of the drawing.")


PROBLEMS = [
    ("views", which_view, (3, 3, 3), "front"),
    ("cubes", count_all, (3, 3, 2)),
    ("rotations", which_turn, (3, 3, 2), 1),
    ("views", which_view, (3, 3, 3), "right"),
    ("cubes", count_all, (3, 3, 3)),
    ("rotations", which_is_turned, 6),
    ("views", which_view_from_above, (3, 3, 3)),
    ("cubes", count_all, (4, 3, 3)),
    ("rotations", which_is_turned, 6),
    ("views", which_view, (4, 3, 3), "back"),
    ("cubes", count_missing, (3, 3, 3)),
    ("rotations", which_turn, (3, 3, 3), 2),
    ("views", which_solid, (3, 3, 3)),
    ("cubes", count_all, (4, 4, 3)),
    ("rotations", which_is_turned, 7),
    ("views", which_view, (4, 4, 3), "left"),
    ("cubes", count_painted, (3, 3, 2), 3),
    ("rotations", which_is_turned, 7),
    ("views", which_view_from_above, (4, 4, 3)),
    ("cubes", count_missing, (4, 3, 3)),
    ("rotations", which_turn, (3, 3, 3), 3),
    ("views", which_solid, (3, 3, 3)),
    ("cubes", count_all, (4, 4, 4)),
    ("rotations", which_is_turned, 8),
    ("views", which_view, (4, 4, 4), "back"),
    ("cubes", count_missing, (4, 4, 3)),
    ("rotations", which_is_turned, 8),
    ("views", which_solid, (4, 3, 3)),
    ("cubes", count_painted, (4, 3, 3), 2),
]


def wrong_answer(kind, answer):
    """What the mock provider says when it is to be wrong: the next count, or another option."""
    return answer + 1 if kind == "cubes" else answer % 4 + 1


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                          pathlib.Path(__file__).resolve().parent.parent / "problems")
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (kind, make, *how) in enumerate(PROBLEMS, 1):
        canvas, answer, question = make(number, Chance(1000 + number), *how)
        (folder / f"{number}.png").write_bytes(canvas.png())
        rows.append((number, answer, wrong_answer(kind, answer), kind, question))
        print(f"{number}: {kind}, {answer}", flush=True)
    with open(folder / "answers.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("id", "answer", "wrong", "kind", "question"))
        table.writerows(rows)


if __name__ == "__main__":
    main()
