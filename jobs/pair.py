"""Two subjects: why they belong together or not, and a person's word on it; and what an identifier of many is."""

from __future__ import annotations

from graph.findings.shared_devices import SharedDeviceParams
from graph.identity.clusters import identity_clusters
from graph.identity.hubs import Hub, NoHubError, hub_of
from graph.identity.links import SUBJECTS
from graph.identity.why import Why, why_together
from graph.snapshot import Snapshot
from graph.snapshot_files import current_version, open_snapshot
from jobs.home import Home
from jobs.look import LookError
from records.database import open_records, reading
from records.pair_words import PairWord, Said, save_word, words_in_force


def why_pair(home: Home, a: str, b: str) -> Why:
    """What the published graph and people's words say on a pair of ``Kind:id``. LookError when they are not there."""
    with reading(open_records(home.records_url)) as connection:
        told = words_in_force(connection)
    return why_together(_published(home), a, b, SharedDeviceParams().hub, told)


def look_at_hub(home: Home, node: str) -> Hub:
    """What a device, phone, address or shared account of the published graph seems to be. LookError: it has none."""
    snapshot = _published(home)
    try:
        return hub_of(snapshot, identity_clusters(snapshot, SharedDeviceParams().hub), node)
    except NoHubError as e:
        raise LookError(str(e)) from e


def _published(home: Home) -> Snapshot:
    version = current_version(home.snapshots)
    if version is None:
        raise LookError("nothing is published yet: run `ringfence refresh`")
    return open_snapshot(home.snapshots / version)


def say_on_pair(home: Home, a: str, b: str, word: PairWord, note: str, now: int, actor: str) -> Said:
    """Put a person's word on record; clusters obey it from the next refresh on.

    LookError when either is not in the published graph, or ownership joins them, which no word undoes;
    records.pair_words.WordsContradict when it cannot be true together with earlier words.
    """
    for node in (a, b):
        if node.partition(":")[0] not in SUBJECTS:
            raise LookError(f"write {node!r} as Kind:id with a kind of {', '.join(SUBJECTS)}, such as Buyer:B000001")
    if why_pair(home, a, b).outcome == "one_party" and word == "not_same":
        raise LookError(f"{a} and {b} are one party by ownership; correct the ownership at its source")
    with open_records(home.records_url).begin() as connection:
        return save_word(connection, a, b, word, note, actor, now)
