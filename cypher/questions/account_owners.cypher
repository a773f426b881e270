// Who owns a set of accounts: the hands behind a loop or a trace.
// params: ids STRING[], limit INT64
// returns: account STRING, owner STRING, owner_kind STRING, id STRING, since INT64
MATCH (a:Account)<-[o:OWNS]-(w)
WHERE a.id IN $ids
RETURN a.id AS account, w.id AS owner, kind(w) AS owner_kind, o.id AS id, o.since AS since
ORDER BY account, id LIMIT $limit
