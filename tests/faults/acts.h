/*
 * The steps of the scenarios, and what is made ready for them. Between the files
 * of the scenarios.
 */
#ifndef FOOTBRIDGE_TESTS_FAULTS_ACTS_H
#define FOOTBRIDGE_TESTS_FAULTS_ACTS_H

#include "tests/faults/scene.h"

void prepare_segments(struct scene *s);
void prepare_call(struct scene *s);
void prepare_bundle(struct scene *s);
void prepare_proof(struct scene *s);
void prepare_log(struct scene *s);
void prepare_moved(struct scene *s);
void prepare_skew(struct scene *s);
void prepare_backup(struct scene *s);
void prepare_member(struct scene *s);
void prepare_signed(struct scene *s);
void prepare_machine(struct scene *s);
void prepare_join(struct scene *s);

enum err act_put_person(struct scene *s, struct fail *f);
enum err act_put_field(struct scene *s, struct fail *f);
enum err act_put_row(struct scene *s, struct fail *f);
enum err act_put_together(struct scene *s, struct fail *f);
enum err act_seal(struct scene *s, struct fail *f);
enum err act_shut(struct scene *s, struct fail *f);
enum err act_apply_second(struct scene *s, struct fail *f);
enum err act_apply_first(struct scene *s, struct fail *f);
enum err act_apply_third(struct scene *s, struct fail *f);
enum err act_answer(struct scene *s, struct fail *f);
enum err act_call_hub(struct scene *s, struct fail *f);
enum err act_export(struct scene *s, struct fail *f);
enum err act_import(struct scene *s, struct fail *f);
enum err act_share(struct scene *s, struct fail *f);
enum err act_carry(struct scene *s, struct fail *f);
enum err act_unshare(struct scene *s, struct fail *f);
enum err act_revoke(struct scene *s, struct fail *f);
enum err act_revoke_south(struct scene *s, struct fail *f);
enum err act_maintain(struct scene *s, struct fail *f);
enum err act_obey(struct scene *s, struct fail *f);
enum err act_shred(struct scene *s, struct fail *f);
enum err act_shred_key(struct scene *s, struct fail *f);
enum err act_compact(struct scene *s, struct fail *f);
enum err act_trim(struct scene *s, struct fail *f);
enum err act_new_key(struct scene *s, struct fail *f);
enum err act_open_it(struct scene *s, struct fail *f);
enum err act_rebuild(struct scene *s, struct fail *f);
enum err act_verify(struct scene *s, struct fail *f);
enum err act_migrate(struct scene *s, struct fail *f);
enum err act_back_up(struct scene *s, struct fail *f);
enum err act_restore(struct scene *s, struct fail *f);
enum err act_member(struct scene *s, struct fail *f);
enum err act_make_replica(struct scene *s, struct fail *f);
enum err act_found(struct scene *s, struct fail *f);
enum err act_join_end(struct scene *s, struct fail *f);

#endif
