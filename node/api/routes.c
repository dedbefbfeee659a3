/* lint: table. The one list of what the API takes. */
#include "node/api/handlers.h"

#include "node/api/call.h"

#define ANYBODY API_EVERYBODY
#define FIELD_ROW(where) \
	{ \
		.name = "fields", .type = API_ROW, .to = where \
	}
#define END \
	{ \
		.name = NULL \
	}

/* who asks says again who they are (do_confirmed) */
#define CONFIRM \
	{ .name = "confirm_password", .type = API_TEXT, .must = true }, \
	{ \
		.name = "confirm_code", .type = API_WORD \
	}

#define AUDITORS \
	(ROLE_BIT_AUDITOR | ROLE_BIT_PRIVACY | ROLE_BIT_SECURITY | \
	    ROLE_BIT_ADMINISTRATOR)

/* ---- what they take ---- */

static const struct api_field audit_review_body[] = {
	{ .name = "done", .type = API_BOOL, .to = API_OPTION, .must = true },
	END,
};

static const struct api_field sign_in_body[] = {
	{ .name = "name", .type = API_WORD, .must = true },
	{ .name = "password", .type = API_TEXT, .must = true },
	{ .name = "code", .type = API_WORD },
	END,
};
static const struct api_field unlock_body[] = {
	{ .name = "password", .type = API_TEXT, .must = true },
	{ .name = "code", .type = API_WORD },
	END,
};
static const struct api_field password_body[] = {
	{ .name = "was", .type = API_TEXT, .must = true },
	{ .name = "now", .type = API_TEXT, .must = true },
	{ .name = "code", .type = API_WORD },
	END,
};
/* not right after signing in, while there is no second factor yet */
static const struct api_field factor_body[] = {
	{ .name = "confirm_password", .type = API_TEXT },
	{ .name = "confirm_code", .type = API_WORD },
	END,
};
static const struct api_field code_body[] = {
	{ .name = "code", .type = API_WORD, .must = true },
	END,
};
static const struct api_field list_query[] = {
	FIELD_ROW(API_PAIRS),
	{ .name = "limit", .type = API_INT, .to = API_OPTION },
	{ .name = "after", .type = API_WORD, .to = API_OPTION },
	END,
};
static const struct api_field new_body[] = {
	{ .name = "fields", .type = API_ROW, .to = API_INPUT, .must = true },
	{ .name = "into", .type = API_WORD, .to = API_OPTION },
	END,
};
static const struct api_field change_body[] = {
	{ .name = "fields", .type = API_ROW, .to = API_INPUT, .must = true },
	{ .name = "seen", .type = API_WORD, .to = API_OPTION, .must = true },
	/* where a change can give something back (may_put_gives) */
	{ .name = "confirm_password", .type = API_TEXT },
	{ .name = "confirm_code", .type = API_WORD },
	END,
};
static const struct api_field fields_body[] = {
	{ .name = "fields", .type = API_ROW, .must = true },
	END,
};
static const struct api_field search_query[] = {
	{ .name = "q", .type = API_WORD, .must = true },
	{ .name = "limit", .type = API_INT },
	END,
};
static const struct api_field typed_body[] = {
	{ .name = "text", .type = API_TEXT, .must = true },
	{ .name = "person", .type = API_WORD },
	END,
};
static const struct api_field timeline_query[] = {
	{ .name = "table", .type = API_WORD },
	{ .name = "limit", .type = API_INT },
	{ .name = "after", .type = API_WORD },
	END,
};
static const struct api_field attendance_items[] = {
	{ .name = "appointment", .type = API_WORD, .must = true },
	{ .name = "result", .type = API_WORD, .must = true },
	{ .name = "minutes", .type = API_INT },
	{ .name = "absence_reason", .type = API_WORD },
	{ .name = "concern_code", .type = API_WORD },
	END,
};
static const struct api_field group_body[] = {
	{ .name = "on", .type = API_WORD, .must = true },
	{ .name = "attendance",
	    .type = API_LIST,
	    .items = attendance_items,
	    .must = true },
	END,
};
static const struct api_field recipient_items[] = {
	{ .name = "agency", .type = API_WORD, .must = true },
	{ .name = "role", .type = API_WORD },
	{ .name = "person_name", .type = API_WORD },
	END,
};
static const struct api_field consent_body[] = {
	{ .name = "fields", .type = API_ROW, .must = true },
	{ .name = "categories", .type = API_WORDS, .must = true },
	{ .name = "recipients",
	    .type = API_LIST,
	    .items = recipient_items,
	    .must = true },
	END,
};
static const struct api_field revoke_body[] = {
	{ .name = "seen", .type = API_WORD, .must = true },
	{ .name = "happened_at", .type = API_WORD, .must = true },
	{ .name = "revoked_on", .type = API_WORD, .must = true },
	{ .name = "channel", .type = API_WORD },
	{ .name = "by_whom", .type = API_WORD },
	{ .name = "reason", .type = API_TEXT },
	END,
};
static const struct api_field may_query[] = {
	{ .name = "category", .type = API_WORD, .to = API_ARG, .must = true },
	{ .name = "to", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "purpose", .type = API_WORD, .to = API_OPTION },
	{ .name = "role", .type = API_WORD, .to = API_OPTION },
	{ .name = "relation", .type = API_WORD, .to = API_OPTION },
	{ .name = "by", .type = API_WORD, .to = API_OPTION },
	{ .name = "on", .type = API_WORD, .to = API_OPTION },
	END,
};
static const struct api_field share_body[] = {
	{ .name = "categories",
	    .type = API_WORDS,
	    .to = API_ARG,
	    .must = true },
	{ .name = "to", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "basis", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "from_now",
	    .type = API_BOOL,
	    .to = API_OPTION,
	    .option = "from-now" },
	{ .name = "dry_run",
	    .type = API_BOOL,
	    .to = API_OPTION,
	    .option = "dry-run" },
	/* not for a dry run */
	{ .name = "confirm_password", .type = API_TEXT },
	{ .name = "confirm_code", .type = API_WORD },
	END,
};
static const struct api_field unshare_body[] = {
	{ .name = "categories",
	    .type = API_WORDS,
	    .to = API_ARG,
	    .must = true },
	{ .name = "from", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "reason", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "confirm", .type = API_BOOL, .must = true },
	CONFIRM,
	END,
};
static const struct api_field disclosures_query[] = {
	{ .name = "from", .type = API_WORD, .to = API_OPTION },
	{ .name = "to", .type = API_WORD, .to = API_OPTION },
	{ .name = "part2", .type = API_BOOL, .to = API_OPTION },
	{ .name = "hipaa", .type = API_BOOL, .to = API_OPTION },
	{ .name = "language", .type = API_WORD, .to = API_OPTION },
	END,
};
static const struct api_field disclose_body[] = {
	{ .name = "categories",
	    .type = API_WORDS,
	    .to = API_ARG,
	    .must = true },
	{ .name = "how", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "to", .type = API_WORD, .to = API_OPTION },
	{ .name = "to_person",
	    .type = API_WORD,
	    .to = API_OPTION,
	    .option = "to-person" },
	{ .name = "kind", .type = API_WORD, .to = API_OPTION },
	{ .name = "address", .type = API_WORD, .to = API_OPTION },
	{ .name = "purpose", .type = API_WORD, .to = API_OPTION },
	{ .name = "role", .type = API_WORD, .to = API_OPTION },
	{ .name = "relation", .type = API_WORD, .to = API_OPTION },
	{ .name = "what", .type = API_TEXT, .to = API_OPTION },
	{ .name = "on", .type = API_WORD, .to = API_OPTION },
	{ .name = "basis", .type = API_WORD, .to = API_OPTION },
	{ .name = "although", .type = API_TEXT, .to = API_OPTION },
	END,
};
static const struct api_field forms_query[] = {
	{ .name = "person", .type = API_WORD, .to = API_OPTION },
	{ .name = "consent", .type = API_WORD, .to = API_OPTION },
	{ .name = "notice", .type = API_WORD, .to = API_OPTION },
	{ .name = "language", .type = API_WORD, .to = API_OPTION },
	{ .name = "html", .type = API_BOOL, .to = API_OPTION },
	END,
};
static const struct api_field emergency_body[] = {
	{ .name = "categories",
	    .type = API_WORDS,
	    .to = API_ARG,
	    .must = true },
	{ .name = "reason", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "why", .type = API_TEXT, .to = API_OPTION, .must = true },
	{ .name = "hours", .type = API_INT, .to = API_OPTION },
	{ .name = "who", .type = API_WORD, .to = API_OPTION },
	{ .name = "affiliation", .type = API_WORD, .to = API_OPTION },
	{ .name = "nature", .type = API_TEXT, .to = API_OPTION },
	CONFIRM,
	END,
};
static const struct api_field account_body[] = {
	{ .name = "name", .type = API_WORD, .to = API_ARG, .must = true },
	{ .name = "password", .type = API_TEXT, .to = API_INPUT, .must = true },
	{ .name = "administrator", .type = API_BOOL, .to = API_OPTION },
	{ .name = "staff", .type = API_WORD, .to = API_OPTION },
	{ .name = "hours", .type = API_INT, .to = API_OPTION },
	{ .name = "slot", .type = API_BOOL, .to = API_OPTION },
	CONFIRM,
	END,
};
static const struct api_field role_body[] = {
	{ .name = "role", .type = API_WORD, .to = API_ARG, .must = true },
	{ .name = "scope", .type = API_WORD, .to = API_OPTION },
	{ .name = "until", .type = API_WORD, .to = API_OPTION },
	CONFIRM,
	END,
};
static const struct api_field reset_body[] = {
	{ .name = "password", .type = API_TEXT, .to = API_INPUT, .must = true },
	{ .name = "slot", .type = API_BOOL, .to = API_OPTION },
	CONFIRM,
	END,
};
static const struct api_field confirm_body[] = {
	CONFIRM,
	END,
};
/* what cannot be taken back, and wants the password again, too */
#define CONFIRM_TWICE \
	{ .name = "confirm", .type = API_BOOL, .must = true }, CONFIRM

