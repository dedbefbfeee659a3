/*
 * Draw the schema: one SVG picture on standard output, from the registry that
 * stands in the migrations.
 *
 *     picture >schema/model.svg
 *
 * Tables stand in groups by the label of their category, each with its number,
 * its scope, its fields and how each is merged; a reference names its table and
 * leads there when clicked. The same migrations give the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/assets.h"
#include "sync/registry.h"

#define SOURCES_MAX 128
#define COLUMNS 6
#define BOX_WIDTH 250
#define GAP 14
#define LINE 13
#define HEAD 34
#define MARGIN 20

/* Labels in the order in which a reader meets them; one table stands in the group
 * of the first that any kind of owner gives it. */
static const struct {
	const char *label, *title;
} groups[] = {
	{ "DIR", "Directory: agencies, offices, staff, programs" },
	{ "IDX", "Who the person is" },
	{ "SUP", "Supervision" },
	{ "TX2", "Treatment (with mental health and social services)" },
	{ "SOC", "Social services" },
	{ "JNT", "Work together" },
	{ "CRT", "Court" },
	{ "CHR", "Criminal history" },
	{ "SAF", "Safety" },
	{ "CNS", "Counseling notes" },
	{ "ADM", "Agreements, consent, policy, staff" },
	{ "AUD", "Accounting" },
	{ "", "Kept on this computer" },
};

static const char *
label_of(const struct table *t)
{
	for (size_t g = 0; g < COUNT_OF(groups) - 1; g++) {
		size_t n = strlen(groups[g].label);

		for (size_t k = 0; k < KIND_COUNT; k++)
			if (t->category[k] != NULL &&
			    strncmp(t->category[k], groups[g].label, n) == 0 &&
			    (t->category[k][n] == 0 ||
				t->category[k][n] == '.'))
				return groups[g].label;
	}
	return "";
}

static const char *
rule_word(const struct field *f)
{
	switch (f->rule) {
	case RULE_LATEST:
		return "latest";
	case RULE_RANKED:
		return "ranked";
	case RULE_MAX:
		return "max";
	case RULE_MIN:
		return "min";
	case RULE_ONCE:
		return "once";
	case RULE_BOTH:
		return "both";
	case RULE_TEXT:
		return "text";
	default:
		return "";
	}
}

static bool
is_drawn(const struct field *f)
{
	return f->number < REGISTRY_ROW_STATE;
}

static int
height_of(const struct table *t)
{
	int lines = 0;

	for (size_t k = 0; k < t->field_count; k++)
		lines += is_drawn(&t->fields[k]);
	return HEAD + lines * LINE + 8;
}

static void
draw_field(const struct field *f, int x, int y)
{
	printf("<text x=\"%d\" y=\"%d\"%s>%s</text>", x + 8, y,
	    f->required ? " class=\"r\"" : "", f->name);
	if (f->ref != NULL)
		printf("<a href=\"#%s\"><text x=\"%d\" y=\"%d\" class=\"l\">"
		       "&#8594; %s</text></a>",
		    f->ref, x + BOX_WIDTH - 66, y, f->ref);
	printf("<text x=\"%d\" y=\"%d\" class=\"m\">%s%s</text>\n",
	    x + BOX_WIDTH - 6, y, f->owner ? "owner " : "", rule_word(f));
}

static const char *
scope_word(const struct table *t)
{
	return t->scope == SCOPE_LOCAL ? "this computer"
	    : t->scope == SCOPE_AGENCY ? "own agency"
	    : t->everyone              ? "everyone"
				       : "shared";
}

static void
draw_table(const struct table *t, int x, int y)
{
	int line = y + HEAD + 6;

	printf("<g id=\"%s\"><rect x=\"%d\" y=\"%d\" width=\"%d\" "
	       "height=\"%d\" class=\"b\"/>\n",
	    t->name, x, y, BOX_WIDTH, height_of(t));
	printf("<text x=\"%d\" y=\"%d\" class=\"t\">%s</text>"
	       "<text x=\"%d\" y=\"%d\" class=\"m\">%u</text>\n",
	    x + 8, y + 15, t->name, x + BOX_WIDTH - 6, y + 15, t->number);
	printf("<text x=\"%d\" y=\"%d\" class=\"s\">%s%s%s</text>\n", x + 8,
	    y + 28, scope_word(t), t->append ? ", only added to" : "",
	    t->lane == LANE_URGENT ? ", travels first" : "");
	for (size_t k = 0; k < t->field_count; k++) {
		if (!is_drawn(&t->fields[k]))
			continue;
		draw_field(&t->fields[k], x, line);
		line += LINE;
	}
	printf("</g>\n");
}

