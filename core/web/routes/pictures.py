"""GET /picture/{sku_code}: the thumbnail of a SKU, for whoever is signed in."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.access import Actor
from core.database import connect
from core.goods import pictures
from core.settings import settings
from core.web import identity

# the address holds the picture's digest, so that a copy in the browser never goes stale
HEADERS = {"Cache-Control": "private, max-age=604800, immutable"}


async def picture(request: Request) -> Response:
    """200 with the WebP; 404 for strangers as for SKUs without a picture."""
    actor = await identity.visitor(request)
    image = await to_thread.run_sync(_image, actor, request.path_params["sku_code"]) if actor else None
    if image is None:
        return Response("Not Found", 404)
    return Response(image, media_type="image/webp", headers=HEADERS)


def _image(actor: Actor, sku_code: str) -> bytes | None:
    return pictures.picture(connect(settings().url), actor, sku_code)


ROUTES = [Route("/picture/{sku_code:path}", picture, methods=["GET"])]
