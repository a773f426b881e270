"""What can be set, from RINGFENCE_ variables. Nothing else in the program reads the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings with their defaults; each is the variable RINGFENCE_<NAME>. A value that does not fit is refused."""

    model_config = SettingsConfigDict(env_prefix="RINGFENCE_", extra="forbid", frozen=True, hide_input_in_errors=True)

    home: Path = Field(Path("ringfence-data"), description="folder that holds everything")
    store: str | None = Field(None, description="graph store: ladybug:PATH or neo4j://user@host:7687")
    records: str | None = Field(None, description="operational rows: a SQLAlchemy URL; default a SQLite file in home")
    public_data: Path = Field(Path("../shared/data"), description="where the public data sets lie")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    max_body_bytes: int = Field(65_536, ge=1_024, le=16 << 20, description="bodies above this are refused with 413")
    max_json_depth: int = Field(8, ge=2, le=100, description="JSON nested deeper than this is refused")
    header_timeout_s: float = Field(10.0, gt=0, le=300, description="a connection must send its headers within this")
    body_timeout_s: float = Field(10.0, gt=0, le=300, description="a request must send its body within this")
    request_timeout_s: float = Field(30.0, gt=0, le=600, description="an answer that takes longer is given up with 504")
    max_connections: int = Field(512, ge=1, le=65_536, description="connections at once; more get 503")
    subgraph_max_nodes: int = Field(500, ge=1, le=5_000, description="a drawn neighbourhood stops at this many nodes")
