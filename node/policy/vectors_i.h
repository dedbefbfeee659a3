/* Private to vectors*.c: one case while it is read, and the words of a line. */
#ifndef FOOTBRIDGE_NODE_POLICY_VECTORS_I_H
#define FOOTBRIDGE_NODE_POLICY_VECTORS_I_H

#include "node/policy/vectors.h"

#define WORDS_MAX 24

struct words {
	char *w[WORDS_MAX];
	size_t n;
};

/* One case: facts and question, all in fixed room. */
struct vector {
	const char *title;
	struct policy_agreement agreement[VECTOR_FACTS_MAX];
	struct agency_id party[VECTOR_FACTS_MAX][2];
	struct policy_rule rule[VECTOR_FACTS_MAX];
	struct policy_consent consent[VECTOR_FACTS_MAX];
	struct policy_scope scope[VECTOR_FACTS_MAX * 2][VECTOR_LIST_MAX];
	struct policy_recipient recipient[VECTOR_FACTS_MAX];
	struct agency_id named[VECTOR_FACTS_MAX];
	struct policy_authority authority[VECTOR_FACTS_MAX];
	struct policy_emergency emergency[VECTOR_FACTS_MAX];
	const char *opened[VECTOR_FACTS_MAX][VECTOR_LIST_MAX];
	struct policy_seal sealed[VECTOR_FACTS_MAX];
	const char *asked[VECTOR_LIST_MAX];
	struct policy_facts facts;
	struct policy_question q;
};

struct party {
	const char *name;
	enum policy_kind kind;
	struct agency_id id;
};

struct play {
	const struct policy_pack *pack;
	struct vector *v;
	struct party party[VECTORS_PARTIES_MAX];
	size_t party_count;
	struct words l; /* the present line's words */
	unsigned line;
	enum err e;
	struct fail *f;
	struct buf why, next;
	char differs[160];
	vectors_fn each;
	void *context;
	struct vectors_result *out;
};

/* The first thing that is wrong stays: "line 12: want ..., have ...". */
void play_wrong(struct play *p, const char *want, const char *have);
/* The i-th word of the line; "-" and wrong where there is none. */
char *play_word(struct play *p, size_t i);
int play_number(struct play *p, enum policy_list list, const char *text);
/* What stands behind NAME= in the words from first on, "" for NAME alone; NULL:
 * not there. */
char *play_option(const struct play *p, size_t first, const char *name);
policy_day play_option_day(struct play *p, size_t first, const char *name);
uint32_t play_option_bits(struct play *p, size_t first, const char *name,
    enum policy_list list);

/* A line that says who the agencies are. */
void play_party(struct play *p);
/* A line of a case that states a fact or asks. false: its first word is none of
 * these. */
bool play_fact(struct play *p);

#endif
