/* SPDX-License-Identifier: GPL-2.0-only
 * Granting reserved regions: the policy, regions with several users, and a guest's memory where the region is. */
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "plan/plan_reserved.h"

#define BASE_CLASS_DISPLAY 0x03
#define CLASS_USB 0x0c03
#define MEMORY_STEP (2 * MIB)
#define FOUR_GIB (4 * GIB)

static const struct dmar_rmrr *rmrr_of(const struct plan_work *w, uint32_t rmrr)
{
    return &w->m->dmar.rmrrs[rmrr];
}

/* The key that says what to do, or NULL. */
static const struct config_value *policy_of(const struct plan_work *w, const struct plan_claim *c)
{
    if (c->own != NULL && c->own->rmrr.at.line != 0) {
        return &c->own->rmrr;
    }
    if (c->id != NULL && c->id->rmrr.at.line != 0) {
        return &c->id->rmrr;
    }
    const struct config_value *guest = &w->config->guests[c->guest].rmrr;
    return guest->at.line != 0 ? guest : NULL;
}

/* Firmware drives USB and displays only until somebody else does. */
static bool does_without(const struct pci_function *f)
{
    return pci_class(f) == CLASS_USB || pci_class(f) >> 8 == BASE_CLASS_DISPLAY;
}

/* The most memory that a guest may have below a region; 0: none. */
static uint64_t memory_limit(const struct plan_limits *limits, const struct dmar_rmrr *r)
{
    if (r->start >= FOUR_GIB) {
        return align_down(limits->low_ram_end + (r->start - FOUR_GIB), MEMORY_STEP);
    }
    return r->start >= limits->low_ram_end ? UINT64_MAX : align_down(r->start, MEMORY_STEP);
}

static bool meets_ram(const struct plan_limits *limits, uint64_t memory, const struct dmar_rmrr *r)
{
    uint64_t low_end = memory < limits->low_ram_end ? memory : limits->low_ram_end;
    uint64_t high_end = FOUR_GIB + (memory - low_end);
    return r->start < low_end || (r->start < high_end && r->start + r->size > FOUR_GIB && high_end > FOUR_GIB);
}

/* Between the window for BARs and 4 GiB lies what every guest has: its configuration space and interrupt controllers.
 */
static bool meets_platform(const struct plan_limits *limits, const struct dmar_rmrr *r)
{
    uint64_t window_end = limits->bar_low_start + limits->bar_low_bytes;
    return r->start < FOUR_GIB && r->start + r->size > window_end;
}

static void refuse_memory(struct plan_work *w, const struct plan_claim *c, const struct dmar_rmrr *r)
{
    const struct config_value *memory = &w->config->guests[c->guest].memory;
    char fix[DIAG_TEXT_SIZE];
    uint64_t most = memory_limit(&w->facts->limits, r);
    if (most == 0) {
        format_text(fix, sizeof(fix),
                    "choose another device, or turn the firmware's use of it off in its setup: memory "
                    "of no size leaves that range free");
    } else {
        format_text(fix, sizeof(fix), "write memory = \"%lluMiB\" or less in [guest.%s]",
                    (unsigned long long)(most / MIB), plan_work_guest_name(w, c->guest));
    }
    plan_work_refuse(w, c, PLAN_DEVICES_RESERVED_RAM, fix,
                     "needs firmware's memory at 0x%llx-0x%llx (RMRR), where %s of guest '%s' lies",
                     (unsigned long long)r->start, (unsigned long long)(r->start + r->size - 1), memory->text,
                     plan_work_guest_name(w, c->guest));
}

static void refuse_bad(struct plan_work *w, const struct plan_claim *c, const struct dmar_rmrr *r, const char *what)
{
    plan_work_refuse(w, c, PLAN_DEVICES_RESERVED_BAD,
                     "update the firmware, turn its use of the device off in its setup, or choose another device",
                     "cannot have firmware's memory at 0x%llx-0x%llx (RMRR): %s is there", (unsigned long long)r->base,
                     (unsigned long long)r->limit, what);
}

/* Others that use the region, or one that overlaps it, and that the guest does not have. Returns how many. */
static size_t list_others(const struct plan_work *w, uint32_t rmrr, uint32_t guest, struct plan_list *names,
                          struct plan_list *words)
{
    const struct dmar_rmrr *r = rmrr_of(w, rmrr);
    size_t count = 0;
    for (uint32_t q = 0; q < w->m->dmar.rmrr_count; q++) {
        const struct dmar_rmrr *other = rmrr_of(w, q);
        const struct plan_reserved_region *region = &w->reserved->regions[q];
        if (q != rmrr && !(other->start < r->start + r->size && r->start < other->start + other->size)) {
            continue;
        }
        for (uint32_t i = region->first_use; i < region->first_use + region->use_count; i++) {
            uint32_t function = w->reserved->by_region[i].function;
            if (plan_work_owner(w, function) != guest) {
                plan_list_add(names, w->pci->functions[function].at, false);
                plan_list_add(words, w->pci->functions[function].at, true);
                count++;
            }
        }
    }
    return count;
}

