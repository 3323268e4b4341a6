"""HTTP: sign-in, health, metrics, event intake. Mounted in the screens' app, or alone: `uvicorn
core.web:app`."""

from core.web.server import app, lifespan, protection, routes

__all__ = ["app", "lifespan", "protection", "routes"]
