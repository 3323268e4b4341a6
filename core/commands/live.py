"""Commands of the live sale: live, replay, intake, rehearse, and the sources that may send events."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
import uvicorn

from core import clock
from core.campaign import service as campaigns
from core.commands.terminal.run import desk
from core.errors import ShopError
from core.live.actions import decisions
from core.live.alerts import monitor
from core.live.intake import sources
from core.live.intake.files import EventFile, import_events, read_file
from core.live.ledger.events import Refusal
from core.live.rehearsal import rehearsal
from core.live.rehearsal.replay import Course
from core.live.rehearsal.replay import replay as feed_through
from core.live.snapshot import service
from core.live.snapshot.json_record import as_record
from core.web import server

app = typer.Typer()
source = typer.Typer(
    no_args_is_help=True, help="Sources of events: who may send, and with which signing secret."
)
app.add_typer(source, name="source")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Campaign = Annotated[str, typer.Option("--campaign", help="the campaign's id")]


@app.command("live")
def live(
    campaign: Campaign, at: Annotated[str, typer.Option(help="ISO moment; now when left out")] = ""
) -> dict[str, object]:
    """The live picture at a minute: totals, pace, forecast to close, stock-out times, labels, alerts."""
    on = desk()
    mine = campaigns.load(on.db, on.actor, campaign)
    moment = (
        clock.parse_local(at, mine.timezone) if at else rehearsal.moment(on.db, on.actor, campaign, on.now)
    )
    picture = service.load(on.db, on.actor, campaign, moment)
    alerts = monitor.standing_alerts(on.db, on.actor, campaign, moment)
    return as_record(picture, alerts, decisions.decisions(on.db, on.actor, campaign, moment))


@app.command("replay")
def replay(
    file: File,
    campaign: Campaign,
    speed: Annotated[float, typer.Option(help="sale seconds a second; 0 = as fast as possible")] = 60.0,
    since: Annotated[str, typer.Option("--from", help="ISO moment; earlier events are left out")] = "",
    url: Annotated[
        str, typer.Option(help="a running intake, e.g. http://127.0.0.1:8600; one is opened when left out")
    ] = "",
) -> dict[str, object]:
    """Feeds an event file through the HTTP intake as a shop would."""
    on = desk()
    mine = campaigns.load(on.db, on.actor, campaign)
    values = read_file(file.read_bytes(), file.name, mine.timezone)
    unreadable = [value._asdict() for value in values if isinstance(value, Refusal)]
    begin = clock.parse_local(since, mine.timezone) if since else None
    good = [
        value if isinstance(value, dict) else {"value": value}
        for value in values
        if not isinstance(value, Refusal)
    ]
    done = feed_through(on.db, on.actor, good, on.now, Course(campaign, speed, begin, url, _progress))
    return done | {"rejected": unreadable + done["rejected"]}


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done}/{total}" + ("\n" if done >= total else ""))


def events_file(file: Path, campaign: str, dry_run: bool) -> dict[str, object]:
    """`import events FILE`: NDJSON (also .gz), csv or a workbook, straight into the ledger; the figures of
    every import."""
    on = desk()
    if dry_run:
        raise ShopError("live.no_dry_run")
    zone = campaigns.load(on.db, on.actor, campaign).timezone if campaign else clock.SHANGHAI
    done = import_events(
        on.db, on.actor, EventFile(file.read_bytes(), file.name, timezone=zone), on.now, campaign_id=campaign
    )
    figures = {
        "rows": done["received"],
        "added": done["accepted"] + done["waiting"],
        "changed": 0,
        "unchanged": done["duplicate"],
    }
    rejected = [
        {
            "sheet": "",
            "row": r["line"],
            "cell": r["field"],
            "field": r["field"],
            "code": r["code"],
            "value": r["value"],
        }
        for r in done["rejected"]
    ]
    extra = {
        "merged": 0,
        "skipped_totals": 0,
        "rejected": rejected,
        "waiting": done["waiting"],
        "released": done["released"],
    }
    return {
        "import_id": "",
        "kind": "events",
        "sheet": "",
        "header_row": 0,
        "mapping": {},
        **figures,
        **extra,
        "committed": True,
    }


@app.command("intake")
def intake_alone(
    port: Annotated[int, typer.Option(help="port on 127.0.0.1")],
    host: Annotated[str, typer.Option()] = "127.0.0.1",
) -> None:
    """Serves the HTTP intake alone, until it is ended."""
    desk().db  # noqa: B018 - a database that does not fit the program is refused before anything is served
    uvicorn.run(server.intake_alone(), host=host, port=port, log_level="warning")


@app.command("rehearse")
def rehearse(
    campaign: Campaign,
    speed: Annotated[float, typer.Option(help="sale minutes a real minute")] = 60.0,
    course: Annotated[float, typer.Option(help="1 = on plan, 0.7 = a bad night")] = 1.0,
    past: Annotated[
        str, typer.Option(help="replay this past campaign's events instead of made-up ones")
    ] = "",
    end: Annotated[bool, typer.Option("--end", help="throw the rehearsal with this id away")] = False,
) -> dict[str, object]:
    """Starts a rehearsal of a campaign (the running server plays it), or throws one away."""
    on = desk()
    if end:
        rehearsal.drop(on.db, on.actor, campaign, on.now)
        return {"campaign_id": campaign, "ended": True}
    rehearsal_id = rehearsal.start(
        on.db, on.actor, campaign, on.now, play=rehearsal.Play(speed=speed, course=course, past_id=past)
    )
    return {"campaign_id": rehearsal_id, "speed": speed}


@source.command("add")
def add_source(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    campaign: Annotated[
        str, typer.Option(help="the campaign of its events; by their own word or moment when left out")
    ] = "",
    rate: Annotated[int, typer.Option(help="events a minute")] = sources.USUAL_RATE,
) -> dict[str, object]:
    """A new source; its signing secret is shown."""
    on = desk()
    secret = sources.add_source(
        on.db, on.actor, name, on.now, terms=sources.Terms(campaign_id=campaign, events_per_minute=rate)
    )
    return {"source": name, "secret": secret}


@source.command("rotate")
def rotate_source(name: Annotated[str, typer.Argument(metavar="NAME")]) -> dict[str, object]:
    """A new secret; the old one counts until `source retire`."""
    return {"source": name, "secret": sources.rotate(desk().db, desk().actor, name, desk().now)}


@source.command("retire")
def retire_source(name: Annotated[str, typer.Argument(metavar="NAME")]) -> dict[str, object]:
    """Only the newest secret counts from now on."""
    sources.retire(desk().db, desk().actor, name, desk().now)
    return {"source": name, "retired": True}


@source.command("list")
def list_sources() -> pd.DataFrame:
    """Every source with its sums."""
    return sources.sources(desk().db, desk().actor)
