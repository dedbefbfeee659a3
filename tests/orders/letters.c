/* The alphabet: each merge rule, each kind of control. */
#include "sync/member.h"
#include "tests/orders/orders.h"

#define NODE(who) .kind = GRANT_NODE, .whom = (who)
#define AGENCY(of) .kind = GRANT_AGENCY, .whom = (of)
#define SETS(who, what, to) \
	.by = (who), .act = SET, .table = "person", .field = (what), \
	.value = (to)
#define INSERTS(who, into, what, is) \
	.by = (who), .act = INSERT, .table = (into), .field = (what), \
	.value = (is)
#define DOES(who, what) .by = (who), .act = (what)

const struct letter letters[] = {
	/* one field, two authors, each rule */
	{ .says = "North sets word", SETS(NORTH, "word", "north") },
	{ .says = "the clinic sets word", SETS(CLINIC, "word", "clinic") },
	{ .says = "the laptop sets word", SETS(LAPTOP, "word", "laptop") },
	{ .says = "the second ranks high", SETS(SECOND, "level", "high") },
	{ .says = "the clinic ranks low", SETS(CLINIC, "level", "low") },
	{ .says = "North counts 9", SETS(NORTH, "most", "9") },
	{ .says = "the laptop counts 12", SETS(LAPTOP, "most", "12") },
	{ .says = "North edits the minutes",
	    SETS(NORTH, "minutes", "one two three four") },
	{ .says = "the clinic edits the minutes",
	    SETS(CLINIC, "minutes", "zero one two three") },
	{ .says = "the second sets the hearing",
	    SETS(SECOND, "hearing", "10:00") },
	{ .says = "the clinic sets the hearing",
	    SETS(CLINIC, "hearing", "11:00") },
	{ .says = "North signs the consent", SETS(NORTH, "consent", "signed") },
	{ .says = "the clinic revokes the consent",
	    SETS(CLINIC, "consent", "revoked") },
	{ .says = "North numbers once", SETS(NORTH, "number", "1") },
	{ .says = "the laptop numbers once", SETS(LAPTOP, "number", "2") },
	{ .says = "the second sets its own field",
	    SETS(SECOND, "mine", "ours") },
	{ .says = "the clinic proposes for that field",
	    SETS(CLINIC, "mine", "theirs") },
	{ .says = "the second adds to the set",
	    INSERTS(SECOND, "tag", "word", "red") },
	{ .says = "the laptop adds the same",
	    INSERTS(LAPTOP, "tag", "word", "red") },
	{ .says = "the laptop notes a visit",
	    INSERTS(LAPTOP, "attendance", "appointment", "a1") },
	{ .says = "the clinic notes that visit",
	    INSERTS(CLINIC, "attendance", "appointment", "a1") },
	{ .says = "the second deletes the row",
	    SETS(SECOND, "row_state", "expunged") },
	/* control */
	{ .says = "North lets the relay read",
	    DOES(NORTH, GRANT),
	    AGENCY(ACTORS) },
	{ .says = "the second gives a new key",
	    DOES(SECOND, GRANT),
	    AGENCY(NORTH),
	    .anew = true },
	{ .says = "the clinic grants on", DOES(CLINIC, GRANT), NODE(CLINIC) },
	{ .says = "North removes the clinic",
	    DOES(NORTH, REMOVE),
	    AGENCY(CLINIC),
	    .reason = REMOVE_ENDED },
	{ .says = "the second cuts the laptop",
	    DOES(SECOND, REMOVE),
	    NODE(LAPTOP),
	    .reason = REMOVE_LOST },
	{ .says = "North cuts the second",
	    DOES(NORTH, REMOVE),
	    NODE(SECOND),
	    .reason = REMOVE_COMPROMISED },
	{ .says = "the clinic leaves",
	    DOES(CLINIC, REMOVE),
	    AGENCY(CLINIC),
	    .reason = REMOVE_LEFT },
	{ .says = "North judges", DOES(NORTH, JUDGE) },
	{ .says = "the second judges", DOES(SECOND, JUDGE) },
	{ .says = "the second adopts", DOES(SECOND, ADOPT) },
	{ .says = "North offers it to the clinic", DOES(NORTH, OFFER) },
	{ .says = "the clinic accepts it", DOES(CLINIC, ACCEPT) },
	{ .says = "North orders to destroy it", DOES(NORTH, DESTROY) },
	{ .says = "the second says it is destroyed", DOES(SECOND, DESTROYED) },
	{ .says = "the second is revoked as lost",
	    DOES(NORTH, REVOKE),
	    NODE(SECOND),
	    .reason = REVOKED_LOST },
	{ .says = "the clinic is revoked as lost",
	    DOES(NORTH, REVOKE),
	    NODE(CLINIC),
	    .reason = REVOKED_LOST },
	{ .says = "the laptop is revoked as left",
	    DOES(NORTH, REVOKE),
	    NODE(LAPTOP),
	    .reason = REVOKED_LEFT },
};
const size_t letter_count = COUNT_OF(letters);
