/*
 * tests-emulator NUMBER [OPTION VALUE]...: a bad link between two network
 * namespaces on one machine.
 *
 *	--rate BYTES	a second, each way (0: no limit)
 *	--delay MS	one way
 *	--loss PERCENT	of packets, each way
 *	--burst N	packets lost in a row, on average (1: independent)
 *	--queue BYTES	that wait for the rate; what comes beyond is dropped
 *	--cut MS	every so often all connections then open die: their
 *			packets go nowhere from then on, as after a change of
 *			address. New ones pass
 *	--down MS	after each cut nothing passes for so long
 *	--seed N
 *
 * The near end is a TUN device "link-NUMBER" in the namespace in which the
 * program is started, with the address 198.18.NUMBER.1; the far end, with
 * 198.18.NUMBER.2, is in a namespace of its own, which is the program's from
 * then on: nsenter --net=/proc/PID/ns/net gets there. "up" is from far to near.
 *
 * Prints "ready PID" when packets pass. Then it reads lines: "drop up", "drop
 * down", "drop both", "pass", "count" (answered with one JSON object). It ends
 * with its input, with a last count. Exit 3: the system gives no namespace or
 * no TUN device, and the line on standard error says why.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
/* after net/if.h, which has the same names */
#include <linux/if_tun.h>

#include "sync/base.h"

#define PACKET_BYTES 2048
#define PORTS 65536
#define PER_S 1000000000LL
#define PER_MS 1000000LL
#define NEVER INT64_MAX
#define CANNOT 3

enum way { UP, DOWN, WAYS };

struct packet {
	struct packet *next;
	int64_t due; /* when it arrives */
	size_t n;
	uint8_t b[];
};

struct count {
	long long packets, bytes;  /* that came in */
	long long lost, full, cut; /* that did not come out, and why */
};

struct flow {
	int from, to; /* TUN devices */
	struct packet *head, **end;
	int64_t free_at; /* when all that waits has been sent */
	uint64_t random;
	bool is_bad;     /* in a burst of losses */
	bool is_dropped; /* all of it */
	struct count count;
};

struct options {
	int64_t number, rate, delay_ms, loss, burst, queue, cut_ms, down_ms,
	    seed;
};

struct emulator {
	struct options o;
	struct flow flow[WAYS];
	/* of connections that were begun since the last cut, by far port */
	bool is_known[PORTS];
	int64_t next_cut, down_until;
	long long cuts;
};

static int64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * PER_S + t.tv_nsec;
}

/* splitmix64, one series a way: the fate of the n-th packet of a way depends
 * on the seed alone. 0 <= result < 1. */
static double
roll(struct flow *f)
{
	uint64_t z = f->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return (double)(z >> 11) / 9007199254740992.0;
}

/* Gilbert's channel: nothing passes while it is bad, which is so for burst
 * packets on average and for loss percent of all. */
static bool
is_lost(struct flow *f, const struct options *o)
{
	double loss = (double)o->loss / 100, burst = (double)o->burst;

	if (o->loss == 0)
		return false;
	if (o->burst <= 1)
		return roll(f) < loss;
	if (f->is_bad)
		f->is_bad = roll(f) >= 1 / burst;
	else
		f->is_bad = roll(f) < loss / (1 - loss) / burst;
	return f->is_bad;
}

/* ---- cuts ---- */

/* Of an IPv4 TCP packet: the far port, and whether it begins a connection. */
static bool
look(const uint8_t *b, size_t n, enum way way, uint16_t *port, bool *is_syn)
{
	size_t head = (size_t)(b[0] & 15) * 4;
	const uint8_t *p = b + head + (way == UP ? 0 : 2);

	if (n < 40 || b[0] >> 4 != 4 || b[9] != 6 || n < head + 20)
		return false;
	*port = (uint16_t)(p[0] << 8 | p[1]);
	*is_syn = (b[head + 13] & 0x12) == 2;
	return true;
}

