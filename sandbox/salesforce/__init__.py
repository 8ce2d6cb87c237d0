"""A Salesforce org over HTTP: OAuth, SOQL, describe, rows, collections and composite, in SQLite."""

from __future__ import annotations

from sandbox.salesforce.app import SalesforceApp
from sandbox.salesforce.rules import Rules
from sandbox.salesforce.settings import Settings

__all__ = ["Rules", "SalesforceApp", "Settings"]
