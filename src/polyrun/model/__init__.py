"""The vocabulary that every other package speaks; imports nothing of PolyRun outside this folder."""
