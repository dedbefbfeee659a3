/* The options of each command, as the table lists them. */
#include "node/options.h"

const struct cli_option init_options[] = {
	{ .name = "name", .value = "N", .help = "this node's name" },
	{ .name = "agency", .value = "A", .help = "the agency's name" },
	{ .name = "kind",
	    .value = "K",
	    .help = "probation, treatment, mental_health, social, court, hub" },
	{ .name = "hub", .help = "a hub: relays for others too" },
	{ .name = "staff", .value = "NAME", .help = "the first staff member" },
	{ .name = "training",
	    .help = "marked for ever, refuses every other network" },
	{ .name = NULL },
};
const struct cli_option invite_options[] = {
	{ .name = "agency",
	    .value = "A",
	    .help = "which agency, by name; a new one needs --kind" },
	{ .name = "kind", .value = "K", .help = "kind of a new agency" },
	{ .name = "name", .value = "N", .help = "the node's name" },
	{ .name = "field", .help = "a field laptop" },
	{ .name = "steward", .help = "a further steward and registrar" },
	{ .name = "address",
	    .value = "HOST:PORT",
	    .help = "where it reaches this node; else [serve] listen" },
	{ .name = "days", .value = "D", .help = "valid so long; else 7" },
	{ .name = "qr", .help = "print it as a QR code too" },
	{ .name = NULL },
};
const struct cli_option join_options[] = {
	{ .name = "name", .value = "N", .help = "this node's name" },
	{ .name = "staff", .value = "NAME", .help = "who works at it" },
	{ .name = "out",
	    .value = "FILE",
	    .help = "write a request file instead of calling the steward" },
	{ .name = NULL },
};
const struct cli_option account_add_options[] = {
	{ .name = "administrator",
	    .help = "of this computer: accounts, keys, backups, peers" },
	{ .name = "staff",
	    .value = "STAFF",
	    .help = "the row of the staff; else that of the same name, else a "
		    "new one" },
	{ .name = "hours",
	    .value = "H",
	    .help = "a temporary account: it ends by itself, 72 at most" },
	{ .name = "slot",
	    .help = "the password opens a key slot of its own, as it does on a "
		    "field laptop; nothing else is kept of it" },
	{ .name = NULL },
};
const struct cli_option account_role_options[] = {
	{ .name = "scope",
	    .value = "caseload|office|all",
	    .help = "whose records; else caseload" },
	{ .name = "until", .value = "DAY", .help = "the last day of it" },
	{ .name = NULL },
};
const struct cli_option account_password_options[] = {
	{ .name = "slot", .help = "as for account add" },
	{ .name = NULL },
};
const struct cli_option account_totp_options[] = {
	{ .name = "confirm",
	    .value = "CODE",
	    .help = "what the authenticator shows: it counts from now on, and "
		    "recovery codes are shown" },
	{ .name = "remove", .help = "without a second factor from now on" },
	{ .name = NULL },
};
const struct cli_option audit_options[] = {
	{ .name = "who", .value = "STAFF", .help = "what that person did" },
	{ .name = "person", .value = "SUBJECT", .help = "about that person" },
	{ .name = "act",
	    .value = "WORD",
	    .help = "only such entries: list, write, sign_in..." },
	{ .name = "since", .value = "DAY", .help = "from that day on" },
	{ .name = "until", .value = "DAY", .help = "to that day" },
	{ .name = "failed", .help = "only what was refused or failed" },
	{ .name = "limit", .value = "N", .help = "at most so many; else 200" },
	{ .name = NULL },
};
const struct cli_option audit_review_options[] = {
	{ .name = "done", .help = "it was looked through up to here" },
	{ .name = NULL },
};
const struct cli_option audit_prune_options[] = {
	{ .name = "dry-run", .help = "only say how many" },
	{ .name = NULL },
};
const struct cli_option serve_options[] = {
	{ .name = "listen",
	    .value = "HOST:PORT",
	    .help = "where peers reach it; else [serve] listen" },
	{ .name = "page",
	    .value = "HOST:PORT",
	    .help = "where staff reach this office's page and its API; else "
		    "[page] listen. On another address than loopback it is "
		    "HTTPS" },
	{ .name = NULL },
};
const struct cli_option peer_options[] = {
	{ .name = "every", .value = "15m", .help = "how often it is called" },
	{ .name = "budget",
	    .value = "5MB/day",
	    .help = "at most so many bytes a day" },
	{ .name = "bulk",
	    .value = "always|asked",
	    .help = "documents: always, or only when somebody asks for one "
		    "(else where there is a budget)" },
	{ .name = NULL },
};
const struct cli_option sync_options[] = {
	{ .name = "sweep",
	    .help = "compare, too, all that both are to hold, and send what "
		    "is missing on either side; else once a week" },
	{ .name = NULL },
};
const struct cli_option reopen_options[] = {
	{ .name = "reason",
	    .must = true,
	    .value = "WORDS",
	    .help = "why nobody can be asked, for the journal; no names of "
		    "people" },
	{ .name = NULL },
};
const struct cli_option status_options[] = {
	{ .name = "check",
	    .help = "exit 1 when a peer is overdue, 3 when a person must act" },
	{ .name = NULL },
};
const struct cli_option judge_options[] = {
	{ .name = "void",
	    .value = "BRANCH",
	    .help = "does not count, nor what builds on it",
	    .many = 1 },
	{ .name = "all-stand", .help = "all of them count" },
	{ .name = NULL },
};
const struct cli_option export_options[] = {
	{ .name = "for",
	    .value = "NODE",
	    .help = "who can open it",
	    .many = 1 },
	{ .name = "split",
	    .value = "SIZE",
	    .help = "parts of at most this size: FILE.001 and on" },
	{ .name = NULL },
};
const struct cli_option bundle_options[] = {
	{ .name = "receipt",
	    .value = "FILE",
	    .help = "write the receipt that the sender imports" },
	{ .name = NULL },
};
const struct cli_option put_options[] = {
	{ .name = "stdin",
	    .input = true,
	    .help = "read one JSON object {\"field\": value} from standard "
		    "input; arguments are visible to every user of a machine" },
	{ .name = "seen",
	    .value = "TOKEN",
	    .help = "what get said: nothing is written if it changed since" },
	{ .name = "into",
	    .value = "AGENCY",
	    .help = "a new record among those that this agency keeps about "
		    "the person; where it only lets you read, it is proposed" },
	{ .name = NULL },
};
const struct cli_option list_options[] = {
	{ .name = "limit", .value = "N", .help = "at most so many rows" },
	{ .name = "after", .value = "ID", .help = "rows after this one" },
	{ .name = NULL },
};
const struct cli_option document_options[] = {
	{ .name = "title", .value = "T", .help = "else the file's name" },
	{ .name = "kind",
	    .value = "K",
	    .help = "order, form, report, letter, photo, other" },
	{ .name = "date", .value = "DATE", .help = "what it is dated" },
	{ .name = NULL },
};
const struct cli_option verify_options[] = {
	{ .name = "deep", .help = "every table from the log, too" },
	{ .name = NULL },
};
const struct cli_option backup_options[] = {
	{ .name = "check", .help = "write none; open one and verify it" },
	{ .name = NULL },
};
const struct cli_option conflicts_options[] = {
	{ .name = "all", .help = "what a rule settled, too" },
	{ .name = NULL },
};
const struct cli_option resolve_options[] = {
	{ .name = "keep", .value = "K", .help = "the value that stays" },
	{ .name = NULL },
};
const struct cli_option decline_options[] = {
	{ .name = "reason", .value = "R", .help = "why, in a sentence" },
	{ .name = NULL },
};
const struct cli_option share_options[] = {
	{ .name = "to", .value = "AGENCY", .help = "who will read it" },
	{ .name = "basis",
	    .value = "KIND:REF",
	    .help = "own, agreement, consent, order, statute or emergency, and "
		    "which one" },
	{ .name = "from-now", .help = "not the history before" },
	{ .name = "write", .help = "they may write, too (a joint plan)" },
	{ .name = "dry-run", .help = "only say what would be done" },
	{ .name = NULL },
};
const struct cli_option revoke_options[] = {
	{ .name = "reason",
	    .must = true,
	    .among = "lost|left|compromised|mistake",
	    .value = "WHY",
	    .help = "lost, left, compromised or mistake" },
	{ .name = NULL },
};
const struct cli_option transfer_options[] = {
	{ .name = "to", .value = "AGENCY", .help = "who is to own it" },
	{ .name = "basis",
	    .value = "KIND:REF",
	    .help = "why they may read it, where they do not yet" },
	{ .name = NULL },
};
const struct cli_option may_options[] = {
	{ .name = "to",
	    .must = true,
	    .value = "AGENCY",
	    .help = "who would get it" },
	{ .name = "from",
	    .value = "AGENCY",
	    .help = "who would disclose it; else the own agency. Nothing is "
		    "written down of what another one may not" },
	{ .name = "purpose",
	    .value = "WORD",
	    .help =
		"treatment, coordination, supervision, court, safety, "
		"emergency, payment, operations, audit, research or person; "
		"else what such an agency works for" },
	{ .name = "role",
	    .value = "ROLE",
	    .help = "of who would see it there; else officer, counselor and "
		    "so on by the kind of agency" },
	{ .name = "relation",
	    .value = "WORD",
	    .help = "assigned, supervises, team or on_call, where nothing here "
		    "says that they work with the person" },
	{ .name = "by",
	    .value = "CHANNEL",
	    .help = "sync, bundle, view, print, export, phone, fax, meeting or "
		    "calendar; else sync" },
	{ .name = "on", .value = "DATE", .help = "on another day than today" },
	{ .name = NULL },
};
#define OPTIONS_RECEIVER \
	{ .name = "to", .value = "AGENCY", .help = "who gets it" }, \
	    { .name = "to-person", \
		    .value = "NAME", \
		    .help = "who there, or outside of the network" }, \
	    { .name = "kind", \
		    .value = "KIND", \
		    .help = "of whoever is outside: medical, housing, ..." }, \
	    { .name = "address", .value = "WORDS", .help = "where they are" }, \
	    { .name = "purpose", \
		    .value = "WORD", \
		    .help = \
			"as for may; else what such an agency works for" }, \
	    { .name = "role", .value = "ROLE", .help = "of who gets it" }, \
	{ \
		.name = "relation", .value = "WORD", \
		.help = "assigned, supervises, team or on_call" \
	}
