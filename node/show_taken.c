#include "node/show_taken.h"

#include <stdio.h>
#include <string.h>

#include "node/name.h"
#include "sync/db.h"
#include "sync/remove.h"
#include "sync/shred.h"

/* ---- taken back ---- */

#define LINES 8
#define WEEK_MS (7LL * 24 * 60 * 60 * 1000)

struct taken {
	struct run *run;
	size_t count, more; /* more: of whom no line is made */
	struct {
		const struct member_node *by;
		struct agency_id owner;
		bool here;     /* from this computer, not from its agency */
		int64_t at_ms; /* of the last */
		struct row_id person; /* the last of so many */
		int64_t persons;
		struct buf categories;
	} group[LINES];
};

/* Was it taken from us, and not given again? */
static bool
is_ours(const struct taken *t, const struct remove_left *l)
{
	const struct identity *me = replica_identity(t->run->replica);
	const uint8_t *id = l->kind == GRANT_NODE ? me->node.b : me->agency.b;

	return !l->again && memcmp(l->recipient, id, ID_BYTES) == 0;
}

static size_t
group_of(struct taken *t, const struct remove_left *l)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (t->group[i].by == l->issuer &&
		    t->group[i].here == (l->kind == GRANT_NODE) &&
		    id_equal(&t->group[i].owner, l->owner))
			return i;
	if (i == LINES)
		return i;
	t->group[i].by = l->issuer;
	t->group[i].owner = *l->owner;
	t->group[i].here = l->kind == GRANT_NODE;
	t->group[i].categories = (struct buf){ .limit = 2048 };
	t->count++;
	return i;
}

/* A category may have been taken back more than once. */
static bool
has_word(struct buf *list, const char *word)
{
	size_t n = strlen(word);
	const char *at = buf_cstr(list);

	while ((at = strstr(at, word)) != NULL) {
		if ((at == buf_cstr(list) || at[-1] == ' ') &&
		    (at[n] == ',' || at[n] == '\0'))
			return true;
		at += n;
	}
	return false;
}

static void
on_left(void *context, const struct remove_left *l)
{
	struct taken *t = context;
	struct buf *list;
	size_t i;

	if (!is_ours(t, l))
		return;
	if ((i = group_of(t, l)) == LINES) {
		t->more++;
		return;
	}
	list = &t->group[i].categories;
	if (t->group[i].persons == 0 ||
	    !id_equal(&t->group[i].person, l->subject))
		t->group[i].persons++;
	t->group[i].person = *l->subject;
	if (l->at_ms > t->group[i].at_ms)
		t->group[i].at_ms = l->at_ms;
	if (list->n == 0 || !has_word(list, l->category))
		buf_printf(list, "%s%s", list->n > 0 ? ", " : "", l->category);
}

static const char *
by_whom(const struct taken *t, size_t i)
{
	return t->group[i].by != NULL ? t->group[i].by->name : "?";
}

enum err
show_taken(struct buf *out, struct run *run, const struct row_id *subject,
    struct fail *f)
{
	const struct env *env = replica_env(run->replica);
	struct taken t = { .run = run };
	char at[NAME_TIME_BYTES], id[ID_TEXT_BYTES];
	enum err e = remove_list(run->replica, subject, on_left, &t, f);

	for (size_t i = 0; i < t.count; i++) {
		name_time(at, t.group[i].at_ms, env->offset_min(env->self));
		buf_printf(out,
		    "taken back from this %s by %s, known here since %s: %s of "
		    "%s. What had arrived stays as it was; nothing new of it "
		    "comes (footbridge access)\n",
		    t.group[i].here ? "computer" : "office", by_whom(&t, i), at,
		    buf_cstr(&t.group[i].categories),
		    name_of_agency(run, &t.group[i].owner, id));
		buf_release(&t.group[i].categories);
	}
	if (t.more > 0)
		buf_printf(out, "and more (footbridge access)\n");
	return e;
}

enum err
show_taken_since(struct buf *out, struct run *run, int64_t mark, struct fail *f)
{
	struct taken t = { .run = run };
	char id[ID_TEXT_BYTES];
	enum err e = remove_list_since(run->replica, mark, on_left, &t, f);

	for (size_t i = 0; i < t.count; i++) {
		buf_printf(out,
		    "  taken back from this %s by %s: %s of %s, of %lld "
		    "person%s. What had arrived stays as it was; nothing new "
		    "of it comes (footbridge access)\n",
		    t.group[i].here ? "computer" : "office", by_whom(&t, i),
		    buf_cstr(&t.group[i].categories),
		    name_of_agency(run, &t.group[i].owner, id),
		    (long long)t.group[i].persons, run_s(t.group[i].persons));
		buf_release(&t.group[i].categories);
	}
	if (t.more > 0)
		buf_printf(out, "  and more (footbridge access)\n");
	return e;
}

