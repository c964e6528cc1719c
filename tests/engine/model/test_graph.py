"""What jobs and batches wait for, and whether that leads back to them."""

from __future__ import annotations

from geartrain.engine.model.graph import SUCCESS, Graph, JobBatch, Successor


def waiting(graph: Graph, number: int, *sources: bytes, batch: bytes = b"") -> None:
    successor = Successor(number, b"H:x:%d" % number, SUCCESS)
    successor.sources = dict.fromkeys(sources)
    successor.batch = batch
    graph.add(successor)


def test_what_leads_to_a_batch_is_found() -> None:
    graph = Graph()
    graph.batches[b"x"] = JobBatch(b"x", 0.0)
    graph.batches[b"y"] = JobBatch(b"y", 0.0)
    waiting(graph, 1, b"batch:x", batch=b"y")
    waiting(graph, 2, b"batch:y")
    assert graph.reaches([b"batch:x"], b"x", 10)
    assert graph.reaches([b"batch:y"], b"x", 10)
    assert graph.reaches([b"H:x:2"], b"x", 10)
    assert not graph.reaches([b"H:x:2"], b"z", 10)
    assert not graph.reaches([b"H:x:7", b"batch:z"], b"x", 10)


def test_a_graph_too_large_to_be_looked_at_may_lead_anywhere() -> None:
    graph = Graph()
    for number in range(2, 50):
        waiting(graph, number, b"H:x:%d" % (number - 1))
    assert graph.reaches([b"H:x:49"], b"x", 10)
    assert not graph.reaches([b"H:x:49"], b"x", 100)


def test_who_is_released_waits_for_nothing() -> None:
    graph = Graph()
    graph.batches[b"y"] = JobBatch(b"y", 0.0)
    waiting(graph, 1, b"batch:x", b"H:x:9", batch=b"y")
    successor = graph.successors[1]
    graph.settle(successor, b"H:x:9")
    assert successor.is_blocked()
    graph.forget(successor)
    assert [*graph.waiting, *graph.successors, *graph.batches[b"y"].blocked] == []
