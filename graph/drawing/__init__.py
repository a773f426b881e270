"""Drawing a subgraph as SVG: simplify, lay out, draw."""
