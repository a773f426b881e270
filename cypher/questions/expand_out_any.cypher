// One hop out of a set of nodes to whatever kind of node.
// params: ids STRING[], limit INT64
// returns: src STRING, dst STRING, dst_kind STRING, id STRING
MATCH (a:{From})-[e:{TYPE}]->(b)
WHERE a.id IN $ids
RETURN a.id AS src, b.id AS dst, kind(b) AS dst_kind, e.id AS id
ORDER BY id, src, dst, dst_kind LIMIT $limit