static bool
is_cut(struct emulator *e, enum way way, const uint8_t *b, size_t n, int64_t at)
{
	uint16_t port;
	bool is_syn;

	if (e->o.cut_ms == 0)
		return false;
	if (at >= e->next_cut) {
		memset(e->is_known, 0, sizeof(e->is_known));
		e->next_cut += e->o.cut_ms * PER_MS;
		e->down_until = at + e->o.down_ms * PER_MS;
		e->cuts++;
	}
	if (at < e->down_until)
		return true;
	if (!look(b, n, way, &port, &is_syn))
		return false;
	if (way == UP && is_syn)
		e->is_known[port] = true;
	return !e->is_known[port];
}

/* ---- packets ---- */

static void
take(struct emulator *e, enum way way, const uint8_t *b, size_t n)
{
	struct flow *f = &e->flow[way];
	int64_t at = now(), cost = 0;
	struct packet *p;

	f->count.packets++;
	f->count.bytes += (long long)n;
	if (f->free_at < at)
		f->free_at = at;
	if (e->o.rate > 0) {
		cost = (int64_t)n * PER_S / e->o.rate;
		if (f->free_at - at + cost > e->o.queue * PER_S / e->o.rate) {
			f->count.full++;
			return;
		}
	}
	/* what is lost on the air was sent like any other */
	f->free_at += cost;
	if (is_cut(e, way, b, n, at) || f->is_dropped) {
		f->count.cut++;
		return;
	}
	if (is_lost(f, &e->o)) {
		f->count.lost++;
		return;
	}
	p = malloc(sizeof(*p) + n);
	if (p == NULL)
		abort();
	p->next = NULL;
	p->due = f->free_at + e->o.delay_ms * PER_MS;
	p->n = n;
	memcpy(p->b, b, n);
	*f->end = p;
	f->end = &p->next;
}

/* Deliver what is due; when the next one is. */
static int64_t
deliver(struct flow *f)
{
	struct packet *p;
	ssize_t done;

	while ((p = f->head) != NULL && p->due <= now()) {
		f->head = p->next;
		if (f->head == NULL)
			f->end = &f->head;
		/* refused while the device goes down: lost like any other */
		done = write(f->to, p->b, p->n);
		(void)done;
		free(p);
	}
	return p != NULL ? p->due : NEVER;
}

/* ---- what is said ---- */

static void
print_way(const char *name, const struct count *c)
{
	(void)printf("\"%s\": {\"packets\": %lld, \"bytes\": %lld, "
		     "\"lost\": %lld, \"full\": %lld, \"cut\": %lld}, ",
	    name, c->packets, c->bytes, c->lost, c->full, c->cut);
}

static void
print_count(const struct emulator *e)
{
	(void)printf("{");
	print_way("up", &e->flow[UP].count);
	print_way("down", &e->flow[DOWN].count);
	(void)printf("\"cuts\": %lld}\n", e->cuts);
	(void)fflush(stdout);
}

/* False at the end of input. */
static bool
obey(struct emulator *e)
{
	char line[64];

	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	if (strcmp(line, "count\n") == 0) {
		print_count(e);
		return true;
	}
	e->flow[UP].is_dropped =
	    strcmp(line, "drop up\n") == 0 || strcmp(line, "drop both\n") == 0;
	e->flow[DOWN].is_dropped = strcmp(line, "drop down\n") == 0 ||
	    strcmp(line, "drop both\n") == 0;
	return true;
}

static void
run(struct emulator *e)
{
	uint8_t b[PACKET_BYTES];
	int64_t due, left;
	struct timespec t;
	ssize_t n;

	for (;;) {
		struct pollfd fds[] = { { e->flow[UP].from, POLLIN, 0 },
			{ e->flow[DOWN].from, POLLIN, 0 },
			{ STDIN_FILENO, POLLIN, 0 } };

		due = deliver(&e->flow[UP]);
		left = deliver(&e->flow[DOWN]);
		due = (left < due ? left : due) - now();
		left = due < 0 ? 0 : due < PER_S ? due : PER_S;
		t = (struct timespec){ left / PER_S, left % PER_S };
		if (ppoll(fds, COUNT_OF(fds), &t, NULL) < 0 && errno != EINTR)
			return;
		for (int w = 0; w < WAYS; w++)
			while ((n = read(e->flow[w].from, b, sizeof(b))) > 0)
				take(e, (enum way)w, b, (size_t)n);
		if (fds[2].revents != 0 && !obey(e))
			return;
	}
}

