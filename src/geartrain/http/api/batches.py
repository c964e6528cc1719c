"""Batches: how far they are, and all of their jobs cancelled or retried."""

from __future__ import annotations

import json
from typing import Final

from starlette.responses import Response

from geartrain.http.api.control import COUNTED, swept
from geartrain.http.api.parts import CURSOR, LIMIT, json_answer, listed, one
from geartrain.http.endpoints import Call, Endpoint, in_path, query
from geartrain.http.listings import listing
from geartrain.http.schemas import BATCH

__all__ = ["ENDPOINTS"]

_NAME: Final = in_path("batch", "The name of the batch", "news-7")


async def list_batches(call: Call) -> Response:
    """List batches."""
    return await listing(call, f"batches{call.filters('state', 'limit')}")


async def get_batch(call: Call) -> Response:
    """Tell how far a batch is."""
    (row,) = await call.rows(f"batch {call.word('batch')}")
    return json_answer(json.loads(row))


async def cancel_batch(call: Call) -> Response:
    """Cancel all jobs of a batch that have not ended."""
    return await swept(call, f"cancel jobs batch={call.word('batch')}")


async def retry_batch(call: Call) -> Response:
    """Retry all dead letters of a batch."""
    return await swept(call, f"dead retry all batch={call.word('batch')}")


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/batches",
        name="listBatches",
        summary="List batches, the latest first",
        tag="batches",
        call=list_batches,
        parameters=(
            query("state", "Only those.", enum=["open", "ended"]),
            LIMIT,
            CURSOR,
        ),
        answers=(listed("Some of them.", BATCH),),
    ),
    Endpoint(
        method="GET",
        path="/v1/batches/{batch}",
        name="getBatch",
        summary="Tell how far a batch is",
        tag="batches",
        call=get_batch,
        parameters=(_NAME,),
        answers=(one("How many of its jobs have ended, and how.", BATCH),),
        problems=("unknown-batch",),
    ),
    Endpoint(
        method="POST",
        path="/v1/batches/{batch}/cancel",
        name="cancelBatch",
        summary="Cancel all jobs of a batch that have not ended",
        tag="batches",
        call=cancel_batch,
        parameters=(_NAME,),
        answers=(COUNTED,),
    ),
    Endpoint(
        method="POST",
        path="/v1/batches/{batch}/retry",
        name="retryBatch",
        summary="Retry all dead letters of a batch",
        tag="batches",
        call=retry_batch,
        parameters=(_NAME,),
        answers=(COUNTED,),
    ),
)
