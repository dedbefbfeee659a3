/*
 * How: the founded machines are closed and kept; a world copies their database
 * pages and files and opens the copies with randomness of its own.
 */
#include "tests/prop/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "sync/grant.h"
#include "sync/slot.h"

static struct {
	bool made;
	struct registry_source schema[WORLD_SCHEMAS];
	struct buf schema_text[WORLD_SCHEMAS];
	/* [on disk][schema version - 1][node] */
	struct env_test *env[2][WORLD_SCHEMAS][WORLD_NODES];
	char dir[2][WORLD_SCHEMAS][WORLD_NODES][160];
	bool founded[2][WORLD_SCHEMAS];
	struct agency_id agency[2];
	struct node_id id[WORLD_NODES];
	struct author_tag tag[WORLD_NODES];
	struct buf late[2]; /* node and author record of WORLD_LATE */
	char root[100];     /* temporary directory */
	unsigned worlds;
} base;

uint64_t world_history;

static const struct slot_keys disk_keys = {
	.master = "the master key of the test files",
	.replica = "the replica key of test's files.",
};

void
world_tell(const char *format, ...)
{
	va_list args;

	if (getenv("TEST_TRACE") == NULL)
		return;
	printf("#    ");
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	printf("\n");
}

void
world_must(enum err e, const struct fail *f, const char *what)
{
	if (e == OK)
		return;
	printf("# history %llu: %s: %s: %s\n",
	    (unsigned long long)world_history, what, err_name(e),
	    f != NULL ? f->text : "");
	(void)fflush(stdout);
	abort();
}

uint64_t
world_draw(uint64_t *seed, uint64_t below)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

static enum err
allow(void *context, const struct gate_question *q, struct fail *f)
{
	(void)context;
	(void)q;
	(void)f;
	return OK;
}

static struct replica_options
options(struct env_test *env, size_t schemas)
{
	return (struct replica_options){
		.env = &env->env,
		.schema = base.schema,
		.schema_count = schemas,
		.gate = allow,
		.cache_kib = 512,
		.keys = env->env.memory_database == NULL ? &disk_keys : NULL,
	};
}

/* The same machine and directory for ever, however often it is copied. */
static enum err
same_binding(void *self, uint8_t out[32], const char *dir, struct fail *f)
{
	(void)self;
	(void)dir;
	(void)f;
	memset(out, 7, 32);
	return OK;
}

static void
load_schema(void)
{
	static const char *const path[WORLD_SCHEMAS] = {
		"tests/prop/schema/0001_first.sql",
		"tests/prop/schema/0002_second.sql",
	};
	const struct env *env = env_posix();
	struct fail f = { 0 };

	for (size_t i = 0; i < WORLD_SCHEMAS; i++) {
		struct buf *b = &base.schema_text[i];

		world_must(env->file_read(env->self, b, path[i], 1 << 20, &f),
		    &f, path[i]);
		base.schema[i] =
		    (struct registry_source){ path[i], buf_cstr(b), b->n };
	}
	base.made = true;
}

/* ---- founding ---- */

struct founding {
	struct replica *r[WORLD_NODES];
	struct buf record[64];
	size_t count;
};

static void
join_node(struct founding *x, unsigned n)
{
	const struct identity *root = replica_identity(x->r[0]);
	const struct network_id *network =
	    members_network(replica_members(x->r[0]));
	struct identity i = *replica_identity(x->r[n]);
	const struct identity *like =
	    replica_identity(x->r[n < WORLD_FOREIGN ? 0 : WORLD_FOREIGN]);
	struct member_node m = { .serial = 1, .made_ms = WORLD_START_MS };
	struct fail f = { 0 };

	if (n == WORLD_FOREIGN) {
		struct member_agency a = { .kind = KIND_TREATMENT };

		identity_make_agency(&i, replica_env(x->r[n]));
		memcpy(a.box_key, i.agency_box_key, sizeof(a.box_key));
		member_agency_id(&a.id, network, a.box_key);
		memcpy(a.name, "Riverside", 10);
		i.agency = a.id;
		world_must(member_make_agency(&x->record[x->count++], root,
			       network, true, &a),
		    NULL, "agency record");
	} else {
		i.agency = like->agency;
		memcpy(i.agency_box_key, like->agency_box_key, 32);
		memcpy(i.agency_name_key, like->agency_name_key, 32);
		if (n != WORLD_FIELD)
			identity_take_agency(&i, like->agency_master);
	}
	m.id = i.node;
	m.agency = i.agency;
	m.roles = n == WORLD_FIELD ? MEMBER_FIELD : MEMBER_REGISTRAR;
	memcpy(m.sign_key, i.sign_key, sizeof(m.sign_key));
	memcpy(m.box_key, i.box_key, sizeof(m.box_key));
	memcpy(m.tls_key, i.tls_key, sizeof(m.tls_key));
	(void)snprintf(m.name, sizeof(m.name), "node %u", n);
	member_node_consent(&m, &i, network);
	world_must(member_make_node(&x->record[x->count++], root, network, true,
		       &m),
	    NULL, "node record");
	world_must(replica_save_identity(x->r[n], &i, &f), &f, "identity");
	world_must(member_make_author(&x->record[x->count++], &i, network),
	    NULL, "author record");
}

