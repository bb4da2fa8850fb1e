/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Which connection carries a TLS session. A session is the library's object, known by its address in a
 * process; it is bound only by what proves it, and unbound whenever the object may be used anew. */
#ifndef ACCESSLOG_SESSION_H
#define ACCESSLOG_SESSION_H

#include "emit.h"
#include "target.h"
#include <bpf/bpf_core_read.h>

static __always_inline struct session_key session_key(__u64 session)
{
	return (struct session_key){.session = session, .tgid = current_tgid()};
}

/* The plaintext of a connection is followed from here on. False, and counted: there is no room. */
static __noinline bool follow_plaintext(struct connection *c, __u64 sock)
{
	struct connection fresh = {.id = c->id, .tgid = current_tgid(), .last_direction = ~0};
	struct connection *found = bpf_map_lookup_elem(&plaintexts, &sock);

	if (found && found->id == c->id) {
		found->tgid = fresh.tgid;
		return true;
	}
	fresh.flags = CONNECTION_PLAINTEXT | CONNECTION_OPENED | CONNECTION_TLS;
	if (!bpf_map_update_elem(&plaintexts, &sock, &fresh, BPF_ANY))
		return true;
	count(COUNTER_dropped_session_table_full);
	return false;
}

/* Once it is certain that the records of @session pass on the connection. What was bound to either before is
 * not any more: objects and sockets are used again. */
static __noinline int bind_session(struct connection *c, __u64 sock, __u64 session)
{
	struct session_key key = session_key(session);
	struct session value = {.sock = sock, .connection = c->id};

	if (!(c->flags & CONNECTION_OPENED) || !follow_plaintext(c, sock))
		return 0;
	if (c->session && c->session != session) {
		key.session = c->session;
		bpf_map_delete_elem(&sessions, &key);
		key.session = session;
	}
	if (bpf_map_update_elem(&sessions, &key, &value, BPF_ANY)) {
		count(COUNTER_dropped_session_table_full);
		return 0;
	}
	c->session = session;
	c->flags |= CONNECTION_TLS | CONNECTION_MUTED;
	count(COUNTER_sessions);
	return 0;
}

/* The object begins or ends a life. */
static __always_inline void forget_session(__u64 session)
{
	struct session_key key = session_key(session);
	struct session *found = bpf_map_lookup_elem(&sessions, &key);
	struct connection *c;

	if (!found)
		return;
	c = bpf_map_lookup_elem(&connections, &found->sock);
	if (c && c->id == found->connection && c->session == session)
		c->session = 0;
	bpf_map_delete_elem(&sessions, &key);
}

/* The socket is destroyed, by whomever: its session's key is that of the process that bound it. */
static __always_inline void forget_plaintext(const struct connection *c, __u64 sock)
{
	struct connection *plaintext = bpf_map_lookup_elem(&plaintexts, &sock);
	struct session_key key = {.session = c->session};

	if (!plaintext)
		return;
	key.tgid = plaintext->tgid;
	if (key.session)
		bpf_map_delete_elem(&sessions, &key);
	bpf_map_delete_elem(&plaintexts, &sock);
}

#endif
