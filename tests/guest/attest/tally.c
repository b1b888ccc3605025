/* SPDX-License-Identifier: GPL-2.0-only
 * Counting attempts and saying what became of them: lines that begin with "ATTEST". */
#include "kernel/lib/format.h"
#include "tests/guest/attest/attest.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

#define SHOWN 8u /* escapes a class that get a line of their own */
#define PROGRESS_TICKS (20 * PM_TIMER_HZ)

static struct {
    uint64_t escapes, attempts;
    uint64_t next_progress; /* PM timer */
} all;

static void place(unsigned devfn, char text[32])
{
    text[0] = '\0';
    if (devfn != ATTEST_NO_DEVICE) {
        format_text(text, 32, " device=00:%02x.%x", devfn >> 3, devfn & 7);
    }
}

struct attest_tally attest_begin(const char *name, unsigned devfn, uint64_t of, uint64_t class_ms)
{
    uint64_t until = class_ms == 0 ? UINT64_MAX : machine_ticks() + class_ms * (PM_TIMER_HZ / 1000);
    return (struct attest_tally){.name = name, .devfn = devfn, .of = of, .until = until};
}

/* For whoever looks on at a long class. */
static void progress(const struct attest_tally *t, uint64_t now)
{
    if (all.next_progress != 0 && now >= all.next_progress) {
        say("ATTEST progress class=%s attempts=%llu of=%llu", t->name, (unsigned long long)t->attempts,
            (unsigned long long)t->of);
        all.next_progress = 0;
    }
    if (all.next_progress == 0) {
        all.next_progress = now + PROGRESS_TICKS;
    }
}

bool attest_more(const struct attest_tally *t)
{
    if ((t->attempts & 63) != 0) {
        return true;
    }
    uint64_t now = machine_ticks();
    progress(t, now);
    return now < t->until;
}

void attest_expected(struct attest_tally *t)
{
    t->attempts++;
    t->expected++;
}

void attest_own(struct attest_tally *t)
{
    t->attempts++;
    t->own++;
}

void attest_escape(struct attest_tally *t, const char *fmt, ...)
{
    char what[120], device[32];
    va_list args;
    t->attempts++;
    if (t->escapes++ >= SHOWN) {
        return;
    }
    va_start(args, fmt);
    format_text_v(what, sizeof(what), fmt, args);
    va_end(args);
    place(t->devfn, device);
    say("ATTEST escape class=%s%s what=\"%s\"", t->name, device, what);
}

void attest_end(const struct attest_tally *t)
{
    char device[32];
    place(t->devfn, device);
    all.escapes += t->escapes;
    all.attempts += t->attempts;
    say("ATTEST class=%s%s attempts=%llu of=%llu expected=%llu own=%llu escapes=%llu", t->name, device,
        (unsigned long long)t->attempts, (unsigned long long)(t->of == 0 ? t->attempts : t->of),
        (unsigned long long)t->expected, (unsigned long long)t->own, (unsigned long long)t->escapes);
}

void attest_not_attempted(unsigned devfn, const char *what, const char *why)
{
    char device[32];
    place(devfn, device);
    say("ATTEST not-attempted%s class=%s why=\"%s\"", device, what, why);
}

uint64_t attest_escapes(void)
{
    return all.escapes;
}

uint64_t attest_attempts(void)
{
    return all.attempts;
}

/* An odd step meets every number of a power of two. */
uint32_t attest_walk(uint32_t k, uint32_t count, uint32_t seed)
{
    return (k * 0x9e3779b1u + seed * 0x85ebca6bu) & (count - 1);
}
