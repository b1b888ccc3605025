/* SPDX-License-Identifier: GPL-2.0-only
 * A page is the least that a guest's tables can show: what else is in it, the guest reaches too. */
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "plan/plan_bars.h"
#include "plan/plan_function.h"

/* Extents whose first byte is in one page. */
struct run {
    uint64_t page;
    size_t begin, end;
};

static bool is_small(const struct plan_extent *e)
{
    return !e->rom && e->end - e->start < PAGE_SIZE;
}

static void refuse_function(struct plan_work *w, const struct plan_claim *c, uint32_t other, uint64_t page)
{
    char fix[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    struct plan_fault faults[PLAN_FAULTS_MAX];
    uint32_t owner = plan_work_owner(w, other);
    const char *guest = owner == PLAN_NO_GUEST ? "" : plan_work_guest_name(w, owner);
    bool possible = plan_function_faults(w->facts, other, true, faults) == 0;
    sbdf_text(w->pci->functions[other].at, text);
    if (possible) {
        format_text(
            fix, sizeof(fix),
            "write \"%s\" in devices of [guest.%s] too, or have the firmware give their BARs pages of their own", text,
            plan_work_guest_name(w, c->guest));
    } else {
        format_text(fix, sizeof(fix), "have the firmware give its BAR a page of its own, or choose another device");
    }
    plan_work_refuse(w, c, PLAN_DEVICES_PAGE_SHARED, fix,
                     "has a BAR smaller than a page, and in its page at 0x%llx are registers of %s, which %s%s%s has",
                     (unsigned long long)page, text, owner == PLAN_NO_GUEST ? "no guest" : "guest '", guest,
                     owner == PLAN_NO_GUEST ? "" : "'");
}

/* The first extent of the run that guest does not have. */
static const struct plan_extent *find_other(const struct plan_work *w, const struct run *run, uint32_t guest)
{
    for (size_t i = run->begin; i < run->end; i++) {
        const struct plan_extent *e = &w->extents.items[i];
        if (!e->rom && plan_work_owner(w, e->function) != guest) {
            return e;
        }
    }
    return NULL;
}

static void check_run(struct plan_work *w, const struct run *run)
{
    uint32_t last = PCI_NO_INDEX;
    for (size_t i = run->begin; i < run->end; i++) {
        const struct plan_extent *e = &w->extents.items[i];
        const struct plan_claim *c = plan_work_claim(w, e->function);
        if (c == NULL || !is_small(e) || e->function == last) {
            continue;
        }
        last = e->function;
        const struct plan_extent *other = find_other(w, run, c->guest);
        const char *platform = plan_extents_platform(w->m, run->page, PAGE_SIZE);
        if (other != NULL) {
            refuse_function(w, c, other->function, run->page);
        } else if (platform != NULL) {
            plan_work_refuse(w, c, PLAN_DEVICES_PAGE_SHARED,
                             "have the firmware give its BAR a page of its own, or choose another device",
                             "has a BAR smaller than a page, and in its page at 0x%llx is %s",
                             (unsigned long long)run->page, platform);
        }
    }
}

void plan_bars_check_pages(struct plan_work *w)
{
    struct run run = {.begin = 0};
    while (run.begin < w->extents.count) {
        run.page = align_down(w->extents.items[run.begin].start, PAGE_SIZE);
        run.end = run.begin + 1;
        while (run.end < w->extents.count && align_down(w->extents.items[run.end].start, PAGE_SIZE) == run.page) {
            run.end++;
        }
        check_run(w, &run);
        run.begin = run.end;
    }
}
