/* SPDX-License-Identifier: GPL-2.0-only
 * What the rules about devices work on: the claims that the configuration makes, and how a rule refuses one. */
#ifndef BULKHEAD_PLAN_PLAN_WORK_H
#define BULKHEAD_PLAN_PLAN_WORK_H

#include "plan/plan.h"
#include "plan/plan_devices.h"
#include "plan/plan_extents.h"

#define PLAN_NO_CLAIM UINT32_MAX

/* One function for one guest; each function has one claim at most. */
struct plan_claim {
    uint32_t function, guest;
    struct config_position at;            /* of the word that asks for it */
    const struct config_device *own, *id; /* what the file says about it, by its address and by its id; or NULL */
    bool left_over;                       /* nobody named it; system.unassigned says where it goes */
    bool gone;                            /* was left over, and is left out after all */
    enum pci_reset_kind reset;
    bool rom, ats;
    uint32_t gsi;
    uint64_t bars[PCI_BARS], rom_at;
};

/* A left-over group that stays blocked. */
struct plan_left {
    bool out;
    char why[DIAG_TEXT_SIZE];
};

struct plan_work {
    const struct plan_facts *facts;
    const struct machine *m;
    const struct pci_facts *pci;
    const struct groups *groups;
    const struct config *config;
    const char *file;
    struct arena *arena;
    struct diag_list *diags;
    bool quiet;   /* rules only throw left-over groups out */
    bool changed; /* one was thrown out since this was last cleared */
    bool leftovers;
    const uint32_t *unit_of;
    struct plan_extents extents;
    struct plan_claim *claims; /* guest by guest, in the order of `devices`; then what was left over, by address */
    size_t claim_count;
    uint32_t *claim_of;     /* by function: index of its claim, or PLAN_NO_CLAIM */
    struct plan_left *left; /* by group; NULL without system.unassigned */
    struct plan_reserved_uses *reserved;
};

/* Refuse a claim, at the place of its word or at `at`. The text is "0000:01:00.0 " and what; fix is copied. */
void plan_work_refuse(struct plan_work *w, const struct plan_claim *c, enum plan_devices_diag code, const char *fix,
                      const char *what, ...) __attribute__((format(printf, 5, 6)));
void plan_work_refuse_at(struct plan_work *w, const struct plan_claim *c, struct config_position at,
                         enum plan_devices_diag code, const char *fix, const char *what, ...)
    __attribute__((format(printf, 6, 7)));

/* Say something that refuses nothing; nothing is said while w->quiet. */
void plan_work_say(struct plan_work *w, const struct plan_claim *c, enum plan_devices_diag code,
                   enum diag_severity severity, const char *fix, const char *what, ...)
    __attribute__((format(printf, 6, 7)));

/* The claim of a function, or NULL: nobody gets it. */
struct plan_claim *plan_work_claim(const struct plan_work *w, uint32_t function);

/* Who gets that function: a guest, or PLAN_NO_GUEST. */
uint32_t plan_work_owner(const struct plan_work *w, uint32_t function);

const char *plan_work_guest_name(const struct plan_work *w, uint32_t guest);

/* A growing text that says so when not all of it fits. */
struct plan_list {
    char *text;
    size_t size, used;
    size_t left_out;
};

struct plan_list plan_list_make(char *text, size_t size, const char *start);

/* Add ", " but before the first one, a quote if wanted, and a function's address. */
void plan_list_add(struct plan_list *list, struct sbdf at, bool quoted);

/* End it, with "and 3 more" where some did not fit, then `end`. */
void plan_list_end(struct plan_list *list, const char *end);

#endif
