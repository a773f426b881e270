"""The scorer's stack on any labelled graph: how well it tells the labels of nodes it has not seen."""
