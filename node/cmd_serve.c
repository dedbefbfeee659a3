/* serve: the daemon. */
#include "node/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "node/account/account.h"
#include "node/api/page.h"
#include "node/driver.h"
#include "node/keep.h"
#include "node/log.h"
#include "node/net.h"
#include "node/open.h"
#include "node/schedule.h"
#include "node/socket.h"

#define FILES_WANTED 4096

/* Comes when the replica must be opened again. */
#define SIGNAL_LOST SIGUSR1

struct serving {
	struct socket_server *socket;
	struct net_server *net;
	struct schedule *schedule;
	struct keep *keep;
	struct accounts *accounts; /* sessions outlive a replica opened again */
	struct page *page;
	struct page_at page_at;
	struct driver *driver;
	char address[NET_ADDRESS_BYTES];
	sigset_t signals; /* waited for, blocked everywhere else */
	unsigned again;   /* times in a row that it was opened again */
	int64_t again_ms; /* when the last was, monotonic */
};

static enum err
signals_to_wait_for(sigset_t *set, struct fail *f)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, SIGNAL_LOST);
	/* before the first thread, so that only sigwait sees them */
	return pthread_sigmask(SIG_BLOCK, set, NULL) == 0
	    ? OK
	    : fail_set(f, ERR_IO, "signals cannot be blocked");
}

static void
tell_lost(void)
{
	(void)kill(getpid(), SIGNAL_LOST);
}

/* Every connection is an open file, and most systems allow 1,024 unless asked;
 * what is refused costs connections, nothing else. */
static void
allow_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 ||
	    files.rlim_cur >= FILES_WANTED)
		return;
	files.rlim_cur =
	    files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

