"""python3-caldav's ordinary flow: principal, home, calendars, create, search, change, sync, delete. Prints one line per step that held."""
import sys
from datetime import datetime, timezone
import caldav

url, account, password = sys.argv[1:4]
EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//python3-caldav test//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20260101T000000Z\r
DTSTART:{day}T100000Z\r
DTEND:{day}T110000Z\r
{more}SUMMARY:{summary}\r
END:VEVENT\r
END:VCALENDAR\r
"""

client = caldav.DAVClient(url=url, username=account, password=password)
principal = client.principal()
names = sorted(str(c.url).rstrip("/").split("/")[-1] for c in principal.calendars())
assert "calendar" in names and "tasks" in names, names
print("principal and calendars")

calendar = principal.make_calendar(name="From Python", cal_id="from-python")
assert any(c.name == "From Python" for c in principal.calendars())
print("make_calendar")

calendar.save_event(EVENT.format(uid="py-1", day="20260310", summary="Single", more=""))
calendar.save_event(EVENT.format(uid="py-2", day="20260105", summary="Weekly", more="RRULE:FREQ=WEEKLY\r\n"))
assert len(calendar.events()) == 2
print("save_event")

march = (datetime(2026, 3, 1, tzinfo=timezone.utc), datetime(2026, 4, 1, tzinfo=timezone.utc))
found = calendar.date_search(start=march[0], end=march[1], expand=False)
assert len(found) == 2, found
expanded = calendar.date_search(start=march[0], end=march[1], expand=True)
assert len(expanded) >= 2, expanded
starts = sum(e.data.count("BEGIN:VEVENT") for e in expanded)
assert starts == 6, starts
print("date_search, whole and expanded")

event = calendar.event_by_uid("py-1")
event.data = event.data.replace("Single", "Changed")
event.save()
assert "Changed" in calendar.event_by_uid("py-1").data
print("change")

objects = calendar.objects_by_sync_token()
token = objects.sync_token
calendar.event_by_uid("py-2").delete()
changes = list(calendar.objects_by_sync_token(sync_token=token))
assert len(changes) == 1, changes
print("sync after deletion")

busy = calendar.freebusy_request(start=march[0], end=march[1])
assert "FREEBUSY" in busy.data, busy.data
print("free-busy")

calendar.delete()
assert not any(c.name == "From Python" for c in principal.calendars())
print("delete the calendar")
