"""/composite/graph: up to 75 graphs of requests, each of which stands or falls as one."""

from __future__ import annotations

import re
from typing import Any

from sandbox.salesforce.bundles.references import named_in
from sandbox.salesforce.bundles.subrequests import Answer, Result, Subrequests, check_parts, halted
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.org import Call, Org
from sandbox.salesforce.outcomes import RolledBack
from sandbox.wire import Response, Routes

SINCE = 50
MAX_GRAPHS, MAX_NODES, MAX_DEPTH, MAX_KINDS, MAX_FAILURES = 75, 500, 15, 15, 14
_GRAPH_ID = re.compile(r"[A-Za-z0-9][^.]{0,38}")
_NODE = re.compile(r"/services/data/(v\d+\.\d)/sobjects/(\w+)(/[^/]+(?:/.+)?)?/?", re.IGNORECASE)
_METHODS = {0: ("POST",), 1: ("DELETE", "GET", "PATCH"), 2: ("DELETE", "GET", "PATCH", "POST")}
Graph = dict[str, Any]


class CompositeGraph:
    """The handler of /composite/graph; `answer` handles one request within."""

    def __init__(self, org: Org, answer: Answer) -> None:
        self._org = org
        self._answer = answer

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("POST", f"{base}/composite/graph", self.graphs)

    def graphs(self, call: Call) -> Response:
        """200 when the whole is well-formed; a graph that failed is undone and says so."""
        if call.number < SINCE:
            raise not_found()
        graphs = _checked(call.json_object().get("graphs"), call.number)
        answered, failures = [], 0
        for graph in graphs:
            results = None if failures >= MAX_FAILURES else self._results(call, graph["compositeRequest"])
            done = results is not None and all(result["httpStatusCode"] < 400 for result in results)
            failures += not done
            response = {"compositeResponse": results if results is not None else halted(graph["compositeRequest"])}
            answered.append({"graphId": graph["graphId"], "graphResponse": response, "isSuccessful": done})
        return Response.of_json({"graphs": answered})

    def _results(self, call: Call, parts: list[dict[str, Any]]) -> list[Result]:
        subrequests = Subrequests(call, self._answer)
        results: list[Result] = []
        try:
            with self._org.database.transaction():
                for part in parts:
                    results.append(subrequests.run(part))
                    if results[-1]["httpStatusCode"] >= 400:
                        raise RolledBack
        except RolledBack:
            return halted(parts, results)
        return results


def _checked(graphs: Any, version: int) -> list[Graph]:
    """The graphs, within the limits on the whole and on each; any of them broken refuses everything."""
    if not isinstance(graphs, list) or not graphs or not all(_is_graph(graph) for graph in graphs):
        message = "The request body needs a list called graphs, each with graphId and compositeRequest."
        raise ApiError("INVALID_INPUT", message)
    if len(graphs) > MAX_GRAPHS:
        raise ApiError("LIMIT_EXCEEDED", f"A request has at most {MAX_GRAPHS} graphs.")
    names = [str(graph["graphId"]) for graph in graphs]
    if len(set(names)) < len(names) or not all(_GRAPH_ID.fullmatch(name) for name in names):
        message = "Each graphId is unique, begins with a letter or number, is shorter than 40 and has no period."
        raise ApiError("INVALID_INPUT", message)
    if sum(len(graph["compositeRequest"]) for graph in graphs) > MAX_NODES:
        raise ApiError("LIMIT_EXCEEDED", f"A request has at most {MAX_NODES} nodes.")
    kinds = set()
    for graph in graphs:
        check_parts(graph["compositeRequest"], version)
        kinds |= {_kind(part) for part in graph["compositeRequest"]}
        _check_depth(graph)
    if len(kinds) > MAX_KINDS:
        raise ApiError("LIMIT_EXCEEDED", f"A request has at most {MAX_KINDS} different kinds of nodes.")
    return graphs


def _is_graph(graph: Any) -> bool:
    parts = graph.get("compositeRequest") if isinstance(graph, dict) else None
    return isinstance(parts, list) and bool(parts) and isinstance(graph.get("graphId"), str | int)


def _kind(part: dict[str, Any]) -> tuple[str, str, str]:
    """Version, method and object of a node; INVALID_INPUT for a resource that a graph cannot have."""
    found = _NODE.fullmatch(str(part["url"]).partition("?")[0])
    if found is None or part["method"] not in _METHODS[min((found[3] or "").rstrip("/").count("/"), 2)]:
        raise ApiError("INVALID_INPUT", f"A graph cannot have the node {part['method']} {part['url']}.")
    return found[1].lower(), part["method"], found[2].lower()


def _check_depth(graph: Graph) -> None:
    """A node lies one deeper than the deepest it refers to."""
    depths: dict[str, int] = {}
    for part in graph["compositeRequest"]:
        parents = named_in([part["url"], part.get("body")])
        depths[str(part["referenceId"])] = 1 + max((depths.get(name, 0) for name in parents), default=0)
    if max(depths.values()) > MAX_DEPTH:
        raise ApiError("LIMIT_EXCEEDED", f"A graph is at most {MAX_DEPTH} nodes deep.")
