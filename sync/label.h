/*
 * Domain separation: every hash, derived key, MAC, AEAD associated data and
 * signature starts with one of these labels and its terminating NUL. One label
 * has one use; no label is a prefix of another (tests/unit/sync/test_label.c).
 * Source: ASSURANCE 4.1; Matrix's 2022 breaks show what happens without.
 */
#ifndef FOOTBRIDGE_SYNC_LABEL_H
#define FOOTBRIDGE_SYNC_LABEL_H

#define LABEL_LIST(X) \
	X(LABEL_NETWORK_ID, "footbridge/network-id/v1") \
	X(LABEL_NODE_ID, "footbridge/node-id/v1") \
	X(LABEL_AGENCY_ID, "footbridge/agency-id/v1") \
	X(LABEL_AUTHOR_TAG, "footbridge/author-tag/v1") \
	X(LABEL_MEMBER_ID, "footbridge/member-id/v1") \
	X(LABEL_MEMBER_SIGN, "footbridge/member-sign/v1") \
	X(LABEL_COMPARTMENT_NAME, "footbridge/compartment-name/v1") \
	X(LABEL_COMPARTMENT_ID, "footbridge/compartment-id/v1") \
	X(LABEL_IMPORT_ROW, "footbridge/import-row/v1") \
	X(LABEL_IMPORT_FILE, "footbridge/import-file/v1") \
	X(LABEL_SET_ROW, "footbridge/set-row/v1") \
	X(LABEL_KEY_ID, "footbridge/key-id/v1") \
	X(LABEL_SEGMENT_SALT, "footbridge/segment-salt/v1") \
	X(LABEL_SEGMENT_KEY, "footbridge/segment-key/v1") \
	X(LABEL_SEGMENT_NONCE, "footbridge/segment-nonce/v1") \
	X(LABEL_SEGMENT_AD, "footbridge/segment-ad/v1") \
	X(LABEL_SEGMENT_BODY, "footbridge/segment-body/v1") \
	X(LABEL_SEGMENT_ID, "footbridge/segment-identity/v1") \
	X(LABEL_SEGMENT_SIGN, "footbridge/segment-sign/v1") \
	X(LABEL_DOCUMENT_PART, "footbridge/document-part/v1") \
	X(LABEL_DOCUMENT_ROOT, "footbridge/document-root/v1") \
	X(LABEL_GRANT_BOX, "footbridge/grant-box/v1") \
	X(LABEL_GRANT_BASIS_KEY, "footbridge/grant-basis-key/v1") \
	X(LABEL_GRANT_BASIS_AD, "footbridge/grant-basis-ad/v1") \
	X(LABEL_AGREEMENT, "footbridge/agreement-text/v1") \
	X(LABEL_POLICY_PACK, "footbridge/policy-pack/v1") \
	X(LABEL_ROW_COPY, "footbridge/row-copy/v1") \
	X(LABEL_SLOT_COMMIT, "footbridge/slot-commit/v1") \
	X(LABEL_SLOT_AD, "footbridge/slot-ad/v1") \
	X(LABEL_SLOT_REPLICA_AD, "footbridge/slot-replica-ad/v1") \
	X(LABEL_SLOT_SUM, "footbridge/slot-sum/v1") \
	X(LABEL_SLOT_RECOVERY, "footbridge/slot-recovery/v1") \
	X(LABEL_SLOT_FILE_KEY, "footbridge/slot-keyfile/v1") \
	X(LABEL_REPLICA_DB, "footbridge/replica-db/v1") \
	X(LABEL_REPLICA_FENCE, "footbridge/replica-fence/v1") \
	X(LABEL_FENCE_MAC, "footbridge/fence-mac/v1") \
	X(LABEL_INVITE_SUM, "footbridge/invite-sum/v1") \
	X(LABEL_JOIN_BOX, "footbridge/join-box/v1") \
	X(LABEL_JOIN_SIGN, "footbridge/join-sign/v1") \
	X(LABEL_JOIN_ANSWER_SIGN, "footbridge/join-answer-sign/v1") \
	X(LABEL_RECOVERY_CODE, "footbridge/recovery-code/v1") \
	X(LABEL_LANE_ITEM, "footbridge/lane-item/v1") \
	X(LABEL_SNAPSHOT_SIGN, "footbridge/snapshot-sign/v1") \
	X(LABEL_RECEIPT_SIGN, "footbridge/receipt-sign/v1") \
	X(LABEL_BUNDLE_KEY, "footbridge/bundle-key/v1") \
	X(LABEL_BUNDLE_AD, "footbridge/bundle-ad/v1") \
	X(LABEL_BUNDLE_SIGN, "footbridge/bundle-sign/v1") \
	X(LABEL_BACKUP_KEY, "footbridge/backup-key/v1") \
	X(LABEL_BACKUP_AD, "footbridge/backup-ad/v1") \
	X(LABEL_BACKUP_DATABASE, "footbridge/backup-database/v1") \
	X(LABEL_BACKUP_SIGN, "footbridge/backup-sign/v1") \
	X(LABEL_SEEN, "footbridge/seen/v1") \
	X(LABEL_CONFLICT, "footbridge/conflict/v1") \
	X(LABEL_DIGEST, "footbridge/digest/v1") \
	X(LABEL_AUDIT, "footbridge/audit/v1") \
	X(LABEL_ACCOUNT_CODE, "footbridge/account-code/v1") \
	X(LABEL_ACCOUNT_TOKEN, "footbridge/account-token/v1") \
	X(LABEL_ACCOUNT_SECRETS, "footbridge/account-secrets/v1") \
	X(LABEL_OFFER_BOX, "footbridge/offer-box/v1") \
	X(LABEL_DICTIONARY, "footbridge/dictionary/v1") \
	X(LABEL_TABLES, "footbridge/tables/v1") \
	X(LABEL_FINGERPRINT, "footbridge/fingerprint/v1") \
	X(LABEL_MEMBER_CONSENT, "footbridge/member-consent/v1") \
	X(LABEL_MEMBER_TLS, "footbridge/member-tls/v1") \
	X(LABEL_MEMBER_HEAD, "footbridge/member-head/v1") \
	X(LABEL_GRANT_BASIS_NONCE, "footbridge/grant-basis-nonce/v1") \
	X(LABEL_JOIN_REQUEST_KEY, "footbridge/join-request-key/v1") \
	X(LABEL_JOIN_ANSWER_KEY, "footbridge/join-answer-key/v1") \
	X(LABEL_JOIN_AD, "footbridge/join-ad/v1") \
	X(LABEL_AGENCY_SECRET, "footbridge/agency-secret/v1") \
	X(LABEL_AGENCY_HEIR, "footbridge/agency-heir/v1") \
	X(LABEL_AGENCY_WRAP, "footbridge/agency-wrap/v1") \
	X(LABEL_AGENCY_WRAP_AD, "footbridge/agency-wrap-ad/v1") \
	X(LABEL_AGENCY_NAME_KEY, "footbridge/agency-name-key/v1")

enum label {
#define X(name, text) name,
	LABEL_LIST(X)
#undef X
	    LABEL_COUNT
};

/* The label's text, NUL-terminated; never NULL. The NUL is hashed too. */
const char *label_text(enum label label);

#endif
