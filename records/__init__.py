"""Operational rows: decisions, findings and their ids over time, keys, audit."""