static const struct api_field reach_query[] = {
	{ .name = "category", .type = API_WORD },
	END,
};
static const struct api_field give_body[] = {
	{ .name = "categories",
	    .type = API_WORDS,
	    .to = API_ARG,
	    .must = true },
	{ .name = "to", .type = API_WORD, .to = API_OPTION },
	{ .name = "to_person",
	    .type = API_WORD,
	    .to = API_OPTION,
	    .option = "to-person" },
	{ .name = "kind", .type = API_WORD, .to = API_OPTION },
	{ .name = "address", .type = API_WORD, .to = API_OPTION },
	{ .name = "purpose", .type = API_WORD, .to = API_OPTION },
	{ .name = "role", .type = API_WORD, .to = API_OPTION },
	{ .name = "relation", .type = API_WORD, .to = API_OPTION },
	CONFIRM,
	END,
};
static const struct api_field transfer_body[] = {
	{ .name = "categories",
	    .type = API_WORDS,
	    .to = API_ARG,
	    .must = true },
	{ .name = "to", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "basis", .type = API_WORD, .to = API_OPTION },
	CONFIRM_TWICE,
	END,
};
static const struct api_field carry_body[] = {
	{ .name = "on", .type = API_WORD, .to = API_OPTION },
	{ .name = "off", .type = API_WORD, .to = API_OPTION },
	CONFIRM,
	END,
};
static const struct api_field seal_body[] = {
	{ .name = "categories",
	    .type = API_WORDS,
	    .to = API_ARG,
	    .must = true },
	{ .name = "order", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "court", .type = API_WORD, .to = API_OPTION },
	{ .name = "authority", .type = API_WORD, .to = API_OPTION },
	{ .name = "kind", .type = API_WORD, .to = API_OPTION },
	{ .name = "readers", .type = API_WORD, .to = API_OPTION },
	{ .name = "effective", .type = API_WORD, .to = API_OPTION },
	CONFIRM_TWICE,
	END,
};
static const struct api_field shred_body[] = {
	{ .name = "categories", .type = API_WORDS, .to = API_ARG },
	{ .name = "order", .type = API_WORD, .to = API_OPTION, .must = true },
	CONFIRM_TWICE,
	END,
};
static const struct api_field confirm_twice_body[] = {
	CONFIRM_TWICE,
	END,
};
static const struct api_field sync_body[] = {
	{ .name = "peer", .type = API_WORD, .to = API_ARG },
	END,
};
static const struct api_field lost_body[] = {
	{ .name = "reason", .type = API_WORD, .to = API_OPTION, .must = true },
	CONFIRM_TWICE,
	END,
};
static const struct api_field told_body[] = {
	{ .name = "how", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "on", .type = API_WORD, .to = API_OPTION },
	END,
};
static const struct api_field review_body[] = {
	{ .name = "verdict", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "note", .type = API_TEXT, .to = API_OPTION },
	END,
};
static const struct api_field all_query[] = {
	{ .name = "all", .type = API_BOOL, .to = API_OPTION },
	END,
};
static const struct api_field keep_body[] = {
	{ .name = "keep", .type = API_INT, .to = API_OPTION, .must = true },
	/* where the direct act wants it, too (settle.h) */
	{ .name = "confirm_password", .type = API_TEXT },
	{ .name = "confirm_code", .type = API_WORD },
	END,
};
static const struct api_field accept_body[] = {
	{ .name = "keep", .type = API_INT, .to = API_OPTION },
	/* where the direct act wants it, too (settle.h) */
	{ .name = "confirm_password", .type = API_TEXT },
	{ .name = "confirm_code", .type = API_WORD },
	END,
};
static const struct api_field decline_body[] = {
	{ .name = "reason", .type = API_TEXT, .to = API_OPTION, .must = true },
	END,
};
static const struct api_field sign_body[] = {
	{ .name = "withdraw", .type = API_BOOL, .to = API_OPTION },
	{ .name = "confirm", .type = API_BOOL, .must = true },
	CONFIRM,
	END,
};