enum err
show_is_taken(bool *yes, struct run *run, const struct row_id *subject,
    struct fail *f)
{
	const struct identity *me = replica_identity(run->replica);
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(run->replica),
	    "SELECT 1 FROM _compartment c JOIN _grant g ON g.cpt = c.no"
	    " WHERE c.subject = ?3 AND g.recipient IN (?1, ?2) GROUP BY c.no"
	    " HAVING MAX(g.ended) = 1 AND MAX(g.rights > 0 AND g.ended = 0) = 0"
	    " LIMIT 1",
	    f);

	*yes = false;
	if (e != OK)
		return e;
	stmt_blob(s, 1, me->node.b, ID_BYTES);
	stmt_blob(s, 2, me->agency.b, ID_BYTES);
	stmt_blob(s, 3, subject->b, ID_BYTES);
	e = stmt_step(s, yes, f);
	stmt_reset(s);
	return e;
}

/* ---- destroyed ---- */

struct obeyed {
	struct run *run;
	size_t count, more;
	struct {
		char reference[LIMIT_BASIS_BYTES + 1];
		const struct member_node *by;
		int64_t groups, asked, due; /* due: of asked, not signed yet */
	} order[LINES];
};

/* This computer's own receipt; NULL: none is asked of it, as of one that joined
 * when the records were destroyed already. */
static const struct shred_receipt *
own_receipt(const struct obeyed *o, const struct shred_told *t)
{
	const struct identity *me = replica_identity(o->run->replica);

	for (size_t i = 0; i < t->receipt_count; i++)
		if (id_equal(&t->receipts[i].node->id, &me->node))
			return &t->receipts[i];
	return NULL;
}

static const char *
say_signed(int64_t asked, int64_t due)
{
	if (asked == 0)
		return "had nothing of it to read";
	return due > 0 ? "signs for it with the next contact"
		       : "has signed for it";
}

static enum err
on_told(void *context, const struct shred_told *t, struct fail *f)
{
	struct obeyed *o = context;
	const struct shred_receipt *own = own_receipt(o, t);
	size_t i;

	(void)f;
	if (t->undone_ms != 0)
		return OK;
	for (i = 0; i < o->count; i++)
		if (o->order[i].by == t->issuer &&
		    strcmp(o->order[i].reference, t->reference) == 0)
			break;
	if (i == LINES) {
		o->more++;
		return OK;
	}
	if (i == o->count) {
		(void)snprintf(o->order[i].reference,
		    sizeof(o->order[i].reference), "%s", t->reference);
		o->order[i].by = t->issuer;
		o->count++;
	}
	o->order[i].groups++;
	o->order[i].asked += own != NULL ? 1 : 0;
	o->order[i].due += own != NULL && own->at_ms == 0 ? 1 : 0;
	return OK;
}

enum err
show_destroyed(struct buf *out, struct run *run, int64_t since_ms,
    struct fail *f)
{
	struct obeyed o = { .run = run };
	enum err e = shred_list_since(run->replica, since_ms, on_told, &o, f);

	for (size_t i = 0; e == OK && i < o.count; i++) {
		const char *name = o.order[i].reference;
		int64_t n = o.order[i].groups;

		buf_printf(out,
		    "  %lld record group%s destroyed here by an order of %s, "
		    "%s%s%s; this computer %s (footbridge shred status)\n",
		    (long long)n, n == 1 ? " was" : "s were",
		    o.order[i].by != NULL ? o.order[i].by->name : "?",
		    name[0] != '\0' ? "\"" : "",
		    name[0] != '\0' ? name : "whose name cannot be read here",
		    name[0] != '\0' ? "\"" : "",
		    say_signed(o.order[i].asked, o.order[i].due));
	}
	if (e == OK && o.more > 0)
		buf_printf(out, "%zu more were, by other orders\n", o.more);
	return e;
}

void
show_shredded(struct run *run, const struct shred_counts *n)
{
	int64_t now = env_wall_ms(replica_env(run->replica));
	struct buf lately = { 0 };

	/* whoever misses something looks here; the names are a help, no more */
	if (n->compartments > 0 &&
	    show_destroyed(&lately, run, now - WEEK_MS, NULL) != OK)
		buf_reset(&lately);
	if (n->compartments > 0)
		run_say(run,
		    "%lld record group%s destroyed here by order%s\n%s",
		    (long long)n->compartments,
		    n->compartments == 1 ? " was" : "s were",
		    lately.n > 0 ? "; in the last week:"
				 : " (footbridge shred status)",
		    buf_cstr(&lately));
	if (n->rekey)
		run_say(run,
		    "records were destroyed by order; this computer's new key, "
		    "without which their remains may be read on its disk, is "
		    "due and made by itself\n");
	if (n->undone > 0)
		run_say(run,
		    "%lld record group%s destroyed here by an order that does "
		    "not count; %lld segment%s not come back yet from other "
		    "computers (footbridge shred status)\n",
		    (long long)n->undone, n->undone == 1 ? " was" : "s were",
		    (long long)n->lacking, n->lacking == 1 ? " has" : "s have");
	buf_release(&lately);
}
