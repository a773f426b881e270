// Whose accounts one device was used for: the accounts on it and who owns each.
// params: id STRING, limit INT64
// returns: account STRING, owner STRING, owner_kind STRING
MATCH (d:Device {id: $id})<-[e1:USED_DEVICE]-(a:Account)
WITH DISTINCT a
MATCH (a)<-[e2:OWNS]-(w)
RETURN DISTINCT a.id AS account, w.id AS owner, kind(w) AS owner_kind
ORDER BY account, owner, owner_kind LIMIT $limit
