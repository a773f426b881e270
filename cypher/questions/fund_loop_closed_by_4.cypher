// Loops of 4 transfers that the given transfer closes: it is the last, and money had left its receiver before.
// params: src STRING (who sent it), tid STRING, window INT64 (ms), decay DOUBLE, growth DOUBLE, limit INT64
// returns: id0 STRING, id1 STRING, id2 STRING, id3 STRING, tid1 STRING, tid2 STRING, tid3 STRING, tid4 STRING, ts_out INT64, amount_out INT64, amount_back INT64
// hint: join order
MATCH (a3:Account {id: $src})-[t4:TRANSFER]->(a0:Account)
WHERE t4.id = $tid AND a0.id <> a3.id
WITH a0, a3, t4
MATCH (a0)-[t1:TRANSFER]->(a1:Account)
WHERE t1.ts < t4.ts AND t4.ts <= t1.ts + $window AND a1.id <> a0.id AND a1.id <> a3.id
WITH a0, a3, t4, t1, a1
MATCH (a1)-[t2:TRANSFER]->(a2:Account)
WHERE t2.ts > t1.ts AND t2.ts <= t1.ts + $window
  AND t2.amount <= t1.amount * (1.0 + $growth) AND t2.amount >= t1.amount * (1.0 - $decay) AND a2.id <> a0.id AND a2.id <> a1.id AND a2.id <> a3.id
WITH a0, a3, t4, t1, a1, t2, a2
MATCH (a2)-[t3:TRANSFER]->(a3)
WHERE t3.ts > t2.ts AND t3.ts <= t1.ts + $window
  AND t3.amount <= t2.amount * (1.0 + $growth) AND t3.amount >= t2.amount * (1.0 - $decay) AND t3.ts < t4.ts
  AND t4.amount <= t3.amount * (1.0 + $growth) AND t4.amount >= t3.amount * (1.0 - $decay)
RETURN a0.id AS id0, a1.id AS id1, a2.id AS id2, a3.id AS id3, t1.id AS tid1, t2.id AS tid2, t3.id AS tid3, t4.id AS tid4,
       t1.ts AS ts_out, t1.amount AS amount_out, t4.amount AS amount_back
ORDER BY ts_out, tid1, tid2, tid3, tid4 LIMIT $limit
