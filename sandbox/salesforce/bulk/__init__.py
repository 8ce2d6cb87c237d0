"""Bulk API 2.0: jobs that read or write very many records while the client only asks how they are getting on."""

from __future__ import annotations

from sandbox.salesforce.bulk.api import Bulk

__all__ = ["Bulk"]
