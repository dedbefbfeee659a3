/*
 * The machines. Each size of network is founded once, by invites as people do
 * it; a world starts from copies of those disks. A machine's storage is an env:
 * to drop a program or to put back an old disk is to go on with another one.
 */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "node/policy/refuse.h"
#include "schema/assets.h"
#include "sync/code.h"
#include "sync/join.h"
#include "sync/revoke.h"
#include "sync/slot.h"
#include "tests/sim/policy/policy.h"

#define SIZES 16

/* A founded network: closed disks. */
struct founded {
	unsigned places;
	struct env_test *env[SIM_PLACES];
	struct node_id id[SIM_PLACES];
	struct agency_id agency[SIM_AGENCIES];
};

/* What opens the key slots of every machine on a disk. */
static const uint8_t key_file[32] = "a key file of thirty-two letters";
static const struct slot_secret secret = { .kind = SLOT_KEYFILE,
	.p = key_file,
	.n = sizeof(key_file) };

static struct founded founded[SIZES];
static struct registry_source schema[SIM_SCHEMAS], real_schema[8];
static struct buf schema_text[SIM_SCHEMAS];

/* ---- who is who ---------------------------------------------------------- */

enum role { ROLE_SERVER, ROLE_REGISTRAR, ROLE_FIELD, ROLE_HUB };

struct place {
	unsigned agency, steward;
	enum role role;
};

/* Node 0 is the founder's hub, node 7 its second one; then agencies of a
 * server, a laptop and sometimes another registrar. */
static struct place
place_of(unsigned n)
{
	static const struct place small[] = {
		{ 0, 0, ROLE_HUB },
		{ 1, 0, ROLE_SERVER },
		{ 2, 0, ROLE_SERVER },
		{ 1, 1, ROLE_FIELD },
		{ 1, 1, ROLE_REGISTRAR },
		{ 3, 0, ROLE_SERVER },
		{ 2, 2, ROLE_FIELD },
		{ 0, 0, ROLE_HUB },
	};
	unsigned k = n - (unsigned)COUNT_OF(small);

	if (n < COUNT_OF(small))
		return small[n];
	if (k % 3 == 0)
		return (
		    struct place){ 4 + k / 3, k % 2 == 0 ? 0 : 7, ROLE_SERVER };
	return (struct place){ 4 + k / 3, n - k % 3,
		k % 3 == 1 ? ROLE_FIELD : ROLE_REGISTRAR };
}

static enum err
allow(void *context, const struct gate_question *q, struct fail *f)
{
	(void)context;
	(void)q;
	(void)f;
	return OK;
}

/* The machine's own, whatever it is made of; a copy may have it too. */
static enum err
binding(void *self, uint8_t out[32], const char *dir, struct fail *f)
{
	const struct env_test *env = self;

	(void)dir;
	(void)f;
	memcpy(out, env->binding, 32);
	return OK;
}

static struct env_test *
new_env(const struct sim *s, uint64_t seed)
{
	struct env_test *env = env_test_new(seed);

	if (s->full)
		env_test_on_virtual_disk(env);
	env->env.binding = binding;
	return env;
}

static struct replica_options
options(const struct sim *s, struct env_test *env, size_t schemas)
{
	return (struct replica_options){ .env = &env->env,
		.schema = s->policy != NULL ? real_schema : schema,
		.schema_count = schemas,
		.gate = allow,
		.rules = s->policy != NULL ? &refuse_rules : NULL,
		.cache_kib = 512,
		.bounds = s->bounds };
}

static enum err
create(const struct sim *s, struct replica **out, struct env_test *env,
    const char *dir, size_t schemas, struct fail *f)
{
	struct replica_options o = options(s, env, schemas);
	struct slot_keys keys;
	enum err e;

	if (env->env.memory_database != NULL)
		return replica_create(out, dir, &o, f);
	e = slot_create(&keys, &env->env, dir, &secret, f);
	if (e != OK)
		return e;
	o.keys = &keys;
	e = replica_create(out, dir, &o, f);
	slot_keys_wipe(&keys);
	return e;
}

static enum err
open_replica(const struct sim *s, struct replica **out, struct env_test *env,
    const char *dir, size_t schemas, struct fail *f)
{
	struct replica_options o = options(s, env, schemas);
	struct slot_keys keys;
	enum err e;

	if (env->env.memory_database != NULL)
		return replica_open(out, dir, &o, f);
	e = slot_open(&keys, NULL, &env->env, dir, &secret, f);
	if (e != OK)
		return e;
	o.keys = &keys;
	e = replica_open(out, dir, &o, f);
	slot_keys_wipe(&keys);
	return e;
}

