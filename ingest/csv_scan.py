"""One look over a whole CSV file before anything is decoded: its sha256, its encoding, its longest line."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

PIECE = 4 << 20
Encoding = Literal["utf-8", "gb18030"]


@dataclass(frozen=True)
class Scan:
    """What was seen. ``clean``: every byte is valid UTF-8. ``longest`` is in bytes, ``longest_line`` counts from 1.

    ``ends_quoted``: the last thing before the final line ends is a quotation mark.
    """

    sha256: str
    size: int
    clean: bool
    quotes: bool
    ends_quoted: bool
    longest: int
    longest_line: int


def scan(path: Path) -> Scan:
    """Read a file once, in pieces."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    clean, quotes, ends_quoted, size, lines = True, False, False, 0, 0
    open_line, longest, longest_line = 0, 0, 1
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            size += len(piece)
            quotes = quotes or b'"' in piece
            if text := piece.rstrip(b"\r\n"):
                ends_quoted = text.endswith(b'"')
            if clean:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    clean = False
            ends = np.flatnonzero(np.frombuffer(piece, dtype=np.uint8) == 0x0A)
            if ends.size == 0:
                open_line += len(piece)
                continue
            lengths = np.diff(ends, prepend=-1) - 1
            lengths[0] += open_line
            top = int(lengths.argmax())
            if lengths[top] > longest:
                longest, longest_line = int(lengths[top]), lines + top + 1
            lines += ends.size
            open_line = len(piece) - int(ends[-1]) - 1
    if open_line > longest:
        longest, longest_line = open_line, lines + 1
    if clean:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            clean = False
    return Scan(digest.hexdigest(), size, clean, quotes, ends_quoted, longest, longest_line)


def _lines(file: BinaryIO) -> Iterator[list[bytes]]:
    rest = b""
    while piece := file.read(PIECE):
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        yield lines
    if rest:
        yield [rest]


def _decodes(line: bytes, encoding: Encoding) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def encoding_of(path: Path) -> Encoding | None:
    """The encoding of most lines of a file that is not all UTF-8; None when most lines are no text in either."""
    votes = {"utf-8": 0, "gb18030": 0, "": 0}
    with path.open("rb") as file:
        for lines in _lines(file):
            for line in lines:
                if line.isascii():
                    continue
                votes["utf-8" if _decodes(line, "utf-8") else "gb18030" if _decodes(line, "gb18030") else ""] += 1
    if votes[""] > votes["utf-8"] + votes["gb18030"]:
        return None
    return "gb18030" if votes["gb18030"] > votes["utf-8"] else "utf-8"


class Recoded:
    """A file of the given encoding, read as UTF-8. What is not text in it reads as U+FFFD.

    In a file of GB 18030 a line that is valid UTF-8 with characters of three bytes is not taken for what it would
    spell in GB 18030 (it spells nonsense): its letters read as U+FFFD too.
    """

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:
        self._file = file
        self._encoding: Encoding = encoding
        self._pieces = self._recoded()
        self._ready = b""
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        parts, have = [self._ready], len(self._ready)
        while size < 0 or have < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            parts.append(piece)
            have += len(piece)
        whole = b"".join(parts)
        cut = len(whole) if size < 0 else size
        self._ready = whole[cut:]
        return whole[:cut]

    def close(self) -> None:
        """Close the file beneath."""
        self._file.close()
        self.closed = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False

    def _recoded(self) -> Iterator[bytes]:
        start = True
        while piece := self._file.read(PIECE):
            piece += self._file.readline()
            if start and piece.startswith(codecs.BOM_UTF8):
                piece = piece[len(codecs.BOM_UTF8) :]
            start = False
            yield b"".join(map(self._line, piece.splitlines(keepends=True)))

    def _line(self, line: bytes) -> bytes:
        if line.isascii():
            return line
        try:
            as_utf8 = line.decode("utf-8")
        except UnicodeDecodeError:
            return line.decode(self._encoding, errors="replace").encode()
        if self._encoding == "utf-8":
            return line
        if any(c > "\u07ff" for c in as_utf8):
            return "".join(c if c.isascii() else "\ufffd" for c in as_utf8).encode()
        return line.decode(self._encoding, errors="replace").encode()
