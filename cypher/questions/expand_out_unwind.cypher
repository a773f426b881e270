// One hop out of a set of nodes, asked once per id.
// params: ids STRING[] (no id twice), limit INT64
// returns: src STRING, dst STRING, id STRING{returns}
UNWIND $ids AS i
MATCH (a:{From} {id: i})-[e:{TYPE}]->(b:{To})
RETURN a.id AS src, b.id AS dst, e.id AS id{properties}
ORDER BY id, src, dst LIMIT $limit
