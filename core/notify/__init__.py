"""Messages to DingTalk, Feishu, WeCom and mail: queued with the change that causes them, limited, bundled,
kept off the rush."""

from core.notify.queue import post, taking, told
from core.notify.sender import send_due

__all__ = ["post", "send_due", "taking", "told"]