static void
read_records(struct founding *x)
{
	struct fail f = { 0 };
	struct stmt *s;
	bool row;

	world_must(db_stmt(&s, replica_db(x->r[0]),
		       "SELECT bytes FROM _member ORDER BY no", &f),
	    &f, "members");
	for (;;) {
		const uint8_t *p;
		size_t n;

		world_must(stmt_step(s, &row, &f), &f, "members");
		if (!row)
			return;
		p = stmt_col_blob(s, 0, &n);
		buf_put(&x->record[x->count++], p, n);
	}
}

static void
give_record(struct replica *r, const struct buf *record)
{
	enum member_result result;
	struct fail f = { 0 };

	world_must(replica_add_member(r, &result, record->p, record->n, NULL,
		       &f),
	    &f, "a membership record");
}

static void
remember_ids(struct founding *x)
{
	for (unsigned n = 0; n < WORLD_NODES; n++) {
		base.id[n] = replica_identity(x->r[n])->node;
		base.tag[n] = replica_identity(x->r[n])->author;
	}
	base.agency[0] = replica_identity(x->r[0])->agency;
	base.agency[1] = replica_identity(x->r[WORLD_FOREIGN])->agency;
}

/*
 * Every founding draws the same randomness, so that its machines, in memory and
 * on disk, of either schema version, have the same keys.
 */
static void
found(bool on_disk, size_t schemas)
{
	static const struct replica_found network = {
		.network_name = "test",
		.node_name = "node 0",
		.agency_name = "North",
		.office = "",
		.agency_kind = KIND_PROBATION,
	};
	struct founding *x = calloc(1, sizeof(*x));
	struct env_test **env = base.env[on_disk][schemas - 1];
	size_t late_from = 0;
	struct fail f = { 0 };

	if (x == NULL)
		abort();
	for (unsigned n = 0; n < WORLD_NODES; n++) {
		struct replica_options o;
		char *dir = base.dir[on_disk][schemas - 1][n];

		env[n] = env_test_new(1000 + n);
		env[n]->env.binding = same_binding;
		env[n]->wall_ms = WORLD_START_MS;
		(void)snprintf(dir, 160, "/node-%u", n);
		if (on_disk) {
			env_test_on_disk(env[n]);
			(void)snprintf(dir, 160, "%s/base-%zu-%u", base.root,
			    schemas, n);
			world_must(env[n]->env.dir_make(env[n], dir, &f), &f,
			    dir);
		}
		o = options(env[n], schemas);
		world_must(replica_create(&x->r[n], dir, &o, &f), &f, "create");
	}
	world_must(replica_found_network(x->r[0], &network, &f), &f, "found");
	read_records(x);
	for (unsigned n = 1; n < WORLD_NODES; n++) {
		if (n == WORLD_LATE)
			late_from = x->count;
		for (size_t i = 0; n < WORLD_FOREIGN && i < 1; i++)
			give_record(x->r[n], &x->record[i]);
		join_node(x, n);
	}
	for (unsigned n = 0; n < WORLD_NODES; n++)
		for (size_t i = 0; i < x->count; i++)
			if (n == WORLD_LATE || i < late_from ||
			    i > late_from + 1)
				give_record(x->r[n], &x->record[i]);
	for (size_t i = 0; i < 2 && base.late[i].n == 0; i++)
		buf_put(&base.late[i], x->record[late_from + i].p,
		    x->record[late_from + i].n);
	remember_ids(x);
	for (unsigned n = 0; n < WORLD_NODES; n++)
		replica_close(x->r[n]);
	for (size_t i = 0; i < x->count; i++)
		buf_release(&x->record[i]);
	free(x);
	base.founded[on_disk][schemas - 1] = true;
}

/* ---- one world ---- */

static void
copy_file(const char *from_dir, const char *to_dir, const char *name)
{
	const struct env *env = env_posix();
	char from[256], to[256];
	struct buf b = { 0 };
	struct fail f = { 0 };

	(void)snprintf(from, sizeof(from), "%s/%s", from_dir, name);
	(void)snprintf(to, sizeof(to), "%s/%s", to_dir, name);
	if (env->file_read(env->self, &b, from, 1 << 26, NULL) == OK)
		world_must(env->file_write(env->self, to, b.p, b.n, &f), &f,
		    to);
	buf_release(&b);
}

