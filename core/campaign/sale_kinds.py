"""Kinds of sales: what a sale is to its buyers decides how far above an ordinary day it goes. Pure."""

from __future__ import annotations

from enum import StrEnum


class SaleKind(StrEnum):
    """A platform's festival (618, Double-11), the shop's own promotion, a pre-sale whose balance is paid when
    it opens."""

    FESTIVAL = "festival"
    PROMOTION = "promotion"
    PRESALE = "presale"
