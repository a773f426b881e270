"""compose.yaml is what docker understands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

COMPOSE = Path(__file__).parents[2] / "compose.yaml"


def config(**settings: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("docker") is None:
        pytest.skip("no docker on this machine")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker is here without its compose plugin")
    command = ["docker", "compose", "-f", str(COMPOSE), "config", "--format", "json"]
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_PASSWORD")} | settings
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def test_images_are_pinned_and_ports_are_on_this_machine_only() -> None:
    services = json.loads(config(NEO4J_PASSWORD="one-two-three", POSTGRES_PASSWORD="x").stdout)["services"]
    assert {s["image"] for s in services.values()} == {"neo4j:5.26.30-community", "postgres:17.6"}
    assert {p["host_ip"] for s in services.values() for p in s["ports"]} == {"127.0.0.1"}


def test_no_password_has_a_default() -> None:
    refused = config()
    assert refused.returncode and "set NEO4J_PASSWORD" in refused.stderr
