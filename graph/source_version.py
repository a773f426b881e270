"""A number for the sources of a kernel, so that compiled code on disk is never that of an older version.

Numba's cache of compiled code watches a function's own file, not those of the functions it calls, but it does tell
apart functions that close over different values. A kernel is therefore compiled inside a function that takes this
number, and mentions it: a change in any of the files makes it another kernel.
"""

from __future__ import annotations

import zlib
from pathlib import Path


def source_version(file: str, *parts: str) -> int:
    """Checksum of the modules ``parts`` beside ``file``."""
    here = Path(file)
    return zlib.crc32(b"".join(here.with_name(f"{part}.py").read_bytes() for part in parts))
