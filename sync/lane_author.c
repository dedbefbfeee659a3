/* As whom a peer last wrote: two copies of it share one queue. */
#include "sync/lane.h"

#include "sync/db.h"

static enum err
set_author(struct replica *r, int64_t peer, const uint8_t *p, size_t n,
    struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "UPDATE _peer SET author = ?2 WHERE no = ?1", f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_blob(s, 2, p, n);
	return stmt_run(s, f);
}

enum err
lane_peer_author(struct replica *r, bool *other, int64_t peer,
    const struct author_tag *author, struct fail *f)
{
	struct author_tag was = { { 0 } };
	bool row = false, known = false;
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT author FROM _peer WHERE no = ?1", f);

	*other = false;
	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		known = stmt_col_copy(s, 0, was.b, sizeof(was.b));
	stmt_reset(s);
	if (e != OK || (known && id_equal(&was, author)))
		return e;
	*other = known;
	return set_author(r, peer, author->b, sizeof(author->b), f);
}

enum err
lane_peer_author_first(struct replica *r, int64_t peer,
    const struct author_tag *author, bool live, struct fail *f)
{
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "UPDATE _peer SET author = ?2 WHERE no = ?1 AND length(author) = 0"
	    " AND (?3 = 1 OR NOT EXISTS (SELECT 1 FROM _lane WHERE peer = ?1"
	    " AND acked > 0))",
	    f);

	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	stmt_blob(s, 2, author->b, sizeof(author->b));
	stmt_int(s, 3, live);
	return stmt_run(s, f);
}

enum err
lane_peer_author_next(struct replica *r, bool *anew, int64_t peer,
    const struct author_tag *author, struct fail *f)
{
	struct author_tag was = { { 0 } };
	bool row = false;
	struct stmt *s;
	enum err e = db_stmt(&s, replica_db(r),
	    "SELECT author, (SELECT COALESCE(MAX(acked), 0) FROM _lane"
	    " WHERE peer = ?1) FROM _peer WHERE no = ?1",
	    f);

	*anew = false;
	if (e != OK)
		return e;
	stmt_int(s, 1, peer);
	e = stmt_step(s, &row, f);
	if (e == OK && row)
		*anew = !(stmt_col_copy(s, 0, was.b, sizeof(was.b)) &&
			    id_equal(&was, author)) &&
		    stmt_col_int(s, 1) > 0;
	stmt_reset(s);
	return e == OK ? set_author(r, peer, author->b, sizeof(author->b), f)
		       : e;
}

enum err
lane_peer_author_forget(struct replica *r, int64_t peer, struct fail *f)
{
	return set_author(r, peer, (const uint8_t *)"", 0, f);
}
