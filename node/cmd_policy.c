/* policy list, show, check, sign, withdraw. */
#include "node/cmd.h"

#include <string.h>

#include "node/name.h"
#include "node/policy/active.h"
#include "node/policy/case.h"
#include "node/policy/refuse.h"
#include "node/policy/shipped.h"
#include "node/policy/vectors.h"

struct packs {
	struct policy_known *list;
	size_t count;
	struct arena arena;
};

static enum err
load(struct packs *x, struct run *run, struct fail *f)
{
	return policy_packs(&x->list, &x->count, run->replica, &x->arena, f);
}

static const char *
day_or(char text[static POLICY_DAY_CHARS], policy_day day, const char *none)
{
	if (day == POLICY_NO_DAY)
		return none;
	policy_day_text(text, day);
	return text;
}

/* ---- list and show ------------------------------------------------------------------ */

static const char *
state_of(const struct packs *x, const struct policy_known *k, policy_day today)
{
	if (policy_in_force(x->list, x->count, today) == k)
		return "in force";
	if (k->shipped)
		return "sample, shipped with the program";
	if (k->altered)
		return "altered: its text is not the one that was issued";
	if (k->withdrawn_on != POLICY_NO_DAY)
		return "withdrawn";
	if (k->signed_on == POLICY_NO_DAY)
		return "not signed here";
	return k->effective != POLICY_NO_DAY && k->effective > today
	    ? "signed, not begun"
	    : "signed, a later one is in force";
}

static void
say_pack(struct run *run, const struct packs *x, const struct policy_known *k)
{
	char id[ID_TEXT_BYTES] = "shipped", from[POLICY_DAY_CHARS];
	char on[POLICY_DAY_CHARS];

	if (!k->shipped)
		hex_encode(id, k->id.b, ID_BYTES);
	run_say(run, "%.8s  %s %s, from %s: %s\n", id, k->name, k->version,
	    day_or(from, k->effective, "no day"),
	    state_of(x, k, policy_today(run->replica)));
	if (k->signed_on != POLICY_NO_DAY)
		run_say(run, "          signed here on %s\n",
		    day_or(on, k->signed_on, ""));
	if (k->withdrawn_on != POLICY_NO_DAY)
		run_say(run, "          withdrawn here on %s\n",
		    day_or(on, k->withdrawn_on, ""));
}

static json_t *
pack_json(struct run *run, const struct packs *x, const struct policy_known *k)
{
	char id[ID_TEXT_BYTES] = "shipped", from[POLICY_DAY_CHARS];
	char on[POLICY_DAY_CHARS], off[POLICY_DAY_CHARS];
	policy_day today = policy_today(run->replica);

	if (!k->shipped)
		hex_encode(id, k->id.b, ID_BYTES);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "id", id,
	    "name", k->name, "version", k->version, "effective_on",
	    day_or(from, k->effective, ""), "state", state_of(x, k, today),
	    "signed_on", day_or(on, k->signed_on, ""), "withdrawn_on",
	    day_or(off, k->withdrawn_on, ""), "in_force",
	    policy_in_force(x->list, x->count, today) == k);
}

enum err
cmd_policy_list(struct run *run, struct fail *f)
{
	struct packs x = { 0 };
	json_t *array = run->cli->json ? json_array() : NULL;
	enum err e = load(&x, run, f);

	for (size_t k = 0; e == OK && k < x.count; k++) {
		if (array != NULL)
			(void)json_array_append_new(array,
			    pack_json(run, &x, &x.list[k]));
		else
			say_pack(run, &x, &x.list[k]);
	}
	if (e == OK && array != NULL)
		e = run_json(run, json_incref(array), f);
	else if (e == OK &&
	    policy_in_force(x.list, x.count, policy_today(run->replica)) ==
		NULL)
		run_say(run, "%s\n", POLICY_SAMPLE_WORDS);
	json_decref(array);
	arena_release(&x.arena);
	return e;
}

