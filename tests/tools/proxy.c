/*
 * tests-proxy LISTEN TARGET LOG [--cut-after BYTES | --hold-after BYTES]
 *
 * The counting proxy as a program. Prints "listening HOST:PORT", a line
 * "acted BYTES" when it cut or held, and on SIGTERM or SIGINT one JSON object,
 * which also goes to LOG. The raw streams are in LOG.up and LOG.down.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/proxy.h"

static struct proxy *proxy;

static void
on_signal(int number)
{
	(void)number;
	proxy_stop(proxy);
}

static void
on_act(int64_t bytes)
{
	(void)printf("acted %lld\n", (long long)bytes);
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct proxy_options o = { .act = PROXY_PASS };
	struct proxy_count count;
	char address[PROXY_ADDRESS_BYTES];
	FILE *log;

	if (argc == 6 && strcmp(argv[4], "--cut-after") == 0)
		o.act = PROXY_CUT;
	else if (argc == 6 && strcmp(argv[4], "--hold-after") == 0)
		o.act = PROXY_HOLD;
	else if (argc != 4) {
		(void)fprintf(stderr,
		    "usage: tests-proxy LISTEN TARGET LOG "
		    "[--cut-after BYTES | --hold-after BYTES]\n");
		return 2;
	}
	o.listen = argv[1];
	o.target = argv[2];
	o.record = argv[3];
	o.act_after = argc == 6 ? strtoll(argv[5], NULL, 10) : 0;
	proxy = proxy_open(address, &o);
	if (proxy == NULL)
		return 1;
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)printf("listening %s\n", address);
	(void)fflush(stdout);
	proxy_run(proxy, on_act);
	proxy_counts(proxy, &count);
	proxy_close(proxy);
	proxy_print(stdout, &count);
	log = fopen(argv[3], "w");
	if (log == NULL)
		return 1;
	proxy_print(log, &count);
	return fclose(log) == 0 ? 0 : 1;
}
