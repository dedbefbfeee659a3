/*
 * What of the rows that can be read here is shown to whoever acts, and what has to
 * stand on it: asked for each row by list, get, find, history, conflicts, print,
 * export and the page's API.
 *
 * Today: what an order closes is not shown but to the roles that it names, and
 * looks as if it was not there; so do the counseling notes of another. The account of disclosures is shown to the roles
 * that the pack says need it; where no role was given yet, on the office's server,
 * to whoever works there. So are orders to seal, with their scope and answers, to who
 * may order one, and openings in an emergency to who reviews them and to who made
 * them. What another agency discloses under protection
 * carries its notice, which cannot be left out. What it disclosed on terms that
 * have ended, or under a consent for other roles than those of whoever acts, is not
 * shown either (policy/gate_view.h, recipient.h); of that, whose it is and
 * whom to ask may be said. An emergency opening of whoever acts (cmd_emergency.c)
 * lifts the case load and the terms for the person and the categories that it
 * names while it runs; never an order's seal, and no key.
 */
#ifndef FOOTBRIDGE_NODE_VIEW_H
#define FOOTBRIDGE_NODE_VIEW_H

#include "node/policy/pack.h"
#include "node/run.h"
#include "sync/read.h"

struct closed;
struct gate_view;
struct view_notice;

#define VIEW_NOTICES 16
struct view {
	struct replica *r;
	struct run *run;     /* NULL: view_open */
	struct view *before; /* that was open in the run when this began */
	struct closed *closed;
	struct policy_pack *pack;
	struct gate_view *gate;
	enum policy_kind own; /* kind of the own agency */
	uint32_t roles;
	struct row_id staff; /* who acts */
	bool has_staff;
	bool by_role;         /* the agency has given roles */
	bool account;         /* shows AUD */
	bool seals, openings; /* shows orders to seal, emergency openings */
	/* the civil minute at which the emergency ends that showed something;
	 * 0: none was needed */
	int64_t emergency;
	bool emergency_said;
	int64_t hidden;
	/* the notice of the compartment that was asked about last */
	int64_t cpt;
	const char *notice;
	char basis[LIMIT_BASIS_BYTES + 1];
	/* codes that were said already, borrowed from the pack */
	const char *said[VIEW_NOTICES];
	size_t said_count;
};

/* For whoever acts in this run, in which it is open until view_end (run->view): it
 * does not move; or for somebody with these roles (bits of policy_role). Released
 * with view_end() when OK, the last one begun first. */
enum err view_begin(struct view *v, struct run *run, struct fail *f);
enum err view_open(struct view *v, struct replica *r, uint32_t roles,
    struct fail *f);
void view_end(struct view *v);
/* Is this row shown? Counts those that are not. */
bool view_shows(struct view *v, const struct read_row *row);
/* May anything be said of records of this kind, that keys for them were given, say? */
bool view_tells(const struct view *v, const struct row_id *subject,
    const char *category, const struct agency_id *owner);
/* Where a row is; all borrowed. */
struct view_place {
	int64_t cpt;
	const struct row_id *subject;
	const char *category;
	const struct agency_id *owner;
};
struct view_place view_place(const struct read_row *row);
/* Do the terms that it came under still hold, or does an emergency of whoever acts
 * open it? *why, appended, may be NULL: one sentence, when not. A failure is kept in
 * *e, and nothing is open any more. */
bool view_open_still(struct view *v, const struct view_place *at,
    struct buf *why, enum err *e, struct fail *f);
/* Is the person within reach of whoever acts (actor.h), or does an emergency open
 * this category of them? After view_begin. */
bool view_sees(struct view *v, const struct row_id *subject,
    const char *category, const struct agency_id *owner);
/* All three: may whoever acts read this row now? A failure is kept in *e. */
bool view_reads(struct view *v, const struct read_row *row, enum err *e,
    struct fail *f);
/* The same of what is at a place without a row: no counseling notes, for whose
 * they are stands in the row. */
bool view_reads_at(struct view *v, const struct view_place *at, enum err *e,
    struct fail *f);
/* The same of what is said about a row, which itself may not be here. */
bool view_reads_said(struct view *v, const struct conflict *c, enum err *e,
    struct fail *f);
/* Does an emergency of whoever acts open this category (NULL: any) of this
 * owner (NULL: the own agency) now? */
bool view_in_emergency(struct view *v, const struct row_id *subject,
    const char *category, const struct agency_id *owner);
/* May whoever acts see this row? ERR_NOTFOUND, in the words for a row that is not
 * there, when not; OK also when there is none. cost: view_begin */
enum err view_row(struct run *run, const struct table *t,
    const struct row_id *id, struct fail *f);
/* The code of the notice that goes with this row; NULL: none. Borrowed. */
const char *view_notice(struct view *v, const struct read_row *row);
/* What the owner shared it on, in the words of the grant, "consent:..."; "": not
 * readable here, or nobody else's. After view_notice of the same row. Borrowed. */
const char *view_basis(const struct view *v);
/* Its text, borrowed. */
const char *view_notice_text(const struct view *v, const char *code);
/* As text, before the first row that it stands on; after view_begin. Before the
 * first row that only an emergency shows, that it does and until when. */
void view_say_notice(struct view *v, const struct read_row *row);

#endif