/* Each table under the column that is shortest so far; returns where it ends. */
static int
draw_group(const struct registry *g, const char *label, int top)
{
	int bottom[COLUMNS], end = top;

	for (int c = 0; c < COLUMNS; c++)
		bottom[c] = top;
	for (size_t k = 0; k < g->table_count; k++) {
		const struct table *t = &g->tables[k];
		int best = 0;

		if (strcmp(label_of(t), label) != 0)
			continue;
		for (int c = 1; c < COLUMNS; c++)
			if (bottom[c] < bottom[best])
				best = c;
		draw_table(t, MARGIN + best * (BOX_WIDTH + GAP), bottom[best]);
		bottom[best] += height_of(t) + GAP;
		if (bottom[best] > end)
			end = bottom[best];
	}
	return end;
}

static bool
has_any(const struct registry *g, const char *label)
{
	for (size_t k = 0; k < g->table_count; k++)
		if (strcmp(label_of(&g->tables[k]), label) == 0)
			return true;
	return false;
}

/* The same walk without drawing: how high it is. */
static int
height(const struct registry *g)
{
	int top = 70;

	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		int bottom[COLUMNS] = { 0 }, end = 0;

		if (!has_any(g, groups[i].label))
			continue;
		for (size_t k = 0; k < g->table_count; k++) {
			int best = 0;

			if (strcmp(label_of(&g->tables[k]), groups[i].label) !=
			    0)
				continue;
			for (int c = 1; c < COLUMNS; c++)
				if (bottom[c] < bottom[best])
					best = c;
			bottom[best] += height_of(&g->tables[k]) + GAP;
			if (bottom[best] > end)
				end = bottom[best];
		}
		top += 26 + end + GAP;
	}
	return top;
}

static void
draw(const struct registry *g)
{
	int width = 2 * MARGIN + COLUMNS * (BOX_WIDTH + GAP) - GAP;
	int top = 70;

	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	       "height=\"%d\" font-family=\"sans-serif\" font-size=\"10\">\n",
	    width, height(g));
	printf("<title>The tables of Footbridge</title>\n"
	       "<style>.b{fill:#fff;stroke:#555}.t{font-size:13px;"
	       "font-weight:bold}.s{fill:#555}.r{font-weight:bold}"
	       ".l{fill:#0b5394;text-anchor:end}.m{fill:#777;"
	       "text-anchor:end}.h{font-size:16px;font-weight:bold}"
	       "</style>\n<rect width=\"100%%\" height=\"100%%\" "
	       "fill=\"#f4f4f4\"/>\n");
	printf("<text x=\"%d\" y=\"30\" class=\"h\">The tables of Footbridge, "
	       "schema version %u</text>\n",
	    MARGIN, g->version);
	printf("<text x=\"%d\" y=\"50\">%zu tables that the log knows. Bold: "
	       "needed to insert a row. Right: how writes that did not know of "
	       "each other merge (schema/README.md). Drawn by tools/picture.c: "
	       "make picture.</text>\n",
	    MARGIN, g->table_count);
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		if (!has_any(g, groups[i].label))
			continue;
		printf("<text x=\"%d\" y=\"%d\" class=\"h\">%s</text>\n",
		    MARGIN, top + 16, groups[i].title);
		top = draw_group(g, groups[i].label, top + 26) + GAP;
	}
	printf("</svg>\n");
}

int
main(void)
{
	struct registry_source sources[SOURCES_MAX];
	struct registry *g = NULL;
	struct fail f = { 0 };
	size_t n = 0;

	for (; n < schema_asset_count && n < SOURCES_MAX; n++)
		sources[n] = (struct registry_source){
			.name = schema_assets[n].name,
			.text = (const char *)schema_assets[n].p,
			.n = schema_assets[n].n,
		};
	if (registry_parse(&g, sources, n, &f) != OK) {
		fprintf(stderr, "picture: %s\n", f.text);
		return 1;
	}
	draw(g);
	registry_free(g);
	return fflush(stdout) == 0 ? 0 : 1;
}
