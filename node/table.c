/*
 * The command table (DESIGN 10): the one list that parsing, help, the manual
 * page and the dispatch read.
 */
#include "node/cmd.h"

#define ANY 4000u

const struct cli_option cli_globals[] = {
	{ .name = "dir",
	    .value = "DIR",
	    .help = "the replica's directory; else FOOTBRIDGE_DIR" },
	{ .name = "as",
	    .value = "STAFF",
	    .help = "who acts; recorded in every operation. Else the replica's "
		    "only staff row, else the node itself" },
	{ .name = "passphrase-file",
	    .value = "FILE",
	    .help = "the passphrase is its first line, or it is a key file" },
	{ .name = "json", .help = "one JSON document on standard output" },
	{ .name = "quiet", .help = "no progress, no hints" },
	{ .name = "yes", .help = "answers the question that a command asks" },
	{ .name = "version", .help = "print the version" },
	{ .name = "help", .help = "print help, of a command if one is given" },
	{ .name = NULL },
};

static const struct cli_option init_options[] = {
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
static const struct cli_option invite_options[] = {
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
static const struct cli_option join_options[] = {
	{ .name = "name", .value = "N", .help = "this node's name" },
	{ .name = "staff", .value = "NAME", .help = "who works at it" },
	{ .name = "out",
	    .value = "FILE",
	    .help = "write a request file instead of calling the steward" },
	{ .name = NULL },
};
static const struct cli_option serve_options[] = {
	{ .name = "listen",
	    .value = "HOST:PORT",
	    .help = "where peers reach it; else [serve] listen" },
	{ .name = "web",
	    .value = "HOST:PORT",
	    .help = "the web page",
	    .later = "the web page for staff is the next step" },
	{ .name = NULL },
};
static const struct cli_option peer_options[] = {
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
static const struct cli_option sync_options[] = {
	{ .name = "sweep",
	    .help = "compare, too, all that both are to hold, and send what "
		    "is missing on either side; else once a week" },
	{ .name = NULL },
};
static const struct cli_option status_options[] = {
	{ .name = "check",
	    .help = "exit 1 when a peer is overdue, 3 when a person must act" },
	{ .name = NULL },
};
static const struct cli_option export_options[] = {
	{ .name = "for",
	    .value = "NODE",
	    .help = "who can open it",
	    .many = 1 },
	{ .name = "split",
	    .value = "SIZE",
	    .help = "parts of at most this size: FILE.001 and on" },
	{ .name = NULL },
};
static const struct cli_option bundle_options[] = {
	{ .name = "receipt",
	    .value = "FILE",
	    .help = "write the receipt that the sender imports" },
	{ .name = NULL },
};
static const struct cli_option put_options[] = {
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
static const struct cli_option list_options[] = {
	{ .name = "limit", .value = "N", .help = "at most so many rows" },
	{ .name = "after", .value = "ID", .help = "rows after this one" },
	{ .name = NULL },
};
static const struct cli_option document_options[] = {
	{ .name = "title", .value = "T", .help = "else the file's name" },
	{ .name = "kind",
	    .value = "K",
	    .help = "order, form, report, letter, photo, other" },
	{ .name = "date", .value = "DATE", .help = "what it is dated" },
	{ .name = NULL },
};
static const struct cli_option verify_options[] = {
	{ .name = "deep", .help = "every table from the log, too" },
	{ .name = NULL },
};
static const struct cli_option backup_options[] = {
	{ .name = "check", .help = "write none; open one and verify it" },
	{ .name = NULL },
};
static const struct cli_option conflicts_options[] = {
	{ .name = "all", .help = "what a rule settled, too" },
	{ .name = NULL },
};
static const struct cli_option resolve_options[] = {
	{ .name = "keep", .value = "K", .help = "the value that stays" },
	{ .name = NULL },
};
static const struct cli_option decline_options[] = {
	{ .name = "reason", .value = "R", .help = "why, in a sentence" },
	{ .name = NULL },
};
static const struct cli_option share_options[] = {
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
static const struct cli_option revoke_options[] = {
	{ .name = "reason",
	    .value = "WHY",
	    .help = "lost, left, compromised or mistake" },
	{ .name = NULL },
};
static const struct cli_option unshare_options[] = {
	{ .name = "from", .value = "AGENCY", .help = "who gets no more of it" },
	{ .name = "reason",
	    .value = "WORDS",
	    .help = "why, for those who go on reading it" },
	{ .name = NULL },
};
static const struct cli_option carry_options[] = {
	{ .name = "on", .value = "NODE", .help = "the laptop" },
	{ .name = "off",
	    .value = "NODE",
	    .help = "take them off it again: it gets nothing new about "
		    "them" },
	{ .name = NULL },
};
static const struct cli_option import_options[] = {
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
static const struct cli_option help_options[] = {
	{ .name = "man", .help = "the manual page" },
	{ .name = NULL },
};

const struct cli_command cli_table[] = {
	{ .name = "init",
	    .synopsis = "--name N --agency A --kind K [--hub] [--staff NAME] "
			"[--training]",
	    .help = "Make a replica and found a network. Shows the replica's "
		    "and the agency's recovery codes once.",
	    .options = init_options,
	    .run = cmd_init,
	    .need = CLI_DIR },
	{ .name = "invite",
	    .synopsis = "--agency A [--kind K] [--name N] [--field] "
			"[--steward] [--address HOST:PORT] [--days D] [--qr]",
	    .help = "Make one invite line, last on standard output. Whoever "
		    "has the line can join once.",
	    .options = invite_options,
	    .run = cmd_invite,
	    .need = CLI_MEMBER },
	{ .name = "join",
	    .synopsis = "INVITE [--name N] [--staff NAME] "
			"[--out FILE]",
	    .help = "Become a member over HTTPS. With --out write a request: "
		    "the steward's bundle import writes FILE.answer, and "
		    "importing that finishes.",
	    .options = join_options,
	    .run = cmd_join,
	    .need = CLI_DIR,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "members",
	    .synopsis = "",
	    .help = "Every node of the network: agency, kind, roles.",
	    .run = cmd_members,
	    .need = CLI_REPLICA,
	    .flags = CLI_OUT },
	{ .name = "revoke",
	    .synopsis = "NODE --reason lost|left|compromised|mistake",
	    .help = "Take a node out of the network, for good. Nobody answers "
		    "it any more, what it could read gets new keys, and if it "
		    "was a registrar its agency gets a new key and recovery "
		    "code.",
	    .options = revoke_options,
	    .run = cmd_revoke,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1,
	    .question = "The computer is taken out of the network for good: a "
			"mistake is mended by enrolling it anew. What it could "
			"read: footbridge lost NODE." },
	{ .name = "lost",
	    .synopsis = "NODE",
	    .help = "What could be read on a node: about whom, which "
		    "categories, until when.",
	    .run = cmd_lost,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "adopt",
	    .synopsis = "NODE",
	    .help = "Let the honest work of a lost node count that does not: "
		    "what is held of it in this agency's records.",
	    .run = cmd_adopt,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1,
	    .question = "All work of that node that is held here will count, "
			"whoever had it in hands." },
	{ .name = "root export",
	    .synopsis = "FILE",
	    .help = "Write the network's root key as text to be printed.",
	    .run = cmd_root_export,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "root forget",
	    .synopsis = "",
	    .help = "Take the root key off this machine, after root export.",
	    .run = cmd_root_forget,
	    .need = CLI_MEMBER,
	    .question = "The root key will be gone from this machine; only the "
			"paper has it then." },
	{ .name = "keyslot list",
	    .synopsis = "",
	    .help = "The ways to open this replica.",
	    .run = cmd_keyslot_list,
	    .need = CLI_DIR },
	{ .name = "keyslot add",
	    .synopsis = "passphrase | recovery | keyfile FILE",
	    .help = "One more way to open it: a passphrase, a recovery code "
		    "(shown once), or a file of at least 32 random bytes that "
		    "--passphrase-file can name.",
	    .run = cmd_keyslot_add,
	    .need = CLI_DIR,
	    .min_words = 1,
	    .max_words = 2 },
	{ .name = "keyslot remove",
	    .synopsis = "N",
	    .help = "Take one away; the last one stays.",
	    .run = cmd_keyslot_remove,
	    .need = CLI_DIR,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "keyslot agency",
	    .synopsis = "",
	    .help = "The agency's newest recovery code, on a registrar. It is "
		    "worth as much as the server: on paper, locked away.",
	    .run = cmd_keyslot_agency,
	    .need = CLI_MEMBER },
	{ .name = "serve",
	    .synopsis = "[--listen HOST:PORT] "
			"[--web HOST:PORT]",
	    .help = "The daemon: answers peers, calls peers by their "
		    "schedule, and runs what is typed meanwhile.",
	    .options = serve_options,
	    .run = cmd_serve,
	    .need = CLI_MEMBER,
	    .flags = CLI_HERE | CLI_UNLOCKED },
	{ .name = "peer add",
	    .synopsis = "NODE HOST:PORT [--every 15m] [--budget 5MB/day] "
			"[--bulk always|asked]",
	    .help = "Call this node from now on.",
	    .options = peer_options,
	    .run = cmd_peer_add,
	    .need = CLI_MEMBER,
	    .min_words = 2,
	    .max_words = 2 },
	{ .name = "peer remove",
	    .synopsis = "NODE",
	    .help = "Do not call it any more.",
	    .run = cmd_peer_remove,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "peers",
	    .synopsis = "",
	    .help = "Whom this node calls, as of when, what is left to send.",
	    .run = cmd_peers,
	    .need = CLI_MEMBER },
	{ .name = "sync",
	    .synopsis = "[PEER] [--sweep]",
	    .help = "Exchange with one peer, or all that have an address, "
		    "now.",
	    .options = sync_options,
	    .run = cmd_sync,
	    .need = CLI_MEMBER,
	    .max_words = 1,
	    .flags = CLI_UNLOCKED },
	{ .name = "status",
	    .synopsis = "[--check]",
	    .help = "What waits for whom, how old it is, and what a person "
		    "must look at.",
	    .options = status_options,
	    .run = cmd_status,
	    .need = CLI_REPLICA,
	    .flags = CLI_OUT },
	{ .name = "judge",
	    .synopsis = "",
	    .help = "Computers that wrote two histories (copied, or an old "
		    "copy put back): what is in each, and the proof.",
	    .run = cmd_judge,
	    .need = CLI_MEMBER },
	{ .name = "held",
	    .synopsis = "[ID]",
	    .help = "Everything received and not applied: from whom, since "
		    "when, why, what to do.",
	    .run = cmd_held,
	    .need = CLI_REPLICA,
	    .max_words = 1 },
	{ .name = "held retry",
	    .synopsis = "ID",
	    .help = "Try one of them again.",
	    .run = cmd_held_retry,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "bundle export",
	    .synopsis = "--for NODE [--for NODE...] [--split SIZE] FILE",
	    .help = "Everything those nodes have not acknowledged, in one "
		    "encrypted file.",
	    .options = export_options,
	    .run = cmd_bundle_export,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "bundle import",
	    .synopsis = "FILE [--receipt FILE]",
	    .help = "Take in a bundle, a join request or its answer. Twice "
		    "and in any order does no harm.",
	    .options = bundle_options,
	    .run = cmd_bundle_import,
	    .need = CLI_REPLICA,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "bundle show",
	    .synopsis = "FILE",
	    .help = "Check a bundle and say from whom and for whom; needs no "
		    "key.",
	    .run = cmd_bundle_show,
	    .need = CLI_NOTHING,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "put",
	    .synopsis = "TABLE [ID] FIELD=VALUE... | --stdin [--seen TOKEN] "
			"[--into AGENCY]",
	    .help = "Write a record and print its id; without ID a new one. "
		    "person=SUBJECT says whose it is. What another agency "
		    "keeps is proposed to it.",
	    .options = put_options,
	    .run = cmd_put,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 80 },
	{ .name = "get",
	    .synopsis = "TABLE ID",
	    .help = "One record with its conflicts and its seen token.",
	    .run = cmd_get,
	    .need = CLI_MEMBER,
	    .min_words = 2,
	    .max_words = 2 },
	{ .name = "list",
	    .synopsis = "TABLE [FIELD=VALUE...] [--limit N] [--after ID]",
	    .help = "Records in the order of their ids; person=SUBJECT for "
		    "one person's.",
	    .options = list_options,
	    .run = cmd_list,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 80 },
	{ .name = "find",
	    .synopsis = "TEXT",
	    .help = "Records with this text in any field.",
	    .run = cmd_find,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "history",
	    .synopsis = "TABLE ID",
	    .help = "Who wrote what, where and when, from the signed log.",
	    .run = cmd_history,
	    .need = CLI_MEMBER,
	    .min_words = 2,
	    .max_words = 2 },
	{ .name = "document add",
	    .synopsis = "SUBJECT FILE [--title T] [--kind K] [--date DATE]",
	    .help = "Keep a file with a person's records and print its id: at "
		    "most 25 MB, encrypted and shared like the notes beside "
		    "it.",
	    .options = document_options,
	    .run = cmd_document_add,
	    .need = CLI_MEMBER,
	    .min_words = 2,
	    .max_words = 2 },
	{ .name = "document get",
	    .synopsis = "ID [FILE]",
	    .help = "Write a document to a file, once all its parts are here "
		    "and fit; without FILE say how many are. Asking has the "
		    "next contact bring the rest, on metered links too.",
	    .run = cmd_document_get,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 2 },
	{ .name = "drafts",
	    .synopsis = "",
	    .help = "What was typed while the record had changed: it is kept "
		    "on this machine, beside what stands now.",
	    .run = cmd_drafts,
	    .need = CLI_MEMBER },
	{ .name = "drafts drop",
	    .synopsis = "N",
	    .help = "Throw a draft away.",
	    .run = cmd_drafts_drop,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "conflicts",
	    .synopsis = "[--all]",
	    .help = "What a person must decide; with --all also what a rule "
		    "settled. Exit 3 when something is to be decided.",
	    .options = conflicts_options,
	    .run = cmd_conflicts,
	    .need = CLI_MEMBER },
	{ .name = "resolve",
	    .synopsis = "TABLE ID FIELD VALUE | N --keep K",
	    .help = "Settle one: a value, or number K of conflict N.",
	    .options = resolve_options,
	    .run = cmd_resolve,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 4 },
	{ .name = "accept",
	    .synopsis = "N [--keep K]",
	    .help = "Take up another agency's proposal N of conflicts: the "
		    "record says it from then on.",
	    .options = resolve_options,
	    .run = cmd_accept,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "decline",
	    .synopsis = "N --reason R",
	    .help = "Turn down another agency's proposal N of conflicts; they "
		    "read why.",
	    .options = decline_options,
	    .run = cmd_decline,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "share",
	    .synopsis = "SUBJECT CATEGORY... --to AGENCY --basis KIND:REF "
			"[--from-now] [--write] [--dry-run]",
	    .help = "Let another agency read these categories about one "
		    "person. A SUBJECT of - reads persons from standard "
		    "input, one a line, and shares all of them or none.",
	    .options = share_options,
	    .run = cmd_share,
	    .need = CLI_MEMBER,
	    .flags = CLI_DASH,
	    .min_words = 2,
	    .max_words = 128 },
	{ .name = "unshare",
	    .synopsis = "SUBJECT CATEGORY... --from AGENCY --reason R",
	    .help = "Stop sharing: they get nothing new. What they have read "
		    "stays read.",
	    .options = unshare_options,
	    .run = cmd_unshare,
	    .need = CLI_MEMBER,
	    .min_words = 2,
	    .max_words = 128,
	    .question = "They will get nothing new of it, and only a new "
			"share gives it back." },
	{ .name = "access",
	    .synopsis = "SUBJECT",
	    .help = "Who can read what about this person, since when, why.",
	    .run = cmd_access,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "carry",
	    .synopsis = "SUBJECT... --on NODE | --off NODE SUBJECT...",
	    .help = "Let one laptop of the own agency read what this office "
		    "holds about these people.",
	    .options = carry_options,
	    .run = cmd_carry,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = ANY },
	{ .name = "shred",
	    .synopsis = "SUBJECT [CATEGORY] --order REF",
	    .help = "Destroy what is held about a person, on every node.",
	    .later = "until it is, a row can be sealed: put TABLE ID "
		     "row_state=sealed" },
	{ .name = "import csv",
	    .synopsis = "TABLE FILE --map MAP [--source NAME] "
			"[--dates dmy|mdy|ymd] [--dry-run]",
	    .help = "Read rows from a CSV file. Bad rows go to FILE.rejects "
		    "with line and reason (exit 3), good rows go in. The same "
		    "source id twice is one row.",
	    .options = import_options,
	    .run = cmd_import_csv,
	    .need = CLI_MEMBER,
	    .min_words = 2,
	    .max_words = 2 },
	{ .name = "import map",
	    .synopsis = "TABLE FILE",
	    .help = "Print a map to start from.",
	    .run = cmd_import_map,
	    .need = CLI_REPLICA,
	    .min_words = 2,
	    .max_words = 2 },
	{ .name = "import undo",
	    .synopsis = "BATCH",
	    .help = "Take the rows of an import out of every list. Rows that "
		    "were changed since stay (exit 3).",
	    .run = cmd_import_undo,
	    .need = CLI_MEMBER,
	    .min_words = 1,
	    .max_words = 1 },
	{ .name = "backup",
	    .synopsis = "FILE | --check [FILE]",
	    .help = "Write all of this replica as it is now into one encrypted "
		    "file, and read it back. Work goes on meanwhile. --check "
		    "opens one, the newest of serve's if none is named, and "
		    "verifies all in it.",
	    .options = backup_options,
	    .run = cmd_backup,
	    .need = CLI_REPLICA,
	    .max_words = 1,
	    .flags = CLI_UNLOCKED },
	{ .name = "restore",
	    .synopsis = "FILE",
	    .help = "Make a replica from a backup, in an empty directory. It "
		    "opens as the old one did then, and shows and takes "
		    "nothing until it was in touch with a peer: what was taken "
		    "back or destroyed since stays so.",
	    .run = cmd_restore,
	    .need = CLI_DIR,
	    .min_words = 1,
	    .max_words = 1,
	    .flags = CLI_HERE },
	{ .name = "verify",
	    .synopsis = "[--deep]",
	    .help = "Recompute chains and signatures of the log; --deep every "
		    "table from the log, too.",
	    .options = verify_options,
	    .run = cmd_verify,
	    .need = CLI_REPLICA },
	{ .name = "compact",
	    .synopsis = "",
	    .help = "Give disk space back: what is only passed on and that "
		    "everybody it is for has signed for, and unused pages.",
	    .run = cmd_compact,
	    .need = CLI_MEMBER },
	{ .name = "rebuild",
	    .synopsis = "",
	    .help = "Make every table again from the log.",
	    .run = cmd_rebuild,
	    .need = CLI_REPLICA },
	{ .name = "help",
	    .synopsis = "[COMMAND | tables | TABLE]",
	    .help = "This list; how one command is typed; the tables; the "
		    "fields of one table.",
	    .options = help_options,
	    .run = cmd_help,
	    .need = CLI_NOTHING,
	    .max_words = 2 },
	{ .name = "manual",
	    .synopsis = "",
	    .help = "The manual page.",
	    .run = cmd_manual,
	    .need = CLI_NOTHING,
	    .flags = CLI_HIDDEN },
};
const size_t cli_table_count = COUNT_OF(cli_table);
