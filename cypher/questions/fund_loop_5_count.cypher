// How many loops of 5 transfers start at an account (the rows of fund_loop_5, counted).
// params: id STRING, from_ts INT64, window INT64 (ms), decay DOUBLE, growth DOUBLE
// returns: n_loops INT64
// hint: join order
MATCH (a0:Account {id: $id})-[t1:TRANSFER]->(a1:Account)
WHERE t1.ts >= $from_ts AND a1.id <> a0.id
WITH a0, a1, t1
MATCH (a1)-[t2:TRANSFER]->(a2:Account)
WHERE t2.ts > t1.ts AND t2.ts <= t1.ts + $window
  AND t2.amount <= t1.amount * (1.0 + $growth) AND t2.amount >= t1.amount * (1.0 - $decay) AND a2.id <> a0.id AND a2.id <> a1.id
WITH a0, a1, t1, t2, a2
MATCH (a2)-[t3:TRANSFER]->(a3:Account)
WHERE t3.ts > t2.ts AND t3.ts <= t1.ts + $window
  AND t3.amount <= t2.amount * (1.0 + $growth) AND t3.amount >= t2.amount * (1.0 - $decay) AND a3.id <> a0.id AND a3.id <> a1.id AND a3.id <> a2.id
WITH a0, a1, t1, t2, a2, t3, a3
MATCH (a3)-[t4:TRANSFER]->(a4:Account)
WHERE t4.ts > t3.ts AND t4.ts <= t1.ts + $window
  AND t4.amount <= t3.amount * (1.0 + $growth) AND t4.amount >= t3.amount * (1.0 - $decay) AND a4.id <> a0.id AND a4.id <> a1.id AND a4.id <> a2.id AND a4.id <> a3.id
WITH a0, a1, t1, t2, a2, t3, a3, t4, a4
MATCH (a4)-[t5:TRANSFER]->(a0)
WHERE t5.ts > t4.ts AND t5.ts <= t1.ts + $window
  AND t5.amount <= t4.amount * (1.0 + $growth) AND t5.amount >= t4.amount * (1.0 - $decay)
RETURN count(*) AS n_loops
