/*
 * The functions behind the command table (table.c), by subject. Each runs one
 * command for one run (run.h) and has the contract of DESIGN 10.
 */
#ifndef FOOTBRIDGE_NODE_CMD_H
#define FOOTBRIDGE_NODE_CMD_H

#include "node/run.h"

/* cmd_init.c */
enum err cmd_init(struct run *run, struct fail *f);
/* cmd_member.c */
enum err cmd_invite(struct run *run, struct fail *f);
enum err cmd_join(struct run *run, struct fail *f);
enum err cmd_members(struct run *run, struct fail *f);
/* cmd_key.c */
enum err cmd_root_export(struct run *run, struct fail *f);
enum err cmd_root_forget(struct run *run, struct fail *f);
enum err cmd_keyslot_list(struct run *run, struct fail *f);
enum err cmd_keyslot_add(struct run *run, struct fail *f);
enum err cmd_keyslot_remove(struct run *run, struct fail *f);
/* cmd_account.c, cmd_account_role.c */
enum err cmd_account_add(struct run *run, struct fail *f);
enum err cmd_account_list(struct run *run, struct fail *f);
enum err cmd_account_role(struct run *run, struct fail *f);
enum err cmd_account_disable(struct run *run, struct fail *f);
enum err cmd_account_release(struct run *run, struct fail *f);
enum err cmd_account_password(struct run *run, struct fail *f);
enum err cmd_account_totp(struct run *run, struct fail *f);
enum err cmd_account_recovery(struct run *run, struct fail *f);
/* cmd_audit.c */
enum err cmd_audit(struct run *run, struct fail *f);
enum err cmd_audit_review(struct run *run, struct fail *f);
enum err cmd_audit_state(struct run *run, struct fail *f);
enum err cmd_audit_prune(struct run *run, struct fail *f);
/* cmd_revoke.c */
enum err cmd_revoke(struct run *run, struct fail *f);
enum err cmd_lost(struct run *run, struct fail *f);
enum err cmd_keyslot_agency(struct run *run, struct fail *f);
/* cmd_peer.c */
enum err cmd_peer_add(struct run *run, struct fail *f);
enum err cmd_peer_remove(struct run *run, struct fail *f);
enum err cmd_peers(struct run *run, struct fail *f);
/* cmd_sync.c */
enum err cmd_sync(struct run *run, struct fail *f);
enum err cmd_reopen(struct run *run, struct fail *f);
/* cmd_serve.c */
enum err cmd_serve(struct run *run, struct fail *f);
/* cmd_status.c */
enum err cmd_status(struct run *run, struct fail *f);
enum err cmd_held(struct run *run, struct fail *f);
enum err cmd_judge(struct run *run, struct fail *f);
enum err cmd_held_retry(struct run *run, struct fail *f);
/* cmd_bundle.c */
enum err cmd_bundle_export(struct run *run, struct fail *f);
enum err cmd_bundle_import(struct run *run, struct fail *f);
enum err cmd_bundle_show(struct run *run, struct fail *f);
enum err cmd_rescue(struct run *run, struct fail *f);
/* cmd_record.c */
enum err cmd_put(struct run *run, struct fail *f);
bool put_proves(struct run *run);
enum err cmd_get(struct run *run, struct fail *f);
enum err cmd_list(struct run *run, struct fail *f);
enum err cmd_find(struct run *run, struct fail *f);
/* cmd_history.c */
enum err cmd_history(struct run *run, struct fail *f);
/* cmd_document.c */
enum err cmd_document_add(struct run *run, struct fail *f);
enum err cmd_document_get(struct run *run, struct fail *f);
/* cmd_draft.c */
enum err cmd_drafts(struct run *run, struct fail *f);
enum err cmd_drafts_drop(struct run *run, struct fail *f);
/* cmd_conflict.c */
enum err cmd_conflicts(struct run *run, struct fail *f);
enum err cmd_resolve(struct run *run, struct fail *f);
enum err cmd_accept(struct run *run, struct fail *f);
enum err cmd_decline(struct run *run, struct fail *f);
/* cmd_shred.c */
enum err cmd_shred(struct run *run, struct fail *f);
enum err cmd_shred_status(struct run *run, struct fail *f);

