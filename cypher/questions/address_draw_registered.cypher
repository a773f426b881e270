// Who is registered at one address, whatever they are: the edges that draw it.
// params: id STRING, limit INT64
// returns: src STRING, src_kind STRING, dst STRING, id STRING, since INT64
MATCH (x:Address {id: $id})<-[r:REGISTERED_AT]-(w)
RETURN w.id AS src, kind(w) AS src_kind, x.id AS dst, r.id AS id, r.since AS since
ORDER BY src, id LIMIT $limit
