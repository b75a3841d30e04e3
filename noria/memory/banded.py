"""Vectors by their bits: what may lie near a vector, at a cost that hardly grows with what is held.

    vector ─► a byte a number ─► on which side of 24 planes? ─► a code in each table ─► cells of that code,
                                                                │                       or of one hardly another
                                                                └► cosine of each row ─► those that may be near

Two unit vectors at an angle `a` lie on one side of a random plane with chance `1 − a/π` (Charikar,
STOC 2002), so near ones share a code of many bits far more often than strangers do. Where a vector
lies close to a plane, the code with that bit turned is looked up too (multi-probe, Lv et al., VLDB
2007), and there are as many tables as it takes that a pair exactly at the threshold is missed in
fewer than `MISSED` of all draws of planes; a nearer pair is missed less, an equal one never. The lower
the threshold, the shorter the codes must be; where no number of tables would do (`designed`), every
row of the shape is compared: right, and slow.

What is found for a vector depends on the two vectors and the threshold alone, never on what else is
held or in which order it came. A graph of neighbours (HNSW) cannot promise that, and novelty has to
be decided again as it was decided. So codes are taken of whole numbers, of which every sum is exact.

A table is a hash of chains: a head for each address, and for each cell (a row in a table) the one
before it at its address. Cell 0 is nobody. Addresses double when there are fewer of them than rows.
"""

import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from hashlib import blake2b, shake_256
from itertools import combinations
from typing import TypeVar

import numpy
from numpy.typing import NDArray

from noria.memory.embed import Vectors

Codes = NDArray[numpy.uint32]
Number = TypeVar("Number", bound=numpy.generic)

MISSED = 0.005
"""Chance that a pair exactly at the threshold is missed."""

BITS = (24, 22, 20, 18, 16, 14, 12)
"""Lengths of a code that are tried, longest first."""

TABLES = 18
"""Most tables."""

CLOSEST = 8
"""Planes a vector lies closest to, in each table: codes with one of these bits turned are looked up."""

TOGETHER = tuple(combinations(range(4), 2))
"""Those of the closest that are turned two at a time."""

DRAWN = 20_000
"""Pairs drawn to see what share of them a table finds."""

NOISE = 1e-6
"""How far a cosine of 32-bit vectors may be off."""

LEAST = numpy.finfo(numpy.float32).tiny
"""What numbers are divided by that are all 0."""

ROOM = 1024
"""Rows that there is room for at first; afterwards it grows by a quarter at a time."""

PART = 4096
"""Rows that are compared, or linked into the tables, at once."""

FEW = 512
"""Rows that are summed one by one. BLAS shares out a product of matrices among all cores, and to wait for cores that a
model server has costs a hundred times what the sums do; so only many rows go through it together. A row alone it reads
the planes for as they lie, and is twice as fast as with three."""

_ODD = numpy.uint32(0x9E3779B1)
"""Multiplied by it, codes that differ in one bit have addresses far apart (Knuth, volume 3, 6.4)."""

_ONE, _OTHER = (numpy.array(side) for side in zip(*TOGETHER, strict=True))


@lru_cache(maxsize=64)
def designed(near: float) -> tuple[int, int]:
    """Bits of a code and number of tables for a threshold of the cosine; no table where every row is compared."""
    for bits in BITS:
        rng = numpy.random.default_rng(bits)
        one, other = rng.normal(size=(2, DRAWN, bits))
        # How far two vectors lie from a plane are normal numbers that go together as the vectors do.
        cosine = max(-1.0, near - NOISE)
        other = cosine * one + math.sqrt(1 - cosine**2) * other
        turned, place = (one >= 0) != (other >= 0), numpy.abs(one).argsort(axis=1).argsort(axis=1)
        count, last = turned.sum(axis=1), numpy.where(turned, place, -1).max(axis=1)
        pairs = (count == 2) & (last <= max(high for _, high in TOGETHER))
        found = ((count == 0) | ((count == 1) & (last < CLOSEST)) | pairs).mean()
        missed = max(1 - float(found), 1e-3)
        if missed**TABLES <= MISSED:
            return bits, max(2, math.ceil(math.log(MISSED) / math.log(missed)))
    return 0, 0


