"""A merchant's neighbourhood, to be drawn."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from api.errors import NO_MERCHANT, NOT_IN_GRAPH, Refused
from api.forms import Id, WholeText
from api.query import once
from api.security import needs
from api.service import Service, Shared, in_thread
from graph.subgraph import Limits, neighbourhood
from jobs.decide import iso

router = APIRouter(prefix="/v1/merchants", dependencies=[Depends(once)])


class SubgraphQuery(BaseModel):
    """How far to go."""

    model_config = ConfigDict(extra="forbid")

    hops: Annotated[WholeText, Field(ge=1, le=4)] = 2


class SubgraphNode(BaseModel):
    """A node: ``id`` is ``Kind:id``, ``hop`` how many edges from the merchant."""

    id: str
    kind: str
    hop: int
    role: str | None
    properties: dict[str, str | int | float | bool | None]


class SubgraphEdge(BaseModel):
    """An edge between two nodes of the subgraph."""

    type: str
    id: str
    src: str
    dst: str
    properties: dict[str, str | int | float | bool | None]


class SubgraphAnswer(BaseModel):
    """A piece of the graph as of a time (ISO 8601). Says when and why it is not all."""

    graph_as_of: str
    complete: bool
    truncated_why: str | None
    nodes: list[SubgraphNode]
    edges: list[SubgraphEdge]


@router.get("/{merchant_id}/subgraph", dependencies=[Depends(needs("read"))])
async def subgraph(service: Shared, merchant_id: Id, query: Annotated[SubgraphQuery, Query()]) -> SubgraphAnswer:
    """Everything within ``hops`` edges of a merchant, up to a number of nodes; hubs are shown but not walked."""
    return await in_thread(lambda: _subgraph(service, merchant_id, query.hops))


def _subgraph(service: Service, merchant_id: str, hops: int) -> SubgraphAnswer:
    version = service.published.current()
    number = version.snapshot.nodes["Merchant"].number(merchant_id)
    if number is None:
        raise Refused(NOT_IN_GRAPH if merchant_id in service.known else NO_MERCHANT)
    limits = Limits(max_nodes=service.settings.subgraph_max_nodes)
    found = neighbourhood(version.snapshot, [("Merchant", number)], hops, limits).to_json()
    return SubgraphAnswer.model_validate({**found, "graph_as_of": iso(version.as_of)})
