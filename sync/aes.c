#include "sync/aes.h"

#include <limits.h>

#include <openssl/evp.h>
#include <sodium.h>

enum err
aes_seal(uint8_t *out, const struct aes_place *at, const uint8_t *p, size_t n)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int done = 0, rest = 0;
	enum err e = ERR_IO;

	if (c == NULL)
		return ERR_NOMEM;
	assert(n <= INT_MAX && at->ad_n <= INT_MAX);
	if (EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, at->key,
		at->nonce) == 1 &&
	    EVP_EncryptUpdate(c, NULL, &rest, at->ad, (int)at->ad_n) == 1 &&
	    EVP_EncryptUpdate(c, out, &done, p, (int)n) == 1 &&
	    EVP_EncryptFinal_ex(c, out + done, &rest) == 1 && done >= 0 &&
	    rest >= 0 && (size_t)done + (size_t)rest == n &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, AES_TAG_BYTES,
		out + n) == 1)
		e = OK;
	EVP_CIPHER_CTX_free(c);
	return e;
}

enum err
aes_open(uint8_t *out, const struct aes_place *at, const uint8_t *p, size_t n)
{
	uint8_t tag[AES_TAG_BYTES];
	EVP_CIPHER_CTX *c;
	size_t length;
	int done = 0, rest = 0;
	enum err e = ERR_AUTH;

	if (n < AES_TAG_BYTES)
		return ERR_AUTH;
	if ((c = EVP_CIPHER_CTX_new()) == NULL)
		return ERR_NOMEM;
	length = n - AES_TAG_BYTES;
	assert(length <= INT_MAX && at->ad_n <= INT_MAX);
	for (size_t i = 0; i < AES_TAG_BYTES; i++)
		tag[i] = p[length + i];
	if (EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, at->key,
		at->nonce) == 1 &&
	    EVP_DecryptUpdate(c, NULL, &rest, at->ad, (int)at->ad_n) == 1 &&
	    EVP_DecryptUpdate(c, out, &done, p, (int)length) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, AES_TAG_BYTES, tag) ==
		1 &&
	    EVP_DecryptFinal_ex(c, out + done, &rest) == 1)
		e = OK;
	if (e != OK)
		sodium_memzero(out, length);
	EVP_CIPHER_CTX_free(c);
	return e;
}
