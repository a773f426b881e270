"""The graph store: its contract, two adapters (embedded ladybug, Neo4j), loading from landing, backup."""
