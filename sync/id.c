#include "sync/id.h"

void
hex_encode(char *text, const uint8_t *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*text++ = digit[p[i] >> 4];
		*text++ = digit[p[i] & 15];
	}
	*text = '\0';
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum err
hex_decode(uint8_t *p, size_t n, const char *text)
{
	if (strlen(text) != 2 * n)
		return ERR_FORMAT;
	for (size_t i = 0; i < 2 * n; i++) {
		if (nibble(text[i]) < 0)
			return ERR_FORMAT;
	}
	for (size_t i = 0; i < n; i++) {
		int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);

		p[i] = (uint8_t)(high << 4 | low);
	}
	return OK;
}
