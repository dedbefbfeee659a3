/* Between drive.c, drive_person.c and drive_word.c only. */
#ifndef FOOTBRIDGE_NODE_POLICY_DRIVE_I_H
#define FOOTBRIDGE_NODE_POLICY_DRIVE_I_H

#include "node/policy/drive.h"

/* One pass. */
struct drive {
	struct replica *r;
	struct drive_result *result;
	struct policy_pack *pack;
	policy_day today;
	struct policy_party own;
	struct policy_agreement *agreement;
	size_t agreement_count;
	struct policy_party *party; /* that were looked up */
	size_t party_count;
	struct arena arena;
};

/* An agency as the rules see it; NULL: nothing says what it is. */
const struct policy_party *drive_party(struct drive *d,
    const struct agency_id *agency);

/* The removals in one transaction, then the grants in another. */
enum err drive_look_at(struct drive *d, const struct row_id *person,
    struct fail *f);

/* To each agency that holds anything: that it still may, today. */
enum err drive_say_words(struct drive *d, struct fail *f);

#endif
