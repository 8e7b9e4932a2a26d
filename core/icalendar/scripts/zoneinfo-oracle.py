"""
What Python's zoneinfo makes of zones: the oracle of zones-published.test.ts.

Reads one JSON list of [zone, [seconds since 1970, ...]] from stdin and writes one list of lists: at each instant [offset in seconds, name]; null for a zone that this
machine does not have.
"""
import json
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def told(zone, instants):
    try:
        there = ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        return None
    moments = [(EPOCH + timedelta(seconds=instant)).astimezone(there) for instant in instants]
    return [[int(moment.utcoffset().total_seconds()), moment.tzname()] for moment in moments]


json.dump([told(zone, instants) for zone, instants in json.load(sys.stdin)], sys.stdout)
