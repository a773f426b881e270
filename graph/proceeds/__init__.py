"""Where the money of a loan goes: attribution hop by hop, every cent in one place."""
