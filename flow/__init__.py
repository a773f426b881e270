"""Events in real time: journal, windows, loops on the stream, rules, alerts."""
