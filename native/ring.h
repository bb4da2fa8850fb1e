/* SPDX-License-Identifier: Apache-2.0 */
/* One kernel ring buffer, read in place. libbpf's own reader marks a record as consumed before its callback
 * can say that there is no room for it; this one lets the caller look first.
 *
 * The kernel notifies only when it commits a record exactly where the reader stands, so a reader that stops
 * before the end must come back by itself; polling the descriptor tells truly whether anything is there. */
#ifndef ACCESSLOG_RING_H
#define ACCESSLOG_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring;

/* Maps the ring of @fd with @bytes of data (a power of two). The ring owns @fd from then on. 0 or -errno. */
int ring_open(int fd, size_t bytes, struct ring **ring);
void ring_close(struct ring *ring);

int ring_fd(const struct ring *ring);

/* Lets ring_peek see what has been produced by now. Without it a pass ends where the last refresh saw the
 * end, so that busy producers cannot keep the reader forever. */
void ring_refresh(struct ring *ring);

/* How full the ring is with what the last refresh saw and was not passed yet, in percent. */
unsigned int ring_fill_percent(const struct ring *ring);

/* The next record with its size, or NULL when there is none or it is still being written. It stays until
 * ring_pass. */
const void *ring_peek(struct ring *ring, size_t *size);

/* Moves past the record that ring_peek returned. The kernel sees it at ring_release, or before. */
void ring_pass(struct ring *ring);

/* Lets the kernel reuse all that was passed. */
void ring_release(struct ring *ring);

#endif
