/* SPDX-License-Identifier: GPL-2.0-only
 * The ring of events from many CPUs at once, which are threads here: nothing is lost untold, torn or out of order. */
#include "kernel/core/event.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "kernel/core/lock.h"

#define WRITERS 4
#define EACH 20000
#define READER_RESTS 64 /* it falls behind, so that the ring wraps and pushes out */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned running = WRITERS;

uint64_t lock_take(struct lock *lock)
{
    pthread_mutex_lock(&mutex);
    lock->next++;
    return 0;
}

void lock_release(struct lock *lock, uint64_t flags)
{
    (void)flags;
    lock->serving++;
    pthread_mutex_unlock(&mutex);
}

static void *write_events(void *argument)
{
    unsigned writer = *(unsigned *)argument;
    char text[200];
    for (unsigned i = 1; i <= EACH; i++) {
        struct event e;
        event_begin(&e, EVENT_INFO, "log");
        json_number(&e.json, "writer", writer);
        json_number(&e.json, "n", i);
        memset(text, 'a' + (char)writer, sizeof(text));
        text[i % sizeof(text)] = 0;
        json_text(&e.json, "text", text);
        json_number(&e.json, "length", i % sizeof(text));
        event_end(&e);
    }
    __atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

struct told {
    unsigned long long next, dropped, seen;
    unsigned long long last[WRITERS];
};

static void look_at(struct told *t, const char *line)
{
    unsigned long long seq, ns, count, writer, n, length = 0;
    char text[200] = "";
    int end = 0;
    if (sscanf(line, "{\"seq\":%llu,\"time-ns\":%llu,\"severity\":\"warning\",\"type\":\"dropped\",\"count\":%llu}\n%n",
               &seq, &ns, &count, &end) == 3) {
        assert_int_equal(line[end], 0);
        t->next += count;
        t->dropped += count;
    } else {
        int fields = sscanf(line,
                            "{\"seq\":%llu,\"time-ns\":%llu,\"severity\":\"info\",\"type\":\"log\",\"writer\":%llu,"
                            "\"n\":%llu,\"text\":\"%199[a-z]\",\"length\":%llu}\n%n",
                            &seq, &ns, &writer, &n, text, &length, &end);
        assert_true(fields == 6 || fields == 4); /* 4: an empty text */
        assert_true(writer < WRITERS && n > t->last[writer]);
        assert_int_equal(n % 200, strlen(text));
        assert_true(fields == 4 || (length == strlen(text) && line[end] == 0));
        t->last[writer] = n;
        t->next++;
        t->seen++;
    }
    assert_int_equal(seq, t->next);
}

static void nothing_is_lost_untold(void **state)
{
    (void)state;
    pthread_t threads[WRITERS];
    unsigned numbers[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_events, &numbers[i]), 0);
    }
    struct told told = {0};
    char line[EVENT_LINE_MAX];
    for (unsigned round = 0; __atomic_load_n(&running, __ATOMIC_SEQ_CST) != 0 || event_waiting(); round++) {
        if (event_take(line, sizeof(line)) != 0) {
            look_at(&told, line);
        }
        if (round % READER_RESTS == 0) {
            struct timespec rest = {0, 100000};
            nanosleep(&rest, NULL);
        }
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(told.next, WRITERS * EACH);
    assert_int_equal(told.seen + told.dropped, WRITERS * EACH);
    assert_int_equal(told.dropped, event_lost());
    assert_true(told.seen > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_untold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
