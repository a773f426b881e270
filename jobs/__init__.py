"""What runs, as one function each. Wiring only."""
