/*
 * The local socket: what the daemon reads of whoever connects as its user, what
 * the command line reads of what calls itself the daemon, and the words of a
 * command line that came that way.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/cli.h"
#include "node/socket_frame.h"
#include "node/socket_message.h"
#include "tests/fuzz/fuzz.h"

const size_t fuzz_bytes_max = (size_t)32 << 20;

enum mode { REQUEST, FRAME, ANSWER, MADE, MODES };

#define WORDS_MAX 64
/* what a pair of sockets holds without a reader */
#define STREAM_BYTES 65536

/* A socket from which these bytes come, and then the end. */
static int
stream_of(const uint8_t *p, size_t n)
{
	int pair[2];

	assert(n <= STREAM_BYTES);
	assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	assert(frame_write(pair[0], p, n));
	(void)close(pair[0]);
	return pair[1];
}

/* As the daemon does before it runs anything. */
static void
parse(const struct socket_request *q)
{
	struct cli cli = { 0 };
	struct fail f = { 0 };

	if (cli_parse(&cli, q->argc, q->argv, cli_table, cli_table_count, &f) !=
	    OK) {
		assert(f.text[0] != '\0');
		assert(strpbrk(f.text, "\r\n\x1b") == NULL);
		return;
	}
	assert(cli.set_count <= CLI_SET_MAX);
	if (cli.command != NULL) {
		assert(cli.word_count >= cli.command->min_words || cli.help);
		assert(cli.word_count <= cli.command->max_words || cli.help);
	}
	(void)cli_wants_input(&cli);
	cli_release(&cli);
}

/* What is read is written as the same bytes. */
static void
request(const uint8_t *p, size_t n)
{
	struct socket_request q = { 0 };
	struct buf again = { 0 };

	if (socket_request_read(&q, p, n)) {
		assert(q.argc >= 1 && q.argv[q.argc] == NULL);
		socket_request_put(&again, q.cwd, q.argc, q.argv,
		    &(struct socket_said){ .tty = q.tty,
			.input = q.input,
			.input_n = q.input_n,
			.password = q.password,
			.password_n = q.password_n });
		fuzz_same(&again, p, n);
		parse(&q);
	}
	socket_request_release(&q);
}

static void
frame(struct fuzz_in in)
{
	struct buf b = { .limit = SOCKET_REQUEST_BYTES };
	struct fuzz_in some = fuzz_take(&in, STREAM_BYTES);
	int fd = stream_of(some.p, some.n);

	if (frame_take(fd, &b, SOCKET_REQUEST_BYTES)) {
		assert(b.n + 8 <= some.n);
		request(b.p, b.n);
	}
	(void)close(fd);
	buf_release(&b);
}

static void
answer(struct fuzz_in in)
{
	struct socket_answer a = { 0 };
	struct fuzz_in some = fuzz_take(&in, STREAM_BYTES);
	int fd = stream_of(some.p, some.n);

	if (socket_answer_take(&a, fd)) {
		assert(a.status == some.p[0]);
		assert(1 + 8 + a.out.n + 8 + a.err.n <= some.n);
	}
	(void)close(fd);
	buf_release(&a.out);
	buf_release(&a.err);
}

/* A text of at most that many bytes, in static memory. */
static char *
text_of(struct fuzz_in *in, unsigned which)
{
	static char text[WORDS_MAX + 1][256];
	unsigned n = fuzz_u8(in);
	struct fuzz_in got = fuzz_take(in, n < 255 ? n : 254);

	if (got.n != 0)
		memcpy(text[which], got.p, got.n);
	text[which][got.n] = '\0';
	return text[which];
}

