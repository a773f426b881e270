"""Where things lie on disk: one folder, everything else derived from it."""

from __future__ import annotations

from pathlib import Path


class Home:
    """The paths of one installation.

    ``store`` is the graph store's URL (``ladybug:PATH`` or ``neo4j://user@host:7687``) and ``records`` that of the
    operational rows; by default both are files in ``root``. ``store_password`` is that of a store on a server. Nothing
    is created by asking for a path.
    """

    def __init__(
        self, root: Path, store: str | None = None, records: str | None = None, store_password: str | None = None
    ) -> None:
        self.root = root
        self.store_password = store_password
        self._store = store
        self._records = records

    @property
    def landing(self) -> Path:
        """Append-only tables: the truth, everything else but the records is rebuilt from it."""
        return self.root / "landing"

    @property
    def store_url(self) -> str:
        """The graph store that questions are asked of."""
        return self._store or f"ladybug:{self.root / 'store' / 'graph.lbug'}"

    @property
    def store_is_embedded(self) -> bool:
        """Whether the store is a file here, not a server."""
        return self.store_url.startswith("ladybug:")

    def store_files(self) -> list[Path]:
        """The embedded store's files that exist now, its log beside it; none for a store on a server."""
        if not self.store_is_embedded:
            return []
        path = Path(self.store_url.partition(":")[2])
        return sorted(path.parent.glob(f"{path.name}*"))

    @property
    def snapshots(self) -> Path:
        """Published versions of the graph, with findings and features, and the pointer to the current one."""
        return self.root / "snapshots"

    @property
    def records_url(self) -> str:
        """Decisions, findings over time, keys, audit: a SQLAlchemy URL."""
        return self._records or f"sqlite:///{self.root / 'records' / 'records.sqlite'}"

    @property
    def models(self) -> Path:
        """Trained models, a folder each, and the pointer to the one that serves."""
        return self.root / "models"

    @property
    def flow(self) -> Path:
        """The journal of events."""
        return self.root / "flow"

    @property
    def pseudonym_key(self) -> Path:
        """The secret that personal data is tokenised with. Losing it breaks every join with what is in landing."""
        return self.root / "secrets" / "pseudonym.key"

    @property
    def rejects(self) -> Path:
        """Rows refused at intake, with line, column and code."""
        return self.root / "rejects"
