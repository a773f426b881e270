// Who gave one phone number, whatever they are: the edges that draw it.
// params: id STRING, limit INT64
// returns: src STRING, src_kind STRING, dst STRING, id STRING, since INT64
MATCH (p:Phone {id: $id})<-[h:HAS_PHONE]-(w)
RETURN w.id AS src, kind(w) AS src_kind, p.id AS dst, h.id AS id, h.since AS since
ORDER BY src, id LIMIT $limit
