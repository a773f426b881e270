"""Findings: typed structures mined from a snapshot, one module per kind."""
