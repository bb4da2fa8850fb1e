// SPDX-License-Identifier: Apache-2.0
#include "sockets.h"
#include "test.h"

#define IDS 3000

/* What the table should hold: sock by id, 0 for none. */
static uint64_t model[IDS];

/* As the kernel makes them: a count in the high bits, CPU and ring below, so that many differ in few bits. */
static uint64_t id_of(uint32_t index)
{
	return (uint64_t)(index / 4 + 1) << 16 | (index % 2) << 6 | (index / 2 % 2);
}

static size_t model_count(void)
{
	size_t count = 0;

	for (uint32_t i = 0; i < IDS; i++)
		count += model[i] != 0;
	return count;
}

static void check_all(struct sockets *sockets)
{
	CHECK_EQ(sockets_count(sockets), model_count());
	for (uint32_t i = 0; i < IDS; i++) {
		struct socket *socket = sockets_find(sockets, id_of(i));

		CHECK_EQ(socket != NULL, model[i] != 0);
		if (socket)
			CHECK_EQ(socket->sock, model[i]);
	}
}

static void step(struct sockets *sockets, uint64_t random)
{
	uint32_t index = (random >> 8) % IDS;

	if (random % 2) {
		uint64_t sock = model[index] ? model[index] : random | 1;

		CHECK(sockets_add(sockets, id_of(index), sock));
		model[index] = sock;
	} else {
		sockets_remove(sockets, id_of(index));
		model[index] = 0;
	}
}

static void like_a_model(void)
{
	struct sockets *sockets = sockets_new(IDS);
	uint64_t state = 42;

	for (int i = 0; i < 60000; i++) {
		step(sockets, next_random(&state));
		if (i % 1000 == 0)
			check_all(sockets);
	}
	check_all(sockets);
	sockets_free(sockets);
}

static bool is_odd(void *arg, const struct socket *socket)
{
	(void)arg;
	return socket->sock % 2;
}

static void sweeps(void)
{
	struct sockets *sockets = sockets_new(IDS);

	for (uint32_t i = 0; i < IDS; i++) {
		CHECK(sockets_add(sockets, id_of(i), i + 1));
		model[i] = (i + 1) % 2 ? 0 : i + 1;
	}
	sockets_sweep(sockets, is_odd, NULL);
	check_all(sockets);
	sockets_free(sockets);
}

static void bounded(void)
{
	struct sockets *sockets = sockets_new(300);

	for (uint32_t i = 0; i < 300; i++)
		CHECK(sockets_add(sockets, id_of(i), 1));
	CHECK(!sockets_add(sockets, id_of(300), 1));
	CHECK(sockets_add(sockets, id_of(299), 1));
	sockets_remove(sockets, id_of(0));
	CHECK(sockets_add(sockets, id_of(300), 1));
	CHECK_EQ(sockets_count(sockets), 300);
	sockets_free(sockets);
}

static void id_zero(void)
{
	struct sockets *sockets = sockets_new(8);

	CHECK(!sockets_add(sockets, 0, 1));
	CHECK(!sockets_find(sockets, 0));
	sockets_remove(sockets, 0);
	CHECK_EQ(sockets_count(sockets), 0);
	sockets_free(sockets);
}

static const struct test tests[] = {
    {"adding, finding and removing is like in a plain array, through growth and holes", like_a_model},
    {"a sweep removes what is gone and nothing else", sweeps},
    {"the bound holds, and room that is made can be used", bounded},
    {"id 0 is no connection", id_zero},
};

int main(void)
{
	return RUN_TESTS("sockets", tests);
}
