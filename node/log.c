/* %d and %a in an event's words stand for its fields. */
#include "node/log.h"

#include "node/out.h"

static const char *const words[] = {
	[LOG_SERVING] = "serving %d, peers reach it at %a",
	[LOG_CALLING] = "serving %d; peers cannot call it (no --listen), it "
			"calls them",
	[LOG_OPENED_AGAIN] = "a save failed, so the replica was opened again; "
			     "all that was answered as saved is there",
	[LOG_PAGE] = "the page for staff is at %a",
	[LOG_PAGE_TLS] = "the page for staff is at %a; the fingerprint of its "
			 "certificate, to be compared once in each browser: %f",
	[LOG_STOPPING] = "stopping, as it was asked to",
};

static const char *
field(const struct log_fields *f, char which)
{
	switch (which) {
	case 'd':
		return f->dir;
	case 'a':
		return f->address;
	case 'f':
		return f->fingerprint;
	default:
		return "";
	}
}

enum err
log_document(struct run *run, const struct log_fields *fields, struct fail *f)
{
	enum err e = run_json(run,
	    json_pack("{s:s, s:s, s:s}", "dir", fields->dir, "listen",
		fields->address, "page",
		fields->page != NULL ? fields->page : ""),
	    f);

	run_drain(run);
	return e;
}

void
log_event(struct run *run, enum log_event event,
    const struct log_fields *fields)
{
	struct buf line = { 0 };

	for (const char *p = words[event]; *p != '\0'; p++) {
		if (*p == '%')
			buf_printf(&line, "%s", field(fields, *++p));
		else
			buf_u8(&line, (uint8_t)*p);
	}
	if (event == LOG_OPENED_AGAIN) {
		run_warn(buf_cstr(&line));
	} else if (!run->cli->json) {
		run_say(run, "%s\n", buf_cstr(&line));
		run_drain(run);
	}
	buf_release(&line);
}
