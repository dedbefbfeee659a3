/*
 * Putting a taker back: the bytes of its database in memory are written over, and
 * the open replica reads again what it keeps in mind. Opening it anew would be
 * most of the run.
 */
#include <stdlib.h>
#include <string.h>

#include <sqlcipher/sqlite3.h>

#include "sync/replica_i.h"
#include "tests/orders/orders.h"

static const enum pair_who takers[TAKERS] = {
	[TAKER_LAPTOP] = PAIR_LAPTOP,
	[TAKER_CLINIC] = PAIR_CLINIC,
	[TAKER_RELAY] = PAIR_HUB,
};

static struct {
	struct world *w;
	struct network_id network; /* outlives the members of any taker */
	struct identity second, laptop, clinic; /* members without a machine */
	struct buf image[TAKERS];
	struct env_test maker; /* as at the beginning */
	struct env_test env[TAKERS];
} made;

enum pair_who
scene_taker(enum taker t)
{
	return takers[t];
}

const char *
scene_taker_name(enum taker t)
{
	static const char *const name[] = { "a laptop", "the clinic",
		"the relay" };

	return name[t];
}

const struct identity *
scene_actor(enum actor who)
{
	switch (who) {
	case NORTH:
		return replica_identity(made.w->p.r[PAIR_NORTH]);
	case LAPTOP:
		return &made.laptop;
	case SECOND:
		return &made.second;
	default:
		return &made.clinic;
	}
}

/* ---- putting back ------------------------------------------------------------ */

static sqlite3_file *
file_of(enum taker t)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(made.w->p.env[takers[t]]->keeper, "main",
		SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    file == NULL)
		abort();
	return file;
}

static void
keep(enum taker t)
{
	sqlite3_file *file = file_of(t);
	struct buf *image = &made.image[t];
	sqlite3_int64 size;

	if (file->pMethods->xFileSize(file, &size) != SQLITE_OK)
		abort();
	buf_zero(image, (size_t)size);
	if (image->err != OK ||
	    file->pMethods->xRead(file, image->p, (int)size, 0) != SQLITE_OK)
		abort();
	made.env[t] = *made.w->p.env[takers[t]];
}

static void
restart_env(struct env_test *to, const struct env_test *from)
{
	to->wall_ms = from->wall_ms;
	to->mono_ms = from->mono_ms;
	to->block_at = from->block_at;
	to->block_left = from->block_left;
	memcpy(to->block, from->block, sizeof(to->block));
}

void
scene_reset(enum taker t)
{
	struct replica *r = made.w->p.r[takers[t]];
	sqlite3_file *file = file_of(t);
	const struct buf *image = &made.image[t];

	if (file->pMethods->xWrite(file, image->p, (int)image->n, 0) !=
		SQLITE_OK ||
	    file->pMethods->xTruncate(file, (sqlite3_int64)image->n) !=
		SQLITE_OK ||
	    replica_begin(r, NULL) != OK)
		abort();
	r->members_touched = true;
	replica_rollback(r);
	if (r->stale)
		abort();
	restart_env(made.w->p.env[takers[t]], &made.env[t]);
}

const struct env *
scene_maker(uint64_t number)
{
	struct env_test *env = made.w->p.env[PAIR_NORTH];

	restart_env(env, &made.maker);
	env->block_left = 0;
	env->block_at = made.maker.block_at + (number << 20);
	return &env->env;
}

/* ---- who is there ---------------------------------------------------------------- */

static void
tell_all(const struct buf *record)
{
	pair_member(&made.w->p, PAIR_NORTH, record);
	for (int t = 0; t < TAKERS; t++)
		pair_member(&made.w->p, takers[t], record);
}

/* Another node of an agency. */
static void
enrol(struct identity *i, enum pair_who colleague, unsigned roles,
    const char *name)
{
	struct replica *north = made.w->p.r[PAIR_NORTH];
	const struct identity *agency =
	    replica_identity(made.w->p.r[colleague]);
	struct member_node m = { .roles = roles,
		.serial = 1,
		.via_count = 1,
		.via = { replica_identity(made.w->p.r[PAIR_HUB])->node } };
	struct buf record = { 0 };

	identity_make(i, replica_env(north));
	i->agency = agency->agency;
	if (roles == MEMBER_REGISTRAR)
		identity_take_agency(i, agency->agency_master);
	m.id = i->node;
	m.agency = i->agency;
	memcpy(m.sign_key, i->sign_key, sizeof(m.sign_key));
	memcpy(m.box_key, i->box_key, sizeof(m.box_key));
	memcpy(m.tls_key, i->tls_key, sizeof(m.tls_key));
	(void)strcpy(m.name, name);
	member_node_consent(&m, i, made.w->network);
	if (member_make_node(&record, replica_identity(north), made.w->network,
		true, &m) != OK)
		abort();
	tell_all(&record);
	buf_reset(&record);
	if (member_make_author(&record, i, made.w->network) != OK)
		abort();
	tell_all(&record);
	buf_release(&record);
}

static void
carry(const struct identity *laptop)
{
	struct pair *p = &made.w->p;
	struct replica *north = p->r[PAIR_NORTH];
	int64_t granted;

	if (grant_carry(north, &made.w->person,
		members_node(replica_members(north), &laptop->node), &granted,
		NULL) != OK)
		abort();
	(void)pair_seal(p, PAIR_NORTH);
	for (int t = 0; t < TAKERS; t++)
		pair_ship_all(p, PAIR_NORTH, takers[t]);
	world_note(made.w);
}

struct world *
scene(void)
{
	if (made.w != NULL)
		return made.w;
	made.w = world_get();
	made.network = *made.w->network;
	made.w->network = &made.network;
	enrol(&made.second, PAIR_NORTH, MEMBER_REGISTRAR, "north-2");
	enrol(&made.laptop, PAIR_NORTH, MEMBER_FIELD, "laptop-2");
	enrol(&made.clinic, PAIR_CLINIC, MEMBER_REGISTRAR, "clinic-2");
	carry(&made.laptop);
	for (int t = 0; t < TAKERS; t++)
		keep((enum taker)t);
	made.maker = *made.w->p.env[PAIR_NORTH];
	return made.w;
}
