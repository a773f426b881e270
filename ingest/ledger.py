"""Which rows of a feed were taken before: new, duplicate, or in conflict with what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

NEW, DUPLICATE, CONFLICT = 0, 1, 2

_HASHED = """
CREATE OR REPLACE TEMP TABLE chunk AS
SELECT row, record_id, version_ts, hash, md5_number(coalesce(record_id, hex(hash)) || chr(31) || version_ts) AS key
FROM (SELECT row, record_id, version_ts, unhex(left(sha256(content), 32)) AS hash FROM arrived)
"""
_JUDGED = """
WITH first AS (SELECT key, min(row) AS row, arg_min(hash, row) AS hash FROM chunk GROUP BY key)
SELECT c.row, c.hash, coalesce(c.record_id, hex(c.hash)) AS record_id,
       (CASE WHEN seen.hash IS NOT NULL THEN if(seen.hash = c.hash, 1, 2)
             WHEN first.row = c.row THEN 0
             ELSE if(first.hash = c.hash, 1, 2) END)::TINYINT AS verdict
FROM chunk c JOIN first USING (key) LEFT JOIN seen USING (key)
ORDER BY c.row
"""


class Ledger:
    """Receipts of a feed, of earlier batches and of this one.

    Two rows are the same record in the same version when their record id and version are equal; they are the same
    row when their content is too. Content is compared by the first 128 bits of its SHA-256.
    """

    def __init__(self, receipt_files: Sequence[str]) -> None:
        self._con = duckdb.connect()
        self._con.execute("SET preserve_insertion_order = false")
        self._con.execute("CREATE TABLE seen(key UHUGEINT, hash BLOB)")
        if receipt_files:
            self._con.execute(
                """INSERT INTO seen SELECT md5_number(record_id || chr(31) || version_ts), row_hash
                   FROM read_parquet($files)""",
                {"files": list(receipt_files)},
            )

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._con.close()

    def judge(
        self, record_ids: pa.Array, version_ts: pa.Array, content: pa.Array
    ) -> tuple[npt.NDArray[np.int8], pa.Table]:
        """A verdict for each row (NEW, DUPLICATE, CONFLICT) and the receipts of the new ones (columns of RECEIPTS).

        ``record_ids`` may be null: the record is then its whole content. New rows count as seen from here on.
        """
        n = len(content)
        if n == 0:
            return np.zeros(0, dtype=np.int8), pa.table({"record_id": [], "version_ts": [], "row_hash": []})
        arrived = pa.table({"row": np.arange(n), "record_id": record_ids, "version_ts": version_ts, "content": content})
        self._con.register("arrived", arrived)
        self._con.execute(_HASHED)
        self._con.unregister("arrived")
        judged = self._con.sql(_JUDGED).to_arrow_table()
        verdict = judged["verdict"].to_numpy()
        new = pa.array(verdict == NEW)
        receipts = pa.table(
            {
                "record_id": judged["record_id"].filter(new),
                "version_ts": version_ts.filter(new),
                "row_hash": judged["hash"].filter(new),
            }
        )
        # of each key not seen before, the first row is the new one
        self._con.execute(
            """INSERT INTO seen SELECT key, arg_min(hash, row) FROM chunk ANTI JOIN seen USING (key) GROUP BY key"""
        )
        return verdict, receipts
