// Loops of 2 transfers that the given transfer closes: it is the last, and money had left its receiver before.
// params: src STRING (who sent it), tid STRING, window INT64 (ms), decay DOUBLE, growth DOUBLE, limit INT64
// returns: id0 STRING, id1 STRING, tid1 STRING, tid2 STRING, ts_out INT64, amount_out INT64, amount_back INT64
// hint: join order
MATCH (a1:Account {id: $src})-[t2:TRANSFER]->(a0:Account)
WHERE t2.id = $tid AND a0.id <> a1.id
WITH a0, a1, t2
MATCH (a0)-[t1:TRANSFER]->(a1)
WHERE t1.ts < t2.ts AND t2.ts <= t1.ts + $window
  AND t2.amount <= t1.amount * (1.0 + $growth) AND t2.amount >= t1.amount * (1.0 - $decay)
RETURN a0.id AS id0, a1.id AS id1, t1.id AS tid1, t2.id AS tid2,
       t1.ts AS ts_out, t1.amount AS amount_out, t2.amount AS amount_back
ORDER BY ts_out, tid1, tid2 LIMIT $limit
