// Where the orders between buyers and merchants of a ring were shipped, and how many buyers share each address.
// params: buyers STRING[], merchants STRING[], limit INT64
// returns: address STRING, n_buyers INT64, n_orders INT64
MATCH (b:Buyer)-[e1:PLACED]->(o:Orders)
WHERE b.id IN $buyers
WITH DISTINCT b, o
MATCH (o)-[e2:SOLD_BY]->(m:Merchant)
WHERE m.id IN $merchants
WITH DISTINCT b, o
MATCH (o)-[e3:SHIPPED_TO]->(x:Address)
WITH x, count(DISTINCT b.id) AS n_buyers, count(DISTINCT o.id) AS n_orders
RETURN x.id AS address, n_buyers, n_orders
ORDER BY n_buyers DESC, address LIMIT $limit
