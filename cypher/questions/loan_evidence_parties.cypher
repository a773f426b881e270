// Who asked for one loan, and who owns each of them.
// params: id STRING, limit INT64
// returns: borrower STRING, borrower_kind STRING, owner STRING, owner_kind STRING
MATCH (l:Loan {id: $id})<-[e1:APPLIED_FOR]-(w)
WITH DISTINCT w
MATCH (w)<-[e2:OWNS]-(p)
RETURN DISTINCT w.id AS borrower, kind(w) AS borrower_kind, p.id AS owner, kind(p) AS owner_kind
ORDER BY borrower, borrower_kind, owner, owner_kind LIMIT $limit
