"""What rules need of the window engine: which counters a fact is made of, when a rule can turn, machine code for it."""