const struct cli_option disclose_options[] = {
	OPTIONS_RECEIVER,
	{ .name = "how",
	    .must = true,
	    .value = "HOW",
	    .help = "call, meeting, letter or fax" },
	{ .name = "what",
	    .value = "WORDS",
	    .help = "what was said, in a few words, no content" },
	{ .name = "on", .value = "TIME", .help = "when it was; else now" },
	{ .name = "basis",
	    .value = "KIND:REF",
	    .help = "with --although: what it was thought to rest on" },
	{ .name = "although",
	    .value = "REASON",
	    .help = "it was disclosed though the rules say no, and why" },
	{ .name = NULL },
};
const struct cli_option give_options[] = {
	OPTIONS_RECEIVER,
	{ .name = NULL },
};
const struct cli_option emergency_options[] = {
	{ .name = "reason",
	    .must = true,
	    .value = "WORD",
	    .help = "medical_emergency, imminent_danger, on_call_cover, "
		    "child_abuse_report or supervisor_review" },
	{ .name = "why",
	    .must = true,
	    .value = "WORDS",
	    .help = "what happened" },
	{ .name = "hours",
	    .value = "N",
	    .help = "else as long as the reason allows" },
	{ .name = "who", .value = "NAME", .help = "the medical person" },
	{ .name = "affiliation", .value = "WORDS", .help = "where they work" },
	{ .name = "nature", .value = "WORDS", .help = "of the emergency" },
	{ .name = NULL },
};
const struct cli_option review_options[] = {
	{ .name = "verdict",
	    .value = "WORD",
	    .help = "justified, not_justified or more_needed" },
	{ .name = "note", .value = "WORDS", .help = "the reason, in words" },
	{ .name = NULL },
};
const struct cli_option notices_done_options[] = {
	{ .name = "how",
	    .must = true,
	    .value = "WORD",
	    .help = "in_person, phone, letter, email, video or other" },
	{ .name = "on", .value = "DATE", .help = "on which day; else today" },
	{ .name = NULL },
};
const struct cli_option notices_waive_options[] = {
	{ .name = "reason",
	    .must = true,
	    .value = "WORDS",
	    .help = "why not; stands on record" },
	{ .name = NULL },
};
const struct cli_option seal_options[] = {
	{ .name = "order",
	    .must = true,
	    .value = "NUMBER",
	    .help = "the order's number; no name of the person" },
	{ .name = "court", .value = "WORDS", .help = "whose order it is" },
	{ .name = "authority", .value = "WORDS", .help = "under which law" },
	{ .name = "kind",
	    .value = "KIND",
	    .help = "seal, limited or expunge; else seal" },
	{ .name = "readers",
	    .value = "ROLES",
	    .help = "who may still read it, with commas; else nobody" },
	{ .name = "effective",
	    .value = "DATE",
	    .help = "from which day; else today" },
	{ .name = "dry-run", .help = "only show what it would reach" },
	{ .name = NULL },
};
const struct cli_option confirm_options[] = {
	{ .name = "dry-run", .help = "only show what it would reach" },
	{ .name = NULL },
};
const struct cli_option disclosures_options[] = {
	{ .name = "from", .value = "DATE", .help = "first day" },
	{ .name = "to", .value = "DATE", .help = "last day; else today" },
	{ .name = "part2",
	    .help = "substance use treatment (42 CFR 2.25): 3 years" },
	{ .name = "hipaa",
	    .help = "health records (45 CFR 164.528): 6 years, without what "
		    "it leaves out" },
	{ .name = "language", .value = "en|es", .help = "what they read" },
	{ .name = NULL },
};
const struct cli_option agreement_options[] = {
	{ .name = "withdraw",
	    .help = "take the signature back instead: the agreement is not in "
		    "force any more" },
	{ .name = NULL },
};
const struct cli_option policy_options[] = {
	{ .name = "cases",
	    .value = "FILE",
	    .help = "the cases that it has to decide as they say; else those "
		    "that are shipped with the sample" },
	{ .name = NULL },
};
const struct cli_option form_options[] = {
	{ .name = "person",
	    .value = "SUBJECT",
	    .help = "whose name and birthday are filled in" },
	{ .name = "consent",
	    .value = "ID",
	    .help = "a consent that was drafted or signed: all of it is filled "
		    "in" },
	{ .name = "notice",
	    .value = "ID",
	    .help = "what a person has to be told (footbridge notices): all of "
		    "it is filled in" },
	{ .name = "language", .value = "CODE", .help = "en (else) or es" },
	{ .name = "html", .help = "a page to print, instead of plain text" },
	{ .name = NULL },
};
const struct cli_option replay_options[] = {
	{ .name = "person",
	    .value = "SUBJECT",
	    .help = "whose consents are weighed, for an entry of barrier_log, "
		    "which names nobody" },
	{ .name = NULL },
};
const struct cli_option unshare_options[] = {
	{ .name = "from",
	    .must = true,
	    .value = "AGENCY",
	    .help = "who gets no more of it" },
	{ .name = "reason",
	    .must = true,
	    .value = "WORDS",
	    .help = "why, for those who go on reading it" },
	{ .name = NULL },
};
const struct cli_option shred_options[] = {
	{ .name = "order",
	    .must = true,
	    .value = "REF",
	    .help = "the order's file or court number; no name of the person" },
	{ .name = "dry-run", .help = "only show what it would reach" },
	{ .name = NULL },
};
const struct cli_option carry_options[] = {
	{ .name = "on", .value = "NODE", .help = "the laptop" },
	{ .name = "off",
	    .value = "NODE",
	    .help = "take them off it again: it gets nothing new about "
		    "them" },
	{ .name = NULL },
};
const struct cli_option import_options[] = {
	{ .name = "map",
	    .value = "MAP",
	    .help = "which column goes to which field" },
	{ .name = "source",
	    .value = "NAME",
	    .help = "where the ids come from; the same for all files of one "
		    "source" },
	{ .name = "dates",
	    .value = "dmy|mdy|ymd",
	    .help = "how to read a date that can be read two ways" },
	{ .name = "dry-run", .help = "only count" },
	{ .name = NULL },
};
const struct cli_option help_options[] = {
	{ .name = "man", .help = "the manual page" },
	{ .name = NULL },
};
