/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Sessions whose records pass through memory before the program itself sends them: which one wrote a record
 * is known by bytes of it that no other record has. */
#ifndef ACCESSLOG_CIPHERTEXT_H
#define ACCESSLOG_CIPHERTEXT_H

#include "session.h"
#include "tls_record.h"

/* A ChangeCipherSpec record may stand before the record that tells, and is the same everywhere. */
#define CHANGE_CIPHER_SPEC_BYTES 6
#define CIPHERTEXT_PEEK_BYTES	 (CHANGE_CIPHER_SPEC_BYTES + CIPHERTEXT_BYTES)

/* The "random" of a HelloRetryRequest (RFC 8446 §4.1.3) is none. */
static __always_inline bool is_retry(const __u8 *bytes)
{
	const __u8 *random = bytes + 11;

	return random[0] == 0xcf && random[1] == 0x21 && random[2] == 0xad && random[3] == 0x74;
}

/* Encrypted data, or a hello with its random number. Certificates and the like are the same on many
 * connections. */
static __always_inline bool is_unique(const __u8 *bytes)
{
	__u64 first = *(__u64 *)bytes;

	if ((__u8)first == TLS_APPLICATION_DATA)
		return begins_like_record(first, 8);
	return begins_like_hello(first, 8) && !is_retry(bytes);
}

/* A session is about to write @length bytes at user address @data to a memory BIO. */
static __always_inline void expect_ciphertext(__u64 session, __u64 data, __u32 length)
{
	struct session_key bound = session_key(session);
	struct ciphertext_key key = {.tgid = bound.tgid};

	if ((__s32)length < CIPHERTEXT_BYTES || bpf_map_lookup_elem(&sessions, &bound))
		return;
	if (!bpf_probe_read_user(key.bytes, sizeof(key.bytes), (void *)data) && is_unique(key.bytes))
		bpf_map_update_elem(&ciphertexts, &key, &session, BPF_ANY);
}

/* The session that wrote the record that these bytes, of which @length are there, begin with; it is not
 * expected any more. 0: none did. */
static __always_inline __u64 take_ciphertext(const __u8 *bytes, __u32 length)
{
	struct ciphertext_key key = {.tgid = current_tgid()};
	__u64 *found, session;

	if (bytes[0] == TLS_CHANGE_CIPHER_SPEC) {
		bytes += CHANGE_CIPHER_SPEC_BYTES;
		length = length < CHANGE_CIPHER_SPEC_BYTES ? 0 : length - CHANGE_CIPHER_SPEC_BYTES;
	}
	if (length < CIPHERTEXT_BYTES)
		return 0;
	__builtin_memcpy(key.bytes, bytes, sizeof(key.bytes));
	found = bpf_map_lookup_elem(&ciphertexts, &key);
	session = found ? *found : 0;
	if (session)
		bpf_map_delete_elem(&ciphertexts, &key);
	return session;
}

#endif
