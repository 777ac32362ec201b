"""The `docker` backend: one container for each command, in images that PolyRun builds."""
