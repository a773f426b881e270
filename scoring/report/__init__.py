"""The report of a training: one HTML file that opens with no network."""
