// A merchant and at least k of its own buyers who use the same device, with what they ordered there, per currency.
// params: k INT64, limit INT64
// returns: merchant STRING, device STRING, currency STRING, n_buyers INT64, n_orders INT64, amount INT64
MATCH (m:Merchant)-[e1:USED_DEVICE]->(d:Device)
WITH DISTINCT m, d
MATCH (d)<-[e2:USED_DEVICE]-(b:Buyer)
WITH DISTINCT m, d, b
MATCH (b)-[e3:PLACED]->(o:Orders)
WITH DISTINCT m, d, b, o
MATCH (o)-[e4:SOLD_BY]->(m)
// an order that two buyers placed is added up once, with the first of them
WITH m, d, o, min(b.id) AS payer
MATCH (o)<-[e5:PLACED]-(c:Buyer)
WITH DISTINCT m, d, o, payer, c
MATCH (c)-[e6:USED_DEVICE]->(d)
WITH DISTINCT m, d, o, payer, c
WITH m, d, o.currency AS currency, count(DISTINCT c.id) AS n_buyers, count(DISTINCT o.id) AS n_orders,
     coalesce(sum(CASE WHEN c.id = payer THEN o.amount ELSE 0 END), 0) AS amount
WHERE n_buyers >= $k
RETURN m.id AS merchant, d.id AS device, currency, n_buyers, n_orders, amount
ORDER BY n_buyers DESC, merchant, device, currency LIMIT $limit
