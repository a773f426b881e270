// How many devices are used by at least k accounts.
// params: k INT64
// returns: n_devices INT64
MATCH (w:Account)-[e1:USED_DEVICE]->(d:Device)
WITH d, count(DISTINCT w.id) AS n_accounts
WHERE n_accounts >= $k
RETURN count(*) AS n_devices
