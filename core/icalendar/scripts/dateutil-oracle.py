"""
What python-dateutil makes of a batch of recurrence rules: the oracle of recurrence-oracle.test.ts.

Reads one JSON list of {start, rule, from, to, limit} (seconds on the wall clock since 1970) from stdin and writes one list of answers: the starts in [from, to), at
most `limit`, or null where dateutil took longer than its share, as it does when a rule names nothing for thousands of years.
"""
import decimal  # noqa: F401  dateutil imports it late; not under the alarm
import json
import signal
import sys
from datetime import datetime, timedelta

from dateutil.rrule import rrulestr

EPOCH = datetime(1970, 1, 1)
CPU_SECONDS_PER_RULE = 0.05


class TooSlow(Exception):
    pass


def on_alarm(_signal, _frame):
    raise TooSlow


def seconds(moment):
    delta = moment - EPOCH
    return delta.days * 86400 + delta.seconds


def answer(case):
    start = EPOCH + timedelta(seconds=case["start"])
    found = []
    try:
        rule = rrulestr(case["rule"], dtstart=start)
    except ValueError as error:
        # dateutil refuses what can never match ("every 60 minutes, at minute 30"); DTSTART remains.
        if "empty set" not in str(error):
            raise
        return [case["start"]] if case["from"] <= case["start"] < case["to"] else []
    first = next(iter(rule), None)
    if first != start:
        # RFC 5545 3.8.5.3: DTSTART is the first instance and counts, also where the rule does not name it. dateutil leaves it out.
        if case["from"] <= case["start"] < case["to"]:
            found.append(case["start"])
        if rule._count is not None:
            if rule._count == 1:
                return found
            rule = rule.replace(count=rule._count - 1)
    for moment in rule:
        at = seconds(moment)
        if at >= case["to"] or len(found) >= case["limit"]:
            break
        if at >= case["from"]:
            found.append(at)
    return found


def main():
    signal.signal(signal.SIGVTALRM, on_alarm)
    answers = []
    for case in json.load(sys.stdin):
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS_PER_RULE)
        try:
            answers.append(answer(case))
        except TooSlow:
            answers.append(None)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
