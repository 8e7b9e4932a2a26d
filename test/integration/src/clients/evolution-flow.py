"""Evolution's data server as GNOME Calendar and Evolution use it: an account told only URL and user. Prints one line per step that held."""
import signal
import sys
import time
import gi
gi.require_version("EDataServer", "1.2")
gi.require_version("ECal", "2.0")
from gi.repository import ECal, EDataServer as E, GLib, ICalGLib

url, user, password = sys.argv[1:4]
signal.alarm(80)
registry = E.SourceRegistry.new_sync(None)
loop = GLib.MainContext.default()


def until(what, look, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        loop.iteration(False)
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(what)


def component(text):
    return ICalGLib.Component.new_from_string(text.replace("\n", "\r\n"))


def event(uid, summary, day, more=""):
    return component(f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\nDTSTART:{day}T100000Z\nDTEND:{day}T110000Z\n{more}SUMMARY:{summary}\nEND:VEVENT\n")


def sign_in(source):
    uri = GLib.Uri.parse(url, 0)
    authentication = source.get_extension("Authentication")
    authentication.set_host(uri.get_host())
    authentication.set_port(uri.get_port())
    authentication.set_user(user)
    authentication.set_method("plain/password")
    source.get_extension("Security").set_method("none")


# 1. What the assistant "find calendars" asks.
account = E.Source.new_with_uid("account", None)
account.set_display_name("Account")
collection = account.get_extension("Collection")
collection.set_backend_name("webdav")
collection.set_identity(user)
collection.set_calendar_url(url)
collection.set_contacts_enabled(False)
collection.set_mail_enabled(False)
sign_in(account)
credentials = E.NamedParameters.new()
credentials.set(E.SOURCE_CREDENTIAL_USERNAME, user)
credentials.set(E.SOURCE_CREDENTIAL_PASSWORD, password)
supports = E.WebDAVDiscoverSupports.EVENTS | E.WebDAVDiscoverSupports.TASKS
held, _, _, discovered, addresses = E.webdav_discover_sources_sync(account, url, supports, credentials, None)
assert held and len(discovered) >= 2, discovered
assert addresses == [f"{user}@example.com"], addresses
print("discovery: calendars and addresses")

# 2. The account itself: the source registry looks for its calendars and keeps them as children.
registry.commit_source_sync(account, None)
account = until("the account", lambda: registry.ref_source("account"))
account.store_password_sync(password, True, None)
registry.refresh_backend_sync("account", None)


def children(extension):
    return [s for s in registry.list_sources(extension) if s.get_parent() == "account"]


calendars = until("calendars of the account", lambda: children("Calendar"))
task_lists = until("task lists of the account", lambda: children("Task List"))
paths = [s.get_extension("WebDAV Backend").get_resource_path() for s in calendars + task_lists]
assert any(p.endswith("/calendar/") for p in paths) and any(p.endswith("/tasks/") for p in paths), paths
print("account: calendars and task lists")

# 3. A calendar made on the server, as Evolution's browser of an account makes it.
NAME = "Från Evolution"
browser = E.WebDAVSession.new(calendars[0])
browser.set_credentials(credentials)
home = url.rstrip("/") + next(p for p in paths if p.endswith("/calendar/")).removesuffix("calendar/")
browser.mkcalendar_sync(f"{home}from-evolution/", NAME, "Made by a test", "#33aa55", E.WebDAVResourceSupports.EVENTS, None)
registry.refresh_backend_sync("account", None)
made = until("the new calendar", lambda: next((s for s in children("Calendar") if s.get_display_name() == NAME), None))
assert made.get_extension("Calendar").get_color().lower().startswith("#33aa55"), made.get_extension("Calendar").get_color()
print("new calendar, its name and colour")

# 4. Events: create, change, one instance, delete.
client = ECal.Client.connect_sync(made, ECal.ClientSourceType.EVENTS, 1, None)
assert not client.is_readonly()
other = E.WebDAVSession.new(made)
other.set_credentials(credentials)


def titles():
    return sorted(c.get_summary() for c in client.get_object_list_sync("#t", None)[1])


def stored():
    return {r.href: other.get_data_sync(r.href, None)[4] for r in other.list_sync(None, "1", 0, None)[1] if r.href.endswith(".ics")}


def written(part):
    return any(part in text for text in stored().values())


NONE = ECal.OperationFlags.NONE
_, single = client.create_object_sync(event("eds-1", "Single", "20260310"), NONE, None)
client.create_object_sync(event("eds-2", "Weekly", "20260105", "RRULE:FREQ=WEEKLY;COUNT=5\n"), NONE, None)
assert titles() == ["Single", "Weekly"], titles()
until("both on the server", lambda: len(stored()) == 2)
print("create")

_, changed = client.get_object_sync("eds-1", None, None)
changed.set_summary("Changed by Evolution")
client.modify_object_sync(changed, ECal.ObjModType.ALL, NONE, None)
until("the change on the server", lambda: written("SUMMARY:Changed by Evolution"))
moved = event("eds-2", "Moved once", "20260113", "RECURRENCE-ID:20260112T100000Z\n")
client.modify_object_sync(moved, ECal.ObjModType.THIS, NONE, None)
until("the override on the server", lambda: written("RECURRENCE-ID:20260112T100000Z"))
print("change, and change of one instance")

# 5. What others do arrives by a refresh.
href = next(h for h, text in stored().items() if "UID:eds-1" in text)
theirs = stored()[href].replace("Changed by Evolution", "Changed by another")
other.put_data_sync(href, "", "text/calendar; charset=utf-8", None, theirs, len(theirs.encode()), None)
client.refresh_sync(None)
until("another's change", lambda: "Changed by another" in titles())
print("another's change")

client.remove_object_sync("eds-1", None, ECal.ObjModType.ALL, NONE, None)
until("the removal on the server", lambda: not written("UID:eds-1"))
other.delete_sync(next(iter(stored())), None, None, None)
client.refresh_sync(None)
until("another's removal", lambda: titles() == [])
print("delete, ours and another's")

# 6. A task.
tasks = ECal.Client.connect_sync(task_lists[0], ECal.ClientSourceType.TASKS, 1, None)
tasks.create_object_sync(component("BEGIN:VTODO\nUID:eds-3\nDTSTAMP:20260101T000000Z\nSUMMARY:Water the plants\nEND:VTODO\n"), NONE, None)
_, task = tasks.get_object_sync("eds-3", None, None)
task.set_status(ICalGLib.PropertyStatus.COMPLETED)
tasks.modify_object_sync(task, ECal.ObjModType.ALL, NONE, None)
tasks.refresh_sync(None)
assert tasks.get_object_sync("eds-3", None, None)[1].get_status() == ICalGLib.PropertyStatus.COMPLETED
tasks.remove_object_sync("eds-3", None, ECal.ObjModType.ALL, NONE, None)
print("a task, done and removed")

# 7. What Evolution's folder permissions ask (RFC 3744).
assert other.get_current_user_privilege_set_sync(None, None)[1]
assert other.get_principal_collection_set_sync(None, None)[1]
assert other.get_acl_sync(None, None)[1]
other.get_acl_restrictions_sync(None, None)
found = other.principal_property_search_sync(None, True, "DAV:", "displayname", "Bob", None)[1]
assert [p.display_name for p in found] == ["Bob Baker"], [p.display_name for p in found]
print("permissions and a search of people")

# 8. What its permissions dialogue sets, seen by whom it is for; and a lock.
entry = E.WebDAVAccessControlEntry.new(E.WebDAVACEPrincipalKind.HREF, found[0].href, E.WebDAVACEFlag.GRANT, None)
for name in ("read", "write"):
    entry.append_privilege(E.WebDAVPrivilege.new("DAV:", name, None, E.WebDAVPrivilegeKind.COMMON, E.WebDAVPrivilegeHint.UNKNOWN))
other.set_acl_sync(None, [entry], None)
shared = E.Source.new_with_uid("shared", None)
shared.get_extension("Calendar").set_backend_name("caldav")
shared.get_extension("WebDAV Backend").set_uri(GLib.Uri.parse(f"{home}from-evolution/", 0))
sign_in(shared)
shared.get_extension("Authentication").set_user("bob")
bob = E.WebDAVSession.new(shared)
bobs = E.NamedParameters.new()
bobs.set(E.SOURCE_CREDENTIAL_USERNAME, "bob")
bobs.set(E.SOURCE_CREDENTIAL_PASSWORD, "bob")
bob.set_credentials(bobs)
held = [p.name for p in bob.get_current_user_privilege_set_sync(None, None)[1]]
assert "read" in held and "write-content" in held and "write-acl" not in held, held
_, token = other.lock_resource_sync(None, E.WebDAVLockScope.EXCLUSIVE, 60, user, None)
other.unlock_sync(None, token, None)
print("a calendar shared, locked and unlocked")

# 9. The calendar's end.
browser.delete_sync(f"{home}from-evolution/", None, None, None)
registry.refresh_backend_sync("account", None)
until("the calendar's end", lambda: all(s.get_display_name() != NAME for s in children("Calendar")))
print("delete the calendar")
