/* SPDX-License-Identifier: GPL-2.0-only
 * The ring of events: records of a head and JSON text one after another, the oldest given up for the newest. */
#include "kernel/core/event.h"

#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/time.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define RING_BYTES (512 * KIB)
#define CUT ",\"cut\":true"

struct head {
    uint64_t time_ns;
    uint64_t length; /* of the text that follows */
};

/* Positions count bytes ever written and taken; in the ring they are modulo its size. */
static struct {
    struct lock lock;
    uint64_t written, taken;
    uint64_t last;         /* number of the youngest event */
    uint64_t count;        /* events in the ring: the oldest is number last - count + 1 */
    uint64_t lost;         /* ever */
    uint64_t lost_untold;  /* since the last "dropped" line */
    uint64_t lost_time_ns; /* of the last of those */
    void (*notify)(void *context);
    void *context;
    uint8_t ring[RING_BYTES];
} events;

static const char *const severity_words[] = {"info", "warning", "error", "critical"};

const char *event_severity_text(enum event_severity severity)
{
    return severity_words[severity];
}

void event_begin(struct event *e, enum event_severity severity, const char *type)
{
    e->json = json_make(e->members, sizeof(e->members) - (sizeof(CUT) - 1));
    e->severity = severity;
    e->type = type;
}

static void copy_in(const void *bytes, uint64_t count)
{
    uint64_t at = events.written % RING_BYTES;
    uint64_t first = count < RING_BYTES - at ? count : RING_BYTES - at;
    memcpy(events.ring + at, bytes, first);
    memcpy(events.ring, (const uint8_t *)bytes + first, count - first);
    events.written += count;
}

static void copy_out(void *to, uint64_t count)
{
    uint64_t at = events.taken % RING_BYTES;
    uint64_t first = count < RING_BYTES - at ? count : RING_BYTES - at;
    memcpy(to, events.ring + at, first);
    memcpy((uint8_t *)to + first, events.ring, count - first);
    events.taken += count;
}

static void lose_oldest(void)
{
    struct head head;
    copy_out(&head, sizeof(head));
    events.taken += head.length;
    events.lost_time_ns = head.time_ns;
    events.count--;
    events.lost++;
    events.lost_untold++;
}

static void insert(const char *text, size_t length)
{
    while (RING_BYTES - (events.written - events.taken) < sizeof(struct head) + length) {
        lose_oldest();
    }
    const struct head head = {time_now_ns(), length};
    copy_in(&head, sizeof(head));
    copy_in(text, length);
    events.last++;
    __atomic_store_n(&events.count, events.count + 1, __ATOMIC_RELEASE);
}

void event_end(struct event *e)
{
    while (e->json.depth + e->json.skipped != 0) {
        json_close(&e->json);
    }
    char text[EVENT_LINE_MAX];
    size_t length =
        format_text(text, sizeof(text), "\"severity\":\"%s\",\"type\":\"%s\"%s%s%s", event_severity_text(e->severity),
                    e->type, e->json.length != 0 ? "," : "", e->members, e->json.cut ? CUT : "");
    bulkhead_assert(length + sizeof("{\"seq\":,\"time-ns\":,}\n") + 40 <= EVENT_LINE_MAX);
    uint64_t flags = lock_take(&events.lock);
    insert(text, length);
    lock_release(&events.lock, flags);
    if (events.notify != NULL) {
        events.notify(events.context);
    }
}

static size_t line_head(char *line, size_t size, uint64_t number, uint64_t time_ns)
{
    return format_text(line, size, "{\"seq\":%llu,\"time-ns\":%llu,", (unsigned long long)number,
                       (unsigned long long)time_ns);
}

static size_t take_lost(char *line, size_t size)
{
    size_t length = line_head(line, size, events.last - events.count, events.lost_time_ns);
    length +=
        format_text(line + length, size - length, "\"severity\":\"warning\",\"type\":\"dropped\",\"count\":%llu}\n",
                    (unsigned long long)events.lost_untold);
    events.lost_untold = 0;
    return length;
}

static size_t take_oldest(char *line, size_t size)
{
    struct head head;
    copy_out(&head, sizeof(head));
    size_t length = line_head(line, size, events.last - events.count + 1, head.time_ns);
    copy_out(line + length, head.length);
    length += head.length;
    memcpy(line + length, "}\n", sizeof("}\n"));
    events.count--;
    return length + 2;
}

size_t event_take(char *line, size_t size)
{
    bulkhead_assert(size >= EVENT_LINE_MAX);
    size_t length = 0;
    uint64_t flags = lock_take(&events.lock);
    if (events.lost_untold != 0) {
        length = take_lost(line, size);
    } else if (events.count != 0) {
        length = take_oldest(line, size);
    }
    lock_release(&events.lock, flags);
    return length;
}

bool event_waiting(void)
{
    return __atomic_load_n(&events.count, __ATOMIC_ACQUIRE) != 0; /* what is lost was pushed out by others */
}

uint64_t event_last(void)
{
    uint64_t flags = lock_take(&events.lock);
    uint64_t last = events.last;
    lock_release(&events.lock, flags);
    return last;
}

uint64_t event_told(void)
{
    uint64_t flags = lock_take(&events.lock);
    uint64_t told = events.last - events.count - events.lost_untold;
    lock_release(&events.lock, flags);
    return told;
}

uint64_t event_lost(void)
{
    uint64_t flags = lock_take(&events.lock);
    uint64_t lost = events.lost;
    lock_release(&events.lock, flags);
    return lost;
}

void event_on_put(void (*notify)(void *context), void *context)
{
    events.context = context;
    events.notify = notify;
}

void event_reset(void)
{
    uint64_t flags = lock_take(&events.lock);
    events.written = events.taken = events.last = events.count = 0;
    events.lost = events.lost_untold = events.lost_time_ns = 0;
    lock_release(&events.lock, flags);
}
