/* What must survive between request and answer stands in _meta. */
#include "node/enrol.h"

#include <stdlib.h>
#include <string.h>

#include "node/begin.h"
#include "node/contact.h"
#include "node/secret.h"

#define META_STAFF "join_staff"
#define META_NEW "join_new_agency"

enum err
enrol_remember(struct replica *r, const struct invite *invite,
    const char *staff, struct fail *f)
{
	const char *name = staff != NULL ? staff : "";
	enum err e = replica_meta_set(r, META_STAFF, name, strlen(name), f);

	if (e != OK)
		return e;
	return replica_meta_set(r, META_NEW, invite->new_agency ? "1" : "0", 1,
	    f);
}

static enum err
directory(struct replica *r, const struct join_result *joined, struct fail *f)
{
	const struct member_agency *a =
	    members_agency(replica_members(r), &joined->agency);
	struct buf staff = { 0 }, fresh = { 0 };
	bool is_new = replica_meta_get(r, &fresh, META_NEW, NULL) == OK &&
	    fresh.n == 1 && fresh.p[0] == '1';
	enum err e = replica_meta_get(r, &staff, META_STAFF, NULL);

	if (e == OK || e == ERR_NOTFOUND)
		e = begin_directory(r, is_new && a != NULL ? a->name : NULL,
		    a != NULL ? a->kind : -1, buf_cstr(&staff), f);
	buf_release(&staff);
	buf_release(&fresh);
	return e;
}

enum err
enrol_finish(struct run *run, struct replica *r, const uint8_t *p, size_t n,
    struct fail *f)
{
	struct join_result joined = { 0 };
	int64_t every_s = 0;
	enum err e = contact_every(&every_s, run, f);

	if (e == OK)
		e = join_finish(r, &joined, p, n, f);
	if (e == OK)
		e = directory(r, &joined, f);
	if (e == OK && joined.address[0] != '\0')
		e = lane_peer_set(r, &joined.steward, joined.address, every_s,
		    0, f);
	if (e != OK)
		return e;
	run->wrote = true;
	if (!run->cli->json)
		run_say(run, "Joined the network %s.%s\n",
		    members_network_name(replica_members(r)),
		    joined.address[0] != '\0'
			? " footbridge serve (or sync) fetches what is shared."
			: "");
	return OK;
}

enum err
enrol_agency_code(struct buf *out, struct fail *f)
{
	const char *file = getenv("FOOTBRIDGE_AGENCY_CODE_FILE");
	const struct env *env = env_posix();
	enum err e;

	if (file == NULL || file[0] == '\0') {
		e = secret_ask(out, "The agency's recovery code: ", f);
		return e != ERR_AUTH
		    ? e
		    : fail_set(f, e,
			  "a further server of this agency wants the agency's "
			  "recovery code: name a file with it in "
			  "FOOTBRIDGE_AGENCY_CODE_FILE, or join at a "
			  "terminal");
	}
	e = env->file_read(env->self, out, file, 4096, f);
	if (e == OK)
		out->n = secret_line(out->p, out->n);
	return e == OK ? OK : fail_in(f, e, "FOOTBRIDGE_AGENCY_CODE_FILE");
}