static const struct api_field audit_query_fields[] = {
	{ .name = "after", .type = API_INT },
	{ .name = "limit", .type = API_INT },
	{ .name = "newest", .type = API_BOOL },
	{ .name = "person", .type = API_WORD },
	{ .name = "staff", .type = API_WORD },
	{ .name = "act", .type = API_WORD },
	{ .name = "failed", .type = API_BOOL },
	END,
};

/* ---- the routes ---- */

const struct api_route api_routes[] = {
	{ "GET", "/api/hello", API_PUBLIC, "sign-in", 0, NULL, NULL, NULL,
	    do_hello, "whether there are accounts here, and the banner" },
	{ "POST", "/api/session", API_PUBLIC, "sign-in", 0, NULL, sign_in_body,
	    NULL, do_sign_in, "sign in; sets the cookie" },
	{ "GET", "/api/session", ANYBODY, "sign-in",
	    API_WHILE_LOCKED | API_BEFORE_DUTIES | API_POLL, NULL, NULL, NULL,
	    do_session,
	    "who is signed in, with which roles, and the token; no sign of "
	    "life" },
	{ "DELETE", "/api/session", ANYBODY, "sign-in",
	    API_WHILE_LOCKED | API_BEFORE_DUTIES | API_SESSION, NULL, NULL,
	    NULL, do_sign_out, "sign out" },
	{ "POST", "/api/session/lock", ANYBODY, "sign-in",
	    API_WHILE_LOCKED | API_BEFORE_DUTIES | API_SESSION, NULL, NULL,
	    NULL, do_lock, "lock the screen" },
	{ "POST", "/api/session/unlock", ANYBODY, "sign-in",
	    API_WHILE_LOCKED | API_BEFORE_DUTIES | API_SESSION, NULL,
	    unlock_body, NULL, do_unlock,
	    "unlock; a new cookie and a new token" },
	{ "POST", "/api/session/banner", ANYBODY, "sign-in",
	    API_BEFORE_DUTIES | API_SESSION, NULL, NULL, NULL, do_banner,
	    "the log-in banner was read" },
	{ "POST", "/api/session/password", ANYBODY, "sign-in",
	    API_BEFORE_DUTIES | API_SESSION, NULL, password_body, NULL,
	    do_password, "change one's own password" },
	{ "POST", "/api/session/totp", ANYBODY, "sign-in",
	    API_BEFORE_DUTIES | API_SESSION, NULL, factor_body, NULL,
	    do_totp_begin,
	    "begin a new second factor; one that there is wants password and "
	    "code" },
	{ "POST", "/api/session/totp/code", ANYBODY, "sign-in",
	    API_BEFORE_DUTIES | API_SESSION, NULL, code_body, NULL, do_totp_end,
	    "end it with its first code" },

	{ "GET", "/api/typed", ANYBODY, "casework", API_POLL, NULL, NULL, NULL,
	    do_typed,
	    "what this account typed and did not save yet, by form; no sign of "
	    "life" },
	{ "PUT", "/api/typed/:form", ANYBODY, "casework", API_SESSION, NULL,
	    typed_body, NULL, do_typed_put, "keep what is being typed" },
	{ "DELETE", "/api/typed/:form", ANYBODY, "casework", API_SESSION, NULL,
	    NULL, NULL, do_typed_drop, "it was saved or thrown away" },

	{ "GET", "/api/home", API_DESK, "casework", 0, NULL, NULL, NULL,
	    do_home,
	    "the day of this account's case load: appointments, outcomes to "
	    "log, contacts overdue or due within a week" },
	{ "GET", "/api/people", API_DESK, "casework", 0, NULL, NULL, NULL,
	    do_caseload, "this account's case load, a line a person" },
	{ "GET", "/api/people/:person", API_DESK, "casework", API_PERSON, NULL,
	    NULL, NULL, do_person,
	    "the head of one case file: who, numbers, supervision, alerts, "
	    "officers" },
	{ "GET", "/api/search", API_DESK, "casework", 0, search_query, NULL,
	    NULL, do_search,
	    "people by name, nearly so too, number, id, or what is written "
	    "about them" },
	{ "POST", "/api/search", API_DESK, "casework", API_SESSION, NULL,
	    search_query, NULL, do_search,
	    "the same, with what is looked for in no address" },
	{ "GET", "/api/people/:person/timeline", API_DESK, "casework",
	    API_PERSON, timeline_query, NULL, NULL, do_timeline,
	    "everything about one person, newest first" },
	{ "GET", "/api/people/:person/access", API_CASE, "casework", API_PERSON,
	    NULL, NULL, "access", NULL,
	    "who can read what about this person, since when, why" },
	{ "GET", "/api/people/:person/may", API_DESK, "disclosure", API_PERSON,
	    may_query, NULL, "may", NULL,
	    "may this be disclosed, why, and which form fits; a refusal is "
	    "written down without the person" },
	{ "POST", "/api/people/:person/share", API_CASE, "disclosure",
	    API_PERSON | API_WRITES, NULL, share_body, "share", do_share,
	    "let another agency read, with the password again" },
	{ "POST", "/api/people/:person/unshare", API_CASE, "disclosure",
	    API_PERSON | API_WRITES | API_CONFIRMED, NULL, unshare_body,
	    "unshare", do_confirmed, "stop that, with the password again" },
	{ "POST", "/api/people/:person/print", API_CASE, "disclosure",
	    API_PERSON | API_WRITES, NULL, give_body, "print", do_confirmed,
	    "records for somebody else as text, with the notice first, and in "
	    "the account of disclosures; with the password again" },
	{ "POST", "/api/people/:person/export", API_CASE, "disclosure",
	    API_PERSON | API_WRITES, NULL, give_body, "export", do_confirmed,
	    "the same as CSV" },
	{ "POST", "/api/people/:person/transfer",
	    ROLE_BIT_SUPERVISOR | ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY,
	    "casework", API_PERSON | API_WRITES | API_CONFIRMED, NULL,
	    transfer_body, "transfer", do_confirmed,
	    "offer another agency to own what this one keeps, with the "
	    "password again" },
	{ "POST", "/api/people/:person/transfer/accept",
	    ROLE_BIT_SUPERVISOR | ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY,
	    "casework", API_PERSON | API_WRITES | API_CONFIRMED, NULL,
	    confirm_twice_body, "transfer accept", do_confirmed,
	    "take over what another agency offers, with the password again" },
	{ "POST", "/api/people/:person/carry",
	    API_CASE | ROLE_BIT_ADMINISTRATOR, "casework",
	    API_PERSON | API_WRITES, NULL, carry_body, "carry", do_carry,
	    "on a laptop of the own agency, or off it, with the password "
	    "again" },
	{ "POST", "/api/people/:person/seal",
	    ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY, "records",
	    API_PERSON | API_WRITES | API_CONFIRMED, NULL, seal_body, "seal",
	    do_confirmed,
	    "an order to close or expunge, with the password again; look "
	    "first what it reaches" },
	{ "GET", "/api/seals",
	    ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY | ROLE_BIT_AUDITOR, "records",
	    0, NULL, NULL, "seal status", NULL,
	    "orders to seal, and which computers confirmed" },
	{ "GET", "/api/seals/requests", ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY,
	    "records", 0, NULL, NULL, "seal requests", NULL,
	    "other agencies' orders to destroy records of this one, that "
	    "nobody answered" },
	{ "POST", "/api/seals/:id/execute", ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY,
	    "records", API_WRITES | API_CONFIRMED, NULL, confirm_twice_body,
	    "seal execute", do_confirmed,
	    "destroy what such an order reaches, with the password again" },
	{ "POST", "/api/seals/:id/decline", ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY,
	    "records", API_WRITES, NULL, decline_body, "seal decline", NULL,
	    "do not, and say why to who entered it" },
	{ "POST", "/api/seals/:id/vacate", ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY,
	    "records", API_WRITES | API_CONFIRMED, NULL, confirm_twice_body,
	    "seal vacate", do_confirmed,
	    "the order is vacated, with the password again" },
	{ "POST", "/api/people/:person/shred",
	    ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY, "records",
	    API_PERSON | API_WRITES | API_CONFIRMED, NULL, shred_body, "shred",
	    do_confirmed,
	    "destroy by order, on every node, with the password again; look "
	    "first what it reaches" },
	{ "GET", "/api/shreds",
	    ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY | ROLE_BIT_AUDITOR, "records",
	    0, NULL, NULL, "shred status", NULL,
	    "certificates: what was destroyed, who signed for it" },
	{ "GET", "/api/retention", ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY,
	    "records", 0, NULL, NULL, "retention", NULL,
	    "closed cases that are kept longer than the rules say" },
	{ "POST", "/api/people/:person/retention",
	    ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY, "records",
	    API_PERSON | API_WRITES | API_CONFIRMED, NULL, confirm_twice_body,
	    "retention confirm", do_confirmed,
	    "destroy what is past its day, with the password again" },
	{ "GET", "/api/people/:person/retention",
	    ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY, "records", API_PERSON, NULL,
	    NULL, NULL, do_retention_reach, "what that would reach" },
	{ "GET", "/api/people/:person/reach",
	    ROLE_BIT_RECORDS | ROLE_BIT_PRIVACY, "records", API_PERSON,
	    reach_query, NULL, NULL, do_reach,
	    "what an order to close or destroy would reach: record groups, "
	    "rows, computers" },
	{ "GET", "/api/people/:person/disclosures", API_CASE, "disclosure",
	    API_PERSON, disclosures_query, NULL, "disclosures", NULL,
	    "the account of disclosures: what went to whom, why" },
	{ "POST", "/api/people/:person/disclosures", API_CASE, "disclosure",
	    API_PERSON | API_WRITES, NULL, disclose_body, "disclose", NULL,
	    "put a call, a meeting, a letter or a fax in it" },
	{ "POST", "/api/people/:person/referrals", API_CASE, "casework",
	    API_PERSON | API_WRITES, NULL, fields_body, NULL, do_refer,
	    "refer to a program" },
	{ "POST", "/api/people/:person/consents", API_CASE, "disclosure",
	    API_PERSON | API_WRITES, NULL, consent_body, NULL, do_consent,
	    "a consent form with its categories and recipients, drafted" },
	{ "POST", "/api/consents/:id/sign", API_CASE, "disclosure", API_WRITES,
	    NULL, confirm_body, "consent sign", do_consent_sign,
	    "put it in force, with the password again; what the rules ask for "
	    "and it lacks is named" },
	{ "POST", "/api/consents/:id/revoke", API_DESK, "disclosure",
	    API_WRITES, NULL, revoke_body, NULL, do_consent_revoke,
	    "a consent is revoked, from now on and everywhere; before its own "
	    "day or event the request is written down (revoked false; ends "
	    "says "
	    "when)" },
	{ "POST", "/api/appointments/:id/outcome", API_DESK, "casework",
	    API_WRITES, NULL, fields_body, NULL, do_outcome,
	    "what came of an appointment" },
	{ "POST", "/api/referrals/:id/answer", API_DESK, "casework", API_WRITES,
	    NULL, fields_body, NULL, do_refer_answer,
	    "accept, wait-list or decline a referral" },
	{ "POST", "/api/attendance", API_DESK, "casework", API_WRITES, NULL,
	    group_body, NULL, do_group, "a whole group's, all or none" },

	{ "GET", "/api/records/:table", API_DESK, "casework",
	    API_ROW_SEEN | API_ROWS_SEEN, list_query, NULL, "list", do_list,
	    "records by pages; fields.person=ID for one person's" },
	{ "POST", "/api/records/:table", API_DESK | ROLE_BIT_ADMINISTRATOR,
	    "casework", API_ROW_SEEN | API_WRITES, NULL, new_body, "put", NULL,
	    "a new record" },
	{ "GET", "/api/records/:table/:id", API_DESK, "casework", API_ROW_SEEN,
	    NULL, NULL, "get", NULL,
	    "one record with its conflicts and its seen token" },
	{ "PATCH", "/api/records/:table/:id", API_DESK | ROLE_BIT_ADMINISTRATOR,
	    "casework", API_ROW_SEEN | API_WRITES, NULL, change_body, "put",
	    do_change,
	    "change it; with what was seen, so that nothing is overwritten; "
	    "staff and restrictions with the password again" },
	{ "GET", "/api/records/:table/:id/history", API_DESK, "casework",
	    API_ROW_SEEN, NULL, NULL, "history", NULL,
	    "who wrote what, where and when" },

	{ "GET", "/api/conflicts", API_DESK, "casework", API_ROWS_SEEN,
	    all_query, NULL, "conflicts", NULL,
	    "what a person must decide, and proposals; all=true: notices too" },
	{ "POST", "/api/conflicts/:no/resolve", API_CASE, "casework",
	    API_WRITES, NULL, keep_body, "resolve", do_resolve,
	    "settle one: the value that stays; what gives rights or opens "
	    "something again with the password again" },
	{ "POST", "/api/conflicts/:no/accept", API_CASE, "casework", API_WRITES,
	    NULL, accept_body, "accept", do_resolve,
	    "take up another agency's proposal, with the password again as to "
	    "resolve" },
	{ "POST", "/api/conflicts/:no/decline", API_CASE, "casework",
	    API_WRITES, NULL, decline_body, "decline", do_resolve,
	    "turn it down, with a reason that they read" },

	{ "GET", "/api/agreements", API_DESK | ROLE_BIT_AUDITOR, "disclosure",
	    0, NULL, NULL, "agreement", NULL, "what agencies agreed" },
	{ "GET", "/api/agreements/:id", API_DESK | ROLE_BIT_AUDITOR,
	    "disclosure", 0, NULL, NULL, "agreement show", NULL,
	    "one of them, its rules as read and as they act" },
	{ "POST", "/api/agreements/:id/sign",
	    ROLE_BIT_PRIVACY | ROLE_BIT_ADMINISTRATOR, "disclosure",
	    API_WRITES | API_CONFIRMED, NULL, sign_body, "agreement sign",
	    do_confirmed,
	    "sign this text for the own agency, or take that back, with the "
	    "password again" },

	{ "GET", "/api/forms", API_DESK, "disclosure", 0, NULL, NULL, "form",
	    NULL, "the forms that can be printed" },
	{ "GET", "/api/forms/:name", API_DESK, "disclosure", 0, forms_query,
	    NULL, "form", do_form,
	    "one of them, with what is known filled in" },
	{ "POST", "/api/people/:person/emergency", API_CASE, "emergency",
	    API_WRITES, NULL, emergency_body, "emergency", do_confirmed,
	    "open what is closed, for hours, with the password again; told to "
	    "the owner and reviewed" },
	{ "GET", "/api/emergencies",
	    ROLE_BIT_SUPERVISOR | ROLE_BIT_PRIVACY | ROLE_BIT_AUDITOR,
	    "emergency", 0, NULL, NULL, "emergency review", NULL,
	    "what was opened and waits for review" },
	{ "POST", "/api/emergencies/:id/review",
	    ROLE_BIT_SUPERVISOR | ROLE_BIT_PRIVACY, "emergency", API_WRITES,
	    NULL, review_body, "emergency review", NULL, "the review of one" },
	{ "GET", "/api/emergencies/all", API_CASE | ROLE_BIT_AUDITOR,
	    "emergency", 0, NULL, NULL, "emergency list", NULL,
	    "every emergency access that is known here, until when its review "
	    "is due; to who reviews none, their own" },
	{ "GET", "/api/notices", ROLE_BIT_PRIVACY | ROLE_BIT_RECORDS,
	    "disclosure", 0, NULL, NULL, "notices", NULL,
	    "whom this agency has to tell of an emergency or a lost computer, "
	    "by which day" },
	{ "POST", "/api/notices/:id/done", ROLE_BIT_PRIVACY | ROLE_BIT_RECORDS,
	    "disclosure", API_WRITES, NULL, told_body, "notices done", NULL,
	    "the person was told" },
	{ "POST", "/api/notices/:id/waive", ROLE_BIT_PRIVACY | ROLE_BIT_RECORDS,
	    "disclosure", API_WRITES, NULL, decline_body, "notices waive", NULL,
	    "nobody is told, and why" },
	{ "GET", "/api/requests",
	    ROLE_BIT_PRIVACY | ROLE_BIT_RECORDS | ROLE_BIT_SUPERVISOR,
	    "disclosure", 0, NULL, NULL, "requests", NULL,
	    "what people asked of the privacy officer, by the day it is due" },
	{ "GET", "/api/policy", ANYBODY, "disclosure", 0, NULL, NULL,
	    "policy list", NULL,
	    "the policy packs, and which of them decides here today" },

	{ "GET", "/api/sync", ANYBODY, "operations", API_POLL, NULL, NULL, NULL,
	    do_sync,
	    "what waits here, since when, and how far each peer is; no sign of "
	    "life" },
	{ "GET", "/api/status", ANYBODY, "operations", 0, NULL, NULL, "status",
	    NULL, "the whole of footbridge status" },
	{ "GET", "/api/members",
	    ROLE_BIT_ADMINISTRATOR | ROLE_BIT_SECURITY | ROLE_BIT_SUPERVISOR |
		ROLE_BIT_AUDITOR,
	    "operations", 0, NULL, NULL, "members", NULL,
	    "the computers of the network" },
	{ "GET", "/api/members/:node/lost",
	    ROLE_BIT_ADMINISTRATOR | ROLE_BIT_SECURITY | ROLE_BIT_SUPERVISOR |
		ROLE_BIT_PRIVACY,
	    "operations", 0, NULL, NULL, "lost", NULL,
	    "what could be read on it: about whom, which categories, until "
	    "when" },
	{ "POST", "/api/members/:node/revoke",
	    ROLE_BIT_ADMINISTRATOR | ROLE_BIT_SECURITY | ROLE_BIT_SUPERVISOR |
		ROLE_BIT_PRIVACY,
	    "operations", API_WRITES | API_CONFIRMED, NULL, lost_body, "revoke",
	    do_confirmed,
	    "it is out of the network for good, with the password again; lost "
	    "or compromised: whose records were on it have to be told" },
	{ "POST", "/api/sync", ANYBODY, "operations", API_WRITES, NULL,
	    sync_body, "sync", do_sync_now,
	    "call this peer, or all that have an address, now" },
	{ "GET", "/api/held", ROLE_BIT_ADMINISTRATOR | ROLE_BIT_SECURITY,
	    "operations", 0, NULL, NULL, "held", NULL,
	    "what arrived and is not applied" },
	{ "GET", "/api/accounts",
	    ROLE_BIT_ADMINISTRATOR | ROLE_BIT_SECURITY | ROLE_BIT_AUDITOR,
	    "administration", 0, NULL, NULL, NULL, do_accounts,
	    "the accounts of this computer" },
	{ "POST", "/api/accounts", ROLE_BIT_ADMINISTRATOR, "administration",
	    API_WRITES, NULL, account_body, "account add", do_confirmed,
	    "an account, with the password it starts with" },
	{ "POST", "/api/accounts/:name/role", ROLE_BIT_ADMINISTRATOR,
	    "administration", API_WRITES, NULL, role_body, "account role",
	    do_confirmed, "a role, and whose records it reaches" },
	{ "POST", "/api/accounts/:name/disable", ROLE_BIT_ADMINISTRATOR,
	    "administration", API_WRITES, NULL, confirm_body, "account disable",
	    do_confirmed, "it cannot sign in any more, for good" },
	{ "POST", "/api/accounts/:name/release", ROLE_BIT_ADMINISTRATOR,
	    "administration", API_WRITES, NULL, confirm_body, "account release",
	    do_confirmed,
	    "it was locked out, or closed because nobody used it" },
	{ "POST", "/api/accounts/:name/password", ROLE_BIT_ADMINISTRATOR,
	    "administration", API_WRITES, NULL, reset_body, "account password",
	    do_confirmed, "another password, to be replaced at sign-in" },
	{ "GET", "/api/audit/state", AUDITORS, "audit", 0, NULL, NULL,
	    "audit state", NULL,
	    "how long the journal is kept, from when on, and the weekly look "
	    "through it" },
	{ "GET", "/api/audit/review", AUDITORS, "audit", 0, NULL, NULL,
	    "audit review", NULL,
	    "what it came to since the last look, and all that failed" },
	{ "POST", "/api/audit/review", AUDITORS, "audit", API_WRITES, NULL,
	    audit_review_body, "audit review", NULL,
	    "it was looked through; says the same once more" },
	{ "GET", "/api/audit", AUDITORS, "audit", 0, audit_query_fields, NULL,
	    NULL, do_audit,
	    "the journal: who did and read what; looking is an entry, too" },
};
const size_t api_route_count = COUNT_OF(api_routes);
