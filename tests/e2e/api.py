"""What the scripts about the page's API share: a browser that keeps one cookie.

As a program: walk every route of `footbridge help routes` under every state that
a caller can be in, and print one TAP line for each state.

    api.py walk URL ROUTES OFFICER SECOND AUDITOR   each as NAME:PASSWORD
    api.py work URL OFFICER                  a day's work by one officer
    api.py people URL ADMINISTRATOR          accounts
    api.py closed URL ROUTES                 for who has no account
    api.py flood URL OFFICER                 many who send little, or guess
"""
import base64
import hashlib
import hmac
import http.client
import json
import socket
import struct
import sys
import threading
import time
import urllib.parse

def totp(secret, at=None):
    """RFC 6238, SHA-1, 6 digits, 30 s."""
    secret = "".join(c for c in secret.upper() if c.isalnum())
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = struct.pack(">Q", int((time.time() if at is None else at) // 30))
    mac = hmac.new(key, step, hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 10**6:06}"


class Browser:
    """One browser: a connection at a time, one cookie, the token that it was told."""

    def __init__(self, url, source=None):
        self.host = urllib.parse.urlsplit(url).netloc
        self.source = (source, 0) if source else None
        self.cookie = self.token = None
        self.codes = []  # each stands in for the second factor once

    def raw(self, method, path, body=None, headers=None):
        """Status, headers and body as they come."""
        c = http.client.HTTPConnection(self.host, timeout=60,
                                       source_address=self.source)
        c.request(method, path, body=body, headers=headers or {})
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, r.headers, text

    def ask(self, method, path, body=None, **other):
        """(status, JSON); other: host, origin, token, cookie in place of its own."""
        h = {"Host": other.get("host", self.host)}
        if "origin" in other:
            h["Origin"] = other["origin"]
        cookie = other.get("cookie", self.cookie)
        if cookie:
            h["Cookie"] = cookie
        token = other.get("token", self.token)
        if token:
            h["X-Footbridge-Token"] = token
        if body is not None:
            h["Content-Type"] = "application/json"
            body = json.dumps(body)
        status, headers, text = self.raw(method, path, body, h)
        for line in headers.get_all("Set-Cookie") or []:
            self.cookie = line.split(";")[0]
        return status, json.loads(text)

    def sign_in(self, account, code=""):
        """As a person does, with what must be done first."""
        name, password = account.split(":", 1)
        body = {"name": name, "password": password}
        if code:
            body["code"] = code
        status, answer = self.ask("POST", "/api/session", body)
        if status != 200:
            raise SystemExit(f"sign-in of {name}: {status} {answer}")
        self.token = answer["data"]["token"]
        for duty in answer["data"]["must"]:
            self.duty(duty)
        return answer["data"]

    def again(self, account):
        """Who it is, said once more."""
        return {"confirm_password": account.split(":", 1)[1],
                "confirm_code": self.codes.pop()}

    def duty(self, duty):
        if duty == "banner":
            self.must("POST", "/api/session/banner")
        elif duty == "totp":
            begun = self.must("POST", "/api/session/totp")
            self.codes = self.must("POST", "/api/session/totp/code",
                                   {"code": totp(begun["secret"])})[
                                       "recovery_codes"].split()
        else:
            raise SystemExit(f"a duty that this test does not know: {duty}")

    def must(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        if status != 200:
            raise SystemExit(f"{method} {path}: {status} {answer}")
        return answer["data"]


class Route:
    """One line of the table."""

    def __init__(self, line):
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        self.method, self.path = cells[0].split(" ")
        self.public = cells[1].startswith("nobody")
        self.everybody = cells[1] == "everybody"
        self.roles = cells[1].split(", ")
        self.token = cells[3] == "yes"
        self.takes_body = cells[5] != "-"
        # what works while the screen is locked
        self.locked = self.path in ("/api/session", "/api/session/lock",
                                    "/api/session/unlock")
        self.url = "/".join("x" if p.startswith(":") else p
                            for p in self.path.split("/"))

    def ask(self, browser, **other):
        body = {} if self.takes_body else None
        status, answer = browser.ask(self.method, self.url, body, **other)
        return status, answer.get("error", {}).get("code", "ok")

    def __str__(self):
        return f"{self.method} {self.path}"


failed = False


def ok(bad, name):
    """One TAP line; bad: what did not hold."""
    global failed
    for line in bad[:5]:
        print(f"# {line}")
    print(f"{'not ok' if bad else 'ok'} {name}")
    failed = failed or bool(bad)


def expect(routes, ask, want):
    """What did not answer as wanted; want of a route: (status, code), a set of
    codes, or None for any but an error of the program."""
    bad = []
    for r in routes:
        have, need = ask(r), want(r)
        good = (have[0] < 500 if need is None else have[1] in need
                if isinstance(need, set) else have == need)
        if not good:
            bad.append(f"{r}: want {need}, have {have}")
    return bad


def table(file):
    with open(file, encoding="utf-8") as f:
        return [Route(l) for l in f if l.startswith("| ") and "/api/" in l]


def walk(url, file, officer, second, auditor):
    routes = table(file)
    nobody, one, other, reader = (Browser(url) for _ in range(4))
    closed = [r for r in routes if not r.public]
    writing = [r for r in closed if r.token]
    named = [r for r in closed if not r.everybody]
    ok([] if len(routes) > 30 and writing and named else ["few"],
       "the_table_has_routes")

    ok(expect(routes, lambda r: r.ask(nobody, host="evil.example"),
              lambda r: (421, "wrong_host")), "a_foreign_name_gets_nothing")
    ok(expect(routes, lambda r: r.ask(nobody, origin="http://evil.example"),
              lambda r: (403, "wrong_origin")), "a_foreign_page_gets_nothing")
    ok(expect(closed, lambda r: r.ask(nobody),
              lambda r: (401, "signed_out")), "without_a_cookie_nothing_is_open")
    ok(expect(closed, lambda r: r.ask(nobody, cookie="footbridge=" + "A" * 43),
              lambda r: (401, "session_ended")), "a_made_up_cookie_opens_nothing")

    data = other.sign_in(second)
    ok([] if "officer" in data["roles"] else [str(data)], "an_officer_signs_in")
    one.sign_in(officer)
    reader.sign_in(auditor)
    ok(expect(writing, lambda r: r.ask(one, token=""),
              lambda r: (403, "no_token")),
       "without_the_token_nothing_is_changed")
    ok(expect(writing, lambda r: r.ask(one, token=other.token),
              lambda r: (403, "no_token")),
       "another_session_s_token_changes_nothing")
    ok(expect([r for r in named if "auditor" not in r.roles],
              lambda r: r.ask(reader), lambda r: (403, "not_your_role")),
       "another_role_gets_nothing")
    # {} is not what most of them take, but who asks may ask
    mine = [r for r in closed if (r.everybody or "officer" in r.roles) and
            not r.path.startswith("/api/session")]
    ok(expect(mine, lambda r: r.ask(one),
              lambda r: {"ok", "bad_field", "bad_input", "not_found",
                         "confirm", "exists"}),
       "the_right_role_is_let_through_everywhere")

    one.must("POST", "/api/session/lock")
    ok(expect([r for r in closed if not r.locked], lambda r: r.ask(one),
              lambda r: (423, "locked")), "a_locked_screen_shows_nothing")
    status = one.ask("GET", "/api/session")[1]["data"]["state"]
    ok([] if status == "locked" else [status], "and_says_that_it_is_locked")

    gone = other.cookie
    other.must("DELETE", "/api/session")
    ok(expect(closed, lambda r: r.ask(nobody, cookie=gone),
              lambda r: (401, "session_ended")),
       "after_signing_out_the_cookie_opens_nothing")


def refused(browser, method, path, body, status, code, words=""):
    """Refused like that? A list for ok()."""
    have, answer = browser.ask(method, path, body)
    error = answer.get("error", {})
    good = (have == status and error.get("code") == code and
            words in error.get("why", "") and
            all(error.get(k) for k in ("what", "next", "safe")))
    return [] if good else [f"{method} {path}: {have} {answer}"]


def same(have, want):
    return [] if have == want else [f"want {want!r}, have {have!r}"]


def records(b):
    """New, read, changed, changed from a stale form, listed, searched."""
    hostile = "<script>alert(1)</script> & \u202egnihtemos\u202c \u2028\"\\"
    name = b.must("POST", "/api/records/person",
                  {"fields": {"legal_name": hostile}})["id"]
    h = {"Cookie": b.cookie}
    _, _, text = b.raw("GET", f"/api/records/person/{name}", None, h)
    ok([] if max(text) < 128 and not set(text) & set(b"<>&") else [str(text)],
       "markup_and_turned_letters_come_back_as_inert_ascii")
    ok(same(json.loads(text)["data"]["fields"]["legal_name"], hostile),
       "and_are_the_same_text_when_read")
    long = "x" * 10000 + "<b>"
    other = b.must("POST", "/api/records/person",
                   {"fields": {"legal_name": long}})["id"]
    ok(same(b.must("GET", f"/api/records/person/{other}")["fields"]
            ["legal_name"], long), "a_name_of_ten_thousand_letters_comes_back")

    person = b.must("POST", "/api/records/person",
                    {"fields": {"legal_name": "Jordan Sample"}})["id"]
    row = b.must("GET", f"/api/records/person/{person}")
    path = f"/api/records/person/{person}"
    b.must("PATCH", path, {"fields": {"preferred_name": "Jo"},
                           "seen": row["seen"]})
    ok(refused(b, "PATCH", path, {"fields": {"preferred_name": "Jay"}}, 400,
               "bad_field", "seen is missing"),
       "a_change_says_what_was_seen")
    status, answer = b.ask("PATCH", path, {
        "fields": {"preferred_name": "Jay"}, "seen": row["seen"]})
    ok(same((status, answer["error"]["code"]), (409, "changed_meanwhile")) +
       same(answer.get("stands", {}).get("fields", {}).get("preferred_name"),
            "Jo"), "a_stale_form_overwrites_nothing_and_is_shown_what_stands")
    ok(same(b.must("GET", path)["fields"]["preferred_name"], "Jo"),
       "what_stood_stands")
    pages, after = [], ""
    while True:
        status, answer = b.ask(
            "GET", "/api/records/person?limit=2" + after)
        pages += [r["id"] for r in answer["data"]]
        if "next" not in answer:
            break
        after = "&after=" + answer["next"]
    ok([] if len(pages) == len(set(pages)) >= 3 and person in pages
       else [str(pages)], "pages_have_each_row_once")
    for text, why in (("jordan", "as_written"), ("Jodran Sammple", "mistyped"),
                      (person[:12], "by_id")):
        found = b.must("POST", "/api/search", {"q": text})
        ok([] if found and found[0]["person"] == person else [str(found)],
           f"search_finds_a_person_{why}")
    ok(refused(b, "GET", "/api/records/account", None, 404, "not_found") +
       refused(b, "GET", "/api/records/_segment", None, 404, "not_found"),
       "tables_of_this_computer_alone_are_not_records")
    ok(refused(b, "POST", "/api/records/staff_role", {"fields": {
        "role": "administrator", "scope": "all"}}, 403, "not_your_role"),
       "nobody_gives_roles_by_writing_a_record")
    return person


def appointment(b, person, at):
    return b.must("POST", "/api/records/appointment", {"fields": {
        "person": person, "start_at": at, "kind": "supervision"}})["id"]


def acts(b, officer, person):
    """What is done with one press."""
    first = appointment(b, person, "2026-03-31T09:00")
    b.must("POST", f"/api/appointments/{first}/outcome",
           {"fields": {"result": "complied", "held_on": "2026-03-31"}})
    group = [appointment(b, person, f"2026-04-0{d}T10:00") for d in (1, 2, 3)]
    rows = [{"appointment": a, "result": "complied", "minutes": 90}
            for a in group]
    wrong = rows[:2] + [{"appointment": group[2], "result": "danced"}]
    ok(refused(b, "POST", "/api/attendance",
               {"on": "2026-04-03", "attendance": wrong}, 400, "bad_input"),
       "a_group_with_one_bad_row_is_refused")
    count = len(b.must("GET", "/api/records/attendance"))
    ok(same(count, 1), "and_nothing_of_it_is_saved")
    made = b.must("POST", "/api/attendance",
                  {"on": "2026-04-03", "attendance": rows})["ids"]
    ok(same(len(made), 3), "a_group_is_saved_at_once")
    expected = b.must("GET", "/api/rosters?on=2026-04-03")
    ok(same(expected["groups"], []) +
       refused(b, "GET", "/api/rosters?on=friday", None, 400, "bad_input"),
       "supervision_is_no_group_and_a_day_is_a_date")
    line = b.must("GET", f"/api/people/{person}/timeline?limit=3")
    ok(same([r["at"] for r in line], sorted((r["at"] for r in line),
                                            reverse=True)) +
       same(line[0]["table"] in ("attendance", "appointment"), True),
       "the_timeline_begins_with_the_newest")
    agency = b.must("GET", "/api/records/agency")[0]["id"]
    refer = b.must("POST", f"/api/people/{person}/referrals", {"fields": {
        "agency_id": agency, "reason": "Asked for help"}})
    ok(same(len(refer["ids"]), 1), "a_referral_is_made")
    mine = b.must("GET", f"/api/people/{person}/referrals")
    ok(same([(r["id"], r["answers"], r["own"]) for r in mine],
            [(refer["ids"][0], [], True)]),
       "and_is_listed_with_what_became_of_it")
    ok(same([r["id"] for r in b.must("GET", "/api/referrals")["to_answer"]],
            refer["ids"]), "what_is_for_this_agency_waits_for_its_answer")
    consent = b.must("POST", f"/api/people/{person}/consents", {
        "fields": {"kind": "social", "discloser_id": agency,
                   "info_description": "How it goes",
                   "purpose": "To work together",
                   "effective_on": "2026-01-01", "expires_on": "2036-01-01",
                   "signed_by": "Jordan Sample", "signed_on": "2026-01-01",
                   "revocable_rule": "any_time"},
        "categories": ["SUP.case"], "recipients": [{"agency": agency}]})["ids"]
    ok(same(len(consent), 3), "a_consent_is_drafted_with_all_that_belongs_to_it")
    b.must("POST", f"/api/consents/{consent[0]}/sign", b.again(officer))
    ending = b.must("GET", f"/api/consents/{consent[0]}/ending")
    ok(same((ending["open"], ending["scope"], ending["given"]),
            (True, ["SUP.case"], [])), "before_it_ends_what_that_stops_is_shown")
    seen = b.must("GET", f"/api/records/consent/{consent[0]}")["seen"]
    b.must("POST", f"/api/consents/{consent[0]}/revoke", {
        "seen": seen, "happened_at": "2026-02-01T10:00",
        "revoked_on": "2026-02-01", "channel": "phone"})
    ok(same(b.must("GET", f"/api/records/consent/{consent[0]}")["fields"]
            ["status"], "revoked"), "and_revoked_by_one_press")
    ok(refused(b, "POST", f"/api/people/{person}/unshare", {
        "categories": ["SUP.case"], "from": agency, "reason": "x",
        "confirm": False, "confirm_password": "x"}, 400, "confirm"),
       "what_cannot_be_taken_back_is_confirmed")


def emergency(b, officer, desk, person):
    """An officer who stands in sees for hours what the emergency names."""
    note = desk.must("POST", "/api/records/contact_note", {"fields": {
        "person": person, "happened_at": "2026-03-30T10:00",
        "kind": "office", "narrative": "Seen at the desk"}})["id"]
    path = f"/api/records/contact_note/{note}"
    ok(refused(b, "GET", path, None, 404, "not_found") +
       refused(b, "GET", f"/api/people/{person}/timeline", None, 404,
               "not_found"), "outside_of_the_case_load_nothing_is_shown")
    b.must("POST", f"/api/people/{person}/emergency", {
        "categories": ["SUP.notes"], "reason": "imminent_danger",
        "why": "They said they would hurt somebody tonight"} |
        b.again(officer))
    ok(same(b.must("GET", path)["id"], note) +
       same([r["table"] for r in
             b.must("GET", f"/api/people/{person}/timeline")],
            ["contact_note"]) +
       same([r["id"] for r in b.must("GET", "/api/records/contact_note")],
            [note]) +
       same(len(b.must("GET", "/api/records/appointment")), 0),
       "an_emergency_shows_what_it_names_and_no_more")
    ok(refused(b, "PATCH", path, {"fields": {"narrative": "x"},
                                  "seen": "x"}, 404, "not_found"),
       "and_lets_look_and_not_write")
    mine = b.must("GET", "/api/emergencies/all")
    ok(same([e["running"] for e in mine], [True]) +
       refused(b, "GET", "/api/notices", None, 403, "not_your_role"),
       "who_opened_it_sees_that_it_runs")
    all_ = desk.must("GET", "/api/emergencies")
    ok(same([e["late"] for e in all_], [False]), "it_waits_for_review")
    desk.must("POST", f"/api/emergencies/{all_[0]['id']}/review",
              {"verdict": "justified"})
    told = desk.must("GET", "/api/notices")
    ok(same([n["about"] for n in told], ["emergency"]),
       "the_person_has_to_be_told")
    letter = desk.must("GET", "/api/forms/told_emergency?notice=" +
                       told[0]["id"])
    ok(same("somebody was in danger" in " ".join(letter["text"].split()),
            True), "the_letter_is_printed")
    desk.must("POST", f"/api/notices/{told[0]['id']}/done", {"how": "letter"})
    ok(same(desk.must("GET", "/api/notices"), []) +
       same(desk.must("GET", "/api/status")["people_to_tell"], 0),
       "told_it_waits_no_more")
    return note


def giving(b, who, person):
    """On paper, in a file, to another agency."""
    give = {"categories": ["SUP.notes"], "to_person": "Jordan Sample",
            "purpose": "person"}
    text = b.must("POST", f"/api/people/{person}/print",
                  give | b.again(who))["text"]
    csv = b.must("POST", f"/api/people/{person}/export", give | b.again(who))
    ok(same("Seen at the desk" in text, True) +
       same(csv["type"], "text/csv") +
       same(csv["text"].count("Seen at the desk"), 1),
       "what_is_printed_and_exported_comes_as_text")
    account = b.must("GET", f"/api/people/{person}/disclosures")
    ok(same(sorted(d["channel"] for d in account["disclosures"]),
            ["export", "print"]), "and_is_in_the_account_of_disclosures")
    ok(refused(b, "POST", f"/api/people/{person}/transfer", {
        "categories": ["SUP.notes"], "to": "Nowhere", "confirm": True} | b.again(who),
        404, "not_found") +
       refused(b, "POST", f"/api/people/{person}/carry", {"confirm_password": "x"}, 400,
               "bad_field") +
       refused(b, "POST", f"/api/people/{person}/carry", {"on": "Nowhere"},
               400, "bad_field") +
       refused(b, "POST", f"/api/people/{person}/carry",
               {"on": "Nowhere"} | b.again(who), 404, "not_found") +
       refused(b, "GET", "/api/members/Nowhere/lost", None, 404,
               "not_found"), "to_who_is_no_member_nothing_goes")


def ends(b, who, person, note):
    """Closed, and destroyed: shown first, and by the password again."""
    path = f"/api/people/{person}"
    reach = b.must("GET", f"{path}/reach?category=SUP.notes")
    ok(same([(r["category"], sum(r["rows"].values())) for r in reach],
            [("SUP.notes", 1)]), "what_an_order_reaches_is_shown_first")
    order = {"categories": ["SUP.notes"], "order": "J-1/2026",
             "confirm": True}
    ok(refused(b, "POST", f"{path}/seal",
               order | {"confirm_password": "no such words"}, 401,
               "not_accepted") +
       refused(b, "POST", f"{path}/seal", order | b.again(who) |
               {"confirm": False}, 400, "confirm"), "an_order_wants_yes_and_the_password_again")
    b.must("POST", f"{path}/seal", order | b.again(who))
    ok(refused(b, "GET", f"/api/records/contact_note/{note}", None, 404,
               "not_found"), "sealed_it_is_not_there")
    seals = b.must("GET", "/api/seals")
    ok(same([s["order"] for s in seals], ["J-1/2026"]),
       "the_order_is_listed")
    b.must("POST", f"/api/seals/{seals[0]['id']}/vacate",
           {"confirm": True} | b.again(who))
    ok(same(b.must("GET", f"/api/records/contact_note/{note}")["id"], note),
       "vacated_it_is_shown_again")
    done = b.must("POST", f"{path}/shred",
                  order | b.again(who) | {"order": "J-2/2026"})
    ok(same(done["compartments"], 1) +
       refused(b, "GET", f"/api/records/contact_note/{note}", None, 404,
               "not_found") +
       same([s["reference"] for s in b.must("GET", "/api/shreds")],
            ["J-2/2026"]), "destroyed_it_is_gone_and_there_is_a_certificate")
    ok(same(b.must("GET", "/api/retention"), []) +
       refused(b, "POST", f"{path}/retention",
               {"confirm": True} | b.again(who), 403,
               "not_permitted"),
       "what_is_not_past_its_day_is_not_destroyed_for_it")


def desk(url, officer, who):
    b, d = Browser(url), Browser(url)
    b.sign_in(officer)
    d.sign_in(who)
    person = d.must("POST", "/api/records/person",
                    {"fields": {"legal_name": "Jordan Sample"}})["id"]
    note = emergency(b, officer, d, person)
    giving(d, who, person)
    ends(d, who, person, note)
    ok(refused(d, "POST", "/api/sync", {}, 404, "not_found",
               "no peer has an address"),
       "a_contact_now_says_when_there_is_nobody_to_call")
    ok(refused(d, "POST", "/api/bundles", {"for": "Nobody"}, 404, "not_found") +
       refused(d, "POST", "/api/bundles/import", {"bytes": "aGVsbG8="}, 400,
               "bad_input", "no bundle") +
       refused(d, "POST", "/api/bundles/import", {"bytes": "%%%"}, 400,
               "bad_input", "no bundle"),
       "a_file_for_nobody_and_a_file_that_is_none_are_refused")


def work(url, officer):
    b = Browser(url)
    b.sign_in(officer)
    person = records(b)
    acts(b, officer, person)
    strip = b.must("GET", "/api/sync")
    ok([] if strip["waiting"] > 0 and "peers" in strip else [str(strip)],
       "the_strip_says_what_waits")


def people(url, boss):
    """What an administrator does with accounts."""
    b = Browser(url)
    b.sign_in(boss)
    name, password = boss.split(":", 1)
    new = {"name": "Nadia", "password": "green staple in the drawer",
           "confirm_password": "no such words"}
    ok(refused(b, "POST", "/api/accounts", new, 401, "not_accepted"),
       "an_account_is_made_with_the_administrator_s_password_again")
    ok(same(b.ask("POST", "/api/search", {"q": "x"})[1]["error"]["code"],
            "not_your_role"), "an_administrator_without_a_role_reads_nothing")


def closed(url, file):
    routes, nobody = table(file), Browser(url)
    ok(expect([r for r in routes if not r.public],
              lambda r: r.ask(nobody, cookie="footbridge=" + "A" * 43),
              lambda r: (401, "session_ended")),
       "a_made_up_cookie_opens_no_route")
    have = nobody.ask("POST", "/api/session",
                      {"name": "Nobody", "password": "no such words"})
    ok([] if have[1]["error"]["code"] in ("no_accounts", "not_accepted")
       else [str(have)], "and_nobody_signs_in_who_has_no_account")


def drip(browser, length):
    """A sign-in that is announced and does not come."""
    host, port = browser.host.split(":")
    s = socket.create_connection((host, int(port)))
    s.sendall((f"POST /api/session HTTP/1.1\r\nHost: {browser.host}\r\n"
               f"Content-Type: application/json\r\n"
               f"Content-Length: {length}\r\n\r\n{{").encode())
    return s


def hangs(s):
    """Neither answered nor ended."""
    s.setblocking(False)
    try:
        s.recv(1)
        return False
    except BlockingIOError:
        return True


def flood(url, officer):
    b = Browser(url, "127.0.0.2")
    slow = [drip(b, 4000) for _ in range(24)]
    ok(same(b.ask("GET", "/api/hello")[0], 200) +
       refused(b, "POST", "/api/session", {"name": "x" * 5000,
               "password": "x"}, 413, "too_large") +
       refused(b, "POST", "/api/records/person", {"fields": {
           "legal_name": "x" * 100000}}, 401, "signed_out") +
       same([hangs(s) for s in slow], [True] * len(slow)),
       "while_many_send_slowly_others_are_answered")
    for s in slow:
        s.close()
    have, stop = set(), threading.Event()

    def guess():
        mine = Browser(url)
        while not stop.is_set():
            try:
                have.add(mine.ask("POST", "/api/session", {
                    "name": "Nobody", "password": "no such words"})[0])
            except (ConnectionError, http.client.RemoteDisconnected):
                pass  # so many from one address are sent away

    guessing = [threading.Thread(target=guess) for _ in range(8)]
    for g in guessing:
        g.start()
    while 503 not in have:
        b.must("GET", "/api/hello")
    b.sign_in(officer)
    alive = [g.is_alive() for g in guessing]
    stop.set()
    for g in guessing:
        g.join()
    ok(same(alive, [True] * 8) + same(have - {401, 503}, set()),
       "while_many_guess_others_are_answered_and_sign_in")


def main():
    if sys.argv[1] == "walk":
        walk(*sys.argv[2:])
    elif sys.argv[1] == "desk":
        desk(*sys.argv[2:])
    elif sys.argv[1] == "people":
        people(*sys.argv[2:])
    elif sys.argv[1] == "flood":
        flood(*sys.argv[2:])
    elif sys.argv[1] == "closed":
        closed(*sys.argv[2:])
    else:
        work(*sys.argv[2:])
    return failed


if __name__ == "__main__":
    sys.exit(main())
