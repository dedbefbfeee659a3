/* What routes do that run no single command. One function a route, by file;
 * contracts are the routes' own lines in routes.c. */
#ifndef FOOTBRIDGE_NODE_API_HANDLERS_H
#define FOOTBRIDGE_NODE_API_HANDLERS_H

#include "node/api/turn.h"

/* do_session.c */
enum api_error do_hello(struct api_turn *t, json_t **data);
enum api_error do_sign_in(struct api_turn *t, json_t **data);
enum api_error do_session(struct api_turn *t, json_t **data);
enum api_error do_sign_out(struct api_turn *t, json_t **data);
enum api_error do_lock(struct api_turn *t, json_t **data);
enum api_error do_unlock(struct api_turn *t, json_t **data);
enum api_error do_banner(struct api_turn *t, json_t **data);
enum api_error do_password(struct api_turn *t, json_t **data);
enum api_error do_totp_begin(struct api_turn *t, json_t **data);
enum api_error do_totp_end(struct api_turn *t, json_t **data);

/* do_records.c */
enum api_error do_list(struct api_turn *t, json_t **data);
enum api_error do_search(struct api_turn *t, json_t **data);
enum api_error do_timeline(struct api_turn *t, json_t **data);
enum api_error do_resolve(struct api_turn *t, json_t **data);

/* do_acts.c */
enum api_error do_outcome(struct api_turn *t, json_t **data);
enum api_error do_refer(struct api_turn *t, json_t **data);
enum api_error do_refer_answer(struct api_turn *t, json_t **data);
enum api_error do_group(struct api_turn *t, json_t **data);
enum api_error do_consent(struct api_turn *t, json_t **data);
enum api_error do_consent_sign(struct api_turn *t, json_t **data);
enum api_error do_form(struct api_turn *t, json_t **data);
enum api_error do_confirmed(struct api_turn *t, json_t **data);
enum api_error do_must_confirm(struct api_turn *t, json_t **data);
enum api_error do_change(struct api_turn *t, json_t **data);
enum api_error do_share(struct api_turn *t, json_t **data);
enum api_error do_reach(struct api_turn *t, json_t **data);
enum api_error do_retention_reach(struct api_turn *t, json_t **data);
enum api_error do_carry(struct api_turn *t, json_t **data);
enum api_error do_consent_revoke(struct api_turn *t, json_t **data);

/* do_desk.c */
enum api_error do_home(struct api_turn *t, json_t **data);
enum api_error do_caseload(struct api_turn *t, json_t **data);
enum api_error do_person(struct api_turn *t, json_t **data);

/* do_typed.c */
enum api_error do_typed(struct api_turn *t, json_t **data);
enum api_error do_typed_put(struct api_turn *t, json_t **data);
enum api_error do_typed_drop(struct api_turn *t, json_t **data);

/* do_ending.c */
enum api_error do_consent_ending(struct api_turn *t, json_t **data);

/* do_refer.c */
enum api_error do_referrals(struct api_turn *t, json_t **data);
enum api_error do_referral_desk(struct api_turn *t, json_t **data);

/* do_roster.c */
enum api_error do_roster(struct api_turn *t, json_t **data);

/* do_bundle.c */
enum api_error do_bundle_out(struct api_turn *t, json_t **data);
enum api_error do_bundle_in(struct api_turn *t, json_t **data);

/* do_office.c */
enum api_error do_sync(struct api_turn *t, json_t **data);
enum api_error do_sync_now(struct api_turn *t, json_t **data);
enum api_error do_accounts(struct api_turn *t, json_t **data);
enum api_error do_audit(struct api_turn *t, json_t **data);

#endif
