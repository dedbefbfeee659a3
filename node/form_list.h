/* Which forms there are: the shipped ones, and the own agency's before them. */
#ifndef FOOTBRIDGE_NODE_FORM_LIST_H
#define FOOTBRIDGE_NODE_FORM_LIST_H

#include "node/policy/arena.h"
#include "node/policy/policy.h"
#include "node/policy/shipped.h"
#include "node/run.h"

/* A text that may be asked for: the own agency's, or a shipped one. */
struct known_form {
	const char *name, *language, *title;
	struct shipped text;
	policy_day effective;
	bool sample, own;
};

struct forms {
	struct run *run;
	struct known_form *list;
	size_t count;
	struct arena arena;
	policy_day today;
};

/* What is shipped, then the own agency's. run is set; the arena is released by the
 * caller, also when this failed. */
enum err form_list_load(struct forms *x, struct fail *f);
/* The one that counts today: an own one of the latest day, else the shipped. NULL:
 * there is none. */
const struct known_form *form_list_find(const struct forms *x, const char *name,
    const char *language);
/* All of them, as text or JSON. */
enum err form_list_say(const struct forms *x, struct fail *f);

#endif