/* By id, its beginning, or "shipped"; no word: the one that decides today. */
static enum err
find_pack(const struct policy_known **out, const struct packs *x,
    struct run *run, const char *word, struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(run->replica), "policy_pack");
	const struct policy_known *now =
	    policy_in_force(x->list, x->count, policy_today(run->replica));
	struct row_id id;
	enum err e;

	*out = now != NULL ? now : &x->list[0];
	if (word == NULL)
		return OK;
	*out = &x->list[0];
	if (strcmp(word, "shipped") == 0)
		return OK;
	e = name_row(&id, run, t, word, f);
	for (size_t k = 1; e == OK && k < x->count; k++) {
		*out = &x->list[k];
		if (id_equal(&x->list[k].id, &id))
			return OK;
	}
	return e != OK ? e
		       : fail_set(f, ERR_NOTFOUND,
			     "no pack begins with %.40s; footbridge policy "
			     "list names them",
			     word);
}

enum err
cmd_policy_show(struct run *run, struct fail *f)
{
	const struct policy_known *k = NULL;
	struct packs x = { 0 };
	enum err e = load(&x, run, f);

	if (e == OK)
		e = find_pack(&k, &x, run, run_word(run, 0), f);
	if (e == OK && run->cli->json) {
		json_t *j = pack_json(run, &x, k);

		if (j != NULL)
			(void)json_object_set_new(j, "text",
			    json_stringn(k->body, k->body_n));
		e = run_json(run, j, f);
	} else if (e == OK) {
		run_say(run, "%.*s", (int)k->body_n, k->body);
	}
	arena_release(&x.arena);
	return e;
}

/* ---- check --------------------------------------------------------------------------- */

/* A pack and the cases it has to pass, from files or as shipped. */
struct checking {
	struct run *run;
	struct buf body, vectors;
	struct policy_pack *pack;
	struct vectors_result result;
};

static void
release(struct checking *c)
{
	pack_free(c->pack);
	buf_release(&c->body);
	buf_release(&c->vectors);
}

static enum err
read_file(struct buf *out, size_t most, struct run *run, const char *name,
    struct fail *f)
{
	const struct env *env = replica_env(run->replica);
	struct buf path = { 0 };
	enum err e;

	buf_init(out, most);
	e = env->file_read(env->self, out, run_path(run, &path, name), most, f);
	buf_release(&path);
	return e == OK ? e : fail_in(f, e, "%.80s", name);
}

static void
on_case(void *context, const struct vector_told *told)
{
	struct checking *c = context;

	if (!told->agrees)
		run_say(c->run, "%s\n    %s\n    it says: %s\n", told->title,
		    told->differs, told->why);
}

static enum err
play(struct checking *c, vectors_fn each, struct fail *f)
{
	const char *name = cli_get(c->run->cli, "cases");
	struct shipped s;
	enum err e;

	if (name != NULL) {
		e = read_file(&c->vectors, VECTORS_BYTES_MAX, c->run, name, f);
		s = (struct shipped){ (const char *)c->vectors.p,
			c->vectors.n };
	} else {
		e = shipped_vectors(&s, f);
		name = "the cases that are shipped";
	}
	if (e != OK)
		return e;
	e = vectors_play(&c->result, c->pack, s.text, s.n, each, c, f);
	return e == OK ? e : fail_in(f, e, "%.80s", name);
}

/* The file of the first word: read as a pack, every case played. */
static enum err
check_text(struct checking *c, const char *name, vectors_fn each,
    struct fail *f)
{
	enum err e =
	    pack_parse(&c->pack, (const char *)c->body.p, c->body.n, f);

	if (e != OK)
		return fail_in(f, e, "%.80s", name);
	return play(c, each, f);
}

enum err
cmd_policy_check(struct run *run, struct fail *f)
{
	const char *name = run_word(run, 0);
	struct checking c = { .run = run };
	enum err e = read_file(&c.body, PACK_BYTES_MAX, run, name, f);

	if (e == OK)
		e = check_text(&c, name, run->cli->json ? NULL : on_case, f);
	if (e == OK && run->cli->json)
		e = run_json(run,
		    json_pack("{s:s, s:s, s:b, s:I, s:I}", "name", c.pack->name,
			"version", c.pack->version, "sample", c.pack->sample,
			"cases", (json_int_t)c.result.played, "differ",
			(json_int_t)c.result.differed),
		    f);
	else if (e == OK)
		run_say(run, "%s %s: %zu cases, %zu decided otherwise%s\n",
		    c.pack->name, c.pack->version, c.result.played,
		    c.result.differed,
		    c.pack->sample ? "; it calls itself a sample" : "");
	run->decide = e == OK && c.result.differed > 0;
	release(&c);
	return e;
}

/* ---- sign ------------------------------------------------------------------------------ */

