/* What this node does by itself once something came or went: the account of
 * disclosures, answers to orders, who has to be told of a lost computer. */
#ifndef FOOTBRIDGE_NODE_AFTER_H
#define FOOTBRIDGE_NODE_AFTER_H

#include "sync/replica.h"

/* Lock held, no transaction. Nothing to do costs three short reads. What fails is
 * done with the next contact; whoever can tell a person does so. */
enum err after_contact(struct replica *r, struct fail *f);

#endif
