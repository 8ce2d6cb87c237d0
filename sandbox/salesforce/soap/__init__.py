"""The SOAP API of an org: the partner and the enterprise endpoint over the same records."""

from __future__ import annotations

from sandbox.salesforce.soap.endpoint import PATH, Soap, is_login

__all__ = ["PATH", "Soap", "is_login"]
