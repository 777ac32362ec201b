"""Reports: what a run did, for people and for programs. Reads events and results and nothing else."""
