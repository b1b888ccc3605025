/* SPDX-License-Identifier: GPL-2.0-only
 * Arming, disarming and opening watched pages. */
#include "guest/watch.h"

#include "guest/vm.h"
#include "kernel/core/log.h"
#include "kernel/lib/bits.h"
#include "vtd/domain.h"

#define RAM_RIGHTS (RADIX_READ | RADIX_EXECUTE | RADIX_USER)

/* vCPUs first: with shared tables the units are told of what those show then. */
static enum status set(struct watch *w, uint64_t start, uint64_t size, bool writable)
{
    unsigned write = writable ? RADIX_WRITE : 0;
    enum status s = radix_protect(&w->vm->nested, start, size, RAM_RIGHTS | write);
    vm_flush(w->vm);
    if (s == STATUS_OK && w->domain != NULL) {
        s = vtd_domain_protect(w->domain, iova(start), size, RADIX_READ | write);
    }
    return s;
}

static enum status set_all(struct watch *w, bool writable)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; i < w->rules.count; i++) {
        enum status each = set(w, w->rules.ranges[i].start, w->rules.ranges[i].size, writable);
        s = s == STATUS_OK ? each : s;
    }
    w->open_count = 0;
    __atomic_store_n(&w->armed, !writable, __ATOMIC_SEQ_CST);
    return s;
}

/* Page by page where single pages will be opened: no table has to be made while the guest runs. */
static enum status split(struct watch *w)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; w->rules.allow && i < w->rules.count; i++) {
        const struct watch_range *r = &w->rules.ranges[i];
        for (uint64_t at = 0; s == STATUS_OK && at < r->size; at += PAGE_SIZE) {
            s = radix_protect(&w->vm->nested, r->start + at, PAGE_SIZE, RAM_RIGHTS);
            if (s == STATUS_OK && w->domain != NULL && w->domain->shared == NULL) {
                s = radix_protect(&w->domain->tables, r->start + at, PAGE_SIZE, RADIX_READ);
            }
        }
    }
    return s;
}

enum status watch_init(struct watch *w, struct vm *vm, struct vtd_domain *domain, const struct watch_rules *rules)
{
    *w = (struct watch){.vm = vm, .domain = domain, .rules = *rules, .arm_at = WATCH_NEVER};
    w->report.guest = vm->name;
    enum status s = split(w);
    s = s == STATUS_OK ? set_all(w, false) : s;
    return s == STATUS_OK ? set_all(w, true) : s;
}

static void tell_armed(const struct watch *w, enum status s)
{
    log_info("integrity: guest=%s watch=%s ranges=%zu on-watch=%s: %s", w->vm->name, w->armed ? "armed" : "disarmed",
             w->rules.count, w->rules.allow ? "allow" : "block", status_text(s));
}

