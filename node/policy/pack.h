/*
 * A policy pack: the rules of a jurisdiction as data.
 *
 * Text, one rule a line, words with blanks between them, # begins a comment; a
 * line that begins with a blank goes on with the one before it:
 *
 *   pack NAME VERSION            first; then in any order
 *   effective YYYY-MM-DD
 *   sample                       not approved by anybody's counsel
 *   label LABEL                  a label that the pack knows
 *   lease LABEL DAYS             shown so long after the last word that the
 *                                basis holds; without one: for ever
 *   need LABEL RELATIONS [ROLES] who needs to know inside an agency
 *   basis LABEL[.item] TO PURPOSES GROUND [notice=CODE] [copy] [no_onward]
 *         [cite=PARAGRAPH]       the first that fits and holds is taken
 *   never LABEL[.item] TO PURPOSES [cite=PARAGRAPH]
 *   require CONSENT ELEMENTS [cite=PARAGRAPH]
 *   notice CODE TEXT...          what has to stand on what is disclosed
 *   carries CHANNELS DUTIES      what a channel can take along: notice, copy,
 *                                record
 *   deadline WHAT DAYS
 *   retain LABEL YEARS
 *
 *   TO        kinds of agency, "own" (inside one agency), or any
 *   GROUND    membership | agreement | agreement:KIND | consent:KIND |
 *             authority:KIND | emergency | episode | role:ROLE | person
 *   PARAGRAPH with _ for blanks; "our_policy" where nobody made it law
 *
 * Words are those of words.h. Bounded, and refused with line and word; nothing
 * of it is code. Immutable once parsed.
 */
#ifndef FOOTBRIDGE_NODE_POLICY_PACK_H
#define FOOTBRIDGE_NODE_POLICY_PACK_H

#include "node/policy/words.h"

#define PACK_BYTES_MAX ((size_t)256 * 1024)
#define PACK_RULES_MAX 512
#define PACK_WORD_MAX 64

enum policy_ground {
	GROUND_NONE,
	GROUND_MEMBERSHIP,
	GROUND_AGREEMENT,
	GROUND_CONSENT,
	GROUND_AUTHORITY,
	GROUND_EMERGENCY,
	GROUND_EPISODE,
	GROUND_ROLE,
	GROUND_PERSON,
};

struct pack_basis {
	const char *category; /* label, or label.item */
	uint32_t to;          /* kinds; 0 with own */
	bool own, never;
	uint32_t purposes;
	enum policy_ground ground;
	int kind; /* of agreement, consent, authority or role; -1: any */
	const char *notice;
	bool copy, no_onward;
	const char *cite;
};

struct pack_need {
	const char *label;
	uint32_t relations, roles;
};

struct pack_require {
	enum policy_consent_kind kind;
	uint32_t elements;
	const char *cite;
};

struct pack_number { /* lease, deadline, retain */
	const char *what;
	int32_t n;
};

struct pack_notice {
	const char *code, *text;
};

struct policy_pack {
	const char *name, *version;
	int32_t effective; /* day */
	bool sample;
	const char **label;
	struct pack_basis *basis; /* never and basis, in their order */
	struct pack_need *need;
	struct pack_require *require;
	struct pack_number *lease, *deadline, *retain;
	struct pack_notice *notice;
	size_t label_count, basis_count, need_count, require_count, lease_count,
	    deadline_count, retain_count, notice_count;
	unsigned carries[POLICY_CHANNEL_COUNT]; /* duties, by channel */
	void *memory;                           /* owns every string above */
};

/* fails: ERR_INPUT "line 12: want a purpose, have 'treatmnt'"; ERR_LIMIT,
 * ERR_NOMEM. *out untouched. */
enum err pack_parse(struct policy_pack **out, const char *text, size_t n,
    struct fail *f);
void pack_free(struct policy_pack *p);

/* Of this label; -1: none. */
int32_t pack_lease(const struct policy_pack *p, const char *label, size_t n);
int32_t pack_deadline(const struct policy_pack *p, const char *what);
int32_t pack_retain(const struct policy_pack *p, const char *label, size_t n);
/* NULL: no such notice. */
const char *pack_notice_text(const struct policy_pack *p, const char *code);

#endif
