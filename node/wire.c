/* Each option by itself: an older system may lack one of them. */
#include "node/wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

void
wire_prepare(int fd)
{
	static const char bbr[] = "bbr";
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, bbr, sizeof(bbr) - 1);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, &on,
	    sizeof(on));
}
