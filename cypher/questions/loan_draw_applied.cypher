// Who asked for one loan.
// params: id STRING, limit INT64
// returns: src STRING, src_kind STRING, dst STRING, id STRING, amount INT64, currency STRING, ts INT64
MATCH (l:Loan {id: $id})<-[e:APPLIED_FOR]-(w)
RETURN w.id AS src, kind(w) AS src_kind, l.id AS dst, e.id AS id, e.amount AS amount, e.currency AS currency, e.ts AS ts
ORDER BY id LIMIT $limit
