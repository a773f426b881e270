// Devices used by at least k accounts.
// params: k INT64, limit INT64
// returns: device STRING, n_accounts INT64
MATCH (w:Account)-[e1:USED_DEVICE]->(d:Device)
WITH d, count(DISTINCT w.id) AS n_accounts
WHERE n_accounts >= $k
RETURN d.id AS device, n_accounts
ORDER BY n_accounts DESC, device LIMIT $limit
