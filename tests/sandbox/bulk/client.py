"""A client of the jobs of one org that asks as the documentation says."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import httpx

from tests.sandbox.salesforce_org import BASE, Org

JOBS = f"{BASE}/jobs"


@dataclass
class Jobs:
    """The jobs of one kind: query or ingest."""

    org: Org
    kind: str
    base: str = JOBS

    def url(self, path: str = "") -> str:
        return f"{self.base}/{self.kind}{'/' if path else ''}{path}"

    def make(self, **body: Any) -> httpx.Response:
        return self.org.client.post(self.url(), json=body)

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.org.client.get(self.url(path), params=query)

    def state(self, job: str) -> str:
        return str(self.get(job).json()["state"])

    def patch(self, job: str, state: str) -> httpx.Response:
        return self.org.client.patch(self.url(job), json={"state": state})

    def select(self, soql: str, **body: Any) -> str:
        """The id of a query job that is complete."""
        answer = self.make(operation="query", query=soql, **body)
        assert answer.status_code == 200, answer.text
        job = str(answer.json()["id"])
        assert self.state(job) == "JobComplete"
        return job


def rows(answer: httpx.Response, delimiter: str = ",") -> list[list[str]]:
    """The rows of a CSV answer, its header first."""
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.content.decode(), newline=""), delimiter=delimiter))


def load(jobs: Jobs, data: str | bytes, **body: Any) -> str:
    """The id of an ingest job whose data is uploaded and which has ended, well or not."""
    made = jobs.make(**{"object": "Contact", "operation": "insert", **body})
    assert made.status_code == 200, made.text
    job = str(made.json()["id"])
    sent = data.encode() if isinstance(data, str) else data
    url = "/" + made.json()["contentUrl"]
    answer = jobs.org.client.put(url, content=sent, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.content) == (201, b"")
    assert jobs.patch(job, "UploadComplete").status_code == 200
    jobs.state(job)
    return job
