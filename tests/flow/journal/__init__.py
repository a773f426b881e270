"""The journal: durable, exact about repeats, safe under kills."""
