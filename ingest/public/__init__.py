"""Readers for public data sets, as published."""
