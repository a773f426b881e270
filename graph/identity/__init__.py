"""Identity clusters: shops, people, buyers and accounts behind the same devices, phones and addresses."""
