"""Dirt: what careless hands, imports and web forms do to clean records, with a note of every planted fault."""

from __future__ import annotations

from sandbox.generator.dirt.soil import Soil
from sandbox.generator.dirt.spread import spread

__all__ = ["Soil", "spread"]