/* As the program brings it. */
static void
load_real_schema(void)
{
	if (schema_asset_count > COUNT_OF(real_schema))
		abort();
	for (size_t i = 0; i < schema_asset_count; i++)
		real_schema[i] =
		    (struct registry_source){ .name = schema_assets[i].name,
			    .text = (const char *)schema_assets[i].p,
			    .n = schema_assets[i].n };
}

static void
load_schema(struct sim *s)
{
	static const char *const path[SIM_SCHEMAS] = {
		"tests/prop/schema/0001_first.sql",
		"tests/prop/schema/0002_second.sql",
	};
	const struct env *env = env_posix();
	struct fail f = { 0 };

	for (size_t i = 0; i < SIM_SCHEMAS && schema_text[i].n == 0; i++) {
		struct buf *b = &schema_text[i];

		sim_must(s, env->file_read(env->self, b, path[i], 1 << 20, &f),
		    &f, path[i]);
		schema[i] =
		    (struct registry_source){ path[i], buf_cstr(b), b->n };
	}
}

/* ---- joining ------------------------------------------------------------- */

static void
agency_code(struct buf *out, struct replica *r)
{
	const struct identity *i = replica_identity(r);

	code_encode(out, CODE_AGENCY, i->agency_master,
	    sizeof(i->agency_master));
}

/* The whole of an enrolment, between two replicas. */
static enum err
enrol(struct replica *steward, struct replica *joiner,
    const struct invite_options *o, const char *code, struct fail *f)
{
	struct join_names names = { .node = o->name, .agency_code = code };
	struct buf text = { 0 }, request = { 0 }, answer = { 0 }, made = { 0 };
	struct join_result result;
	struct invite invite;
	struct node_id joined;
	enum err e = invite_make(steward, &text, o, f);

	if (e == OK)
		e = invite_parse(&invite, buf_cstr(&text), f);
	if (e == OK)
		e = join_request_make(joiner, &request, &made, &invite, &names,
		    f);
	if (e == OK)
		e = join_answer_make(steward, &answer, &joined, request.p,
		    request.n, f);
	if (e == OK)
		e = join_finish(joiner, &result, answer.p, answer.n, f);
	buf_release(&text);
	buf_release(&request);
	buf_release(&answer);
	buf_release(&made);
	return e;
}

static enum err
join_place(struct replica *steward, struct replica *joiner, unsigned n,
    int kind, struct fail *f)
{
	struct place p = place_of(n);
	char agency[32], name[32];
	struct buf code = { 0 };
	struct invite_options o = { .agency = agency,
		.kind = p.role == ROLE_SERVER ? kind : -1,
		.name = name,
		.days = 7,
		.field = p.role == ROLE_FIELD,
		.steward = p.role == ROLE_REGISTRAR || p.role == ROLE_HUB,
		.relay = p.role == ROLE_HUB };
	enum err e;

	(void)snprintf(agency, sizeof(agency), "agency %u", p.agency);
	(void)snprintf(name, sizeof(name), "node %u", n);
	if (o.steward)
		agency_code(&code, steward);
	e = enrol(steward, joiner, &o, o.steward ? buf_cstr(&code) : NULL, f);
	buf_release(&code);
	return e;
}

/* ---- founding ------------------------------------------------------------ */

static void
give_all_members(struct sim *s, struct replica *from, struct replica *to)
{
	struct fail f = { 0 };
	struct stmt *st;
	bool row;

	sim_must(s,
	    db_stmt(&st, replica_db(from),
		"SELECT bytes FROM _member ORDER BY no", &f),
	    &f, "members");
	for (;;) {
		enum member_result result;
		const uint8_t *p;
		size_t n;

		sim_must(s, stmt_step(st, &row, &f), &f, "members");
		if (!row)
			return;
		p = stmt_col_blob(st, 0, &n);
		sim_must(s, replica_add_member(to, &result, p, n, NULL, &f), &f,
		    "a member's record");
	}
}

static int
agency_kind_at(const struct sim *s, unsigned agency, unsigned places)
{
	return s->policy != NULL ? sim_policy_kind(agency, places)
				 : (int)(agency % KIND_HUB);
}

