"""docs/crm-api.yaml as judge of what goes over the line, by openapi-core."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from tests.fakes.crm_server import Exchange

FILE = Path(__file__).resolve().parents[2] / "docs" / "crm-api.yaml"
SERVER = "http://127.0.0.1:8077"


@functools.lru_cache(maxsize=1)
def document() -> OpenAPI:
    """The document; reading it checks that it is OpenAPI 3.1."""
    return OpenAPI.from_file_path(str(FILE))


def operations() -> dict[str, tuple[str, str]]:
    """Method and path by operationId."""
    paths = (document().spec / "paths").read_value()
    return {
        about["operationId"]: (method, path)
        for path, item in paths.items()
        for method, about in item.items()
        if method != "parameters"
    }


def check(exchange: Exchange) -> str:
    """The operationId. Raises what openapi-core found wrong with the request or the answer."""
    asked = exchange.request
    request = MockRequest(
        SERVER,
        asked.method.lower(),
        asked.rel_url.raw_path,
        args=dict(asked.query),
        headers=dict(asked.headers),
        data=exchange.sent or None,
    )
    document().validate_request(request)
    document().validate_response(request, MockResponse(exchange.answered, exchange.status))
    result = document().unmarshal_request(request)
    assert not result.errors
    return _operation(asked.method.lower(), asked.rel_url.raw_path)


def check_all(exchanges: Iterable[Exchange]) -> set[str]:
    """The operationIds of all."""
    return {check(exchange) for exchange in exchanges}


def _operation(method: str, path: str) -> str:
    given = path.removeprefix("/yingda/v1").split("/")
    fits = {
        name: sum(part.startswith("{") for part in template.split("/"))
        for name, (its, template) in operations().items()
        if its == method and _fit(template.split("/"), given)
    }
    return min(fits, key=lambda name: fits[name])  # a fixed part before a parameter, as OpenAPI says


def _fit(template: list[str], given: list[str]) -> bool:
    pairs = zip(template, given, strict=False)
    return len(template) == len(given) and all(a == b or a.startswith("{") for a, b in pairs)
