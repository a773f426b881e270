"""Steps that bring a database of records to the tables of records.tables."""
