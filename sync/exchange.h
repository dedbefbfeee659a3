/*
 * One contact between two replicas: bytes in, bytes out, no I/O.
 *
 * The side that calls has a struct exchange; the side that answers has nothing
 * between requests: what it must know is in the request or in its database.
 * HTTPS client and server, simulator and tests drive the same two functions.
 * The transport says who the peer is (a pinned certificate) and carries each
 * request to exchange_answer on the other side, in order, one at a time.
 *
 *   caller                                    answerer
 *   START --ask: hello------------------------> judge, acknowledge
 *   ASKED <-----------------hello, units------- (seals once the caller has
 *   OPEN  commit, seal                           nothing urgent left)
 *         --ask: cursors, units---------------> commit
 *   SENT  <-----------------units--------------
 *   OPEN  ... until both have nothing left: DONE
 *
 * Everything received is committed before the next message is made. A contact
 * may be dropped at any point: the next begins with a hello, whose cursors come
 * from the database, and nothing verified is sent twice.
 */
#ifndef FOOTBRIDGE_SYNC_EXCHANGE_H
#define FOOTBRIDGE_SYNC_EXCHANGE_H

#include "sync/units.h"

struct exchange;

/*
 * Begin a contact with a member.
 *
 * in:    budget_bytes of units in each message, see exchange_budget
 * fails: ERR_DENIED peer is no member known here, ERR_REVOKED it was taken out
 *        of the network, ERR_NOMEM
 */
enum err exchange_new(struct exchange **out, struct replica *r,
    const struct node_id *peer, size_t budget_bytes, struct fail *f);
/* NULL is fine. */
void exchange_free(struct exchange *x);

/*
 * Make the next request (appended), or say that the contact is over. Own work
 * is sealed here once the peer's urgent lane is drained.
 * fails: what log_seal and the database say
 */
enum err exchange_ask(struct exchange *x, struct buf *request, bool *done,
    struct fail *f);
/*
 * Take the answer to it. After a failure only exchange_free may follow; what
 * was committed stays committed.
 * fails: ERR_FORMAT, ERR_LIMIT, ERR_VERSION, ERR_INPUT another network,
 *        ERR_FENCE this replica was restored or copied, ERR_NET no progress,
 *        ERR_REVOKED what came says that this node is out, and it obeyed,
 *        ERR_BUSY too much waits unverified already: what had room is kept,
 *        the rest comes again with a later contact
 */
enum err exchange_take(struct exchange *x, const uint8_t *answer, size_t n,
    struct fail *f);
/* The link was measured anew. */
void exchange_set_budget(struct exchange *x, size_t budget_bytes);
const struct exchange_stats *exchange_stats(const struct exchange *x);

/*
 * Answer one request (appended). ERR_REVOKED: the peer, or this node, is out of
 * the network; then answer is what shows it (revoke_proof), to be sent with that
 * status and given to revoke_shown there. Otherwise the same failures; then nothing of the request
 * was taken (ERR_BUSY: what had room was). stats is added to.
 */
enum err exchange_answer(struct replica *r, struct buf *answer,
    const struct node_id *peer, const uint8_t *request, size_t n,
    struct exchange_stats *stats, struct fail *f);

/* Is there anything for this peer? Seals own work first. For a server that
 * holds a request open until there is: ask again whenever something changed. */
enum err exchange_has_news(struct replica *r, bool *news,
    const struct node_id *peer, struct fail *f);

/*
 * Unit size for a link: what it carries in about two seconds and at least two
 * round trips, so that a broken connection costs little and latency does not
 * dominate. LIMIT_UNIT_MIN_BYTES..LIMIT_UNIT_MAX_BYTES; 0 = not measured.
 */
size_t exchange_budget(int64_t rtt_ms, int64_t bytes_per_s);

#endif