/* The next signal; 0: none came in so many milliseconds. */
static int
wait_signal(const struct serving *s, int64_t wait_ms)
{
	const struct timespec t = { .tv_sec = wait_ms / 1000,
		.tv_nsec = (long)(wait_ms % 1000) * 1000000 };
	int got;

	do {
		got = sigtimedwait(&s->signals, NULL, &t);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? 0 : got;
}

/* The page for staff, where one is wanted. */
static enum err
start_page(struct serving *s, struct run *run, const struct config *c,
    struct fail *f)
{
	struct page_options o = { .listen = c->page,
		.name = c->page_name,
		.dir = run->dir,
		.engine = run->engine };
	enum err e = OK;

	if (c->page[0] == '\0')
		return OK;
	if (s->accounts == NULL)
		e = accounts_new(&s->accounts, run->engine, &c->accounts, f);
	o.accounts = s->accounts;
	return e == OK ? page_start(&s->page, &s->page_at, &o, f) : e;
}

/* What calls, is called and writes by itself. */
static enum err
start_contacts(struct serving *s, struct run *run, const struct config *c,
    struct fail *f)
{
	char listen[NET_ADDRESS_BYTES];
	enum err e = OK;

	/* a port that was any free one stays that one */
	(void)snprintf(listen, sizeof(listen), "%s",
	    s->address[0] != '\0' ? s->address : c->listen);
	if (listen[0] != '\0')
		e = net_server_start(&s->net, s->address, run->engine, listen,
		    f);
	if (e == OK)
		e = start_page(s, run, c, f);
	if (e == OK)
		e = schedule_start(&s->schedule, run->engine, c->hold, f);
	if (e == OK)
		e = keep_start(&s->keep, run->engine, c, run->dir, f);
	if (e == OK)
		e = driver_start(&s->driver, run->engine, f);
	return e;
}

static void
stop(struct serving *s, struct run *run)
{
	engine_stop(run->engine);
	page_stop(s->page);
	net_server_stop(s->net);
	schedule_stop(s->schedule);
	keep_stop(s->keep);
	driver_stop(s->driver);
	socket_stop(s->socket);
	s->page = NULL;
	s->net = NULL;
	s->schedule = NULL;
	s->keep = NULL;
	s->driver = NULL;
	s->socket = NULL;
}

static enum err
say_ready(struct run *run, const struct serving *s, struct fail *f)
{
	const struct log_fields fields = { .dir = run->dir,
		.address = s->address,
		.page = s->page_at.url };
	const struct log_fields page = { .address = s->page_at.url,
		.fingerprint = s->page_at.fingerprint };
	enum err e = OK;

	if (run->cli->json)
		e = log_document(run, &fields, f);
	else
		log_event(run,
		    s->address[0] != '\0' ? LOG_SERVING : LOG_CALLING, &fields);
	if (e == OK && s->page != NULL)
		log_event(run,
		    page.fingerprint[0] != '\0' ? LOG_PAGE_TLS : LOG_PAGE,
		    &page);
	(void)sd_notify(0, "READY=1");
	return e;
}

static enum err
listen_setting(struct config *c, struct run *run, struct fail *f)
{
	enum err e = config_read(c, replica_env(run->replica), run->dir, f);
	const char *listen = cli_get(run->cli, "listen");
	const char *page = cli_get(run->cli, "page");

	if (e == OK && listen != NULL)
		(void)snprintf(c->listen, sizeof(c->listen), "%s", listen);
	if (e == OK && page != NULL)
		(void)snprintf(c->page, sizeof(c->page), "%s", page);
	return e;
}

/* Who fails to save again and again, on a full disk say, calls nobody and is
 * called by nobody for a while; people at this computer are answered. */
static int
rest(const struct serving *s)
{
	uint32_t roll;

	if (s->again == 0)
		return 0;
	env_random(env_posix(), &roll, sizeof(roll));
	return wait_signal(s,
	    schedule_due(SCHEDULE_BACK_OFF_S, 0, s->again, roll));
}

/* Until a signal comes. */
static enum err
serve(int *got, struct serving *s, struct run *run, const struct config *c,
    struct fail *f)
{
	enum err e;

	*got = 0;
	run->engine->lost = tell_lost;
	e = socket_start(&s->socket, run->dir, run->engine, f);
	if (e == OK)
		*got = rest(s);
	if (e == OK && *got == 0)
		e = start_contacts(s, run, c, f);
	if (e == OK && *got == 0 && s->again == 0)
		e = say_ready(run, s, f);
	if (e == OK && *got == 0)
		(void)sigwait(&s->signals, got);
	stop(s, run);
	return e;
}

/* Only what is read again from the disk is known to be saved. */
static enum err
open_again(struct serving *s, struct run *run, struct fail *f)
{
	int64_t now = env_mono_ms(env_posix());
	struct replica *r = NULL;
	enum err e;

	if (now - s->again_ms > 2000 * SCHEDULE_BACK_OFF_S)
		s->again = 0;
	s->again++;
	s->again_ms = now;
	replica_close(run->engine->replica);
	e = open_waiting(&r, run->with, run->dir, OPEN_SERVE_MS, f);
	engine_again(run->engine, r);
	run->replica = r;
	if (e != OK)
		return fail_in(f, e,
		    "a save failed, and the replica cannot be opened again");
	log_event(run, LOG_OPENED_AGAIN, &(struct log_fields){ 0 });
	return OK;
}

enum err
cmd_serve(struct run *run, struct fail *f)
{
	struct serving s = { 0 };
	struct config config;
	int got = SIGNAL_LOST;
	enum err e = listen_setting(&config, run, f);

	if (e == OK)
		e = signals_to_wait_for(&s.signals, f);
	if (e != OK)
		return e;
	allow_files();
	while (e == OK && got == SIGNAL_LOST) {
		e = serve(&got, &s, run, &config, f);
		if (e == OK && got == SIGNAL_LOST)
			e = open_again(&s, run, f);
	}
	accounts_free(s.accounts);
	(void)sd_notify(0, "STOPPING=1");
	if (e == OK)
		log_event(run, LOG_STOPPING, &(struct log_fields){ 0 });
	return e;
}
