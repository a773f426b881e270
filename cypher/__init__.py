"""Question files in Cypher and their catalogue."""
