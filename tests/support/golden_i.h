/*
 * Inside the examples: how a line is printed, and those of membership,
 * grants (golden_member.c), of other control (golden_control.c) and the bundle
 * (golden_bundle.c).
 */
#ifndef FOOTBRIDGE_TESTS_GOLDEN_I_H
#define FOOTBRIDGE_TESTS_GOLDEN_I_H

#include "sync/rd.h"

/* Bytes in lines of 16, the comment on the first. */
void golden_part(struct buf *text, const void *bytes, size_t n,
    const char *comment);
/* n bytes from the cursor, or with n = 0 one varint. */
void golden_take(struct buf *text, struct rd *r, size_t n, const char *comment);

void golden_member_inputs(struct buf *text);
void golden_member_root(struct buf *text);
void golden_member_agency(struct buf *text);
void golden_member_node(struct buf *text);
void golden_member_author(struct buf *text);
void golden_member_revocation(struct buf *text);
void golden_member_agency_key(struct buf *text);
void golden_member_derived(struct buf *text);
void golden_grant(struct buf *text);
void golden_grant_box(struct buf *text);
void golden_remove(struct buf *text);
void golden_judgement(struct buf *text);
void golden_adopt(struct buf *text);
void golden_transfer(struct buf *text);
void golden_accept(struct buf *text);
void golden_shred(struct buf *text);
void golden_shredded(struct buf *text);
void golden_snapshot(struct buf *text);
void golden_bundle_header(struct buf *text);
void golden_bundle_derived(struct buf *text);
void golden_backup_manifest(struct buf *text);

#endif
