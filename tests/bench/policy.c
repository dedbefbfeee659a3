/*
 * Policy at work in an office of 300 people: a clinic whose privacy officer signed
 * rules, a probation office, an agreement between them, a consent of each person.
 * Both are encrypted files on a disk. Measured are one decision with what is on
 * record at hand, the same with reading it first, who is entitled to which keys
 * after an agreement came into force and after it ended, and a list of 500 rows of
 * the other agency, shown as far as its terms still hold.
 *
 * usage: bench-policy [PEOPLE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/party.h"
#include "node/policy/active.h"
#include "node/view.h"
#include "tests/support/bench.h"
#include "tests/support/driving.h"

#define PEOPLE 300
#define ROWS 500
#define ASKED 200000
#define READ_FIRST 200
#define RUNS 9

#define MUST(call) \
	do { \
		struct fail f_ = { .code = OK }; \
		struct fail *f = &f_; \
		enum err e_ = (call); \
		bench_must(e_, &f_, #call); \
	} while (0)

/* Seconds for one decision; the record and the rules are in memory. */
static double
decide(void)
{
	static const char *const category = "TX2.attendance";
	struct replica *r = driving_clinic->r;
	policy_day today = policy_today(r);
	struct policy_question q = { .category = &category,
		.category_count = 1,
		.role = party_usual_role(PARTY_PROBATION),
		.purpose = party_usual_purpose(PARTY_PROBATION),
		.channel = CHANNEL_SYNC_,
		.today = today,
		.row_day = today,
		.word_age = -1 };
	const struct agency_id *to = driving_agency(driving_north);
	struct policy_answer a = { .reason = POLICY_EXPUNGED };
	struct policy_pack *pack;
	struct policy_case c;
	bool approved;
	double begun;

	MUST(policy_active(&pack, &approved, r, today, f));
	MUST(policy_case_load(&c, r, &driving_person[0], to, today, f));
	MUST(party_find(&q.from, r, driving_agency(driving_clinic), f));
	MUST(party_find(&q.to, r, to, f));
	q.relations = policy_case_relations(&c, to, true);
	q.episode = c.episode;
	begun = bench_now();
	for (int i = 0; i < ASKED; i++)
		policy_may(&a, pack, &c.facts, &q);
	begun = bench_now() - begun;
	if (a.reason != POLICY_PERMIT) {
		(void)fprintf(stderr, "not permitted: %d\n", (int)a.reason);
		abort();
	}
	policy_case_release(&c);
	pack_free(pack);
	return begun / ASKED;
}

/* The same for one person after the other, everything read anew. */
static double
read_and_decide(void)
{
	double begun = bench_now();

	for (int i = 0; i < READ_FIRST; i++) {
		struct drive_word word = { 0 };

		MUST(drive_ask(&word, driving_clinic->r,
		    &driving_person[(size_t)i % driving_people],
		    "TX2.attendance", driving_agency(driving_north), f));
		if (word.answer.reason != POLICY_PERMIT)
			abort();
		buf_release(&word.why);
		buf_release(&word.next);
	}
	return (bench_now() - begun) / READ_FIRST;
}

/* Policy over everybody; granted and removed as they must be. */
static double
entitle(bool in_force)
{
	struct drive_result done;
	double begun = bench_now();

	MUST(drive_all(driving_clinic->r, &done, f));
	begun = bench_now() - begun;
	if (done.failed > 0 ||
	    (in_force ? done.granted : done.removed) <
		(int64_t)driving_people) {
		(void)fprintf(stderr, "%lld granted, %lld removed: %s\n",
		    (long long)done.granted, (long long)done.removed,
		    done.first.text);
		abort();
	}
	return begun;
}

struct listing {
	struct view view;
	int64_t rows, shown;
};

static bool
on_row(void *context, const struct read_row *row)
{
	struct listing *l = context;
	const struct view_place at = view_place(row);
	enum err e = OK;

	if (view_shows(&l->view, row) &&
	    view_open_still(&l->view, &at, NULL, &e, NULL))
		l->shown++;
	return e == OK && ++l->rows < ROWS;
}

/* A list, begun with nothing known of any compartment. */
static double
list(void)
{
	static struct listing l;
	struct read_query q = { .table = registry_table(replica_registry(
							    driving_north->r),
				    "appointment") };
	double begun = bench_now();

	l = (struct listing){ 0 };
	MUST(view_open(&l.view, driving_north->r, 0, f));
	MUST(read_list(driving_north->r, &q, on_row, &l, f));
	view_end(&l.view);
	begun = bench_now() - begun;
	if (l.rows != ROWS || l.shown != ROWS) {
		(void)fprintf(stderr, "%lld rows, %lld shown\n",
		    (long long)l.rows, (long long)l.shown);
		abort();
	}
	return begun;
}

static double
list_often(void)
{
	double took[RUNS];

	for (int i = 0; i < RUNS; i++)
		took[i] = list();
	return bench_median(took, RUNS);
}

static void
fill(void)
{
	for (size_t i = driving_people; i < ROWS; i++)
		driving_book(driving_clinic,
		    &driving_person[i % driving_people]);
	office_settle(driving_clinic, driving_north);
}

/* The clinic ends the agreement today. */
static void
terminate(const struct row_id *mou)
{
	struct replica *r = driving_clinic->r;
	const struct table *t = registry_table(replica_registry(r), "mou");
	struct write_field fields[] = {
		{ table_field(t, "status"), TEXT("terminated") },
		{ table_field(t, "terminated_on"), DATE(policy_today(r)) },
	};
	struct write_request q = { .table = t,
		.row = mou,
		.fields = fields,
		.field_count = 2 };
	struct row_id row;
	int64_t draft;

	MUST(write_row(r, &row, &draft, &q, f));
}

int
main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	double one, read, force, shown, ended;
	char root[150], command[200];
	struct row_id mou;

	driving_people = PEOPLE;
	if (argc > 1)
		driving_people = (size_t)strtoul(argv[1], NULL, 10);
	(void)snprintf(root, sizeof(root), "%.100s/footbridge-bench-XXXXXX",
	    tmp != NULL ? tmp : "/var/tmp");
	if (mkdtemp(root) == NULL)
		abort();
	office_on_disk(root);
	mou = driving_begin(400, 400);
	force = entitle(true);
	one = decide();
	read = read_and_decide();
	fill();
	shown = list_often();
	terminate(&mou);
	ended = entitle(false);
	printf("{\n  \"people\": %zu,\n"
	       "  \"may_us\": {\"measured\": %.2f, \"reach\": 50},\n"
	       "  \"may_read_first_us\": %.0f,\n"
	       "  \"list_500_rows_ms\": {\"measured\": %.1f, \"reach\": 20},\n"
	       "  \"agreement_in_force_s\": {\"measured\": %.2f, \"reach\": "
	       "2},\n"
	       "  \"agreement_ended_s\": {\"measured\": %.2f, \"reach\": "
	       "2}\n}\n",
	    driving_people, one * 1e6, read * 1e6, shown * 1e3, force, ended);
	driving_end();
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command) == 0 ? 0 : 1; /* NOLINT(cert-env33-c) */
}
