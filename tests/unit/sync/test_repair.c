/* repair: each page of a replica damaged in turn, and what comes out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sync/audit.h"
#include "sync/db.h"
#include "sync/log.h"
#include "sync/repair.h"
#include "sync/slot.h"
#include "sync/write.h"

#define NOTES 60
#define OWN_ROWS 200 /* on some ten pages */
#define PAGE 4096
#define PATH_ROOM 160

static const char schema_text[] =
    "CREATE TABLE note ( --: 1 subject=agency scope=shared"
    " category=any:TST.note\n"
    "  body TEXT, --: 1 text latest\n"
    "  row_state TEXT, supersedes_id BLOB,\n"
    "  _cpt BIGINT NOT NULL, id BLOB NOT NULL, _clock BLOB NOT NULL,\n"
    "  PRIMARY KEY (_cpt, id)\n"
    ");\n"
    "CREATE TABLE own (no BIGINT PRIMARY KEY, word TEXT);\n";
static const struct registry_source schema = { "note.sql", schema_text,
	sizeof(schema_text) - 1 };
static const uint8_t key_file[32] = "a key file of thirty-two letters";
static const char *const fences[] = { "fence", "fence.b" };
static const struct slot_secret secret = { .kind = SLOT_KEYFILE,
	.p = key_file,
	.n = sizeof(key_file) };

static struct {
	struct env env;
	struct slot_keys keys;
	struct replica *r;
	struct buf file; /* the whole database */
	struct buf fence[2];
	int moves; /* file_move fails after so many; -1: never */
	char dir[64];
} d;

