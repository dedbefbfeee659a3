/* One pass; the host's characters are a list of what is allowed. */
#include "node/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
static const char v6_chars[] = "0123456789abcdefABCDEF:.";

static enum err
refuse(struct fail *f)
{
	return fail_set(f, ERR_INPUT,
	    "the address is not HOST:PORT, such as office.example:7443, "
	    "10.0.0.5:7443 or [fd00::5]:7443");
}

enum err
address_parse(struct address *out, const char *text, struct fail *f)
{
	struct address a = { .is_v6 = text[0] == '[' };
	const char *host = a.is_v6 ? text + 1 : text;
	const char *port;
	size_t host_n, port_n;

	host_n = strspn(host, a.is_v6 ? v6_chars : name_chars);
	port = host + host_n;
	if (a.is_v6 && *port++ != ']')
		return refuse(f);
	if (host_n == 0 || host_n >= sizeof(a.host) || *port++ != ':')
		return refuse(f);
	port_n = strspn(port, "0123456789");
	if (port_n == 0 || port_n >= sizeof(a.port) || port[port_n] != '\0' ||
	    strtol(port, NULL, 10) > 65535)
		return refuse(f);
	memcpy(a.host, host, host_n);
	memcpy(a.port, port, port_n);
	*out = a;
	return OK;
}

static bool
near_v4(const uint8_t *p)
{
	return p[0] == 127 || p[0] == 10 ||
	    (p[0] == 172 && (p[1] & 0xf0) == 16) ||
	    (p[0] == 192 && p[1] == 168) || (p[0] == 169 && p[1] == 254);
}

bool
address_is_near(const char *ip)
{
	static const uint8_t self[16] = { [15] = 1 };
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t p[16];

	if (inet_pton(AF_INET, ip, p) == 1)
		return near_v4(p);
	if (inet_pton(AF_INET6, ip, p) != 1)
		return false;
	if (memcmp(p, mapped, sizeof(mapped)) == 0)
		return near_v4(p + sizeof(mapped));
	return memcmp(p, self, sizeof(self)) == 0 || (p[0] & 0xfe) == 0xfc ||
	    (p[0] == 0xfe && (p[1] & 0xc0) == 0x80);
}
