/*
 * The options of the commands in table.c, one list a command, each ending with a
 * NULL name. Private to table.c and options.c.
 */
#ifndef FOOTBRIDGE_NODE_OPTIONS_H
#define FOOTBRIDGE_NODE_OPTIONS_H

#include "node/cmd.h"

extern const struct cli_option account_add_options[], account_role_options[],
    account_password_options[], account_totp_options[], audit_options[],
    audit_review_options[];
extern const struct cli_option init_options[];
extern const struct cli_option invite_options[];
extern const struct cli_option join_options[];
extern const struct cli_option audit_prune_options[];
extern const struct cli_option serve_options[];
extern const struct cli_option peer_options[];
extern const struct cli_option sync_options[];
extern const struct cli_option reopen_options[];
extern const struct cli_option status_options[];
extern const struct cli_option judge_options[];
extern const struct cli_option export_options[];
extern const struct cli_option bundle_options[];
extern const struct cli_option put_options[];
extern const struct cli_option list_options[];
extern const struct cli_option document_options[];
extern const struct cli_option verify_options[];
extern const struct cli_option backup_options[];
extern const struct cli_option conflicts_options[];
extern const struct cli_option resolve_options[];
extern const struct cli_option decline_options[];
extern const struct cli_option share_options[];
extern const struct cli_option revoke_options[];
extern const struct cli_option transfer_options[];
extern const struct cli_option may_options[];
extern const struct cli_option disclose_options[];
extern const struct cli_option give_options[];
extern const struct cli_option emergency_options[];
extern const struct cli_option review_options[];
extern const struct cli_option notices_done_options[];
extern const struct cli_option notices_waive_options[];
extern const struct cli_option seal_options[];
extern const struct cli_option confirm_options[];
extern const struct cli_option disclosures_options[];
extern const struct cli_option agreement_options[];
extern const struct cli_option policy_options[];
extern const struct cli_option replay_options[];
extern const struct cli_option form_options[];
extern const struct cli_option unshare_options[];
extern const struct cli_option shred_options[];
extern const struct cli_option carry_options[];
extern const struct cli_option import_options[];
extern const struct cli_option help_options[];

#endif