#define MUST(call) \
	do { \
		struct fail fail_ = { .code = OK }; \
		struct fail *f = &fail_; \
		if ((call) != OK) \
			fail_msg("%s: %s", #call, fail_.text); \
	} while (0)

static enum err
counted_move(void *self, const char *from, const char *to, struct fail *f)
{
	if (d.moves == 0)
		return fail_set(f, ERR_IO, "cut off");
	if (d.moves > 0)
		d.moves--;
	return env_posix()->file_move(self, from, to, f);
}

static struct replica_options
options(void)
{
	return (struct replica_options){ .env = &d.env,
		.schema = &schema,
		.schema_count = 1,
		.keys = &d.keys };
}

static const char *
path_of(const char *name)
{
	static char path[PATH_ROOM];

	(void)snprintf(path, sizeof(path), "%s/%s", d.dir, name);
	return path;
}

static void
note(const char *text)
{
	const struct table *t = registry_table(replica_registry(d.r), "note");
	struct write_field w = {
		.field = table_field(t, "body"),
		.value = { .type = VALUE_TEXT,
		    .p = (const uint8_t *)text,
		    .n = strlen(text) },
	};
	struct write_request q = { .table = t, .fields = &w, .field_count = 1 };
	struct row_id row;
	int64_t draft;

	MUST(write_row(d.r, &row, &draft, &q, f));
}

static int64_t
number(const char *sql)
{
	struct stmt *s;
	int64_t n;
	bool row;

	MUST(db_stmt(&s, replica_db(d.r), sql, f));
	MUST(stmt_step(s, &row, f));
	n = stmt_col_int(s, 0);
	stmt_reset(s);
	return n;
}

static int64_t
notes(void)
{
	return number("SELECT count(*) FROM note WHERE body"
		      " LIKE 'kept word%'");
}

static int64_t
own_rows(void)
{
	return number("SELECT count(*) FROM own WHERE length(word) = 160"
		      " AND CAST(substr(word, 1, 3) AS INTEGER) = no");
}

/* As an account is: in no log, nowhere else. */
static void
write_own(void)
{
	char sql[320];

	for (int i = 0; i < OWN_ROWS; i++) {
		(void)snprintf(sql, sizeof(sql),
		    "INSERT INTO own VALUES (%d, '%03d%0157d')", i, i, 0);
		MUST(db_exec(replica_db(d.r), sql, f));
	}
}

static int
begin(void **state)
{
	struct replica_found found = { .network_name = "Test",
		.node_name = "one",
		.agency_name = "North",
		.office = "",
		.agency_kind = KIND_PROBATION };
	struct replica_options o;
	int64_t sealed, kept;

	(void)state;
	memset(&d, 0, sizeof(d));
	d.env = *env_posix();
	d.env.file_move = counted_move;
	d.moves = -1;
	(void)snprintf(d.dir, sizeof(d.dir), "%s/footbridge-repair-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(d.dir));
	MUST(slot_create(&d.keys, &d.env, d.dir, &secret, f));
	o = options();
	MUST(replica_create(&d.r, d.dir, &o, f));
	MUST(replica_found_network(d.r, &found, f));
	for (int i = 0; i < NOTES; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "kept word %d", i);
		note(text);
		if (i % 7 == 0)
			MUST(log_seal(d.r, &sealed, &kept, f));
	}
	write_own();
	replica_close(d.r);
	d.r = NULL;
	for (size_t i = 0; i < 2; i++) {
		buf_init(&d.fence[i], 4096);
		MUST(d.env.file_read(d.env.self, &d.fence[i],
		    path_of(fences[i]), 4096, f));
	}
	buf_init(&d.file, (size_t)64 << 20);
	MUST(d.env.file_read(d.env.self, &d.file, path_of("footbridge.db"),
	    (size_t)64 << 20, f));
	return 0;
}

static int
end(void **state)
{
	char command[128];

	(void)state;
	replica_close(d.r);
	buf_release(&d.file);
	buf_release(&d.fence[0]);
	buf_release(&d.fence[1]);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", d.dir);
	return system(command) == 0 ? 0 : -1;
}

/* The database as it was, but for one bit, and its fence. */
static void
damage(size_t at)
{
	uint8_t was = d.file.p[at];

	d.file.p[at] = was ^ 4;
	MUST(d.env.file_write(d.env.self, path_of("footbridge.db"), d.file.p,
	    d.file.n, f));
	d.file.p[at] = was;
	for (size_t i = 0; i < 2; i++)
		MUST(d.env.file_write(d.env.self, path_of(fences[i]),
		    d.fence[i].p, d.fence[i].n, f));
}

static enum err
repair(struct repair_facts *facts, struct fail *f)
{
	struct replica_options o = options();

	return repair_replica(facts, d.dir, &o, f);
}

static void
open_again(void)
{
	struct replica_options o = options();

	MUST(replica_open(&d.r, d.dir, &o, f));
}

static void
close_again(void)
{
	replica_close(d.r);
	d.r = NULL;
}

/* ---- the cases ------------------------------------------------------------------ */

/* What no log has, and the journal: all there, or said to be not. */
static void
own_is_there_or_said_lost(const struct repair_facts *facts)
{
	int64_t entries;

	assert_int_equal(repair_lost_own(d.r), facts->own_lost);
	if (facts->own_lost)
		assert_true(own_rows() < OWN_ROWS);
	else
		assert_int_equal(own_rows(), OWN_ROWS);
	if (!facts->journal_lost)
		MUST(audit_verify(d.r, &entries, f));
	assert_int_equal(number("SELECT count(*) FROM _audit"
				" WHERE act = 'repair'"),
	    1);
}

static void
whatever_page_is_damaged_nothing_is_lost_unsaid(void **state)
{
	size_t whole = 0, part = 0, beyond = 0, own = 0, journal = 0;

	(void)state;
	/* every second one: all take long under a sanitizer */
	for (size_t at = 1000; at < d.file.n; at += (size_t)2 * PAGE) {
		struct repair_facts facts;
		struct fail why = { .code = OK };
		int64_t checked;
		enum err e;

		damage(at);
		e = repair(&facts, &why);
		if (e != OK) {
			beyond++;
			assert_non_null(strstr(why.text, "backup"));
			assert_true(
			    env_exists(&d.env, path_of("footbridge.db")));
			continue;
		}
		assert_true(env_exists(&d.env, path_of(REPAIR_ASIDE)));
		open_again();
		own_is_there_or_said_lost(&facts);
		own += facts.own_lost;
		journal += facts.journal_lost;
		if (facts.log_lost) {
			part++;
			assert_int_equal(replica_restored(d.r, NULL),
			    LIFE_DAMAGED);
		} else {
			whole++;
			assert_int_equal(replica_restored(d.r, NULL),
			    LIFE_NONE);
			assert_int_equal(notes(), NOTES);
			MUST(log_verify(d.r, true, &checked, f));
		}
		close_again();
	}
	print_message("# of %zu pages, damaged in turn: %zu made good, %zu "
		      "with a part of the log missing, %zu beyond repair; "
		      "%zu cost own rows, %zu of the journal\n",
	    whole + part + beyond, whole, part, beyond, own, journal);
	assert_true(whole > part + beyond);
	assert_true(part > 0 && beyond > 0 && own > 0);
}

static void
an_intact_replica_comes_out_as_it_went_in(void **state)
{
	struct repair_facts facts;
	int64_t checked;

	(void)state;
	MUST(repair(&facts, f));
	assert_false(facts.log_lost || facts.local_lost || facts.own_lost ||
	    facts.journal_lost);

	assert_int_equal(facts.orphans, 0);
	open_again();
	own_is_there_or_said_lost(&facts);
	assert_int_equal(notes(), NOTES);
	assert_int_equal(replica_opened_as(d.r), LIFE_NONE);
	MUST(log_verify(d.r, true, &checked, f));
}

static void
cut_off_between_two_names_it_is_begun_anew(void **state)
{
	struct repair_facts facts;
	int cuts = 0;

	(void)state;
	for (int moves = 0;; moves++) {
		struct fail why = { .code = OK };

		d.moves = moves;
		if (repair(&facts, &why) == OK)
			break;
		cuts++;
		d.moves = -1;
		MUST(repair(&facts, f));
		open_again();
		assert_int_equal(notes(), NOTES);
		close_again();
	}
	assert_true(cuts >= 2);
}

/* As a kill leaves it: saves are in the log of the database alone. */
static void
read_killed(struct buf *database, struct buf *log)
{
	char text[64];

	open_again();
	for (int i = 0; i < 20; i++) {
		(void)snprintf(text, sizeof(text), "kept word, later %d", i);
		note(text);
	}
	MUST(d.env.file_read(d.env.self, database, path_of("footbridge.db"),
	    (size_t)64 << 20, f));
	MUST(d.env.file_read(d.env.self, log, path_of("footbridge.db-wal"),
	    (size_t)64 << 20, f));
	close_again();
}

static void
saves_behind_a_damaged_one_are_not_silently_forgotten(void **state)
{
	struct buf database = { .limit = (size_t)64 << 20 };
	struct buf log = { .limit = (size_t)64 << 20 };
	size_t told = 0, mended = 0;

	(void)state;
	read_killed(&database, &log);
	for (size_t i = 0; i < 12; i++) {
		size_t at = i == 0 ? 17 : log.n / 14 * i;
		struct replica_options o = options();
		struct fail why = { .code = OK };
		struct repair_facts facts;
		enum err e;

		log.p[at] ^= 1;
		MUST(d.env.file_write(d.env.self, path_of("footbridge.db"),
		    database.p, database.n, f));
		MUST(d.env.file_write(d.env.self, path_of("footbridge.db-wal"),
		    log.p, log.n, f));
		log.p[at] ^= 1;
		e = replica_open(&d.r, d.dir, &o, &why);
		assert_int_equal(e, ERR_CORRUPT);
		assert_non_null(strstr(why.text, "footbridge repair"));
		told++;
		MUST(repair(&facts, f));
		assert_true(facts.log_lost);
		open_again();
		/* at least what the next saves wrote again is there */
		if (notes() == NOTES + 20)
			mended++;
		assert_true(notes() >= NOTES);
		close_again();
	}
	print_message("# of %zu flips in the log of the database all are "
		      "told, %zu lost no save\n",
	    told, mended);
	assert_true(mended > 0);
	buf_release(&database);
	buf_release(&log);
}

static void
a_log_that_a_power_cut_left_torn_opens(void **state)
{
	struct buf database = { .limit = (size_t)64 << 20 };
	struct buf log = { .limit = (size_t)64 << 20 };

	(void)state;
	read_killed(&database, &log);
	for (size_t n = log.n; n > log.n - 9000; n -= 1000) {
		MUST(d.env.file_write(d.env.self, path_of("footbridge.db"),
		    database.p, database.n, f));
		MUST(d.env.file_write(d.env.self, path_of("footbridge.db-wal"),
		    log.p, n, f));
		open_again();
		assert_true(notes() >= NOTES + 15);
		close_again();
	}
	buf_release(&database);
	buf_release(&log);
}

/* Sectors of what was never synced may be old, new or noise. */
static void
noise_in_what_was_not_synced_is_no_save_that_was_lost(void **state)
{
	struct buf database = { .limit = (size_t)64 << 20 };
	struct buf log = { .limit = (size_t)64 << 20 };
	const size_t frame = 24 + 4096;
	uint8_t *torn;

	(void)state;
	read_killed(&database, &log);
	/* of the last frames the first is gone, the second shows its salt
	 * beside noise, the last is whole */
	torn = log.p + log.n - 3 * frame;
	memset(torn, 0, frame);
	memset(torn + frame, 0xa7, 8);
	MUST(d.env.file_write(d.env.self, path_of("footbridge.db"), database.p,
	    database.n, f));
	MUST(d.env.file_write(d.env.self, path_of("footbridge.db-wal"), log.p,
	    log.n, f));
	open_again();
	assert_int_equal(notes(), NOTES + 19);
	close_again();
	buf_release(&database);
	buf_release(&log);
}

static void
what_somebody_has_open_is_not_repaired(void **state)
{
	struct repair_facts facts;
	struct fail why = { .code = OK };

	(void)state;
	open_again();
	assert_int_equal(repair(&facts, &why), ERR_BUSY);
	assert_int_equal(notes(), NOTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    whatever_page_is_damaged_nothing_is_lost_unsaid, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    an_intact_replica_comes_out_as_it_went_in, begin, end),
		cmocka_unit_test_setup_teardown(
		    cut_off_between_two_names_it_is_begun_anew, begin, end),
		cmocka_unit_test_setup_teardown(
		    saves_behind_a_damaged_one_are_not_silently_forgotten,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    a_log_that_a_power_cut_left_torn_opens, begin, end),
		cmocka_unit_test_setup_teardown(
		    noise_in_what_was_not_synced_is_no_save_that_was_lost,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    what_somebody_has_open_is_not_repaired, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
