"""The routes of the HTTP side, one file a subject; core/web/server.py mounts them."""
