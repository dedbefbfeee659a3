/*
 * What a member of staff may do here: roles and how far they reach, whether the
 * training holds, and whose records that person may see.
 *
 * Roles, training, case loads and restrictions are replicated rows (staff_role,
 * training_record, assignment, tx_episode, team_member, access_restriction);
 * everything is computed when asked, by the later of the wall clock and the
 * highest signed time, so that a clock put back gives nothing back.
 *
 * Keys decide what this computer can read, these rules what its program shows to
 * whom: whoever has the key of the replica is beyond them (THREATS.md).
 * All with the engine's lock held.
 */
#ifndef FOOTBRIDGE_NODE_ACCOUNT_RIGHTS_H
#define FOOTBRIDGE_NODE_ACCOUNT_RIGHTS_H

#include "node/account/store.h"
#include "sync/read.h"

/* The words of staff_role.role, in their order. */
enum account_role {
	ACCOUNT_OFFICER,
	ACCOUNT_COUNSELOR,
	ACCOUNT_CLINICIAN,
	ACCOUNT_SOCIAL_WORKER,
	ACCOUNT_SUPERVISOR,
	ACCOUNT_CLERK,
	ACCOUNT_RECORDS_OFFICER,
	ACCOUNT_PRIVACY_OFFICER,
	ACCOUNT_SECURITY_OFFICER,
	ACCOUNT_ADMINISTRATOR,
	ACCOUNT_MEDICAL,
	ACCOUNT_AUDITOR,
	ACCOUNT_ROLE_COUNT
};
#define ACCOUNT_BIT(role) (1u << (role))
/* NULL, -1: unknown */
const char *account_role_word(int role);
int account_role_of(const char *word, size_t n);

/* The widest of the roles that work with records and hold; of the others (auditor,
 * security officer, administrator) where there is none of those. */
enum account_scope {
	ACCOUNT_SCOPE_NONE,
	ACCOUNT_SCOPE_CASELOAD, /* the own case load */
	ACCOUNT_SCOPE_OFFICE,   /* the own office's */
	ACCOUNT_SCOPE_ALL,
};
const char *account_scope_word(enum account_scope scope);

struct account_rights {
	uint32_t roles; /* ACCOUNT_BIT of each that holds now */
	enum account_scope scope;
	/* an administrator of the replica, which counts as one of the agency on its
	 * servers, and elsewhere as long as it gave nobody a role */
	bool leads;
	bool read_only; /* the training ran out, and the grace after it */
	bool is_ended;  /* disabled, closed unused, ended, or staff no more */
	struct row_id office;
	bool has_office;
};

/*
 * grace_days: after the training ran out, or after the account was made without
 * any, in which its owner may still write.
 *
 * An administrator of a server without a role of the agency reaches all: who can
 * open the accounts can open the records. With a role the role decides. On a computer
 * that people carry, whoever joined it is its administrator: once the agency has given
 * anybody a role, that alone reaches nobody.
 */
enum err account_rights(struct account_rights *out, struct replica *r,
    const struct account *a, int64_t grace_days, struct fail *f);
/* Who writes rows of this table by hand: ACCOUNT_BIT of each role. 0: nobody, since
 * a command does it with more care; *how, where it is not NULL, is the sentence that
 * says which. What an office is, who works there and what was agreed is for few; what
 * is about a person for all who work with people. */
uint32_t account_writers(const char **how, const struct table *t);
/* The sentence for who may only read. */
#define ACCOUNT_READ_ONLY_WORDS \
	"your confidentiality training has run out, so this account can read " \
	"and not write; take the training and have it recorded " \
	"(training_record)"

/*
 * Whose records: the case load by open assignments, treatment episodes and teams;
 * the office's by assignments to it or to its staff; less who is restricted
 * (access_restriction), whatever the scope.
 */
struct account_view;
enum err account_view_of(struct account_view **out, struct replica *r,
    const struct row_id *staff, const struct account_rights *rights,
    struct fail *f);
void account_view_free(struct account_view *v);
/* subject: a person's id, or an agency's, which everybody sees. */
bool account_view_has(const struct account_view *v,
    const struct row_id *subject);
/* Why not: a restriction (which may have a message of its own), or the scope. */
bool account_view_is_restricted(const struct account_view *v,
    const struct row_id *subject);
/* Is nobody hidden from this person? */
bool account_view_is_all(const struct account_view *v);

#endif