static void
found(struct sim *s, struct founded *w, unsigned places)
{
	struct replica *r[SIM_PLACES];
	struct replica_found first = { .network_name = "region",
		.node_name = "node 0",
		.agency_name = "agency 0",
		.office = "",
		.agency_kind = KIND_HUB,
		.relay = true };
	struct fail f = { 0 };

	w->places = places;
	for (unsigned n = 0; n < places; n++) {
		char dir[32];

		w->env[n] = new_env(s, 7000 + n);
		(void)snprintf(dir, sizeof(dir), "/node-%u", n);
		sim_must(s,
		    create(s, &r[n], w->env[n], dir,
			s->policy != NULL ? schema_asset_count : 1, &f),
		    &f, "create");
		sim_must(s,
		    n == 0 ? replica_found_network(r[0], &first, &f)
			   : join_place(r[place_of(n).steward], r[n], n,
				 agency_kind_at(s, place_of(n).agency, places),
				 &f),
		    &f, "founding");
		w->agency[place_of(n).agency] = replica_identity(r[n])->agency;
		w->id[n] = replica_identity(r[n])->node;
		/* the founder hears of everybody at once */
		if (n > 0)
			give_all_members(s, r[n], r[0]);
		if (places > 7 && n > 7)
			give_all_members(s, r[0], r[7]);
	}
	for (unsigned n = 1; n < places; n++)
		give_all_members(s, r[0], r[n]);
	if (s->policy != NULL)
		sim_policy_found(s, r, places);
	for (unsigned n = 0; n < places; n++)
		replica_close(r[n]);
}

void
sim_founded_end(void)
{
	for (unsigned i = 0; i < SIZES; i++)
		for (unsigned n = 0; n < founded[i].places; n++)
			env_test_free(founded[i].env[n]);
	memset(founded, 0, sizeof(founded));
	for (size_t i = 0; i < SIM_SCHEMAS; i++)
		buf_release(&schema_text[i]);
}

/* ---- one world ----------------------------------------------------------- */

struct env_test *
sim_image(struct sim *s, struct env_test *from)
{
	struct env_test *to = new_env(s, sim_draw(s, UINT64_MAX));
	sqlite3_backup *copy = NULL;

	if (!s->full) {
		copy = sqlite3_backup_init(to->keeper, "main", from->keeper,
		    "main");
		if (copy == NULL ||
		    sqlite3_backup_step(copy, -1) != SQLITE_DONE ||
		    sqlite3_backup_finish(copy) != SQLITE_OK)
			abort();
	}
	env_test_copy_files(to, from);
	memcpy(to->binding, from->binding, sizeof(to->binding));
	return to;
}

void
sim_edge_add(struct sim *s, unsigned caller, unsigned server)
{
	if (s->edge_count == SIM_EDGES)
		abort();
	s->edge[s->edge_count++] = (struct sim_edge){ .caller = caller,
		.server = server,
		.every_ms = (s->end_ms - SIM_START_MS) / 15 };
}

/* Everybody calls whom it joined through, laptops a hub as well, the hubs each
 * other, and here and there two offices call each other. */
static void
make_edges(struct sim *s)
{
	bool direct = sim_chance(s, 30);

	for (unsigned n = 1; n < s->places; n++) {
		struct place p = place_of(n);

		sim_edge_add(s, n, p.steward);
		if (p.role == ROLE_FIELD || p.role == ROLE_REGISTRAR)
			sim_edge_add(s, n, place_of(p.steward).steward);
		if (direct && p.role == ROLE_SERVER && n > 1 && n < 8)
			sim_edge_add(s, n, 1);
	}
	for (unsigned i = 0; i < s->edge_count; i++)
		s->edge[i].every_ms =
		    (s->end_ms - s->now_ms) / (5 + (int64_t)sim_draw(s, 25));
}

void
sim_found(struct sim *s, unsigned places)
{
	size_t first = s->policy != NULL ? schema_asset_count
	    : sim_chance(s, 70)          ? 1
					 : SIM_SCHEMAS;
	struct founded *w = founded;

	if (s->policy != NULL)
		load_real_schema();
	else
		load_schema(s);
	while (w->places != 0 && w->places != places)
		w++;
	assert(w < founded + SIZES);
	if (w->places == 0)
		found(s, w, places);
	s->places = places;
	for (unsigned n = 0; n < places; n++) {
		struct sim_node *m = &s->node[n];
		struct place p = place_of(n);

		*m = (struct sim_node){ .used = true,
			.joined = true,
			.hub = p.role == ROLE_HUB,
			.field = p.role == ROLE_FIELD,
			.agency = p.agency,
			.steward = p.steward,
			.id = w->id[n],
			.schemas = first };
		(void)snprintf(m->dir, sizeof(m->dir), "/node-%u", n);
		s->agency[p.agency] = w->agency[p.agency];
		if (p.agency >= s->agencies)
			s->agencies = p.agency + 1;
		m->env = sim_image(s, w->env[n]);
		sim_open(s, n);
	}
	make_edges(s);
}

