"""The command line: parses options, calls `polyrun.api`, shows reports. Owns no logic."""
