/* lint: table. What each route takes. */
#include "node/api/fields.h"

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

/* ---- what they take ---- */

const struct api_field field_audit_review_body[] = {
	{ .name = "done", .type = API_BOOL, .to = API_OPTION, .must = true },
	END,
};

const struct api_field field_sign_in_body[] = {
	{ .name = "name", .type = API_WORD, .must = true },
	{ .name = "password", .type = API_TEXT, .must = true },
	{ .name = "code", .type = API_WORD },
	END,
};
const struct api_field field_unlock_body[] = {
	{ .name = "password", .type = API_TEXT, .must = true },
	{ .name = "code", .type = API_WORD },
	END,
};
const struct api_field field_password_body[] = {
	{ .name = "was", .type = API_TEXT, .must = true },
	{ .name = "now", .type = API_TEXT, .must = true },
	{ .name = "code", .type = API_WORD },
	END,
};
/* not right after signing in, while there is no second factor yet */
const struct api_field field_factor_body[] = {
	{ .name = "confirm_password", .type = API_TEXT },
	{ .name = "confirm_code", .type = API_WORD },
	END,
};
const struct api_field field_code_body[] = {
	{ .name = "code", .type = API_WORD, .must = true },
	END,
};
const struct api_field field_list_query[] = {
	FIELD_ROW(API_PAIRS),
	{ .name = "limit", .type = API_INT, .to = API_OPTION },
	{ .name = "after", .type = API_WORD, .to = API_OPTION },
	END,
};
const struct api_field field_new_body[] = {
	{ .name = "fields", .type = API_ROW, .to = API_INPUT, .must = true },
	{ .name = "into", .type = API_WORD, .to = API_OPTION },
	END,
};
const struct api_field field_change_body[] = {
	{ .name = "fields", .type = API_ROW, .to = API_INPUT, .must = true },
	{ .name = "seen", .type = API_WORD, .to = API_OPTION, .must = true },
	/* where a change can give something back (may_put_gives) */
	{ .name = "confirm_password", .type = API_TEXT },
	{ .name = "confirm_code", .type = API_WORD },
	END,
};
const struct api_field field_fields_body[] = {
	{ .name = "fields", .type = API_ROW, .must = true },
	END,
};
const struct api_field field_search_query[] = {
	{ .name = "q", .type = API_WORD, .must = true },
	{ .name = "limit", .type = API_INT },
	END,
};
const struct api_field field_typed_body[] = {
	{ .name = "text", .type = API_TEXT, .must = true },
	{ .name = "person", .type = API_WORD },
	END,
};
const struct api_field field_timeline_query[] = {
	{ .name = "table", .type = API_WORD },
	{ .name = "limit", .type = API_INT },
	{ .name = "after", .type = API_WORD },
	END,
};
const struct api_field field_attendance_items[] = {
	{ .name = "appointment", .type = API_WORD, .must = true },
	{ .name = "result", .type = API_WORD, .must = true },
	{ .name = "minutes", .type = API_INT },
	{ .name = "absence_reason", .type = API_WORD },
	{ .name = "concern_code", .type = API_WORD },
	END,
};
const struct api_field field_roster_query[] = {
	{ .name = "on", .type = API_WORD },
	END,
};
const struct api_field field_group_body[] = {
	{ .name = "on", .type = API_WORD, .must = true },
	{ .name = "attendance",
	    .type = API_LIST,
	    .items = field_attendance_items,
	    .must = true },
	END,
};
const struct api_field field_recipient_items[] = {
	{ .name = "agency", .type = API_WORD, .must = true },
	{ .name = "role", .type = API_WORD },
	{ .name = "person_name", .type = API_WORD },
	END,
};
const struct api_field field_consent_body[] = {
	{ .name = "fields", .type = API_ROW, .must = true },
	{ .name = "categories", .type = API_WORDS, .must = true },
	{ .name = "recipients",
	    .type = API_LIST,
	    .items = field_recipient_items,
	    .must = true },
	END,
};
const struct api_field field_revoke_body[] = {
	{ .name = "seen", .type = API_WORD, .must = true },
	{ .name = "happened_at", .type = API_WORD, .must = true },
	{ .name = "revoked_on", .type = API_WORD, .must = true },
	{ .name = "channel", .type = API_WORD },
	{ .name = "by_whom", .type = API_WORD },
	{ .name = "reason", .type = API_TEXT },
	END,
};
const struct api_field field_may_query[] = {
	{ .name = "category", .type = API_WORD, .to = API_ARG, .must = true },
	{ .name = "to", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "from", .type = API_WORD, .to = API_OPTION },
	{ .name = "purpose", .type = API_WORD, .to = API_OPTION },
	{ .name = "role", .type = API_WORD, .to = API_OPTION },
	{ .name = "relation", .type = API_WORD, .to = API_OPTION },
	{ .name = "by", .type = API_WORD, .to = API_OPTION },
	{ .name = "on", .type = API_WORD, .to = API_OPTION },
	END,
};
const struct api_field field_share_body[] = {
	{ .name = "categories",
	    .type = API_WORDS,
	    .to = API_ARG,
	    .must = true },
	{ .name = "to", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "basis", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "write", .type = API_BOOL, .to = API_OPTION },
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
const struct api_field field_unshare_body[] = {
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
const struct api_field field_disclosures_query[] = {
	{ .name = "from", .type = API_WORD, .to = API_OPTION },
	{ .name = "to", .type = API_WORD, .to = API_OPTION },
	{ .name = "part2", .type = API_BOOL, .to = API_OPTION },
	{ .name = "hipaa", .type = API_BOOL, .to = API_OPTION },
	{ .name = "language", .type = API_WORD, .to = API_OPTION },
	END,
};
const struct api_field field_disclose_body[] = {
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
const struct api_field field_forms_query[] = {
	{ .name = "person", .type = API_WORD, .to = API_OPTION },
	{ .name = "consent", .type = API_WORD, .to = API_OPTION },
	{ .name = "notice", .type = API_WORD, .to = API_OPTION },
	{ .name = "language", .type = API_WORD, .to = API_OPTION },
	{ .name = "html", .type = API_BOOL, .to = API_OPTION },
	END,
};
const struct api_field field_emergency_body[] = {
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
const struct api_field field_account_body[] = {
	{ .name = "name", .type = API_WORD, .to = API_ARG, .must = true },
	{ .name = "password", .type = API_TEXT, .to = API_INPUT, .must = true },
	{ .name = "administrator", .type = API_BOOL, .to = API_OPTION },
	{ .name = "staff", .type = API_WORD, .to = API_OPTION },
	{ .name = "hours", .type = API_INT, .to = API_OPTION },
	{ .name = "slot", .type = API_BOOL, .to = API_OPTION },
	CONFIRM,
	END,
};
const struct api_field field_role_body[] = {
	{ .name = "role", .type = API_WORD, .to = API_ARG, .must = true },
	{ .name = "scope", .type = API_WORD, .to = API_OPTION },
	{ .name = "until", .type = API_WORD, .to = API_OPTION },
	CONFIRM,
	END,
};
const struct api_field field_reset_body[] = {
	{ .name = "password", .type = API_TEXT, .to = API_INPUT, .must = true },
	{ .name = "slot", .type = API_BOOL, .to = API_OPTION },
	CONFIRM,
	END,
};
const struct api_field field_confirm_body[] = {
	CONFIRM,
	END,
};
/* what cannot be taken back, and wants the password again, too */
#define CONFIRM_TWICE \
	{ .name = "confirm", .type = API_BOOL, .must = true }, CONFIRM

const struct api_field field_reach_query[] = {
	{ .name = "category", .type = API_WORD },
	END,
};
const struct api_field field_give_body[] = {
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
const struct api_field field_transfer_body[] = {
	{ .name = "categories",
	    .type = API_WORDS,
	    .to = API_ARG,
	    .must = true },
	{ .name = "to", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "basis", .type = API_WORD, .to = API_OPTION },
	CONFIRM_TWICE,
	END,
};
const struct api_field field_carry_body[] = {
	{ .name = "on", .type = API_WORD, .to = API_OPTION },
	{ .name = "off", .type = API_WORD, .to = API_OPTION },
	CONFIRM,
	END,
};
const struct api_field field_seal_body[] = {
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
const struct api_field field_shred_body[] = {
	{ .name = "categories", .type = API_WORDS, .to = API_ARG },
	{ .name = "order", .type = API_WORD, .to = API_OPTION, .must = true },
	CONFIRM_TWICE,
	END,
};
const struct api_field field_confirm_twice_body[] = {
	CONFIRM_TWICE,
	END,
};
const struct api_field field_sync_body[] = {
	{ .name = "peer", .type = API_WORD },
	END,
};
const struct api_field field_bundle_out_body[] = {
	{ .name = "for", .type = API_WORD, .must = true },
	END,
};
const struct api_field field_bundle_in_body[] = {
	{ .name = "bytes", .type = API_FILE, .must = true },
	END,
};
const struct api_field field_lost_body[] = {
	{ .name = "reason", .type = API_WORD, .to = API_OPTION, .must = true },
	CONFIRM_TWICE,
	END,
};
const struct api_field field_told_body[] = {
	{ .name = "how", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "on", .type = API_WORD, .to = API_OPTION },
	END,
};
const struct api_field field_review_body[] = {
	{ .name = "verdict", .type = API_WORD, .to = API_OPTION, .must = true },
	{ .name = "note", .type = API_TEXT, .to = API_OPTION },
	END,
};
const struct api_field field_all_query[] = {
	{ .name = "all", .type = API_BOOL, .to = API_OPTION },
	END,
};
const struct api_field field_keep_body[] = {
	{ .name = "keep", .type = API_INT, .to = API_OPTION, .must = true },
	/* where the direct act wants it, too (settle.h) */
	{ .name = "confirm_password", .type = API_TEXT },
	{ .name = "confirm_code", .type = API_WORD },
	END,
};
const struct api_field field_accept_body[] = {
	{ .name = "keep", .type = API_INT, .to = API_OPTION },
	/* where the direct act wants it, too (settle.h) */
	{ .name = "confirm_password", .type = API_TEXT },
	{ .name = "confirm_code", .type = API_WORD },
	END,
};
const struct api_field field_decline_body[] = {
	{ .name = "reason", .type = API_TEXT, .to = API_OPTION, .must = true },
	END,
};
const struct api_field field_sign_body[] = {
	{ .name = "withdraw", .type = API_BOOL, .to = API_OPTION },
	{ .name = "confirm", .type = API_BOOL, .must = true },
	CONFIRM,
	END,
};

const struct api_field field_audit_query_fields[] = {
	{ .name = "after", .type = API_INT },
	{ .name = "limit", .type = API_INT },
	{ .name = "newest", .type = API_BOOL },
	{ .name = "person", .type = API_WORD },
	{ .name = "staff", .type = API_WORD },
	{ .name = "act", .type = API_WORD },
	{ .name = "failed", .type = API_BOOL },
	END,
};
