#include <sodium.h>
#include <string.h>

#include "tests/support/disk_i.h"

typedef crypto_generichash_state sum;

static void
add(sum *s, const void *p, size_t n)
{
	(void)crypto_generichash_update(s, (const uint8_t *)&n, sizeof(n));
	if (n > 0)
		(void)crypto_generichash_update(s, p, n);
}

static void
add_number(sum *s, uint64_t n)
{
	add(s, &n, sizeof(n));
}

static void
add_text(sum *s, const char *text)
{
	add(s, text, text != NULL ? strlen(text) + 1 : 0);
}

static void
add_names(sum *s, const struct disk_names *names)
{
	add_number(s, names->n);
	for (size_t i = 0; i < names->n; i++) {
		add_text(s, names->p[i].path);
		add_number(s, names->p[i].no);
	}
}

static bool
is_kept(const struct disk_node *node)
{
	return node->now.n == node->kept.n &&
	    (node->now.n == 0 ||
		memcmp(node->now.p, node->kept.p, node->now.n) == 0);
}

static void
add_node(sum *s, const struct disk_node *node)
{
	add_number(s, node->no);
	add_number(s, node->directory);
	add(s, node->now.p, node->now.n);
	if (!is_kept(node))
		add(s, node->kept.p, node->kept.n);
	add_number(s, node->pending_count);
	for (size_t i = 0; i < node->pending_count; i++) {
		const struct disk_write *w = &node->pending[i];

		add_number(s, w->truncate);
		add_number(s, w->at);
		add(s, w->p, w->n);
	}
}

void
disk_digest(const struct disk *d, uint8_t out[DISK_DIGEST_BYTES])
{
	sum s;

	(void)crypto_generichash_init(&s, NULL, 0, DISK_DIGEST_BYTES);
	add_names(&s, &d->now);
	add_names(&s, &d->kept);
	add_number(&s, d->node_count);
	for (size_t i = 0; i < d->node_count; i++)
		add_node(&s, d->nodes[i]);
	add_number(&s, d->change_count);
	for (size_t i = 0; i < d->change_count; i++) {
		add_number(&s, d->changes[i].act);
		add_number(&s, d->changes[i].no);
		add_text(&s, d->changes[i].path);
		add_text(&s, d->changes[i].to);
	}
	(void)crypto_generichash_final(&s, out, DISK_DIGEST_BYTES);
}
