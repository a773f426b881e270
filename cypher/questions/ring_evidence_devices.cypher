// The devices that merchants of a ring share with its buyers, and how many of them are on each.
// params: buyers STRING[], merchants STRING[], limit INT64
// returns: device STRING, n_merchants INT64, n_buyers INT64
MATCH (m:Merchant)-[e1:USED_DEVICE]->(d:Device)
WHERE m.id IN $merchants
WITH d, count(DISTINCT m.id) AS n_merchants
MATCH (d)<-[e2:USED_DEVICE]-(b:Buyer)
WHERE b.id IN $buyers
WITH d, n_merchants, count(DISTINCT b.id) AS n_buyers
RETURN d.id AS device, n_merchants, n_buyers
ORDER BY n_buyers DESC, device LIMIT $limit
