/*
 * tests-flip FILE OFFSET MASK
 *
 * Turn bits of one byte around, in place; a negative offset counts from the end.
 */
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	long long at;
	FILE *f;
	int c;

	if (argc != 4) {
		(void)fprintf(stderr, "usage: tests-flip FILE OFFSET MASK\n");
		return 2;
	}
	at = strtoll(argv[2], NULL, 0);
	f = fopen(argv[1], "r+b");
	if (f == NULL || fseek(f, at, at < 0 ? SEEK_END : SEEK_SET) != 0 ||
	    (c = fgetc(f)) == EOF || fseek(f, -1, SEEK_CUR) != 0 ||
	    fputc(c ^ (int)strtol(argv[3], NULL, 0), f) == EOF ||
	    fclose(f) != 0) {
		(void)fprintf(stderr, "tests-flip: %s at %lld\n", argv[1], at);
		return 1;
	}
	return 0;
}
