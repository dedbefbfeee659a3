#include "node/disclosed.h"

#include <stdio.h>
#include <string.h>

#include "node/entry.h"
#include "node/party.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/ground.h"
#include "node/policy/notice.h"
#include "node/policy/rows.h"
#include "sync/given.h"
#include "sync/hash.h"

#define PASSES 4 /* of GIVEN_PASS compartments, before others have a turn */
#define WHAT_BYTES 400

enum err
disclosed_write(struct row_id *made, struct replica *r,
    const struct disclosed *d, const struct row_id *row,
    const struct row_id *staff, struct fail *f)
{
	const struct member_agency *agency = NULL;
	const char *to_person = d->to_person;
	struct entry x;
	bool listed = false;
	enum err e = d->to != NULL ? party_listed(&listed, r, d->to, f) : OK;

	if (e != OK)
		return e;
	/* before the directory came: by the name that membership has */
	if (d->to != NULL && !listed)
		agency = members_agency(replica_members(r), d->to);
	if (agency != NULL && to_person == NULL)
		to_person = agency->name;
	entry_begin(&x, r, "disclosure");
	entry_id(&x, "to_agency_id", listed ? d->to->b : NULL);
	entry_text(&x, "to_person", to_person);
	entry_text(&x, "to_address", d->to_address);
	entry_text(&x, "what", d->what);
	entry_text(&x, "category", d->category);
	entry_text(&x, "purpose", policy_word(LIST_PURPOSE, (int)d->purpose));
	entry_text(&x, "basis", d->basis);
	entry_text(&x, "basis_words", d->basis_words);
	entry_id(&x, "basis_id", d->basis_id);
	if (d->consent_hash != NULL)
		entry_bytes(&x, "consent_hash", d->consent_hash,
		    DISCLOSED_HASH_BYTES);
	entry_text(&x, "notice_code", d->notice);
	entry_text(&x, "policy_version", d->policy_version);
	entry_text(&x, "channel", d->channel);
	entry_text(&x, "way", d->way);
	entry_text(&x, "although", d->although);
	entry_int(&x, "item_count", d->items);
	entry_time(&x, "sent_at", d->at_ms);
	if (d->before_notice)
		entry_int(&x, "before_notice", 1);
	entry_id(&x, "staff_id", staff != NULL ? staff->b : NULL);
	if (row == NULL)
		return entry_new(&x, made, &d->person, staff, f);
	*made = *row;
	e = entry_insert(&x, made, &d->person, staff, f);
	return e == ERR_EXISTS ? OK : e;
}

/* ---- the copy of a consent -------------------------------------------------------- */

enum err
disclosed_row_hash(uint8_t out[static DISCLOSED_HASH_BYTES],
    const struct read_row *row)
{
	struct buf b = { .limit = LIMIT_VALUE_BYTES * 2 };
	struct hash h;
	enum err e;

	hash_init(&h, LABEL_ROW_COPY, DISCLOSED_HASH_BYTES, NULL, 0);
	hash_put(&h, row->id.b, ID_BYTES);
	for (size_t i = 0; i < row->table->field_count; i++) {
		const struct field *field = &row->table->fields[i];

		buf_reset(&b);
		value_encode(&b, &row->values[field->number]);
		hash_u64(&h, field->number);
		hash_bytes(&h, b.p, b.n);
	}
	hash_final(&h, out);
	e = b.err;
	buf_release(&b);
	return e;
}

struct copying {
	uint8_t *out;
	enum err e;
};

static bool
on_consent(void *context, const struct read_row *row)
{
	struct copying *c = context;

	c->e = disclosed_row_hash(c->out, row);
	return false;
}

enum err
disclosed_consent_hash(uint8_t out[static DISCLOSED_HASH_BYTES],
    struct replica *r, const struct row_id *consent, struct fail *f)
{
	const struct table *t = registry_table(replica_registry(r), "consent");
	struct copying c = { .out = out };
	enum err e = read_get(r, t, consent, 0, on_consent, &c, f);

	return e == OK && c.e != OK ? fail_code(f, c.e) : e;
}

/* ---- what sync gave ------------------------------------------------------------------ */

struct settling {
	struct replica *r;
	struct policy_pack *pack;
	policy_day today;
	bool registrar, stick;
};

/* "appointment 2, attendance 1, parts of documents 3" */
static void
say_what(char out[static WHAT_BYTES], const struct given *g)
{
	struct buf b = { .limit = WHAT_BYTES - 1 };

	for (size_t k = 0; k < g->table_count; k++)
		buf_printf(&b, "%s%s %lld", k > 0 ? ", " : "",
		    g->tables[k].table->name, (long long)g->tables[k].rows);
	if (g->parts > 0)
		buf_printf(&b, "%sparts of documents %lld", b.n > 0 ? ", " : "",
		    (long long)g->parts);
	if (b.n == 0 || b.err != OK)
		(void)snprintf(out, WHAT_BYTES, "log entries %lld",
		    (long long)g->entries + (long long)g->parts);
	else
		(void)snprintf(out, WHAT_BYTES, "%.*s", (int)b.n,
		    (const char *)b.p);
	buf_release(&b);
}

