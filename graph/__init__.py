"""The graph: its model, the store that answers questions, snapshots, findings, features, export."""
