/* Until the HTTPS transport is linked in: every call says so. */
#include "node/net.h"

static const char not_yet[] =
    "HTTPS between nodes is not available yet; bundle export and bundle "
    "import carry the same by file";

enum err
net_call(struct engine *e, struct net_result *out, const struct node_id *peer,
    const char *address, int64_t budget_bytes, struct fail *f)
{
	(void)e;
	(void)peer;
	(void)address;
	(void)budget_bytes;
	*out = (struct net_result){ 0 };
	return fail_set(f, ERR_UNAVAILABLE, "%s", not_yet);
}

enum err
net_server_start(struct net_server **out,
    char address[static NET_ADDRESS_BYTES], struct engine *e,
    const char *listen, struct fail *f)
{
	(void)out;
	(void)e;
	(void)listen;
	address[0] = '\0';
	return fail_set(f, ERR_UNAVAILABLE, "%s", not_yet);
}

void
net_server_stop(struct net_server *s)
{
	(void)s;
}

enum err
net_join(struct buf *answer, const struct identity *me, const char *address,
    const uint8_t pin[static MEMBER_KEY_BYTES], const uint8_t *request,
    size_t n, struct fail *f)
{
	(void)answer;
	(void)me;
	(void)address;
	(void)pin;
	(void)request;
	(void)n;
	return fail_set(f, ERR_UNAVAILABLE,
	    "joining over HTTPS is not available yet; join INVITE --out FILE "
	    "writes a request that the steward's bundle import answers");
}
