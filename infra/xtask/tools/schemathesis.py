"""What `cargo xtask conform` does to a request before it is sent: it lets more of it be looked at.

What is wrong with a request on purpose stays as it is.
"""

import collections
import itertools
import re

import schemathesis
from schemathesis.core.parameters import ParameterLocation

SENT = itertools.count(1)
ID = re.compile(r"[a-z0-9]{3}_[0-9a-f]{32}")
# By the prefix of their ids, what was made and is still there.
THERE = collections.defaultdict(list)


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(SENT)
    if not aims_at(case, ParameterLocation.HEADER):
        mend_headers(case.headers or {}, number)
    # The chains of the stateful phase have ids of their own.
    stateful = case.meta is not None and case.meta.phase.name.value == "stateful"
    if not stateful and not aims_at(case, ParameterLocation.PATH) and number % 8:
        name_what_is_there(case.path_parameters or {})
    if not aims_at(case, ParameterLocation.QUERY):
        carry_out(case, number)


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code >= 300 or "validate" in (case.query or {}):
        return
    if response.status_code == 201:
        made = response.json().get("id", "")
        THERE[made[:3]].append(made)
    if takes_away(case):
        for value in (case.path_parameters or {}).values():
            there = THERE[str(value)[:3]]
            there[:] = [other for other in there if other != value]


def mend_headers(headers, number):
    """The generator makes header values of letters and digits alone: it cannot name a version. And a key that was used for another
    request is refused whatever else the request says."""
    if "If-Match" in headers:
        if number % 4 == 0:
            headers["If-Match"] = '"1"'
        else:
            del headers["If-Match"]
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = f"request-{number}"


def name_what_is_there(parameters):
    """A record that is not there is refused before anything else is looked at."""
    for name, value in parameters.items():
        if ID.fullmatch(str(value)) and THERE[value[:3]]:
            parameters[name] = THERE[value[:3]][-1]


def carry_out(case, number):
    """Most requests of the generator are dry runs. Half of those are carried out, but for what would take away the last record."""
    last = any(THERE[str(value)[:3]] == [value] for value in (case.path_parameters or {}).values())
    if takes_away(case) and last:
        case.query = {**(case.query or {}), "validate": "only"}
    elif case.query and case.query.get("validate") == "only" and number % 2:
        del case.query["validate"]


def takes_away(case):
    return case.method == "DELETE" or case.path.endswith("/erase")


def aims_at(case, location):
    """Whether it is this part of a request that is wrong with it."""
    if case.meta is None or not case.meta.generation.mode.is_negative:
        return False
    place = getattr(case.meta.phase.data, "parameter_location", None)
    return place == location or (place is None and case.meta.is_negative_at(location))
