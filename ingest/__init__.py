"""Outside data in: feeds and their contracts, parsing, pseudonyms, quarantine, accounting; public sets; the world."""