/* Words, as typed: they arrive as they were sent, with and without --yes. */
static void
made(struct fuzz_in in)
{
	char *words[WORDS_MAX] = { NULL }, *cwd = text_of(&in, WORDS_MAX);
	unsigned flags = fuzz_u8(&in), count = 1 + fuzz_u8(&in) % WORDS_MAX;
	bool yes = (flags & 1) != 0, tty = (flags & 2) != 0;
	struct socket_said said = { .yes = yes, .tty = tty };
	struct socket_request q = { 0 };
	struct buf sent = { .limit = SOCKET_REQUEST_BYTES };

	for (unsigned i = 0; i < count; i++)
		words[i] = text_of(&in, i);
	said.input = (flags & 4) != 0 ? (const uint8_t *)words[0] : NULL;
	said.input_n = strlen(words[0]);
	said.password = (flags & 8) != 0 ? (const uint8_t *)cwd : NULL;
	said.password_n = strlen(cwd) < 1000 ? strlen(cwd) : 1000;
	socket_request_put(&sent, cwd, (int)count, words, &said);
	assert(socket_request_read(&q, sent.p, sent.n));
	assert(strcmp(q.cwd, cwd) == 0 && q.tty == tty);
	assert(q.has_input == ((flags & 4) != 0));
	assert((q.password != NULL) == ((flags & 8) != 0));
	assert(q.argc == (int)count + yes);
	assert(!yes || strcmp(q.argv[1], "--yes") == 0);
	for (unsigned i = 0; i < count; i++)
		assert(strcmp(q.argv[i + (i > 0 && yes)], words[i]) == 0);
	parse(&q);
	socket_request_release(&q);
	buf_release(&sent);
}

void
fuzz_one(const uint8_t *p, size_t n)
{
	struct fuzz_in in = { .p = p, .n = n };
	uint8_t mode = fuzz_u8(&in) % MODES;

	if (mode == REQUEST)
		request(in.p, in.n);
	else if (mode == FRAME)
		frame(in);
	else if (mode == ANSWER)
		answer(in);
	else
		made(in);
}

/* ---- examples ---- */

/* typed: words with spaces between */
static void
seed_request(enum mode mode, const char *typed, const char *input)
{
	struct buf b = { 0 }, whole = { 0 };
	char text[256], *words[WORDS_MAX], *next = text;
	int count = 0;

	(void)snprintf(text, sizeof(text), "%s", typed);
	while (next != NULL && count < WORDS_MAX)
		words[count++] = strsep(&next, " ");
	socket_request_put(&b, "/home/ana", count, words,
	    &(struct socket_said){ .input = (const uint8_t *)input,
		.input_n = input != NULL ? strlen(input) : 0 });
	buf_u8(&whole, (uint8_t)mode);
	if (mode == FRAME)
		buf_u64(&whole, b.n);
	buf_put(&whole, b.p, b.n);
	fuzz_seed(whole.p, whole.n);
	buf_release(&b);
	buf_release(&whole);
}

static void
seed_words(const char *const *words, uint8_t count, uint8_t flags)
{
	struct buf b = { 0 };

	buf_u8(&b, MADE);
	buf_u8(&b, 1);
	buf_u8(&b, '/');
	buf_u8(&b, flags);
	buf_u8(&b, (uint8_t)(count - 1));
	for (uint8_t i = 0; i < count; i++) {
		buf_u8(&b, (uint8_t)strlen(words[i]));
		buf_text(&b, words[i]);
	}
	fuzz_seed(b.p, b.n);
	buf_release(&b);
}

void
fuzz_seeds(void)
{
	static const char *const put[] = { "footbridge", "--json", "put",
		"person", "legal_name=Ana Ruiz", "--seen", "1:2" };
	static const char *const share[] = { "footbridge", "share", "-", "IDX",
		"--to", "Clinic", "--basis", "agreement:7" };
	static const char said[] = "\2\0\5\0\0\0\0\0\0\0saved"
				   "\0\0\0\0\0\0\0\0";
	struct buf b = { 0 };

	seed_request(REQUEST, "footbridge list person office=North", NULL);
	seed_request(FRAME, "footbridge --quiet share - IDX", "one\ntwo\n");
	buf_put(&b, said, sizeof(said) - 1);
	fuzz_seed(b.p, b.n);
	buf_release(&b);
	seed_words(put, 7, 1);
	seed_words(share, 8, 6);
}