@lru_cache(maxsize=4)
def _planes(width: int, count: int) -> Vectors:
    """Planes by a vector of ±1 each; the same on every machine, whatever draws random numbers there."""
    bits = numpy.unpackbits(numpy.frombuffer(shake_256(b"planes").digest(-(-width * count // 8)), numpy.uint8))
    return bits[: width * count].reshape(width, count).astype(numpy.float32) * 2 - 1


class Banded:
    """Unit vectors, each with a place and a shape; those of one shape are compared."""

    def __init__(self, near: float, width: int = 256) -> None:
        """Hold nothing yet; `near` is the cosine that is looked for, `width` how many numbers a vector has."""
        self.near, self.width = near, width
        self.bits, self.tables = designed(near)
        self._rows = self._gone = 0
        self._vectors = numpy.zeros((0, width), numpy.int8)
        self._steps = numpy.zeros(0, numpy.float32)
        self._places = numpy.zeros(0, numpy.int64)
        self._shapes = numpy.zeros(0, numpy.uint64)
        self._codes = numpy.zeros(self.tables, numpy.uint32)
        self._before = numpy.zeros(self.tables, numpy.int32)
        self._planes = _planes(width, self.tables * self.bits)
        self._powers = numpy.uint32(1) << numpy.arange(self.bits, dtype=numpy.uint32)
        self._address(1)

    def __len__(self) -> int:
        """How many vectors are held."""
        return self._rows - self._gone

    @property
    def nbytes(self) -> int:
        """Bytes that are held, with the room for what comes."""
        held = (self._vectors, self._steps, self._places, self._shapes, self._codes, self._before, self._heads)
        return sum(part.nbytes for part in held)

    def add(self, places: Sequence[int], shapes: Sequence[str], vectors: Vectors) -> None:
        """Take unit vectors in, a row each."""
        first, last = self._rows, self._rows + len(places)
        self._make_room(last)
        rows, self._steps[first:last] = _bytes(vectors)
        self._vectors[first:last], self._places[first:last] = rows, places
        self._shapes[first:last] = [_number(shape) for shape in shapes]
        self._rows = last
        if not self.tables:
            return
        for at in range(first, last, PART):
            end = min(last, at + PART)
            sides = self._sides(rows[at - first : end - first])
            mixed = (sides ^ self._shapes[at:end, None].astype(numpy.uint32)) * _ODD
            self._codes[(at + 1) * self.tables : (end + 1) * self.tables] = mixed.ravel()
        if last > self._addresses:
            self._address(last)
            first = 0
        for at in range(first, last, PART):
            self._link(at, min(last, at + PART))

    def remove(self, places: Collection[int]) -> None:
        """Let vectors go; they leave room behind until the index is made anew."""
        gone = numpy.isin(self._places[: self._rows], list(places))
        self._gone += int(gone.sum())
        self._places[: self._rows][gone] = -1

    def find(self, vector: Vectors, shape: str) -> list[int]:
        """The places within a shape whose cosine with a unit vector may reach the threshold, nearest first.

        Numbers are rounded to a byte, so some just below it are among them; none is left out by rounding.
        """
        own, off = numpy.uint64(_number(shape)), math.sqrt(self.width) / 2
        rows = self._alike(vector, own) if self.tables else numpy.flatnonzero(self._shapes[: self._rows] == own)
        found: dict[int, float] = {}
        for at in range(0, len(rows), PART):
            part = rows[at : at + PART]
            steps = self._steps.take(part)
            # In 64 bits, so that it is the same whatever it is compared beside.
            likeness = (self._vectors.take(part, 0).astype(numpy.float64) @ vector) * steps
            # Each number is off by half a step at most, and the vector's length is 1.
            near = numpy.flatnonzero(likeness + steps * off >= self.near - NOISE)
            for row, cosine in zip(part[near].tolist(), likeness[near].tolist(), strict=True):
                if self._shapes[row] == own and self._places[row] >= 0:
                    found[int(self._places[row])] = cosine
        return sorted(found, key=lambda place: (-found[place], place))

    def _alike(self, vector: Vectors, shape: numpy.uint64) -> NDArray[numpy.int64]:
        """The rows that share a code with the vector, or one hardly another; some of them more than once."""
        row, _ = _bytes(vector[None])
        sums = (row.astype(numpy.float32) @ self._planes).reshape(self.tables, self.bits)
        turned = self._powers[numpy.abs(sums).argsort(axis=1, kind="stable")[:, :CLOSEST]]
        codes = ((sums >= 0) @ self._powers ^ shape.astype(numpy.uint32))[:, None]
        both = turned[:, _ONE] ^ turned[:, _OTHER]
        wanted = (numpy.concatenate((codes, codes ^ turned, codes ^ both), axis=1) * _ODD).ravel()
        cells, found = self._heads.take(self._starts + (wanted >> self._shift)), []
        while numpy.count_nonzero(cells):
            found.append(cells[self._codes.take(cells) == wanted])
            cells = self._before.take(cells)
        every = numpy.concatenate(found) if found else cells[:0]
        rows: NDArray[numpy.int64] = every[every > 0].astype(numpy.int64) // self.tables - 1
        return rows

    def _sides(self, rows: NDArray[numpy.int8]) -> Codes:
        """A code for each row and table; the sums are whole numbers below 2²⁴, and so exact in any order."""
        floats = rows.astype(numpy.float32)
        sums = floats @ self._planes if len(rows) > FEW else numpy.stack([row @ self._planes for row in floats])
        codes: Codes = (sums >= 0).reshape(len(rows), self.tables, self.bits) @ self._powers
        return codes

    def _address(self, rows: int) -> None:
        """Make heads for so many rows, at none of which anybody stands."""
        self._addresses = max(2, 1 << (rows - 1).bit_length())
        self._heads = numpy.zeros(self.tables * self._addresses, numpy.int32)
        self._shift = numpy.uint32(33 - self._addresses.bit_length())
        self._firsts = numpy.arange(self.tables, dtype=numpy.int64) * self._addresses
        self._starts = numpy.repeat(self._firsts, 1 + CLOSEST + len(TOGETHER))

    def _link(self, first: int, last: int) -> None:
        """Put the cells of some rows before those that stand at their addresses."""
        cells = numpy.arange((first + 1) * self.tables, (last + 1) * self.tables, dtype=numpy.int32)
        places = numpy.tile(self._firsts, last - first) + (self._codes[cells] >> self._shift)
        order = numpy.argsort(places, kind="stable")
        places, cells = places[order], cells[order]
        follows = numpy.concatenate(([False], places[1:] == places[:-1]))
        self._before[cells] = numpy.where(follows, numpy.roll(cells, 1), self._heads[places])
        last_of = numpy.concatenate((~follows[1:], [True]))
        self._heads[places[last_of]] = cells[last_of]

    def _make_room(self, rows: int) -> None:
        have = len(self._places)
        if rows <= have:
            return
        more = max(ROOM, rows, have + have // 4) - have
        self._vectors = _longer(self._vectors, more)
        self._steps, self._places = _longer(self._steps, more), _longer(self._places, more)
        self._shapes = _longer(self._shapes, more)
        self._codes = _longer(self._codes, more * self.tables)
        self._before = _longer(self._before, more * self.tables)


def _longer(held: NDArray[Number], more: int) -> NDArray[Number]:
    return numpy.concatenate([held, numpy.zeros((more, *held.shape[1:]), held.dtype)])


def _bytes(vectors: Vectors) -> tuple[NDArray[numpy.int8], NDArray[numpy.float32]]:
    """Vectors as whole numbers from -127 to 127, and what a step of each is worth."""
    steps = numpy.abs(vectors).max(axis=1) / numpy.float32(127)
    whole = numpy.rint(vectors / numpy.maximum(steps, LEAST)[:, None])
    return whole.astype(numpy.int8), steps


def _number(shape: str) -> int:
    return int.from_bytes(blake2b(shape.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
