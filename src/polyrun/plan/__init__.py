"""A document becomes a plan: pure data, no clock, no disk, no process."""

from __future__ import annotations

from polyrun.plan.fingerprint import Fingerprint, build_fingerprint
from polyrun.plan.planner import Job, Plan, make_plan

__all__ = ["Fingerprint", "Job", "Plan", "build_fingerprint", "make_plan"]
