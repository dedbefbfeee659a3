/* The code list is expanded three times; texts are formatted in place. */
#include "sync/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
clean(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

enum err
fail_set(struct fail *f, enum err code, const char *format, ...)
{
	va_list ap;

	if (f == NULL)
		return code;
	f->code = code;
	va_start(ap, format);
	(void)vsnprintf(f->text, sizeof(f->text), format, ap);
	va_end(ap);
	clean(f->text);
	return code;
}

enum err
fail_code(struct fail *f, enum err code)
{
	return fail_set(f, code, "%s", err_text(code));
}

enum err
fail_in(struct fail *f, enum err code, const char *format, ...)
{
	char context[FAIL_TEXT_BYTES];
	char below[FAIL_TEXT_BYTES];
	va_list ap;

	if (f == NULL)
		return code;
	va_start(ap, format);
	(void)vsnprintf(context, sizeof(context), format, ap);
	va_end(ap);
	(void)snprintf(below, sizeof(below), "%s",
	    f->text[0] != '\0' ? f->text : err_text(code));
	(void)snprintf(f->text, sizeof(f->text), "%.150s: %.167s", context,
	    below);
	clean(f->text);
	f->code = code;
	return code;
}

const char *
err_text(enum err code)
{
	switch (code) {
	case OK:
		return "no error";
#define X(name, http, text) \
	case name: \
		return text;
		ERR_LIST(X)
#undef X
	}
	return "unknown error";
}

int
err_http(enum err code)
{
	switch (code) {
	case OK:
		return 200;
#define X(name, http, text) \
	case name: \
		return http;
		ERR_LIST(X)
#undef X
	}
	return 500;
}

const char *
err_name(enum err code)
{
	switch (code) {
	case OK:
		return "OK";
#define X(name, http, text) \
	case name: \
		return #name;
		ERR_LIST(X)
#undef X
	}
	return "ERR_?";
}
