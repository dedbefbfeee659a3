/* A filled form as text and as a page. What is filled in may be anything that
 * somebody typed: control characters become blanks, HTML is escaped. */
#include "node/policy/form.h"

#include <string.h>

#define COLUMNS 76
#define WRITE_ON "____________________"

struct printing {
	struct buf *out;
	const struct form_fill *fill;
	struct buf line; /* the present paragraph, filled */
};

static void
put(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

/* ---- filling --------------------------------------------------------------------- */

static void
put_plain(struct buf *b, const char *text)
{
	for (; *text != 0; text++) {
		unsigned char c = (unsigned char)*text;

		buf_put(b, c < 0x20 || c == 0x7f ? " " : text, 1);
	}
}

static void
put_blank(struct printing *x, const char *name, size_t n)
{
	const char *value = NULL;
	char word[24] = "";

	if (n < sizeof(word))
		memcpy(word, name, n);
	if (word[0] != 0)
		value = x->fill->blank(x->fill->context, word);
	if (value != NULL && value[0] != 0)
		put_plain(&x->line, value);
	else
		put(&x->line, WRITE_ON);
}

/* The text with its blanks filled; borrowed until the next. */
static const char *
filled(struct printing *x, const char *text)
{
	buf_reset(&x->line);
	while (*text != 0) {
		size_t n = strcspn(text, "{");
		size_t name;

		buf_put(&x->line, text, n);
		text += n;
		if (*text == 0)
			break;
		name = strcspn(++text, "}");
		put_blank(x, text, name);
		text += name + (text[name] == '}');
	}
	return buf_cstr(&x->line);
}

/* ---- text ------------------------------------------------------------------------- */

/* Columns, not bytes: a letter may be several. */
static size_t
width(const char *p, size_t n)
{
	size_t columns = 0;

	for (size_t k = 0; k < n; k++)
		columns += ((unsigned char)p[k] & 0xc0) != 0x80;
	return columns;
}

static void
wrap(struct buf *out, const char *text, const char *first, const char *rest)
{
	size_t at = width(first, strlen(first));

	put(out, first);
	for (bool begin = true;; begin = false) {
		size_t n;

		text += strspn(text, " ");
		n = strcspn(text, " ");
		if (n == 0)
			break;
		if (!begin && at + 1 + width(text, n) > COLUMNS) {
			put(out, "\n");
			put(out, rest);
			at = width(rest, strlen(rest));
		} else if (!begin) {
			put(out, " ");
			at++;
		}
		buf_put(out, text, n);
		at += width(text, n);
		text += n;
	}
	put(out, "\n");
}

static void
text_list(struct printing *x, const char *list)
{
	const struct form_fill *fill = x->fill;
	size_t k = 0;

	for (;; k++) {
		const char *entry = fill->entry(fill->context, list, k);

		if (entry == NULL)
			break;
		buf_reset(&x->line);
		put_plain(&x->line, entry);
		wrap(x->out, buf_cstr(&x->line), "  - ", "    ");
	}
	if (k == 0)
		put(x->out, "  - " WRITE_ON "\n");
}

static void
text_item(struct printing *x, const struct form_item *item)
{
	const char *notice;

	switch (item->kind) {
	case FORM_HEADING:
		put(x->out, "\n");
		wrap(x->out, filled(x, item->text), "", "");
		break;
	case FORM_TEXT:
		wrap(x->out, filled(x, item->text), "  ", "  ");
		break;
	case FORM_BOX:
		wrap(x->out, filled(x, item->text), "  [ ] ", "      ");
		break;
	case FORM_LIST:
		text_list(x, item->text);
		break;
	case FORM_LINE:
		put(x->out, "\n  ");
		put(x->out, item->text);
		put(x->out, ": ");
		put(x->out, filled(x, item->value));
		put(x->out, "\n");
		break;
	case FORM_NOTICE:
		notice = pack_notice_text(x->fill->pack, item->text);
		put(x->out, "\n");
		wrap(x->out, notice != NULL ? notice : WRITE_ON, "  ", "  ");
		break;
	case FORM_WORD:
		break;
	}
}

void
form_text(struct buf *out, const struct form *form,
    const struct form_fill *fill)
{
	struct printing x = { .out = out, .fill = fill };

	buf_init(&x.line, FORM_BYTES_MAX * 4);
	if (fill->mark != NULL) {
		wrap(out, fill->mark, "", "");
		put(out, "\n");
	}
	wrap(out, form->title, "", "");
	put(out, "\n");
	for (size_t k = 0; k < form->item_count; k++)
		text_item(&x, &form->item[k]);
	put(out, "\n");
	put(out, form->name);
	put(out, " ");
	put(out, form->version);
	put(out, form->cite[0] != 0 ? ", " : "");
	put(out, form->cite);
	put(out, "\n");
	if (fill->mark != NULL)
		wrap(out, fill->mark, "", "");
	if (x.line.err != OK)
		out->err = x.line.err;
	buf_release(&x.line);
}

/* ---- page ---------------------------------------------------------------------------- */

static void
escape(struct buf *out, const char *text)
{
	for (; *text != 0; text++) {
		switch (*text) {
		case '<':
			put(out, "&lt;");
			break;
		case '>':
			put(out, "&gt;");
			break;
		case '&':
			put(out, "&amp;");
			break;
		case '"':
			put(out, "&quot;");
			break;
		default:
			buf_put(out, text, 1);
		}
	}
}

static void
element(struct buf *out, const char *open, const char *text, const char *close)
{
	put(out, open);
	escape(out, text);
	put(out, close);
}

static void
html_list(struct printing *x, const char *list)
{
	const struct form_fill *fill = x->fill;
	size_t k = 0;

	put(x->out, "<ul>\n");
	for (;; k++) {
		const char *entry = fill->entry(fill->context, list, k);

		if (entry == NULL)
			break;
		buf_reset(&x->line);
		put_plain(&x->line, entry);
		element(x->out, "<li>", buf_cstr(&x->line), "</li>\n");
	}
	if (k == 0)
		put(x->out, "<li>" WRITE_ON "</li>\n");
	put(x->out, "</ul>\n");
}

static void
html_item(struct printing *x, const struct form_item *item)
{
	const char *notice;

	switch (item->kind) {
	case FORM_HEADING:
		element(x->out, "<h2>", filled(x, item->text), "</h2>\n");
		break;
	case FORM_TEXT:
		element(x->out, "<p>", filled(x, item->text), "</p>\n");
		break;
	case FORM_BOX:
		element(x->out, "<p>&#9744; ", filled(x, item->text), "</p>\n");
		break;
	case FORM_LIST:
		html_list(x, item->text);
		break;
	case FORM_LINE:
		element(x->out, "<p class=\"line\">", item->text, ": ");
		element(x->out, "", filled(x, item->value), "</p>\n");
		break;
	case FORM_NOTICE:
		notice = pack_notice_text(x->fill->pack, item->text);
		element(x->out, "<blockquote lang=\"en\">",
		    notice != NULL ? notice : WRITE_ON, "</blockquote>\n");
		break;
	case FORM_WORD:
		break;
	}
}

/* A fixed element stands on every page that is printed. */
static const char style[] =
    "<style>body{font:12pt/1.4 sans-serif;max-width:44em;margin:3em auto;"
    "padding:0 1em;color:#000}h1{font-size:1.4em}h2{font-size:1.1em;"
    "margin:1.2em 0 .2em}p{margin:.3em 0}.line{margin:1.4em 0}"
    "blockquote{border-left:.3em solid #000;margin:1em 0;padding:0 1em}"
    ".mark{border:.2em solid #000;padding:.3em .6em;font-weight:bold}"
    "footer{margin-top:2em;font-size:.85em}"
    "@media print{.mark{position:fixed;top:0;left:0;right:0;margin:0}"
    "body{margin:3.5em 0 0}}</style>\n";

void
form_html(struct buf *out, const struct form *form,
    const struct form_fill *fill)
{
	struct printing x = { .out = out, .fill = fill };

	buf_init(&x.line, FORM_BYTES_MAX * 4);
	element(out, "<!doctype html>\n<html lang=\"", form->language,
	    "\">\n<head><meta charset=\"utf-8\">\n");
	element(out, "<title>", form->title, "</title>\n");
	put(out, style);
	put(out, "</head>\n<body>\n");
	if (fill->mark != NULL)
		element(out, "<p class=\"mark\">", fill->mark, "</p>\n");
	element(out, "<h1>", form->title, "</h1>\n");
	for (size_t k = 0; k < form->item_count; k++)
		html_item(&x, &form->item[k]);
	element(out, "<footer>", form->name, " ");
	element(out, "", form->version, form->cite[0] != 0 ? ", " : "");
	element(out, "", form->cite, "</footer>\n</body>\n</html>\n");
	if (x.line.err != OK)
		out->err = x.line.err;
	buf_release(&x.line);
}