#define TEXT(s) \
	{ \
		.type = VALUE_TEXT, .p = (const uint8_t *)(s), .n = strlen(s) \
	}

static enum err
write_fields(struct row_id *made, struct run *run, const struct table *t,
    const struct write_field *fields, size_t count, struct fail *f)
{
	const struct agency_id *own = &replica_identity(run->replica)->agency;
	struct row_id staff, subject;
	struct write_request q = { .table = t,
		.fields = fields,
		.field_count = count,
		.subject = &subject };
	bool have = false;
	int64_t draft;
	enum err e = name_acting(&staff, &have, run, f);

	if (e != OK)
		return e;
	memcpy(subject.b, own->b, ID_BYTES);
	q.staff = have ? &staff : NULL;
	e = write_row(run->replica, made, &draft, &q, f);
	run->wrote = run->wrote || e == OK;
	return e;
}

/* The pack as a row of the own agency, if this very text is none yet. */
static enum err
keep_pack(struct row_id *id, const struct checking *c,
    const uint8_t hash[static POLICY_HASH_BYTES], const struct packs *x,
    struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(c->run->replica), "policy_pack");
	const struct write_field fields[] = {
		{ table_field(t, "jurisdiction"), TEXT(c->pack->name) },
		{ table_field(t, "version"), TEXT(c->pack->version) },
		{ table_field(t, "effective_on"),
		    { .type = VALUE_DATE, .i = c->pack->effective } },
		{ table_field(t, "body"),
		    { .type = VALUE_TEXT, .p = c->body.p, .n = c->body.n } },
		{ table_field(t, "body_hash"),
		    { .type = VALUE_BYTES,
			.p = hash,
			.n = POLICY_HASH_BYTES } },
		{ table_field(t, "sample"),
		    { .type = VALUE_INT, .i = c->pack->sample } },
	};

	for (size_t k = 0; k < x->count; k++) {
		const struct policy_known *p = &x->list[k];

		if (p->shipped || p->altered ||
		    memcmp(p->hash, hash, POLICY_HASH_BYTES) != 0)
			continue;
		*id = p->id;
		return OK;
	}
	return write_fields(id, c->run, t, fields, COUNT_OF(fields), f);
}

static enum err
write_signature(struct run *run, const struct row_id *pack,
    const uint8_t hash[static POLICY_HASH_BYTES], const char *act,
    struct fail *f)
{
	const struct table *t =
	    registry_table(replica_registry(run->replica), "policy_signature");
	struct row_id staff, made;
	struct write_field fields[5] = {
		{ table_field(t, "pack_id"),
		    { .type = VALUE_ID, .p = pack->b, .n = ID_BYTES } },
		{ table_field(t, "body_hash"),
		    { .type = VALUE_BYTES,
			.p = hash,
			.n = POLICY_HASH_BYTES } },
		{ table_field(t, "signed_on"),
		    { .type = VALUE_DATE, .i = policy_today(run->replica) } },
		{ table_field(t, "act"), TEXT(act) },
	};
	size_t count = 4;
	bool have = false;
	enum err e = name_acting(&staff, &have, run, f);

	if (e == OK && have)
		fields[count++] =
		    (struct write_field){ table_field(t, "signed_by_id"),
			    { .type = VALUE_ID, .p = staff.b, .n = ID_BYTES } };
	return e == OK ? write_fields(&made, run, t, fields, count, f) : e;
}

static enum err
say_one(struct run *run, const struct row_id *id, struct fail *f)
{
	struct packs x = { 0 };
	enum err e = load(&x, run, f);

	for (size_t k = 1; e == OK && k < x.count; k++) {
		if (!id_equal(&x.list[k].id, id))
			continue;
		if (run->cli->json)
			e = run_json(run, pack_json(run, &x, &x.list[k]), f);
		else
			say_pack(run, &x, &x.list[k]);
		break;
	}
	arena_release(&x.arena);
	return e;
}

