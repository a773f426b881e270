// One hop into a set of nodes along one edge type.
// params: ids STRING[], limit INT64
// returns: src STRING, dst STRING, id STRING{returns}
MATCH (b:{To})<-[e:{TYPE}]-(a:{From})
WHERE b.id IN $ids
RETURN a.id AS src, b.id AS dst, e.id AS id{properties}
ORDER BY id, src, dst LIMIT $limit
