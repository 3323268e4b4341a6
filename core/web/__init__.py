"""HTTP: sign-in, health, metrics, event intake. Mounted in the screens' app, or alone: `uvicorn core.web:app`."""

from core.web.house import app, lifespan, middleware, routes

__all__ = ["app", "lifespan", "middleware", "routes"]