/* Nothing of a refused pack is kept: what could be refused comes first. */
static enum err
may_sign(const struct checking *c, const char *name,
    const struct policy_known *known, struct fail *f)
{
	if (known != NULL && known->altered)
		return fail_set(f, ERR_DENIED,
		    "%.80s: its text is not the one that was issued (its hash "
		    "differs); nothing was signed",
		    name);
	if (c->pack->sample)
		return fail_set(f, ERR_DENIED,
		    "%.80s calls itself a sample: once counsel has read it, "
		    "take the line \"sample\" out; nothing was signed",
		    name);
	if (c->result.differed > 0)
		return fail_set(f, ERR_DENIED,
		    "%zu of %zu cases are decided otherwise; nothing was "
		    "signed. The first: %.150s",
		    c->result.differed, c->result.played, c->result.first);
	if (known != NULL && known->withdrawn_on != POLICY_NO_DAY)
		return fail_set(f, ERR_DENIED,
		    "this agency withdrew from this text; another version can "
		    "be signed");
	if (known != NULL && known->signed_on != POLICY_NO_DAY)
		return fail_set(f, ERR_EXISTS,
		    "this agency has signed this text already");
	return OK;
}

static const struct policy_known *
of_hash(const struct packs *x, const uint8_t *hash)
{
	for (size_t k = 0; k < x->count; k++)
		if (!x->list[k].shipped &&
		    memcmp(x->list[k].hash, hash, POLICY_HASH_BYTES) == 0)
			return &x->list[k];
	return NULL;
}

/* A pack of another agency by its id, or a file. */
static enum err
take_body(struct checking *c, const struct policy_known **known,
    const struct packs *x, struct fail *f)
{
	const char *word = run_word(c->run, 0);
	size_t n = strlen(word);

	if (n >= 8 && strspn(word, "0123456789abcdef") == n &&
	    find_pack(known, x, c->run, word, f) == OK) {
		buf_init(&c->body, PACK_BYTES_MAX);
		buf_put(&c->body, (*known)->body, (*known)->body_n);
		return c->body.err == OK ? OK : fail_code(f, c->body.err);
	}
	*known = NULL;
	return read_file(&c->body, PACK_BYTES_MAX, c->run, word, f);
}

/* Both rows or none. */
static enum err
sign(struct row_id *id, const struct checking *c,
    const uint8_t hash[static POLICY_HASH_BYTES], const struct packs *x,
    struct fail *f)
{
	struct replica *r = c->run->replica;
	enum err e = replica_begin(r, f);

	if (e != OK)
		return e;
	e = keep_pack(id, c, hash, x, f);
	if (e == OK)
		e = write_signature(c->run, id, hash, "signed", f);
	if (e == OK)
		return replica_commit(r, f);
	replica_rollback(r);
	return e;
}

enum err
cmd_policy_sign(struct run *run, struct fail *f)
{
	const struct policy_known *known = NULL;
	const char *name = run_word(run, 0);
	struct checking c = { .run = run };
	uint8_t hash[POLICY_HASH_BYTES];
	struct packs x = { 0 };
	struct row_id id, staff;
	bool have = false;
	enum err e = name_acting(&staff, &have, run, f);

	if (e == OK)
		e = load(&x, run, f);
	if (e == OK)
		e = take_body(&c, &known, &x, f);
	if (e == OK)
		e = check_text(&c, name, NULL, f);
	if (e == OK) {
		policy_hash(hash, c.body.p, c.body.n);
		if (known == NULL)
			known = of_hash(&x, hash);
		e = may_sign(&c, name, known, f);
	}
	if (e == OK)
		e = refuse_signer(run->replica, have ? &staff : NULL, f);
	if (e == OK)
		e = sign(&id, &c, hash, &x, f);
	if (e == ERR_DENIED) {
		refuse_note(run->replica, have ? &staff : NULL, "policy",
		    "policy", NULL);
		run->wrote = true;
	}
	release(&c);
	arena_release(&x.arena);
	return e == OK ? say_one(run, &id, f) : e;
}

enum err
cmd_policy_withdraw(struct run *run, struct fail *f)
{
	const struct policy_known *k = NULL;
	struct packs x = { 0 };
	struct row_id id = { 0 };
	enum err e = load(&x, run, f);

	if (e == OK)
		e = find_pack(&k, &x, run, run_word(run, 0), f);
	if (e == OK &&
	    (k->signed_on == POLICY_NO_DAY || k->withdrawn_on != POLICY_NO_DAY))
		e = fail_set(f, ERR_INPUT,
		    "this agency does not act by that pack; nothing was "
		    "withdrawn");
	if (e == OK) {
		id = k->id;
		e = write_signature(run, &id, k->hash, "withdrawn", f);
	}
	arena_release(&x.arena);
	return e == OK ? say_one(run, &id, f) : e;
}
