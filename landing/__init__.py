"""Landing: append-only Parquet tables with known_ts. The truth; everything else is rebuilt from it."""
