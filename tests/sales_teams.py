#!/usr/bin/env python3
"""Makes a contact for everybody in sales_teams.csv (sales_agent, manager, regional_office), through the API.

    python3 tests/sales_teams.py sales_teams.csv http://localhost:4000 "$(cat .rapport/api-key)"

The city is the regional office. Running it again within a day makes nothing twice: each request carries an idempotency
key that depends on the person alone, so the API repeats its first answer.
"""

import csv
import hashlib
import json
import sys
import time
import urllib.error
import urllib.request

ATTEMPTS = 5


def contact(row):
    first, _, last = row["sales_agent"].strip().partition(" ")
    return {"first_name": first, "last_name": last, "city": row["regional_office"].strip()}


def create(base, key, body):
    """Whether it was made by this request; False when an earlier one had made it."""
    text = json.dumps(body, sort_keys=True).encode()
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": "sales-teams-" + hashlib.sha256(text).hexdigest()[:32],
    }
    for attempt in range(ATTEMPTS):
        request = urllib.request.Request(f"{base}/v1/contacts", text, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
                return answer.headers.get("Idempotency-Replayed") != "true"
        except urllib.error.HTTPError as error:
            # The key makes it safe to ask again, whatever happened to the first attempt.
            if error.code not in (409, 429, 500, 503) or attempt + 1 == ATTEMPTS:
                raise SystemExit(f"{body}: {error.code} {error.read().decode()}") from error
            time.sleep(int(error.headers.get("Retry-After", "1")))
    raise AssertionError("the last attempt returns or raises")


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    path, base, key = sys.argv[1:]
    with open(path, newline="", encoding="utf-8") as file:
        people = [contact(row) for row in csv.DictReader(file)]
    made = sum(create(base.rstrip("/"), key.strip(), person) for person in people)
    print(f"{len(people)} people: {made} made, {len(people) - made} there already")


if __name__ == "__main__":
    main()
