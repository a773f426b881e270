// Where one loan was paid out: the edges that draw it.
// params: id STRING, limit INT64
// returns: src STRING, dst STRING, id STRING, amount INT64, currency STRING, ts INT64
MATCH (l:Loan {id: $id})-[e:DISBURSED_TO]->(a:Account)
RETURN l.id AS src, a.id AS dst, e.id AS id, e.amount AS amount, e.currency AS currency, e.ts AS ts
ORDER BY id LIMIT $limit
