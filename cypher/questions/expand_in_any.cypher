// One hop into a set of nodes from whatever kind of node.
// params: ids STRING[], limit INT64
// returns: src STRING, dst STRING, id STRING
MATCH (b:{To})<-[e:{TYPE}]-(a)
WHERE b.id IN $ids
RETURN a.id AS src, b.id AS dst, e.id AS id
ORDER BY id, src, dst LIMIT $limit