enum status watch_start(struct watch *w)
{
    bool now = w->rules.armed && w->rules.after_ns == 0;
    __atomic_store_n(&w->wanted, WATCH_WANTED_NOTHING, __ATOMIC_SEQ_CST);
    w->arm_at = w->rules.armed && !now ? w->rules.after_ns : WATCH_NEVER;
    for (size_t i = 0; i < WATCH_ASKED_MAX; i++) {
        __atomic_store_n(&w->asked[i], 0, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&w->look, true, __ATOMIC_SEQ_CST);
    uint64_t flags = lock_take(&w->vm->lock);
    enum status s = set_all(w, !now);
    lock_release(&w->vm->lock, flags);
    tell_armed(w, s);
    return s;
}

void watch_end(struct watch *w)
{
    (void)watch_report_catch_up(&w->report, true);
}

bool watch_covers(const struct watch *w, uint64_t at, uint64_t bytes)
{
    for (size_t i = 0; i < w->rules.count; i++) {
        const struct watch_range *r = &w->rules.ranges[i];
        if (at < r->start + r->size && (at >= r->start || bytes > r->start - at)) {
            return true;
        }
    }
    return false;
}

bool watch_is_armed(const struct watch *w)
{
    return __atomic_load_n(&w->armed, __ATOMIC_SEQ_CST);
}

bool watch_denies(const struct watch *w, uint64_t at, uint64_t bytes)
{
    return watch_is_armed(w) && !w->rules.allow && watch_covers(w, at, bytes);
}

static void wake(struct watch *w)
{
    __atomic_store_n(&w->look, true, __ATOMIC_SEQ_CST);
    vm_kick(w->vm, 0);
}

void watch_tell(struct watch *w, const struct watch_record *record)
{
    if (watch_report_put(&w->report, record)) {
        wake(w);
    }
}

bool watch_emulated_write(struct watch *w, uint64_t at, uint64_t bytes)
{
    if (!watch_is_armed(w) || !watch_covers(w, at, bytes)) {
        return true;
    }
    const struct watch_record record = {
        .by = WATCH_BY_HYPERVISOR, .address = at, .allowed = w->rules.allow, .bytes = (unsigned)bytes};
    watch_tell(w, &record);
    return w->rules.allow;
}

static void fail(struct watch *w, enum status s)
{
    vm_stop(w->vm, VM_CRASHED, "its watched memory cannot be protected: %s", status_text(s));
}

/* --- pages that are open for a while */

static void close_at(struct watch *w, size_t i)
{
    enum status s = set(w, w->open[i].page, PAGE_SIZE, false);
    w->open[i] = w->open[--w->open_count];
    if (s != STATUS_OK) {
        fail(w, s);
    }
}

static bool is_open(const struct watch *w, uint64_t page)
{
    for (size_t i = 0; i < w->open_count; i++) {
        if (w->open[i].page == page) {
            return true;
        }
    }
    return false;
}

bool watch_is_closed(const struct watch *w, uint64_t at)
{
    return w->armed && !is_open(w, align_down(at, PAGE_SIZE));
}

void watch_open(struct watch *w, uint64_t at)
{
    uint64_t page = align_down(at, PAGE_SIZE);
    if (!watch_is_closed(w, at)) {
        return;
    }
    while (w->open_count == WATCH_OPEN_MAX) {
        close_at(w, 0);
    }
    enum status s = set(w, page, PAGE_SIZE, true);
    if (s != STATUS_OK) {
        fail(w, s);
        return;
    }
    w->open[w->open_count].page = page;
    w->open[w->open_count++].until = vm_now(w->vm) + WATCH_OPEN_NS;
    wake(w);
}

/* --- devices */

/* Full: the next write asks again. */
static void ask(struct watch *w, uint64_t page)
{
    for (size_t i = 0; i < WATCH_ASKED_MAX; i++) {
        uint64_t old = __atomic_load_n(&w->asked[i], __ATOMIC_SEQ_CST);
        if (old == (page | 1)) {
            return;
        }
        if (old == 0 &&
            __atomic_compare_exchange_n(&w->asked[i], &old, page | 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            return;
        }
    }
}

bool watch_device_write(struct watch *w, struct watch_device_write write)
{
    if (!watch_is_armed(w) || !watch_covers(w, write.address, 1)) {
        return false;
    }
    const struct watch_record record = {.by = WATCH_BY_DEVICE,
                                        .address = write.address,
                                        .allowed = w->rules.allow,
                                        .source = write.source,
                                        .unit = write.unit};
    watch_tell(w, &record);
    if (w->rules.allow) {
        ask(w, align_down(write.address, PAGE_SIZE));
        wake(w);
    }
    return true;
}

/* --- by the first vCPU */

void watch_order(struct watch *w, bool on)
{
    __atomic_store_n(&w->wanted, on ? WATCH_WANTED_ON : WATCH_WANTED_OFF, __ATOMIC_SEQ_CST);
    wake(w);
}

static void change(struct watch *w, bool on)
{
    w->arm_at = WATCH_NEVER;
    enum status s = w->armed == on ? STATUS_OK : set_all(w, !on);
    tell_armed(w, s);
    if (s != STATUS_OK) {
        fail(w, s);
    }
}

static void carry_out(struct watch *w, uint64_t now)
{
    enum watch_wanted wanted = __atomic_exchange_n(&w->wanted, WATCH_WANTED_NOTHING, __ATOMIC_SEQ_CST);
    if (wanted != WATCH_WANTED_NOTHING) {
        change(w, wanted == WATCH_WANTED_ON);
    }
    if (w->arm_at <= now) {
        change(w, true);
    }
    for (size_t i = 0; i < WATCH_ASKED_MAX; i++) {
        uint64_t asked = __atomic_exchange_n(&w->asked[i], 0, __ATOMIC_SEQ_CST);
        if (asked != 0) {
            watch_open(w, asked & ~UINT64_C(1));
        }
    }
}

static uint64_t close_due(struct watch *w, uint64_t now)
{
    uint64_t next = w->arm_at;
    for (size_t i = 0; i < w->open_count;) {
        if (w->open[i].until <= now) {
            close_at(w, i);
        } else {
            next = w->open[i].until < next ? w->open[i].until : next;
            i++;
        }
    }
    return next;
}

uint64_t watch_advance(struct watch *w, uint64_t now)
{
    if (!__atomic_exchange_n(&w->look, false, __ATOMIC_SEQ_CST) && now < w->due) {
        return w->due;
    }
    uint64_t flags = lock_take(&w->vm->lock);
    carry_out(w, now);
    uint64_t next = close_due(w, now);
    lock_release(&w->vm->lock, flags);
    uint64_t report = watch_report_catch_up(&w->report, false);
    report = report == UINT64_MAX ? report : report - w->vm->start_ns;
    w->due = report < next ? report : next;
    return w->due;
}