/* ---- beginning ---- */

static void
cannot(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(CANNOT);
}

static void
set_address(struct ifreq *r, int s, unsigned long request, int64_t number,
    int host)
{
	struct sockaddr_in at = { .sin_family = AF_INET };

	at.sin_addr.s_addr = htonl((198U << 24) + (18U << 16) +
	    ((unsigned)number << 8) + (unsigned)host);
	memcpy(&r->ifr_addr, &at, sizeof(at));
	if (ioctl(s, request, r) != 0)
		cannot("the address of a TUN device");
}

/* A device in the namespace that the process is in now. */
static int
device(const char *name, int64_t number, int own, int other)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int s, fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		cannot("/dev/net/tun");
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &r) != 0)
		cannot("a TUN device");
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		cannot("a socket");
	set_address(&r, s, SIOCSIFADDR, number, own);
	set_address(&r, s, SIOCSIFDSTADDR, number, other);
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(s, SIOCSIFFLAGS, &r) != 0)
		cannot("a TUN device");
	(void)close(s);
	return fd;
}

static void
begin(struct emulator *e)
{
	char name[IFNAMSIZ];
	int near, far;

	(void)snprintf(name, sizeof(name), "link-%d", (int)e->o.number);
	near = device(name, e->o.number, 1, 2);
	if (unshare(CLONE_NEWNET) != 0)
		cannot("a network namespace");
	far = device(name, e->o.number, 2, 1);
	e->flow[UP] = (struct flow){ .from = far, .to = near };
	e->flow[DOWN] = (struct flow){ .from = near, .to = far };
	for (int w = 0; w < WAYS; w++) {
		struct flow *f = &e->flow[w];

		f->end = &f->head;
		/* far apart, so that the series have nothing in common */
		f->random = ((uint64_t)e->o.seed * WAYS + (uint64_t)w) << 32;
	}
	e->next_cut = now() + e->o.cut_ms * PER_MS;
}

static bool
read_options(struct options *o, int argc, char **argv)
{
	const struct {
		const char *name;
		int64_t *value;
	} known[] = { { "--rate", &o->rate }, { "--delay", &o->delay_ms },
		{ "--loss", &o->loss }, { "--burst", &o->burst },
		{ "--queue", &o->queue }, { "--cut", &o->cut_ms },
		{ "--down", &o->down_ms }, { "--seed", &o->seed } };
	size_t k;

	if (argc < 2 || argc % 2 != 0)
		return false;
	o->number = strtoll(argv[1], NULL, 10);
	for (int i = 2; i < argc; i += 2) {
		for (k = 0; k < COUNT_OF(known); k++)
			if (strcmp(argv[i], known[k].name) == 0)
				break;
		if (k == COUNT_OF(known))
			return false;
		*known[k].value = strtoll(argv[i + 1], NULL, 10);
	}
	return o->number >= 0 && o->number < 256 && o->loss >= 0 &&
	    o->loss < 100;
}

int
main(int argc, char **argv)
{
	static struct emulator e = {
		.o = { .burst = 1, .queue = 16384, .seed = 1 }
	};

	if (!read_options(&e.o, argc, argv)) {
		(void)fprintf(stderr,
		    "usage: tests-emulator NUMBER [--rate BYTES] [--delay MS] "
		    "[--loss PERCENT] [--burst PACKETS] [--queue BYTES] "
		    "[--cut MS] [--down MS] [--seed N]\n");
		return 2;
	}
	begin(&e);
	/* lines are looked at one by one, also when several came at once */
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	(void)printf("ready %d\n", (int)getpid());
	(void)fflush(stdout);
	run(&e);
	print_count(&e);
	return 0;
}
