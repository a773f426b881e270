"""Fake-order rings: groups of buyers and shops that buy of each other more than chance and taste explain.

Mined from the shop side: orders, incidence, backbone of shop pairs, seeds, members by p-value, signals, score.
"""
