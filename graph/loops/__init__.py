"""Fund loops: one engine for batch and stream, its kernels, and loops of any table."""
