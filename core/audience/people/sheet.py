"""The workbooks of people: their traits, memberships, and who invited whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd
from sqlalchemy import Connection

from core.audience.people import keys
from core.audience.people.tables import TRAITS, invite, member, person
from core.imports.kinds import Comparison, Context, Kind
from core.imports.versioned import VersionedTable
from core.sheets.columns import Field, SheetSpec

PERSON_ROWS = VersionedTable(person, "person_key", (*TRAITS, "first_day"))
MEMBER_ROWS = VersionedTable(member, "person_key", ("level", "joined_day"))
INVITE_ROWS = VersionedTable(
    invite,
    "invite_id",
    ("inviter_key", "invited_key", "account_kind", "channel", "sent_minute", "joined_minute", "reward"),
)
SEXES = {
    "男": "male",
    "male": "male",
    "m": "male",
    "女": "female",
    "female": "female",
    "f": "female",
    "未知": "",
    "保密": "",
    "unknown": "",
}
ACCOUNTS = {
    "新客": "new",
    "新": "new",
    "新用户": "new",
    "new": "new",
    "老客": "old",
    "老": "old",
    "老用户": "old",
    "old": "old",
}

_PERSON = Field("person", "text", required=True, title_zh="用户标识", title_en="Person")


def _spec(kind: str, *fields: Field) -> SheetSpec:
    """Rows are told apart by hash, here, not by the sheet reader: a refused row must not carry somebody's id."""
    return SheetSpec(kind, fields, key=())


def _compared(
    table: VersionedTable, connection: Connection, rows: pd.DataFrame, context: Context
) -> Comparison:
    """One row a key against what is kept."""
    single = keys.one_each(rows, context.sheet, table.key)
    answer = table.compare(connection, single.rows, context)
    return replace(answer, rejected=single.refused, merged=single.merged)


def _by_person(
    table: VersionedTable, days: Mapping[str, str]
) -> Callable[[Connection, pd.DataFrame, Context], Comparison]:
    """The comparison of a sheet with a row a person; `days`: column -> field of the day in it."""

    def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
        """The rows by the person's key, their days as text, against what is kept."""
        rows = keys.keyed(sheet, {"person": "person_key"})
        for name, field in days.items():
            if name in rows:
                rows = rows.assign(**{field: _iso(rows[name])}).drop(columns=name)
        return _compared(table, connection, rows, context)

    return compare


def _iso(days: pd.Series) -> pd.Series:
    return pd.to_datetime(days).dt.strftime("%Y-%m-%d").astype("str").where(days.notna(), "")


def _compare_invites(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The sheet against what is kept; a row whose inviter is unknown counts all the same where it has a number."""
    rows = keys.keyed(sheet, {"inviter": "inviter_key", "invited": "invited_key"})
    for name in ("invite_sent", "invite_joined"):
        if name in rows:
            field = name.replace("invite_", "") + "_minute"
            rows = rows.assign(**{field: _minutes(rows[name])}).drop(columns=name)
    nobody = rows["inviter_key"] == ""
    return _compared(
        INVITE_ROWS, connection, rows.assign(invite_id=keys.invite_ids(rows).mask(nobody, "")), context
    )


def _minutes(moments: pd.Series) -> pd.Series:
    """Moments as epoch minutes, missing where there is none."""
    seconds = (pd.to_datetime(moments, utc=True) - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return (seconds // 60).astype("Int64")


PEOPLE = Kind(
    "people",
    "audience.import",
    _spec(
        "people",
        _PERSON,
        Field("first_seen", "day", title_zh="首次访问日期", title_en="First seen"),
        Field("sex", "choice", choices=SEXES, title_zh="性别", title_en="Sex"),
        Field("age_band", "text", title_zh="年龄段", title_en="Age band"),
        Field("province", "text", title_zh="省份", title_en="Province"),
        Field("city_tier", "text", title_zh="城市级别", title_en="City tier"),
        Field("channel", "text"),
        Field("device", "text", title_zh="终端", title_en="Device"),
        Field("interest", "text", title_zh="兴趣", title_en="Interest"),
    ),
    _by_person(PERSON_ROWS, {"first_seen": "first_day"}),
    PERSON_ROWS.write,
    PERSON_ROWS.revert,
    any_of=("first_seen", *TRAITS),
)
MEMBERS = Kind(
    "members",
    "audience.import",
    _spec(
        "members",
        _PERSON,
        Field("level", "text", required=True, title_zh="会员等级", title_en="Member level"),
        Field("joined_on", "day", title_zh="入会日期", title_en="Joined on"),
    ),
    _by_person(MEMBER_ROWS, {"joined_on": "joined_day"}),
    MEMBER_ROWS.write,
    MEMBER_ROWS.revert,
)
INVITES = Kind(
    "invites",
    "audience.import",
    _spec(
        "invites",
        Field("invite_id", "code", title_zh="邀请编号", title_en="Invite"),
        Field("inviter", "text", required=True, title_zh="邀请人", title_en="Inviter"),
        Field("invited", "text", title_zh="被邀请人", title_en="Invited person"),
        Field("account_kind", "choice", choices=ACCOUNTS, title_zh="新老账号", title_en="New or old account"),
        Field("invite_sent", "moment", required=True, title_zh="邀请时间", title_en="Invited at"),
        Field("invite_joined", "moment", title_zh="接受时间", title_en="Joined at"),
        Field("channel", "text"),
        Field("reward", "money", minimum=0, title_zh="奖励金额", title_en="Reward"),
    ),
    _compare_invites,
    INVITE_ROWS.write,
    INVITE_ROWS.revert,
)
