"""Solids of unit cubes: how they look from a corner and from the sides, how they turn.

A solid is a frozenset of cubes (x, y, z), z up. It is seen from the corner where all three are
large: x runs to the lower right of the picture, y to its lower left. So the side of large y is on
the left of the picture and called the front, the side of large x is on its right and called the
right. A heap is a solid without gaps below its cubes; its plan says how high each column is.
"""

from itertools import permutations, product

TOP, LEFT, RIGHT = (236, 241, 247), (168, 186, 210), (112, 137, 172)
EDGE, FLOOR, FLOOR_EDGE = (28, 38, 54), (250, 250, 247), (196, 196, 190)
ACROSS, DOWN = 0.8660254, 0.5  # of an edge of a cube, on the picture


def heap(plan):
    """Of plan[y][x], the heights of the columns."""
    return frozenset((x, y, z) for y, row in enumerate(plan) for x, height in enumerate(row)
                     for z in range(height))


def heights(cubes, width, depth):
    plan = [[0] * width for _ in range(depth)]
    for x, y, z in cubes:
        plan[y][x] = max(plan[y][x], z + 1)
    return tuple(map(tuple, plan))


# ---------------------------------------------------------------- what is seen from the sides

def view(plan, side):
    """The heights of what is seen from a side, from left to right."""
    across = [max(row[x] for row in plan) for x in range(len(plan[0]))]  # as x grows
    along = [max(row) for row in plan]                                   # as y grows
    return tuple({"front": across, "back": across[::-1],
                  "right": along[::-1], "left": along}[side])


def view_from_above(plan):
    """Where there is a column; the last row is the one at the front."""
    return tuple(tuple(height > 0 for height in row) for row in plan)


def quarter_turn(plan):
    """Turned by a quarter, clockwise as seen from above: what was in front comes to the left."""
    depth = len(plan)
    return tuple(tuple(plan[depth - 1 - x][y] for x in range(depth)) for y in range(len(plan[0])))


def mirrored(plan):
    return tuple(row[::-1] for row in plan)


# ---------------------------------------------------------------- turning and comparing solids

def _sign(order):
    return -1 if sum(order[i] > order[j] for i in range(3) for j in range(i + 1, 3)) % 2 else 1


TURNS = [(order, signs) for order in permutations(range(3)) for signs in product((1, -1), repeat=3)
         if _sign(order) * signs[0] * signs[1] * signs[2] == 1]


def settled(cubes):
    """Moved so that the smallest coordinates are 0."""
    low = [min(cube[axis] for cube in cubes) for axis in range(3)]
    return frozenset(tuple(cube[axis] - low[axis] for axis in range(3)) for cube in cubes)


def turned(cubes, turn):
    order, signs = turn
    return settled({tuple(cube[order[axis]] * signs[axis] for axis in range(3)) for cube in cubes})


def mirror(cubes):
    return settled({(-x, y, z) for x, y, z in cubes})


def same_but_turned(one, other):
    other = settled(other)
    return any(turned(one, turn) == other for turn in TURNS)


# ---------------------------------------------------------------- drawing

def _faces(cube):
    """The three sides that look to the corner: colour and corners."""
    x, y, z = cube
    return ((TOP, ((x, y, z + 1), (x + 1, y, z + 1), (x + 1, y + 1, z + 1), (x, y + 1, z + 1))),
            (LEFT, ((x, y + 1, z), (x + 1, y + 1, z), (x + 1, y + 1, z + 1), (x, y + 1, z + 1))),
            (RIGHT, ((x + 1, y, z), (x + 1, y + 1, z), (x + 1, y + 1, z + 1), (x + 1, y, z + 1))))


def on_picture(point, edge, origin=(0, 0)):
    x, y, z = point
    return origin[0] + (x - y) * ACROSS * edge, origin[1] + ((x + y) * DOWN - z) * edge


def extent(cubes, floor=None):
    """Left, upper, right and lower end of the drawing, for an edge of 1."""
    points = [on_picture(corner, 1) for cube in cubes for _, face in _faces(cube)
              for corner in face]
    if floor:
        width, depth = floor
        points += [on_picture(p, 1) for p in
                   ((0, 0, 0), (width, 0, 0), (0, depth, 0), (width, depth, 0))]
    return (min(x for x, _ in points), min(y for _, y in points),
            max(x for x, _ in points), max(y for _, y in points))


