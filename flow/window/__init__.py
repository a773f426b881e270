"""Exact sliding windows over keys, and the rules judged on them: ``flow.window.engine.WindowEngine``."""
