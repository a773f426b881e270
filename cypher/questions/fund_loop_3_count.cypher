// How many loops of 3 transfers start at an account (the rows of fund_loop_3, counted).
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
MATCH (a2)-[t3:TRANSFER]->(a0)
WHERE t3.ts > t2.ts AND t3.ts <= t1.ts + $window
  AND t3.amount <= t2.amount * (1.0 + $growth) AND t3.amount >= t2.amount * (1.0 - $decay)
RETURN count(*) AS n_loops
