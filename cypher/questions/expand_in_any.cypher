// One hop into a set of nodes from whatever kind of node.
// params: ids STRING[], limit INT64
// returns: src STRING, src_kind STRING, dst STRING, id STRING
MATCH (b:{To})<-[e:{TYPE}]-(a)
WHERE b.id IN $ids
RETURN a.id AS src, kind(a) AS src_kind, b.id AS dst, e.id AS id
ORDER BY id, src, src_kind, dst LIMIT $limit
