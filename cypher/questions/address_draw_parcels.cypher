// The orders that were shipped to one address: the edges that draw it.
// params: id STRING, limit INT64
// returns: src STRING, dst STRING, id STRING, shipped_ts INT64, signed_ts INT64
MATCH (x:Address {id: $id})<-[s:SHIPPED_TO]-(o:Orders)
RETURN o.id AS src, x.id AS dst, s.id AS id, s.shipped_ts AS shipped_ts, s.signed_ts AS signed_ts
ORDER BY src, id LIMIT $limit
