// What is known of nodes of one kind, by id.
// params: ids STRING[], limit INT64
// returns: id STRING{returns}
MATCH (n:{Kind})
WHERE n.id IN $ids
RETURN n.id AS id{properties}
ORDER BY id LIMIT $limit
