// Transfers from accounts of a ring's merchants to accounts of its buyers: money paid back.
// params: buyers STRING[], merchants STRING[], limit INT64
// returns: merchant STRING, buyer STRING, src STRING, dst STRING, id STRING, amount INT64, currency STRING, ts INT64
MATCH (m:Merchant)-[e1:OWNS]->(a:Account)
WHERE m.id IN $merchants
WITH DISTINCT m, a
MATCH (a)-[t:TRANSFER]->(z:Account)
WITH m, a, t, z
MATCH (z)<-[e2:OWNS]-(b:Buyer)
WHERE b.id IN $buyers
RETURN DISTINCT m.id AS merchant, b.id AS buyer, a.id AS src, z.id AS dst, t.id AS id, t.amount AS amount,
       t.currency AS currency, t.ts AS ts
ORDER BY id, merchant, buyer, src, dst LIMIT $limit