void
sim_stop(struct sim *s)
{
	for (unsigned n = 0; n < SIM_NODES; n++) {
		if (!s->node[n].used)
			continue;
		sim_close(s, n);
		env_test_free(s->node[n].env);
		env_test_free(s->node[n].kept);
	}
}

void
sim_tell_time(struct sim *s, unsigned n)
{
	struct sim_node *m = &s->node[n];

	m->env->wall_ms = s->now_ms + m->skew_ms;
	m->env->mono_ms = s->now_ms - SIM_START_MS;
}

bool
sim_ready(const struct sim *s, unsigned n)
{
	const struct sim_node *m = &s->node[n];

	return m->used && m->joined && !m->obeyed && m->r != NULL &&
	    m->asleep_until <= s->now_ms &&
	    replica_restored(m->r, NULL) == LIFE_NONE;
}

void
sim_open(struct sim *s, unsigned n)
{
	struct sim_node *m = &s->node[n];
	struct fail f = { 0 };

	sim_tell_time(s, n);
	sim_must(s, open_replica(s, &m->r, m->env, m->dir, m->schemas, &f), &f,
	    "opening a replica");
	/* as the program does when it starts */
	if (revoke_is_due(m->r))
		sim_must(s, revoke_obey(m->r, &f), &f, "obeying");
	if (replica_opened_as(m->r) != LIFE_NONE)
		sim_count(s, SIM_N_NEW_LIVES, 1);
}

void
sim_close(struct sim *s, unsigned n)
{
	sim_hang_up(s, n);
	replica_close(s->node[n].r);
	s->node[n].r = NULL;
}

void
sim_restart(struct sim *s, unsigned n, size_t schemas)
{
	sim_close(s, n);
	s->node[n].schemas = schemas;
	sim_open(s, n);
}

void
sim_crash(struct sim *s, unsigned n)
{
	struct sim_node *m = &s->node[n];
	struct env_test *env = sim_image(s, m->env);

	/* what closing does is done to a disk that is thrown away */
	sim_close(s, n);
	env_test_free(m->env);
	m->env = env;
	sim_open(s, n);
}

void
sim_power_back(struct sim *s, unsigned n, enum disk_damage damage)
{
	struct sim_node *m = &s->node[n];

	sim_close(s, n);
	disk_crash(m->env->disk, damage, sim_draw(s, UINT64_MAX));
	s->dying = false;
	sim_open(s, n);
	if (replica_opened_as(m->r) != LIFE_NONE)
		sim_wrong(s,
		    "machine %u takes itself for a copy after a power"
		    " cut (%s)",
		    n, disk_damage_name(damage));
}

/* ---- a new member -------------------------------------------------------- */

static unsigned
free_spare(const struct sim *s)
{
	for (unsigned n = SIM_PLACES; n < SIM_PLACES + SIM_SPARE; n++)
		if (!s->node[n].used)
			return n;
	return UINT32_MAX;
}

unsigned
sim_join_new(struct sim *s, unsigned steward)
{
	unsigned n = free_spare(s);
	struct sim_node *m = &s->node[n % SIM_NODES];
	struct invite_options o = { .kind = -1, .days = 7, .field = true };
	struct fail f = { 0 };
	char name[32], agency[2 * ID_BYTES + 1];
	enum err e;

	if (n == UINT32_MAX)
		return n;
	(void)snprintf(name, sizeof(name), "node %u", n);
	hex_encode(agency, s->agency[s->node[steward].agency].b, ID_BYTES);
	o.name = name;
	o.agency = agency;
	*m = (struct sim_node){ .used = true,
		.field = true,
		.agency = s->node[steward].agency,
		.steward = steward,
		.schemas = s->node[steward].schemas };
	(void)snprintf(m->dir, sizeof(m->dir), "/node-%u", n);
	m->env = new_env(s, sim_draw(s, UINT64_MAX));
	sim_tell_time(s, n);
	sim_must(s, create(s, &m->r, m->env, m->dir, m->schemas, &f), &f,
	    "create");
	e = enrol(s->node[steward].r, m->r, &o, NULL, &f);
	m->joined = e == OK;
	m->id = replica_identity(m->r)->node;
	sim_say(s, "node %u joins through node %u: %s", n, steward,
	    e == OK ? "welcome" : f.text);
	if (e != OK) {
		sim_close(s, n);
		env_test_free(m->env);
		*m = (struct sim_node){ 0 };
		return UINT32_MAX;
	}
	sim_edge_add(s, n, steward);
	sim_edge_add(s, n, 0);
	return n;
}
