"""Referral: who invites, who comes, and how far that carries. Pure.

k = invites a member x new accounts an invite: old accounts that answer an invite are no growth. With k < 1 every new
person brings 1 / (1 - k) in the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Referral:
    """Counts of a stretch of time: `members` who could invite, `inviters` who did, invites `sent`, `new` and `old`
    accounts that came of them, `bought`: new accounts with a counted order since; `rewards`: fen, None where the sheets
    are silent. Rates are NaN without their base."""

    members: int
    inviters: int
    sent: int
    new: int
    old: int
    bought: int
    rewards: int | None = None

    @property
    def share_rate(self) -> float:
        """Inviters a member."""
        return _ratio(self.inviters, self.members)

    @property
    def invites_per_member(self) -> float:
        """Invites a member."""
        return _ratio(self.sent, self.members)

    @property
    def conversion(self) -> float:
        """New accounts an invite."""
        return _ratio(self.new, self.sent)

    @property
    def k(self) -> float:
        """New accounts a member."""
        return self.invites_per_member * self.conversion

    @property
    def k_to_first_order(self) -> float:
        """New accounts with an order that stood, a member."""
        return self.invites_per_member * _ratio(self.bought, self.sent)

    @property
    def amplification(self) -> float:
        """What one new person becomes in the end; NaN where k has reached 1 (the sum has no end)."""
        return 1 / (1 - self.k) if self.k < 1 else NAN

    @property
    def cost_per_new_buyer(self) -> float:
        """Fen of reward for a new buyer whose order stood."""
        return _ratio(self.rewards, self.bought) if self.rewards is not None else NAN


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else NAN


def counted(invites: pd.DataFrame, members: int, first_bought: pd.Series) -> Referral:
    """Referral of invites (inviter_key, invited_key, account_kind, sent_minute, reward). `first_bought`: epoch minute of
    the first counted order by buyer_key: an account that had bought before it was invited is none that the invite won."""
    came = invites[invites["account_kind"] != ""]
    new = came[came["account_kind"] == "new"]
    first = first_bought.reindex(new["invited_key"]).to_numpy(dtype=float)
    bought = (new["invited_key"] != "").to_numpy() & (first >= new["sent_minute"].to_numpy(dtype=float))
    paid = invites["reward"].dropna()
    return Referral(
        members,
        int(invites.loc[invites["inviter_key"] != "", "inviter_key"].nunique()),
        len(invites),
        len(new),
        len(came) - len(new),
        int(np.unique(new["invited_key"].to_numpy(dtype=str)[bought]).size),
        int(paid.sum()) if len(paid) else None,
    )
