"""Hostile programs of our own: run in a sandbox to see that it holds, and without one to see that they are hostile.

The test suite and `polyrun selftest` are two callers of the same programs and the same judgement.
"""
