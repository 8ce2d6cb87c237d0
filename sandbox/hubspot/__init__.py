"""A HubSpot portal over HTTP: versions v3, v4, 2026-03 and 2026-09 as routes onto one store."""

from sandbox.hubspot.app import HubspotApp
from sandbox.hubspot.limits import Limits
from sandbox.hubspot.portal import Settings

__all__ = ["HubspotApp", "Limits", "Settings"]
