"""What the bank decides, as data."""
