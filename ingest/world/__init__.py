"""The synthetic world: a bank, platforms, honest people and fraudsters, written as source files."""