/* cmd_share.c */
enum err cmd_share(struct run *run, struct fail *f);
enum err cmd_access(struct run *run, struct fail *f);
enum err cmd_carry(struct run *run, struct fail *f);
/* cmd_may.c */
enum err cmd_may(struct run *run, struct fail *f);
/* cmd_disclose.c */
enum err cmd_disclose(struct run *run, struct fail *f);
/* cmd_give.c */
enum err cmd_print(struct run *run, struct fail *f);
enum err cmd_export(struct run *run, struct fail *f);
/* cmd_emergency.c */
enum err cmd_emergency(struct run *run, struct fail *f);
/* cmd_seal_request.c */
enum err cmd_seal_requests(struct run *run, struct fail *f);
enum err cmd_seal_execute(struct run *run, struct fail *f);
enum err cmd_seal_decline(struct run *run, struct fail *f);
enum err cmd_emergency_list(struct run *run, struct fail *f);
enum err cmd_emergency_review(struct run *run, struct fail *f);
/* cmd_notices.c */
enum err cmd_notices(struct run *run, struct fail *f);
enum err cmd_notices_done(struct run *run, struct fail *f);
enum err cmd_notices_waive(struct run *run, struct fail *f);
/* cmd_seal.c */
enum err cmd_seal(struct run *run, struct fail *f);
enum err cmd_seal_vacate(struct run *run, struct fail *f);
enum err cmd_seal_status(struct run *run, struct fail *f);
/* cmd_request.c */
enum err cmd_requests(struct run *run, struct fail *f);
/* cmd_retention.c */
enum err cmd_retention(struct run *run, struct fail *f);
enum err cmd_retention_confirm(struct run *run, struct fail *f);
/* cmd_disclosures.c */
enum err cmd_disclosures(struct run *run, struct fail *f);
/* cmd_agreement.c */
enum err cmd_agreement(struct run *run, struct fail *f);
enum err cmd_agreement_show(struct run *run, struct fail *f);
enum err cmd_agreement_sign(struct run *run, struct fail *f);
/* cmd_policy.c */
enum err cmd_policy_list(struct run *run, struct fail *f);
enum err cmd_policy_show(struct run *run, struct fail *f);
enum err cmd_policy_check(struct run *run, struct fail *f);
enum err cmd_policy_sign(struct run *run, struct fail *f);
enum err cmd_policy_withdraw(struct run *run, struct fail *f);
/* cmd_policy_replay.c */
enum err cmd_policy_replay(struct run *run, struct fail *f);
/* cmd_form.c */
enum err cmd_form(struct run *run, struct fail *f);
/* cmd_consent.c */
enum err cmd_consent_sign(struct run *run, struct fail *f);
/* cmd_take.c */
enum err cmd_unshare(struct run *run, struct fail *f);
enum err cmd_adopt(struct run *run, struct fail *f);
enum err cmd_transfer(struct run *run, struct fail *f);
enum err cmd_transfer_accept(struct run *run, struct fail *f);
/* cmd_import.c */
enum err cmd_import_csv(struct run *run, struct fail *f);
enum err cmd_import_map(struct run *run, struct fail *f);
enum err cmd_import_undo(struct run *run, struct fail *f);
/* cmd_backup.c */
enum err cmd_backup(struct run *run, struct fail *f);
enum err cmd_restore(struct run *run, struct fail *f);
enum err cmd_repair(struct run *run, struct fail *f);
/* cmd_check.c */
enum err cmd_verify(struct run *run, struct fail *f);
enum err cmd_compact(struct run *run, struct fail *f);
enum err cmd_rebuild(struct run *run, struct fail *f);
/* cmd_help.c */
enum err cmd_help(struct run *run, struct fail *f);
enum err cmd_manual(struct run *run, struct fail *f);

#endif
