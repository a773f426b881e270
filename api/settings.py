"""What can be set, from RINGFENCE_ variables. Nothing else in the program reads the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from jobs.home import Home


class SettingsError(Exception):
    """A setting cannot be used: which one, and why. Never its value."""


class Settings(BaseSettings):
    """Settings with their defaults; each is the variable RINGFENCE_<NAME>. A value that does not fit is refused."""

    model_config = SettingsConfigDict(env_prefix="RINGFENCE_", extra="forbid", frozen=True, hide_input_in_errors=True)

    home: Path = Field(Path("ringfence-data"), description="folder that holds everything")
    store: str | None = Field(None, description="graph store: ladybug:PATH or neo4j://user@host:7687")
    store_password: SecretStr | None = Field(None, description="password of a store on a server; never in its URL")
    store_password_file: Path | None = Field(None, description="a file that holds it, as secrets are mounted")
    records: str | None = Field(None, description="operational rows: a SQLAlchemy URL; default a SQLite file in home")
    public_data: Path = Field(Path("../shared/data"), description="where the public data sets lie")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    max_body_bytes: int = Field(65_536, ge=1_024, le=16 << 20, description="bodies above this are refused with 413")
    max_events_bytes: int = Field(8 << 20, ge=1_024, le=64 << 20, description="the same, for events sent in")
    max_json_depth: int = Field(8, ge=2, le=100, description="JSON nested deeper than this is refused")
    header_timeout_s: float = Field(10.0, gt=0, le=300, description="a connection must send its headers within this")
    body_timeout_s: float = Field(10.0, gt=0, le=300, description="a request must send its body within this")
    request_timeout_s: float = Field(30.0, gt=0, le=600, description="an answer that takes longer is given up with 504")
    max_connections: int = Field(512, ge=1, le=65_536, description="connections at once; more get 503")
    subgraph_max_nodes: int = Field(500, ge=1, le=5_000, description="a drawn neighbourhood stops at this many nodes")

    def password(self) -> str | None:
        """The password of the graph store. Raises SettingsError when it is given twice or its file cannot be read."""
        if self.store_password_file is None:
            return None if self.store_password is None else self.store_password.get_secret_value()
        if self.store_password is not None:
            raise SettingsError("set RINGFENCE_STORE_PASSWORD or RINGFENCE_STORE_PASSWORD_FILE, not both")
        try:
            return self.store_password_file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = type(error).__name__
        raise SettingsError(f"RINGFENCE_STORE_PASSWORD_FILE cannot be read ({why}): {self.store_password_file}")

    def at_home(self) -> Home:
        """The home folder with its store and records."""
        return Home(self.home, self.store, self.records, self.password())
