/* SPDX-License-Identifier: GPL-2.0-only
 * guest/run_queue.c: turns are fair, bounded and never given to who does not want one. */
#include "guest/run_queue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SLICE UINT64_C(10)

static void nobody_wants(void **state)
{
    (void)state;
    struct run_queue q = run_queue_make(3, SLICE);
    struct run_turn turn = run_queue_next(&q, 0, 5);
    assert_int_equal(turn.who, RUN_QUEUE_NONE);
    assert_true(turn.until_ns == RUN_QUEUE_NEVER);
    assert_int_equal(run_queue_next(&q, 8, 6).who, RUN_QUEUE_NONE); /* no such member */
}

static void alone_there_is_no_end(void **state)
{
    (void)state;
    struct run_queue q = run_queue_make(1, SLICE);
    for (uint64_t now = 0; now < 100; now += 30) {
        struct run_turn turn = run_queue_next(&q, 1, now);
        assert_int_equal(turn.who, 0);
        assert_true(turn.until_ns == RUN_QUEUE_NEVER);
    }
    q = run_queue_make(64, SLICE);
    assert_int_equal(run_queue_next(&q, UINT64_C(1) << 63, 0).who, 63);
    assert_true(run_queue_next(&q, UINT64_C(1) << 63, 1).until_ns == RUN_QUEUE_NEVER);
}

static void round_robin(void **state)
{
    (void)state;
    struct run_queue q = run_queue_make(3, SLICE);
    for (uint64_t i = 0; i < 30; i++) {
        struct run_turn turn = run_queue_next(&q, 7, i * SLICE);
        assert_int_equal(turn.who, i % 3);
        assert_true(turn.until_ns == (i + 1) * SLICE);
        turn = run_queue_next(&q, 7, i * SLICE + SLICE - 1); /* a look in between changes nothing */
        assert_int_equal(turn.who, i % 3);
        assert_true(turn.until_ns == (i + 1) * SLICE);
    }
}

static void who_waits_is_passed_over(void **state)
{
    (void)state;
    struct run_queue q = run_queue_make(4, SLICE);
    assert_int_equal(run_queue_next(&q, 15, 0).who, 0);
    assert_int_equal(run_queue_next(&q, 9, 10).who, 3);
    assert_int_equal(run_queue_next(&q, 9, 20).who, 0);
    struct run_turn turn = run_queue_next(&q, 8, 23); /* it halted: the next slice is a whole one */
    assert_int_equal(turn.who, 3);
    assert_true(turn.until_ns == RUN_QUEUE_NEVER);
    turn = run_queue_next(&q, 9, 25);
    assert_int_equal(turn.who, 3);
    assert_true(turn.until_ns == 33);
}

static void who_ran_alone_for_long_gives_way_at_once(void **state)
{
    (void)state;
    struct run_queue q = run_queue_make(2, SLICE);
    assert_true(run_queue_next(&q, 1, 0).until_ns == RUN_QUEUE_NEVER);
    struct run_turn turn = run_queue_next(&q, 3, 4); /* what is left of its slice */
    assert_int_equal(turn.who, 0);
    assert_true(turn.until_ns == 10);
    assert_int_equal(run_queue_next(&q, 1, 5).who, 0);
    turn = run_queue_next(&q, 3, 500);
    assert_int_equal(turn.who, 1);
    assert_true(turn.until_ns == 510);
}

static void the_end_of_time(void **state)
{
    (void)state;
    struct run_queue q = run_queue_make(2, UINT64_MAX);
    struct run_turn turn = run_queue_next(&q, 3, 7);
    assert_true(turn.until_ns == RUN_QUEUE_NEVER);
    assert_int_equal(run_queue_next(&q, 3, UINT64_MAX - 1).who, turn.who);
}

/* Members that want the CPU or not by chance: the promises of the header hold at every step. */
static void promises(void **state)
{
    (void)state;
    enum { MEMBERS = 5 };
    struct run_queue q = run_queue_make(MEMBERS, SLICE);
    uint64_t ready = 0, now = 0, since[MEMBERS] = {0};
    unsigned had = RUN_QUEUE_NONE; /* until now */
    uint32_t random = 1;
    for (unsigned i = 0; i < 200000; i++) {
        struct run_turn turn = run_queue_next(&q, ready, now);
        assert_true((turn.who == RUN_QUEUE_NONE) == (ready == 0));
        assert_true(turn.who == RUN_QUEUE_NONE || (ready >> turn.who & 1) != 0);
        bool others = turn.who != RUN_QUEUE_NONE && (ready & ~(UINT64_C(1) << turn.who)) != 0;
        assert_true(others == (turn.until_ns != RUN_QUEUE_NEVER));
        assert_true(!others || (turn.until_ns > now && turn.until_ns <= now + SLICE));
        for (unsigned k = 0; k < MEMBERS; k++) {
            bool waits = (ready >> k & 1) != 0 && k != turn.who && k != had;
            since[k] = waits ? since[k] : now;
            assert_true(now - since[k] <= (MEMBERS - 1) * SLICE);
        }
        had = turn.who;
        random = random * 1664525 + 1013904223;
        uint64_t step = (random >> 8) % 7;
        now = now + step < turn.until_ns ? now + step : turn.until_ns;
        unsigned who = (random >> 16) % MEMBERS;
        bool was = (ready >> who & 1) != 0;
        ready ^= UINT64_C(1) << who;
        since[who] = was ? since[who] : now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_wants),
        cmocka_unit_test(alone_there_is_no_end),
        cmocka_unit_test(round_robin),
        cmocka_unit_test(who_waits_is_passed_over),
        cmocka_unit_test(who_ran_alone_for_long_gives_way_at_once),
        cmocka_unit_test(the_end_of_time),
        cmocka_unit_test(promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
