/* What routes take: lists of fields, each ended by one without a name. */
#ifndef FOOTBRIDGE_NODE_API_FIELDS_H
#define FOOTBRIDGE_NODE_API_FIELDS_H

#include "node/api/route.h"

extern const struct api_field field_audit_review_body[];
extern const struct api_field field_sign_in_body[];
extern const struct api_field field_unlock_body[];
extern const struct api_field field_password_body[];
extern const struct api_field field_factor_body[];
extern const struct api_field field_code_body[];
extern const struct api_field field_list_query[];
extern const struct api_field field_new_body[];
extern const struct api_field field_change_body[];
extern const struct api_field field_fields_body[];
extern const struct api_field field_search_query[];
extern const struct api_field field_typed_body[];
extern const struct api_field field_timeline_query[];
extern const struct api_field field_attendance_items[];
extern const struct api_field field_roster_query[];
extern const struct api_field field_group_body[];
extern const struct api_field field_recipient_items[];
extern const struct api_field field_consent_body[];
extern const struct api_field field_revoke_body[];
extern const struct api_field field_may_query[];
extern const struct api_field field_share_body[];
extern const struct api_field field_unshare_body[];
extern const struct api_field field_disclosures_query[];
extern const struct api_field field_disclose_body[];
extern const struct api_field field_forms_query[];
extern const struct api_field field_emergency_body[];
extern const struct api_field field_account_body[];
extern const struct api_field field_role_body[];
extern const struct api_field field_reset_body[];
extern const struct api_field field_confirm_body[];
extern const struct api_field field_reach_query[];
extern const struct api_field field_give_body[];
extern const struct api_field field_transfer_body[];
extern const struct api_field field_carry_body[];
extern const struct api_field field_seal_body[];
extern const struct api_field field_shred_body[];
extern const struct api_field field_confirm_twice_body[];
extern const struct api_field field_sync_body[];
extern const struct api_field field_bundle_out_body[];
extern const struct api_field field_bundle_in_body[];
extern const struct api_field field_lost_body[];
extern const struct api_field field_told_body[];
extern const struct api_field field_review_body[];
extern const struct api_field field_all_query[];
extern const struct api_field field_keep_body[];
extern const struct api_field field_accept_body[];
extern const struct api_field field_decline_body[];
extern const struct api_field field_sign_body[];
extern const struct api_field field_audit_query_fields[];

#endif
