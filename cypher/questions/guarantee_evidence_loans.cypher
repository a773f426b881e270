// The loans that parties of a circle asked for: what the guarantees would have to stand for.
// params: ids STRING[], limit INT64
// returns: party STRING, party_kind STRING, loan STRING, amount INT64, currency STRING, ts INT64
MATCH (w:Merchant|Person|Company)-[e1:APPLIED_FOR]->(l:Loan)
WHERE w.id IN $ids
RETURN DISTINCT w.id AS party, kind(w) AS party_kind, l.id AS loan, l.amount AS amount, l.currency AS currency, l.ts AS ts
ORDER BY party, party_kind, loan LIMIT $limit
