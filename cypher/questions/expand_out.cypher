// One hop out of a set of nodes along one edge type.
// params: ids STRING[], limit INT64
// returns: src STRING, dst STRING, id STRING{returns}
MATCH (a:{From})-[e:{TYPE}]->(b:{To})
WHERE a.id IN $ids
RETURN a.id AS src, b.id AS dst, e.id AS id{properties}
ORDER BY id, src, dst LIMIT $limit