static void
copy_machine(struct world *w, unsigned n, size_t schemas, uint64_t seed)
{
	static const char *const files[] = { "footbridge.db", "fence.a",
		"fence.b" };
	struct env_test *from = base.env[w->on_disk][schemas - 1][n];
	const char *from_dir = base.dir[w->on_disk][schemas - 1][n];
	struct world_node *node = &w->node[n];
	struct env_test *env = env_test_new(seed * 8 + n);
	struct fail f = { 0 };
	sqlite3_backup *copy;

	env->env.binding = same_binding;
	env->wall_ms = WORLD_START_MS;
	node->env = env;
	(void)snprintf(node->dir, sizeof(node->dir), "%s", from_dir);
	if (w->on_disk) {
		env_test_on_disk(env);
		(void)snprintf(node->dir, sizeof(node->dir), "%s/world-%u-%u",
		    base.root, base.worlds, n);
		world_must(env->env.dir_make(env, node->dir, &f), &f,
		    node->dir);
		for (size_t i = 0; i < COUNT_OF(files); i++)
			copy_file(from_dir, node->dir, files[i]);
		return;
	}
	env_test_copy_files(env, from);
	copy = sqlite3_backup_init(env->keeper, "main", from->keeper, "main");
	if (copy == NULL || sqlite3_backup_step(copy, -1) != SQLITE_DONE ||
	    sqlite3_backup_finish(copy) != SQLITE_OK)
		abort();
}

void
world_found(bool on_disk, size_t schemas)
{
	if (!base.made) {
		const char *tmp = getenv("TEST_TMP");

		load_schema();
		(void)snprintf(base.root, sizeof(base.root),
		    "%.60s/footbridge-prop-XXXXXX", tmp != NULL ? tmp : "/tmp");
		if (mkdtemp(base.root) == NULL)
			abort();
	}
	if (!base.founded[on_disk][schemas - 1])
		found(on_disk, schemas);
}

void
world_start(struct world *w, unsigned nodes, size_t schemas, uint64_t seed,
    bool on_disk)
{
	*w = (struct world){ .on_disk = on_disk };
	world_found(on_disk, schemas);
	base.worlds++;
	for (unsigned n = 0; n < WORLD_NODES; n++) {
		if ((nodes >> n & 1) == 0)
			continue;
		w->node[n].used = true;
		w->node[n].self = n;
		copy_machine(w, n, schemas, seed);
		world_restart(w, n, schemas);
	}
}

void
world_open(struct world *w, unsigned n, size_t schemas)
{
	struct world_node *node = &w->node[n];
	struct replica_options o = options(node->env, schemas);
	struct fail f = { 0 };

	node->schemas = schemas;
	world_must(replica_open(&node->replica, node->dir, &o, &f), &f,
	    "opening a replica again");
}

void
world_restart(struct world *w, unsigned n, size_t schemas)
{
	replica_close(w->node[n].replica);
	w->node[n].replica = NULL;
	world_open(w, n, schemas);
}

static void
remove_tree(const char *path)
{
	char command[300];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command) != 0)
		printf("# could not remove %s\n", path);
}

void
world_stop(struct world *w)
{
	world_forget_kept(w);
	for (unsigned n = 0; n < WORLD_MACHINES; n++) {
		replica_close(w->node[n].replica);
		if (w->on_disk && w->node[n].used)
			remove_tree(w->node[n].dir);
		env_test_free(w->node[n].env);
	}
	for (size_t i = 0; i < w->pool_count; i++) {
		buf_release(&w->pool[i]->bytes);
		buf_release(&w->pool[i]->payload);
		free(w->pool[i]->ops);
		free(w->pool[i]);
	}
	*w = (struct world){ 0 };
}

void
world_end(void)
{
	for (size_t i = 0; i < (size_t)2 * WORLD_SCHEMAS * WORLD_NODES; i++)
		env_test_free((&base.env[0][0][0])[i]);
	for (size_t i = 0; i < 2; i++)
		buf_release(&base.late[i]);
	for (size_t i = 0; i < WORLD_SCHEMAS; i++)
		buf_release(&base.schema_text[i]);
	if (base.made)
		remove_tree(base.root);
	memset(&base, 0, sizeof(base));
}

void
world_introduce(struct world *w, unsigned n)
{
	world_follow(w, n);
	for (size_t i = 0; i < 2; i++) {
		give_record(w->node[n].replica, &base.late[i]);
		world_obey(w, n);
	}
}

bool
world_is_late_record(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < 2; i++)
		if (base.late[i].n == n && memcmp(base.late[i].p, p, n) == 0)
			return true;
	return false;
}

struct replica *
world_replica(struct world *w, unsigned n)
{
	return w->node[n].replica;
}

const struct agency_id *
world_agency(unsigned n)
{
	return &base.agency[n >= WORLD_FOREIGN];
}

struct node_id
world_node_id(unsigned n)
{
	return base.id[n];
}

int
world_node_of(const struct node_id *id)
{
	for (int n = 0; n < WORLD_NODES; n++)
		if (id_equal(&base.id[n], id))
			return n;
	return -1;
}

int
world_tag_compare(unsigned a, unsigned b)
{
	return id_compare(&base.tag[a], &base.tag[b]);
}

const struct author_tag *
world_tag(unsigned n)
{
	return &base.tag[n];
}
