"""The rectangle round the filled cells of a sheet, and how it is told by the records of a binary one."""

import zipfile

from anomaly.reading.formats.budget import spend_sheet


class Extent:
    """The rectangle round the filled cells of a sheet."""

    def __init__(self, name: str, member: zipfile.ZipInfo) -> None:
        self.name, self.member = name, member
        self.formulas: set[int] = set()
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        self.row, self.column = -1, -1
        self.top, self.left, self.bottom, self.right = 1 << 40, 1 << 40, 0, 0

    def end_sheet(self) -> None:
        """Raises DataError where the budget does not hold the rectangle."""
        if self.bottom:
            spend_sheet(self.bottom - self.top, self.right - self.left, self.name)

    def add(self, row: int, column: int, rows: int = 1, columns: int = 1) -> None:
        if row >= self.top and column >= self.left and row + rows <= self.bottom and column + columns <= self.right:
            return
        self.top, self.left = min(self.top, row), min(self.left, column)
        self.bottom, self.right = max(self.bottom, row + rows), max(self.right, column + columns)


class BinaryExtent(Extent):
    """Of an .xlsb sheet: records of a kind, a size (both in sevens of bits) and a body."""

    rest = b""

    def feed(self, chunk: bytes) -> None:
        data, at = self.rest + chunk, 0
        while True:
            kind, size, begin = int.from_bytes(data[at : at + 1]), 0, at + 1
            begin += kind >= 128  # of which no cell is
            for shift in range(0, 28, 7):
                byte = int.from_bytes(data[begin : begin + 1])
                size, begin = size | (byte & 127) << shift, begin + 1
                if byte < 128:
                    break
            if begin + size > len(data):
                break
            figure = int.from_bytes(data[begin : begin + 4], "little")
            if kind == 0:
                self.row = figure
            elif 2 <= kind <= 11:  # 1 is a cell with but a format
                self.add(self.row, figure)
            at = begin + size
        self.rest = data[at:]