/* One row for one batch, whoever tells of it and how often. */
static void
make_id(struct row_id *out, struct replica *r, const struct given *g)
{
	const struct table *t =
	    registry_table(replica_registry(r), "disclosure");
	char text[2 * SEGMENT_ID_BYTES + ID_TEXT_BYTES + 1];

	hex_encode(text, g->last.b, SEGMENT_ID_BYTES);
	hex_encode(text + 2 * SEGMENT_ID_BYTES, g->agency.b, ID_BYTES);
	write_import_id(out, r, "account of disclosures", t, text);
}

static int64_t
rows_of(const struct given *g)
{
	int64_t n = g->parts > 0 ? 1 : 0;

	for (size_t k = 0; k < g->table_count; k++)
		n += g->tables[k].rows;
	return n > 0 ? n : g->entries;
}

static enum err
take_basis(struct disclosed *d, struct ground *ground, uint8_t *hash,
    const struct settling *x, const struct given *g, struct fail *f)
{
	struct policy_party to = { .kind = PARTY_HUB };
	enum err e = ground_read(ground, x->r, g->basis, f);

	if (e == OK)
		e = party_find(&to, x->r, &g->agency, f);
	if (e == ERR_INPUT)
		e = OK;
	if (e != OK)
		return e;
	d->basis = ground_word(ground);
	d->basis_words = g->basis;
	d->basis_id = ground->has_id ? ground->id.b : NULL;
	d->purpose = ground->purpose >= 0 ? (enum policy_purpose)ground->purpose
					  : party_usual_purpose(to.kind);
	d->notice = ground->notice[0] != '\0'
	    ? ground->notice
	    : policy_notice(x->pack, g->category, to.kind, ground->ground,
		  ground->kind);
	d->policy_version =
	    ground->pack[0] != '\0' ? ground->pack : x->pack->version;
	d->before_notice = g->ended ||
	    (ground->revoked != POLICY_NO_DAY && ground->revoked <= x->today);
	if (ground->ground != GROUND_CONSENT || !ground->found)
		return OK;
	d->consent_hash = hash;
	return disclosed_consent_hash(hash, x->r, &ground->id, f);
}

static enum err
on_given(void *context, const struct given *g, struct fail *f)
{
	struct settling *x = context;
	char what[WHAT_BYTES], way[LIMIT_NAME_BYTES + 64] = "";
	uint8_t hash[DISCLOSED_HASH_BYTES];
	struct ground ground;
	struct row_id id;
	struct disclosed d = { .person = g->subject,
		.to = &g->agency,
		.what = what,
		.category = g->category,
		.channel = x->stick ? "bundle" : "sync",
		.way = way,
		.items = rows_of(g),
		.at_ms = g->at_ms };
	enum err e;

	/* from a relay on it is the registrar who tells */
	if (g->by != NULL && !x->registrar)
		return OK;
	if (g->by != NULL)
		(void)snprintf(way, sizeof(way), "by way of %s", g->by->name);
	say_what(what, g);
	e = take_basis(&d, &ground, hash, x, g, f);
	if (e != OK)
		return e;
	make_id(&id, x->r, g);
	e = disclosed_write(&id, x->r, &d, &id, NULL, f);
	/* the person's account itself was destroyed by an order */
	return e == ERR_DENIED ? OK : e;
}

static enum err
settle(struct settling *x, const struct node_id *stick, bool *more,
    struct fail *f)
{
	enum err e = OK;

	*more = true;
	x->stick = stick != NULL;
	/* a stick is written once: to its end */
	for (int k = 0; e == OK && *more && (k < PASSES || stick != NULL); k++)
		e = given_pass(x->r, stick, on_given, x, more, f);
	return e;
}

enum err
disclosed_settle(struct replica *r, const struct node_id *stick, bool *more,
    struct fail *f)
{
	const struct member_node *self =
	    members_node(replica_members(r), &replica_identity(r)->node);
	struct settling x = { .r = r, .today = policy_today(r) };
	bool approved, any = stick != NULL;
	enum err e = OK;

	*more = false;
	if (self == NULL || replica_restored(r, NULL) != LIFE_NONE ||
	    replica_identity(r)->is_forgotten)
		return OK;
	if (!any)
		e = given_any(r, &any, f);
	if (e != OK || !any)
		return e;
	x.registrar = (self->roles & MEMBER_REGISTRAR) != 0;
	e = policy_active(&x.pack, &approved, r, x.today, f);
	if (e != OK)
		return e;
	e = settle(&x, NULL, more, f);
	if (e == OK && stick != NULL) {
		while (e == OK && *more)
			e = settle(&x, NULL, more, f);
		if (e == OK)
			e = given_stick(r, stick, f);
		if (e == OK)
			e = settle(&x, stick, more, f);
	}
	pack_free(x.pack);
	return e;
}
