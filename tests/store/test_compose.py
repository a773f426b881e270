"""compose.yaml is what docker understands: asked of docker where its compose plugin is, and by the rules of the Compose
specification everywhere."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

COMPOSE = Path(__file__).parents[2] / "compose.yaml"
SET = {"NEO4J_PASSWORD": "one-two-three", "POSTGRES_PASSWORD": "x"}

DURATION = {"type": "string", "pattern": r"^(\d+(us|ms|s|m|h))+$"}
SERVICE = {
    "type": "object",
    "required": ["image"],
    "additionalProperties": False,
    "properties": {
        "image": {"type": "string", "pattern": r"^[a-z0-9._/-]+:[A-Za-z0-9._-]+$"},
        "environment": {"type": "object", "additionalProperties": {"type": ["string", "number", "null"]}},
        "ports": {
            "type": "array",
            "uniqueItems": True,
            "items": {"type": "string", "pattern": r"^(\d{1,3}(\.\d{1,3}){3}:)?\d{1,5}:\d{1,5}(/(tcp|udp))?$"},
        },
        "volumes": {"type": "array", "uniqueItems": True, "items": {"type": "string", "pattern": r"^[\w.-]+:/[^:]+$"}},
        "healthcheck": {
            "type": "object",
            "required": ["test"],
            "additionalProperties": False,
            "properties": {
                "test": {"type": "array", "items": {"type": "string"}, "minItems": 2},
                "interval": DURATION,
                "timeout": DURATION,
                "start_period": DURATION,
                "retries": {"type": "integer", "minimum": 1},
            },
        },
        "stop_grace_period": DURATION,
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
    },
}
NAMES = r"^[a-zA-Z0-9._-]+$"
SPECIFICATION = {
    "type": "object",
    "required": ["services"],
    "additionalProperties": False,
    "properties": {
        "services": {"type": "object", "additionalProperties": False, "patternProperties": {NAMES: SERVICE}},
        "volumes": {"type": "object", "additionalProperties": False, "patternProperties": {NAMES: {"type": "null"}}},
    },
}
"""What the specification allows, as far as this file uses it: a key that is not here is added with its rule."""

VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+):\?(?P<said>[^}]*)\}|(?P<other>.?))")


class Strict(yaml.SafeLoader):
    """YAML in which a key stands once; the plain loader takes the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        if len(set(names)) != len(names):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def interpolated(value: Any, settings: Mapping[str, str]) -> Any:
    """The value with its variables put in, as compose does: ``$$`` is a dollar, ``${NAME:?message}`` must be set."""
    if isinstance(value, dict):
        return {k: interpolated(v, settings) for k, v in value.items()}
    if isinstance(value, list):
        return [interpolated(v, settings) for v in value]
    if not isinstance(value, str):
        return value

    def put(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        if not found["name"]:
            raise ValueError(f"write $$ or ${{NAME:?message}}, not {found[0]!r}")
        if not settings.get(found["name"]):
            raise ValueError(found["said"])
        return settings[found["name"]]

    return VARIABLE.sub(put, value)


def read(text: str, **settings: str) -> dict[str, Any]:
    """compose.yaml as docker would have it. Raises where it breaks a rule."""
    whole: dict[str, Any] = interpolated(yaml.load(text, Strict), settings)  # noqa: S506  # it is a safe loader
    jsonschema_rs.validate(SPECIFICATION, whole)
    for name, service in whole["services"].items():
        for volume in service.get("volumes", ()):
            if volume.partition(":")[0] not in whole.get("volumes", {}):
                raise ValueError(f"{name} has a volume that is not declared")
        if service.get("healthcheck", {"test": ["NONE"]})["test"][0] not in ("CMD", "CMD-SHELL", "NONE"):
            raise ValueError(f"the health check of {name} begins with CMD, CMD-SHELL or NONE")
    return whole


def by_docker(**settings: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("docker") is None:
        pytest.skip("no docker on this machine")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker is here without its compose plugin")
    command = ["docker", "compose", "-f", str(COMPOSE), "config", "--format", "json"]
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_PASSWORD")} | settings
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def test_docker_takes_it_and_reads_what_we_read() -> None:
    services = json.loads(by_docker(**SET).stdout)["services"]
    mine = read(COMPOSE.read_text("utf-8"), **SET)["services"]
    assert {n: s["image"] for n, s in services.items()} == {n: s["image"] for n, s in mine.items()}
    assert {p["host_ip"] for s in services.values() for p in s["ports"]} == {"127.0.0.1"}
    refused = by_docker()
    assert refused.returncode and "set NEO4J_PASSWORD" in refused.stderr


def test_it_keeps_the_rules_of_the_specification_with_pinned_images_and_ports_on_this_machine_only() -> None:
    services = read(COMPOSE.read_text("utf-8"), **SET)["services"]
    assert {s["image"] for s in services.values()} == {"neo4j:5.26.30-community", "postgres:17.6"}
    assert {p.rpartition(":")[0].partition(":")[0] for s in services.values() for p in s["ports"]} == {"127.0.0.1"}
    assert services["neo4j"]["environment"]["NEO4J_AUTH"] == "neo4j/one-two-three"
    assert "${NEO4J_AUTH#*/}" in services["neo4j"]["healthcheck"]["test"][1]  # the container's shell puts it in


@pytest.mark.parametrize("missing", sorted(SET))
def test_no_password_has_a_default(missing: str) -> None:
    with pytest.raises(ValueError, match=f"set {missing}"):
        read(COMPOSE.read_text("utf-8"), **{k: v for k, v in SET.items() if k != missing})


def test_a_file_that_breaks_a_rule_is_seen() -> None:
    """A negative control for each rule."""
    good = COMPOSE.read_text("utf-8")
    for old, new in (
        ("    restart: unless-stopped", "    restart: sometimes"),
        ("    ports:", "    port:"),
        ("127.0.0.1:7687:7687", "localhost:7687:7687"),
        ("      interval: 5s", "      interval: 5"),
        ('["CMD-SHELL",', '["SHELL",'),
        ("      - neo4j:/data", "      - graph:/data"),
        ("${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}", "${POSTGRES_PASSWORD}"),
        ("volumes:\n  neo4j:\n", "volumes:\n  neo4j:\n  neo4j:\n"),
        ("services:\n", "service:\n"),
        ("\n  postgres:\n    image", "\n  postgres:\n  image"),
    ):
        assert old in good, old
        broken = copy.copy(good).replace(old, new, 1)
        with pytest.raises((ValueError, yaml.YAMLError, jsonschema_rs.ValidationError)):
            read(broken, **SET)
