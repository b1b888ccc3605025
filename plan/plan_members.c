/* SPDX-License-Identifier: GPL-2.0-only
 * Groups and their missing members. */
#include "plan/plan_members.h"

#include "kernel/lib/format.h"
#include "plan/plan_function.h"
#include "plan/plan_units.h"

/* What was seen of a group so far. */
struct seen {
    uint32_t first;      /* its first claim, or PLAN_NO_CLAIM */
    uint32_t last_guest; /* of its claims */
};

static struct sbdf address_of(const struct plan_work *w, uint32_t function)
{
    return w->pci->functions[function].at;
}

static bool is_missing(const struct plan_work *w, uint32_t function)
{
    return w->claim_of[function] == PLAN_NO_CLAIM && !plan_function_is_free(&w->pci->functions[function]);
}

/* The first member of a group has no reason of its own to be there: then it is the named one that belongs to it. */
static void say_reason(struct plan_work *w, const struct plan_claim *c, uint32_t member)
{
    char where[CONFIG_WHERE_SIZE], text[SBDF_TEXT_SIZE], group[SBDF_TEXT_SIZE], why[DIAG_TEXT_SIZE];
    bool first = w->groups->of[member].reason == GROUP_ALONE;
    uint32_t speaker = first ? c->function : member;
    group_reason_say(w->pci, w->groups, speaker, why, sizeof(why));
    diag_add(w->diags, PLAN_DEVICES_GROUP_MEMBER, DIAG_NOTE, config_where(w->file, c->at, where), "",
             "%s belongs to the group of %s: %s", sbdf_text(address_of(w, speaker), text),
             sbdf_text(address_of(w, first ? member : c->function), group), why);
}

static void refuse_stuck(struct plan_work *w, const struct plan_claim *c, uint32_t member, const char *what)
{
    char text[SBDF_TEXT_SIZE];
    plan_work_refuse(w, c, PLAN_DEVICES_GROUP_STUCK, "choose a device of another group",
                     "cannot be given away: %s, of its group, %s", sbdf_text(address_of(w, member), text), what);
    say_reason(w, c, member);
}

static void refuse_part(struct plan_work *w, const struct plan_claim *c, uint32_t begin, uint32_t end)
{
    char what[DIAG_TEXT_SIZE], fix[DIAG_TEXT_SIZE], tail[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    const char *guest = plan_work_guest_name(w, c->guest);
    struct plan_list names = plan_list_make(what, sizeof(what), "");
    struct plan_list words = plan_list_make(fix, sizeof(fix) - sizeof(tail) / 2, "add ");
    for (uint32_t i = begin; i < end; i++) {
        uint32_t member = w->groups->members[i];
        if (is_missing(w, member)) {
            plan_list_add(&names, address_of(w, member), false);
            plan_list_add(&words, address_of(w, member), true);
        }
    }
    plan_list_end(&names, "");
    words.size = sizeof(fix);
    format_text(tail, sizeof(tail), " to devices of [guest.%s], or write only \"group:%s\" for the whole group", guest,
                sbdf_text(address_of(w, c->function), text));
    if (words.left_out == 0) {
        plan_list_end(&words, tail);
    } else {
        format_text(fix, sizeof(fix), "write only \"group:%s\" for the whole group in devices of [guest.%s]", text,
                    guest);
    }
    plan_work_refuse(w, c, PLAN_DEVICES_GROUP_PART, fix, "is in one group with %s, which guest '%s' does not have",
                     what, guest);
    for (uint32_t i = begin; i < end; i++) {
        if (is_missing(w, w->groups->members[i])) {
            say_reason(w, c, w->groups->members[i]);
        }
    }
}

static void check_whole(struct plan_work *w, const struct plan_claim *c, uint32_t group)
{
    uint32_t begin = w->groups->first[group], end = w->groups->first[group + 1];
    bool missing = false;
    for (uint32_t i = begin; i < end; i++) {
        uint32_t member = w->groups->members[i];
        struct plan_fault faults[PLAN_FAULTS_MAX];
        if (!is_missing(w, member)) {
            continue;
        }
        if (plan_function_faults(w->facts, member, w->unit_of[member] != PLAN_NO_UNIT, faults) != 0) {
            refuse_stuck(w, c, member, faults[0].what);
            return;
        }
        missing = true;
    }
    if (missing) {
        refuse_part(w, c, begin, end);
    }
}

static void refuse_split(struct plan_work *w, const struct plan_claim *c, const struct plan_claim *first)
{
    char fix[DIAG_TEXT_SIZE], where[CONFIG_WHERE_SIZE], mine[SBDF_TEXT_SIZE], other[SBDF_TEXT_SIZE];
    sbdf_text(address_of(w, c->function), mine);
    sbdf_text(address_of(w, first->function), other);
    format_text(fix, sizeof(fix),
                "give both to one guest: write \"%s\" in devices of [guest.%s], or \"%s\" in those of "
                "[guest.%s]",
                mine, plan_work_guest_name(w, first->guest), other, plan_work_guest_name(w, c->guest));
    plan_work_refuse(w, c, PLAN_DEVICES_GROUP_SPLIT, fix, "is in one group with %s, which guest '%s' has, at %s", other,
                     plan_work_guest_name(w, first->guest), config_where(w->file, first->at, where));
    say_reason(w, c, first->function);
}

enum status plan_members_check(struct plan_work *w)
{
    struct arena scratch = *w->arena;
    struct seen *seen = arena_array(&scratch, w->groups->count, sizeof(*seen));
    if (seen == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t g = 0; g < w->groups->count; g++) {
        seen[g] = (struct seen){PLAN_NO_CLAIM, PLAN_NO_GUEST};
    }
    for (uint32_t i = 0; i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        uint32_t group = w->groups->of[c->function].group;
        if (c->left_over) {
            continue;
        }
        if (seen[group].first == PLAN_NO_CLAIM) {
            seen[group].first = i;
            check_whole(w, c, group);
        } else if (c->guest != seen[group].last_guest) {
            refuse_split(w, c, &w->claims[seen[group].first]);
        }
        seen[group].last_guest = c->guest;
    }
    return STATUS_OK;
}
