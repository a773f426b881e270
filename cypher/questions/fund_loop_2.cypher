// Transfers that leave an account and come back to it through 1 other account, each later than the one before.
// params: id STRING, from_ts INT64, window INT64 (ms), decay DOUBLE, growth DOUBLE, limit INT64
// returns: id0 STRING, id1 STRING, tid1 STRING, tid2 STRING, ts_out INT64, amount_out INT64, amount_back INT64, span_ms INT64
// hint: join order
MATCH (a0:Account {id: $id})-[t1:TRANSFER]->(a1:Account)
WHERE t1.ts >= $from_ts AND a1.id <> a0.id
WITH a0, a1, t1
MATCH (a1)-[t2:TRANSFER]->(a0)
WHERE t2.ts > t1.ts AND t2.ts <= t1.ts + $window
  AND t2.amount <= t1.amount * (1.0 + $growth) AND t2.amount >= t1.amount * (1.0 - $decay)
RETURN a0.id AS id0, a1.id AS id1, t1.id AS tid1, t2.id AS tid2,
       t1.ts AS ts_out, t1.amount AS amount_out, t2.amount AS amount_back, t2.ts - t1.ts AS span_ms
ORDER BY ts_out, tid1, tid2 LIMIT $limit