def draw(canvas, cubes, middle, edge, floor=None):
    """Draws the solid around a point of the picture, far cubes first; returns the origin used."""
    left, upper, right, lower = extent(cubes, floor)
    origin = (middle[0] - (left + right) / 2 * edge, middle[1] - (upper + lower) / 2 * edge)
    thin = max(1.2, edge / 26)
    for x, y in product(range(floor[0]), range(floor[1])) if floor else ():
        square = [on_picture(p, edge, origin) for p in
                  ((x, y, 0), (x + 1, y, 0), (x + 1, y + 1, 0), (x, y + 1, 0))]
        canvas.polygon(square, FLOOR)
        canvas.outline(square, 1, FLOOR_EDGE)
    for cube in sorted(cubes, key=sum):
        for colour, corners in _faces(cube):
            face = [on_picture(corner, edge, origin) for corner in corners]
            canvas.polygon(face, colour)
            canvas.outline(face, thin, EDGE)
    return origin


# ---------------------------------------------------------------- what can be told from a drawing

def _triangles(face):
    """The two halves of a side, each named by its place on the picture, where all sides of all
    cubes fall into the same pattern of triangles."""
    places = [(x - y, x + y - 2 * z) for x, y, z in face]
    for half in ((0, 1, 2), (0, 2, 3)):
        yield tuple(sum(places[i][axis] for i in half) for axis in range(2))


def appearance(cubes, floor=(0, 0)):
    """What each triangle of the drawing shows: (cube, number of its side); of the floor's squares,
    the cube that would lie below."""
    squares = [(x, y, -1) for x, y in product(range(floor[0]), range(floor[1]))]
    shows = {}
    for cube in squares + sorted(cubes, key=sum):
        for number, (_, corners) in enumerate(_faces(cube)[:1] if cube[2] < 0 else _faces(cube)):
            for triangle in _triangles(corners):
                shows[triangle] = (cube, number)
    return shows


def look_different(one, other, floor, most_alike=4):
    """Whether two drawings of heaps can be told apart at more than a few triangles."""
    first, second = _picture(one, floor), _picture(other, floor)
    return sum(first.get(p) != second.get(p) for p in {*first, *second}) > most_alike


def _picture(cubes, floor=(0, 0)):
    """What can be told of a drawing: at each triangle which side it is, or that it is floor."""
    return {triangle: 3 if cube[2] < 0 else number
            for triangle, (cube, number) in appearance(cubes, floor).items()}


def readings_of_heap(plan, enough=2):
    """How many heaps have this very drawing, counted up to `enough`. Nothing hides what is in
    front, so heights are tried from the front to the back, and each must fit what still shows."""
    width, depth = len(plan[0]), len(plan)
    wanted = _picture(heap(plan), (width, depth))
    places = sorted(product(range(width), range(depth)), key=sum, reverse=True)
    highest = max(map(max, plan)) + 3

    def count(index, covered):
        if index == len(places):
            return len(covered) == len(wanted)
        x, y = places[index]
        found = 0
        for height in range(highest + 1):
            shows = _column(x, y, height)
            new = {triangle: number for triangle, number in shows.items()
                   if triangle not in covered}
            if all(wanted.get(triangle) == number for triangle, number in new.items()):
                found += count(index + 1, covered | new.keys())
            if found >= enough:
                break
        return found

    return count(0, frozenset())


def _column(x, y, height):
    """The picture of one column alone, with the square of floor below it if it has no cube."""
    shows = {}
    for z in range(height) if height else (-1,):
        for number, (_, corners) in enumerate(_faces((x, y, z))):
            for triangle in _triangles(corners):
                if z >= 0:
                    shows[triangle] = number
                elif number == 0:
                    shows[triangle] = 3
    return shows


def readings_of_solid(cubes):
    """How many solids in one piece, all of whose cubes show, have this very drawing. A side that
    shows tells where its cube is up to a step towards the corner or away from it."""
    cubes = sorted(cubes)
    wanted = _picture(cubes)
    seen, found, todo = set(), 0, [frozenset([(0, 0)])]
    while todo:
        placed = todo.pop()  # pairs: number of a cube, steps
        at = {tuple(c + steps for c in cubes[i]) for i, steps in placed}
        if len(placed) == len(cubes):
            found += _picture(at) == wanted and every_cube_shows(at)
            continue
        for i in set(range(len(cubes))) - {i for i, _ in placed}:
            for steps in range(-3, 4):
                cube = tuple(c + steps for c in cubes[i])
                beside = any(sum(abs(a - b) for a, b in zip(cube, other)) == 1 for other in at)
                more = placed | {(i, steps)}
                if beside and more not in seen:
                    seen.add(more)
                    todo.append(more)
    return found


def hidden_columns(plan):
    """Columns, or empty places, of whose upper side not even half can be seen."""
    shown = {cube for cube, number in appearance(heap(plan), (len(plan[0]), len(plan))).values()
             if number == 0}
    return [(x, y) for y, row in enumerate(plan) for x, height in enumerate(row)
            if (x, y, height - 1) not in shown]


def every_cube_shows(cubes):
    """Of every cube at least as much as one side can be seen."""
    seen = [cube for cube, _ in appearance(cubes).values()]
    return all(seen.count(cube) >= 2 for cube in cubes)
