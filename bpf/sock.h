/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* From file descriptors to sockets, and out of struct sock: addresses, role, ring. */
#ifndef ACCESSLOG_SOCK_H
#define ACCESSLOG_SOCK_H

#include "compat.h"
#include "event.h"
#include "knobs.h"
#include "limits.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

/* v6.2, a35b9af4ec2c ("bpf: Add a kfunc for generic type cast"). */
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

/* The pointer at this address of kernel memory, NULL where nothing can be read. Loads through a cast
 * are loads, without the call of a helper; the type is any that begins with a number of 64 bits, so that the
 * verifier takes the result for one and lets it be a key. */
static __always_inline void *pointer_at(const void *address)
{
	void *pointer = NULL;

	if (use_typed_casts) {
		__u32 type = bpf_core_type_id_kernel(struct timespec64);

		return (void *)((struct timespec64 *)bpf_rdonly_cast(address, type))->tv_sec;
	}
	bpf_probe_read_kernel(&pointer, sizeof(pointer), address);
	return pointer;
}

/* Plain loads where the kernel gives a typed task (>= 5.11, as task storage), reads by helper elsewhere. */
static __always_inline struct file **files_of_task(__u32 fd)
{
	struct task_struct *task;
	struct fdtable *table;

	if (use_task_storage) {
		table = bpf_get_current_task_btf()->files->fdt;
		return fd < table->max_fds ? table->fd : NULL;
	}
	task = (void *)bpf_get_current_task();
	table = BPF_CORE_READ(task, files, fdt);
	return fd < BPF_CORE_READ(table, max_fds) ? BPF_CORE_READ(table, fd) : NULL;
}

static __always_inline struct file *file_of_fd(__u32 fd)
{
	struct file **files = files_of_task(fd);

	return files ? pointer_at(files + fd) : NULL;
}

/* What would be the sock if the file is a socket: the caller checks by lookup, or with file_is_socket. */
static __always_inline struct sock *presumed_sock(struct file *file)
{
	void *socket = pointer_at((void *)file + bpf_core_field_offset(struct file, private_data));

	return pointer_at(socket + bpf_core_field_offset(struct socket, sk));
}

static __always_inline bool file_is_socket(struct file *file)
{
	return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK;
}

static __always_inline bool sock_is_tcp(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP;
}

#define SIX_LETTERS 0xffffffffffffULL
#define LIBSSL	    0x6c737362696cULL
#define LIBCRY	    0x79726362696cULL
#define LIBBOR	    0x726f6262696cULL

/* By its name: libssl.so.3, libcrypto.so.3, libboringssl.so.0. What is called otherwise is found later. */
static __always_inline bool may_be_tls_library(struct file *file)
{
	__u64 name = 0;

	bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	name &= SIX_LETTERS;
	return name == LIBSSL || name == LIBCRY || name == LIBBOR;
}

/* Data can pass: connected, perhaps half-closed. */
static __always_inline bool sock_is_connected(struct sock *sk)
{
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
	       state == TCP_CLOSE_WAIT;
}

/* An accepted socket is a clone of its listener and keeps its backlog; a connecting one never had any. */
static __always_inline __u8 role_by_backlog(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_max_ack_backlog) ? ROLE_SERVER : ROLE_CLIENT;
}

static __always_inline bool is_mapped_ipv4(const __u8 address[16])
{
	const __u32 *words = (const void *)address;

	return words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff);
}

static __always_inline void unmap_ipv4(__u8 address[16])
{
	__u32 *words = (void *)address;

	words[0] = words[3];
	words[1] = words[2] = words[3] = 0;
}

/* Both ends into an OPEN record. An IPv4 peer of an IPv6 socket is given as IPv4, as its other end sees it.
 */
static __always_inline void fill_addresses(struct record_open *open, struct sock *sk)
{
	open->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	open->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	open->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	__builtin_memset(open->local_address, 0, 32);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET) {
		open->family = 4;
		BPF_CORE_READ_INTO((__u32 *)open->local_address, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)open->remote_address, sk, __sk_common.skc_daddr);
		return;
	}
	BPF_CORE_READ_INTO((struct in6_address *)open->local_address, sk, __sk_common.skc_v6_rcv_saddr);
	BPF_CORE_READ_INTO((struct in6_address *)open->remote_address, sk, __sk_common.skc_v6_daddr);
	open->family = is_mapped_ipv4(open->remote_address) ? 4 : 6;
	if (open->family == 4) {
		unmap_ipv4(open->local_address);
		unmap_ipv4(open->remote_address);
	}
}

/* Symmetric in the two ends, so that both sockets of a local connection share a ring and thus a shard,
 * where each can name the other. */
static __always_inline __u32 ring_by_ends(struct sock *sk)
{
	__u32 mixed =
	    BPF_CORE_READ(sk, __sk_common.skc_num) ^ bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));

	return ((mixed * 0x9e3779b1u) >> 16) & ring_mask;
}

#endif
