"""Bulk API 1.0: jobs of batches under /services/async, which older clients read and write by."""

from sandbox.salesforce.bulk1.endpoint import PATH, ClassicBulk

__all__ = ["PATH", "ClassicBulk"]
