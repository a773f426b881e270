"""What can be wrong with operational rows."""

from __future__ import annotations


class RecordsError(Exception):
    """The records cannot be opened or do not hold what was asked for."""


class DecisionConflict(RecordsError):  # noqa: N818 - a conflict is what it is called, in HTTP too
    """The application is on record with a request that differs from this one."""

    def __init__(self, application_id: str) -> None:
        super().__init__("this application was already decided on another request")
        self.application_id = application_id
