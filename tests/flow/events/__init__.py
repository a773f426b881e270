"""Events: decoding, refusals, columns."""
