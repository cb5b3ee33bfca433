"""A picture made of polygons and bitmap letters, and how it becomes a PNG. Standard library only."""

import struct
import zlib

FINE = 3  # subpixels a pixel is wide, so that edges are smooth

# Seven rows a letter, from the top; five bits a row, the leftmost the highest.
LETTERS = {
    "A": (14, 17, 17, 31, 17, 17, 17), "B": (30, 17, 17, 30, 17, 17, 30),
    "C": (14, 17, 16, 16, 16, 17, 14), "D": (28, 18, 17, 17, 17, 18, 28),
    "E": (31, 16, 16, 30, 16, 16, 31), "F": (31, 16, 16, 30, 16, 16, 16),
    "G": (14, 17, 16, 23, 17, 17, 15), "H": (17, 17, 17, 31, 17, 17, 17),
    "I": (14, 4, 4, 4, 4, 4, 14), "J": (7, 2, 2, 2, 2, 18, 12),
    "K": (17, 18, 20, 24, 20, 18, 17), "L": (16, 16, 16, 16, 16, 16, 31),
    "M": (17, 27, 21, 21, 17, 17, 17), "N": (17, 25, 25, 21, 19, 19, 17),
    "O": (14, 17, 17, 17, 17, 17, 14), "P": (30, 17, 17, 30, 16, 16, 16),
    "Q": (14, 17, 17, 17, 21, 18, 13), "R": (30, 17, 17, 30, 20, 18, 17),
    "S": (15, 16, 16, 14, 1, 1, 30), "T": (31, 4, 4, 4, 4, 4, 4),
    "U": (17, 17, 17, 17, 17, 17, 14), "V": (17, 17, 17, 17, 10, 10, 4),
    "W": (17, 17, 17, 21, 21, 27, 17), "X": (17, 10, 10, 4, 10, 10, 17),
    "Y": (17, 17, 10, 4, 4, 4, 4), "Z": (31, 1, 2, 4, 8, 16, 31),
    "0": (14, 17, 19, 21, 25, 17, 14), "1": (4, 12, 20, 4, 4, 4, 31),
    "2": (14, 17, 1, 6, 8, 16, 31), "3": (30, 1, 1, 14, 1, 1, 30),
    "4": (3, 5, 9, 17, 31, 1, 1), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (14, 16, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14), "9": (14, 17, 17, 15, 1, 1, 14),
    "?": (14, 17, 1, 6, 4, 0, 4), ".": (0, 0, 0, 0, 0, 12, 12), " ": (0,) * 7,
}


class Canvas:
    """A white picture. Coordinates are pixels from the upper left corner and may be fractions."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.rows = [bytearray(b"\xff" * (width * FINE * 3)) for _ in range(height * FINE)]

    def polygon(self, points, colour):
        """Fills a convex polygon."""
        corners = [(x * FINE, y * FINE) for x, y in points]
        low = max(0, int(min(y for _, y in corners)))
        high = min(len(self.rows) - 1, int(max(y for _, y in corners)) + 1)
        for row in range(low, high + 1):
            middle = row + 0.5
            crossings = []
            for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1]):
                if (y1 <= middle) != (y2 <= middle):
                    crossings.append(x1 + (middle - y1) / (y2 - y1) * (x2 - x1))
            if len(crossings) < 2:
                continue
            left = max(0, round(min(crossings)))
            right = min(self.width * FINE, round(max(crossings)))
            if right > left:
                self.rows[row][left * 3:right * 3] = bytes(colour) * (right - left)

    def line(self, start, end, width, colour):
        (x1, y1), (x2, y2) = start, end
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        along = ((x2 - x1) / length * width / 2, (y2 - y1) / length * width / 2)
        x1, y1, x2, y2 = x1 - along[0], y1 - along[1], x2 + along[0], y2 + along[1]
        dx, dy = -along[1], along[0]
        self.polygon([(x1 + dx, y1 + dy), (x2 + dx, y2 + dy), (x2 - dx, y2 - dy),
                      (x1 - dx, y1 - dy)], colour)

    def outline(self, points, width, colour):
        for start, end in zip(points, points[1:] + points[:1]):
            self.line(start, end, width, colour)

    def box(self, x, y, width, height, colour):
        self.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], colour)

    def text(self, x, y, words, size, colour):
        """Writes from x to the right; `size` is the side of a letter's dot."""
        for i, letter in enumerate(words):
            for row, bits in enumerate(LETTERS[letter]):
                for column in range(5):
                    if bits >> (4 - column) & 1:
                        self.box(x + (i * 6 + column) * size, y + row * size, size, size, colour)

    def text_centred(self, middle, y, words, size, colour):
        self.text(middle - (len(words) * 6 - 1) * size / 2, y, words, size, colour)

    def png(self):
        plain, raised = bytearray(), bytearray()
        before = bytes(self.width * 3)
        for row in self._pixels():
            plain += b"\0" + row
            raised += b"\2" + bytes((a - b) & 255 for a, b in zip(row, before))
            before = row
        data = min((zlib.compress(bytes(rows), 9) for rows in (plain, raised)), key=len)
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) +
                _chunk(b"IEND", b""))

    def _pixels(self):
        """The rows of pixels, each pixel the mean of its subpixels."""
        stride, count = FINE * 3, FINE * FINE
        for top in range(0, len(self.rows), FINE):
            fine = self.rows[top:top + FINE]
            row = bytearray(self.width * 3)
            for channel in range(3):
                slices = [line[channel + 3 * i::stride] for line in fine for i in range(FINE)]
                row[channel::3] = bytes(sum(values) // count for values in zip(*slices))
            yield bytes(row)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
