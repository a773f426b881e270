"""The join order, said out loud.

Without it the embedded engine plans a MATCH after a WITH as a hash join over the whole edge table, some 200 ms per
million edges. With it the table is read through a mask of the nodes found so far. Other stores do not read the hint,
so it is not in the question files: it is put in here, which is possible because their spelling is regular.
"""

from __future__ import annotations

import re

_HOP = re.compile(r"MATCH \((\w+)\)<?-\[(\w+):[^\]]*\]->?\((\w+)[^()]*\)")
_CLAUSE = re.compile(r"(?m)^(?=(?:OPTIONAL )?MATCH |WITH |RETURN |UNWIND |UNION)")


def with_join_order(text: str) -> str:
    """A question's text with a HINT after every MATCH that begins at a node found before."""
    out: list[str] = []
    first = True
    for clause in _CLAUSE.split(text):
        hop = _HOP.match(clause)
        if hop and not first:
            start, edge, end = hop.groups()
            clause = f"{clause.rstrip()}\nHINT ({start} JOIN {edge}) JOIN {end}\n"
        first = first and not clause.startswith("MATCH ")
        out.append(clause)
    return "".join(out)