static void refuse_shared(struct plan_work *w, const struct plan_claim *c, uint32_t rmrr)
{
    char names_text[DIAG_TEXT_SIZE / 2], fix[DIAG_TEXT_SIZE], tail[DIAG_TEXT_SIZE / 2];
    const struct dmar_rmrr *r = rmrr_of(w, rmrr);
    struct plan_list names = plan_list_make(names_text, sizeof(names_text), "");
    struct plan_list words = plan_list_make(fix, sizeof(fix) - sizeof(tail), "add ");
    if (list_others(w, rmrr, c->guest, &names, &words) == 0) {
        return;
    }
    plan_list_end(&names, "");
    words.size = sizeof(fix);
    format_text(tail, sizeof(tail), " to devices of [guest.%s], or leave this one out",
                plan_work_guest_name(w, c->guest));
    plan_list_end(&words, tail);
    plan_work_refuse(w, c, PLAN_DEVICES_RESERVED_SHARED, fix,
                     "shares firmware's memory at 0x%llx-0x%llx (RMRR) with %s, which guest '%s' does not have",
                     (unsigned long long)r->start, (unsigned long long)(r->start + r->size - 1), names_text,
                     plan_work_guest_name(w, c->guest));
}

static void map(struct plan_work *w, const struct plan_claim *c, uint32_t rmrr)
{
    struct plan_reserved_region *region = &w->reserved->regions[rmrr];
    const struct dmar_rmrr *r = rmrr_of(w, rmrr);
    const struct plan_limits *limits = &w->facts->limits;
    if (region->why_bad != NULL) {
        refuse_bad(w, c, r, region->why_bad);
        return;
    }
    if (region->guest == c->guest) {
        return; /* checked for another of its users */
    }
    region->guest = c->guest;
    if (meets_platform(limits, r)) {
        refuse_bad(w, c, r, "what every guest has below 4 GiB");
        return;
    }
    if (meets_ram(limits, w->config->guests[c->guest].memory.number, r)) {
        refuse_memory(w, c, r);
    }
    refuse_shared(w, c, rmrr);
}

static void check_use(struct plan_work *w, const struct plan_claim *c, uint32_t rmrr)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    const struct config_value *policy = policy_of(w, c);
    const struct dmar_rmrr *r = rmrr_of(w, rmrr);
    char fix[DIAG_TEXT_SIZE];
    if (policy != NULL && policy->number == CONFIG_RMRR_MAP) {
        map(w, c, rmrr);
    } else if (policy == NULL && does_without(f)) {
        plan_work_say(w, c, PLAN_DEVICES_RESERVED_LEFT, DIAG_NOTE, "",
                      "does not get firmware's memory at 0x%llx-0x%llx (RMRR): %s does without once its driver has it",
                      (unsigned long long)r->base, (unsigned long long)r->limit,
                      pci_class(f) == CLASS_USB ? "a USB controller" : "a display");
    } else {
        format_text(fix, sizeof(fix),
                    "choose another device, turn the firmware's use of it off in its setup, or write rmrr = \"map\" in "
                    "[guest.%s]",
                    plan_work_guest_name(w, c->guest));
        plan_work_refuse(w, c, PLAN_DEVICES_RESERVED, fix,
                         "has memory that firmware reserves for it (RMRR), at 0x%llx-0x%llx",
                         (unsigned long long)r->base, (unsigned long long)r->limit);
    }
}

/* The first use of that function or a later one. */
static size_t first_use(const struct plan_reserved_uses *uses, uint32_t function)
{
    size_t low = 0;
    size_t high = uses->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (uses->by_function[middle].function < function) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void plan_reserved_check(struct plan_work *w)
{
    const struct plan_reserved_uses *uses = w->reserved;
    for (size_t r = 0; w->m->has_dmar && r < w->m->dmar.rmrr_count; r++) {
        uses->regions[r].guest = PLAN_NO_GUEST;
    }
    for (size_t i = 0; uses->count != 0 && i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        if (c->gone) {
            continue;
        }
        for (size_t k = first_use(uses, c->function); k < uses->count && uses->by_function[k].function == c->function;
             k++) {
            check_use(w, c, uses->by_function[k].rmrr);
        }
    }
}
