"""Features: pure functions of a snapshot, catalogued with unit, radius and meaning."""
