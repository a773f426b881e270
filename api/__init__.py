"""The doors: HTTP, command line, settings. The only place that reads the environment."""
