/* serve: the daemon. */
#include "node/cmd.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include <systemd/sd-daemon.h>

#include "node/keep.h"
#include "node/net.h"
#include "node/open.h"
#include "node/schedule.h"
#include "node/socket.h"

#define FILES_WANTED 4096

struct serving {
	struct socket_server *socket;
	struct net_server *net;
	struct schedule *schedule;
	struct keep *keep;
	char address[NET_ADDRESS_BYTES];
};

static void
signals_to_wait_for(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
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

static enum err
start(struct serving *s, struct run *run, const struct config *c,
    struct fail *f)
{
	enum err e = socket_start(&s->socket, run->dir, run->engine, f);

	if (e == OK && c->listen[0] != '\0')
		e = net_server_start(&s->net, s->address, run->engine,
		    c->listen, f);
	if (e == OK)
		e = schedule_start(&s->schedule, run->engine, c->hold, f);
	if (e == OK)
		e = keep_start(&s->keep, run->engine, c, run->dir, f);
	return e;
}

static void
stop(struct serving *s, struct run *run)
{
	engine_stop(run->engine);
	net_server_stop(s->net);
	schedule_stop(s->schedule);
	keep_stop(s->keep);
	socket_stop(s->socket);
}

static enum err
say_ready(struct run *run, const struct serving *s, struct fail *f)
{
	enum err e = OK;

	if (run->cli->json)
		e = run_json(run,
		    json_pack("{s:s, s:s}", "dir", run->dir, "listen",
			s->address),
		    f);
	else if (s->address[0] != '\0')
		run_say(run, "serving %s, peers reach it at %s\n", run->dir,
		    s->address);
	else
		run_say(run,
		    "serving %s; peers cannot call it (no --listen), it calls "
		    "them\n",
		    run->dir);
	run_drain(run);
	(void)sd_notify(0, "READY=1");
	return e;
}

static enum err
listen_setting(struct config *c, struct run *run, struct fail *f)
{
	enum err e = config_read(c, replica_env(run->replica), run->dir, f);
	const char *listen = cli_get(run->cli, "listen");

	if (e == OK && listen != NULL)
		(void)snprintf(c->listen, sizeof(c->listen), "%s", listen);
	return e;
}

enum err
cmd_serve(struct run *run, struct fail *f)
{
	struct serving s = { 0 };
	struct config config;
	sigset_t set;
	int got = 0;
	enum err e = listen_setting(&config, run, f);

	if (e != OK)
		return e;
	allow_files();
	/* before the first thread, so that only sigwait sees them */
	signals_to_wait_for(&set);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return fail_set(f, ERR_IO, "signals cannot be blocked");
	e = start(&s, run, &config, f);
	if (e == OK)
		e = say_ready(run, &s, f);
	if (e == OK)
		(void)sigwait(&set, &got);
	(void)sd_notify(0, "STOPPING=1");
	stop(&s, run);
	return e;
}
