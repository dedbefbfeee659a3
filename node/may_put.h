/*
 * What may be written record by record (put, import, the page's records), and who
 * decides. What another command does with more care (an emergency, an order, a
 * signature, a role, a disclosure) is not written by hand beside it; and nobody
 * writes about a person whom they may not see (actor.h).
 *
 * Who is nobody by name is not restrained: who has the key file or the recovery code
 * sets the office up, and mends it.
 */
#ifndef FOOTBRIDGE_NODE_MAY_PUT_H
#define FOOTBRIDGE_NODE_MAY_PUT_H

#include "node/actor.h"
#include "sync/write.h"

/* Can a change of such a record give something back that was taken: let somebody
 * in again, lift a restriction? Then whoever makes it says again who they are. */
bool may_put_gives(const char *table);

/*
 * May whoever acts write these fields? Lock held.
 *
 * in:    row      NULL: a new one
 *        subject  whose it is to be; NULL: as it stands
 * fails: ERR_DENIED one line says what does it instead, or who may
 */
enum err may_put(struct run *run, const struct table *t,
    const struct row_id *row, const struct row_id *subject,
    const struct write_field *fields, size_t n, struct fail *f);

/* Who decides, as the schema and conflicts say it, as bits of account_role: a
 * steward is whoever runs the computer; NULL or another word: who does casework. */
uint32_t may_decide_roles(const char *who);
/* May whoever acts decide about what is so called, of that person? Lock held.
 * fails: ERR_DENIED */
enum err may_decide(struct run *run, const char *who,
    const struct row_id *subject, struct fail *f);

#endif
