/* SPDX-License-Identifier: GPL-2.0-only
 * VFs of other guests' PFs. */
#include "plan/plan_vfs.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

_Static_assert(CONFIG_GUESTS_MAX <= 64, "a bit a guest");

/* A guest's bits: those whose PFs it has VFs of, and theirs, and so on. */
struct needs {
    uint64_t of[CONFIG_GUESTS_MAX];
};

/* Who else has the PF of that VF; PLAN_NO_GUEST: nobody else, or it is none. */
static uint32_t server_of(const struct plan_work *w, const struct plan_claim *c)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    uint32_t owner = !c->gone && f->is_vf && f->pf < w->pci->count ? plan_work_owner(w, f->pf) : PLAN_NO_GUEST;
    return owner == c->guest ? PLAN_NO_GUEST : owner;
}

static void find_needs(const struct plan_work *w, struct needs *needs)
{
    *needs = (struct needs){{0}};
    for (size_t i = 0; i < w->claim_count; i++) {
        uint32_t server = server_of(w, &w->claims[i]);
        if (server != PLAN_NO_GUEST) {
            needs->of[w->claims[i].guest] |= BIT64(server);
        }
    }
    for (size_t via = 0; via < CONFIG_GUESTS_MAX; via++) {
        for (size_t g = 0; g < CONFIG_GUESTS_MAX; g++) {
            needs->of[g] |= (needs->of[g] & BIT64(via)) != 0 ? needs->of[via] : 0;
        }
    }
}

static const char *pf_text(const struct plan_work *w, const struct plan_claim *c, char text[SBDF_TEXT_SIZE])
{
    return sbdf_text(w->pci->functions[w->pci->functions[c->function].pf].at, text);
}

static void refuse_circle(struct plan_work *w, const struct plan_claim *c, uint32_t server)
{
    char pf[SBDF_TEXT_SIZE];
    plan_work_refuse(
        w, c, PLAN_DEVICES_VFS_CIRCLE, "give each PF to a guest that needs no VFs of the others', or to none",
        "is a VF of %s of guest '%s', which needs VFs of guest '%s' itself, or of one that does: a reset of "
        "either PF would have to wait for both",
        pf_text(w, c, pf), plan_work_guest_name(w, server), plan_work_guest_name(w, c->guest));
}

/* Once a circle; of what is left over, each. */
static void check_circles(struct plan_work *w, const struct needs *needs)
{
    uint64_t told = 0;
    for (size_t i = 0; i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        uint32_t server = server_of(w, c);
        if (server == PLAN_NO_GUEST || (needs->of[server] & BIT64(c->guest)) == 0) {
            continue;
        }
        if (c->left_over || (told & BIT64(c->guest)) == 0) {
            refuse_circle(w, c, server);
        }
        told |= c->left_over ? 0 : needs->of[c->guest];
    }
}

static void warn_early(struct plan_work *w, const struct plan_claim *c, uint32_t server)
{
    const struct config_value *service = &w->config->system.service;
    char fix[DIAG_TEXT_SIZE], pf[SBDF_TEXT_SIZE];
    const char *name = plan_work_guest_name(w, c->guest), *owner = plan_work_guest_name(w, server);
    if (service->text != NULL) {
        format_text(fix, sizeof(fix),
                    "write autostart = false into [guest.%s]; the service guest starts it when its VFs are ready",
                    name);
    } else {
        format_text(fix, sizeof(fix),
                    "write autostart = false into [guest.%s], and service = \"%s\" into [system], which starts it when "
                    "its VFs are ready",
                    name, owner);
    }
    plan_work_say(w, c, PLAN_DEVICES_VFS_EARLY, DIAG_WARNING, fix,
                  "is a VF of %s of guest '%s', and guest '%s' starts together with that: before a driver can have "
                  "made its VFs ready",
                  pf_text(w, c, pf), owner, name);
}

/* The service guest has to start with the machine. */
static bool is_early(const struct plan_work *w, uint32_t guest)
{
    const char *service = w->config->system.service.text;
    const struct config_guest *g = &w->config->guests[guest];
    return config_guest_starts(g) && (service == NULL || strcmp(service, g->name.text) != 0);
}

/* Once a guest. */
static void check_starts(struct plan_work *w)
{
    uint64_t told = 0;
    for (size_t i = 0; i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        uint32_t server = server_of(w, c);
        if (server != PLAN_NO_GUEST && (told & BIT64(c->guest)) == 0 && is_early(w, c->guest)) {
            warn_early(w, c, server);
            told |= BIT64(c->guest);
        }
    }
}

/* The PF that tells the device whether ids may be beyond function 7, when it is not the VF's own: a reset of it clears
 * that for a while (ARI Capable Hierarchy; PCIe 6.0 9.3.3.3.5). NULL: there is none, or nobody gets it. */
static const struct plan_claim *teller_of(const struct plan_work *w, const struct plan_claim *c)
{
    bool is_vf = !c->gone && w->pci->functions[c->function].is_vf;
    const struct sriov *s = is_vf ? sriov_of(&w->m->sriov, w->pci, c->function) : NULL;
    if (s == NULL || !s->ari || sbdf_equal(s->ari_at, s->at)) {
        return NULL;
    }
    uint32_t first = pci_find_index(w->pci, s->ari_at);
    return first == PCI_NO_INDEX ? NULL : plan_work_claim(w, first);
}

static void refuse_teller(struct plan_work *w, const struct plan_claim *c, const struct plan_claim *teller)
{
    char fix[DIAG_TEXT_SIZE], pf[SBDF_TEXT_SIZE], first[SBDF_TEXT_SIZE];
    pf_text(w, c, pf);
    sbdf_text(w->pci->functions[teller->function].at, first);
    if (teller->left_over) {
        plan_work_refuse(w, teller, PLAN_DEVICES_VFS_ARI, "", "decides over the ids of the VFs of %s (ARI)", pf);
        return;
    }
    format_text(fix, sizeof(fix), "give %s and %s to the same guest, or %s to none", first, pf, first);
    plan_work_refuse(w, c, PLAN_DEVICES_VFS_ARI, fix,
                     "is a VF of %s, and its id hangs on %s of guest '%s' (ARI): while that is reset, it would send "
                     "with another id",
                     pf, first, plan_work_guest_name(w, teller->guest));
}

/* Once a guest; of what is left over, each. */
static void check_tellers(struct plan_work *w)
{
    uint64_t told = 0;
    for (size_t i = 0; i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        const struct plan_claim *teller = teller_of(w, c);
        if (teller == NULL || teller->guest == plan_work_owner(w, w->pci->functions[c->function].pf)) {
            continue;
        }
        if (c->left_over || (told & BIT64(c->guest)) == 0) {
            refuse_teller(w, c, teller);
        }
        told |= c->left_over ? 0 : BIT64(c->guest);
    }
}

void plan_vfs_check(struct plan_work *w)
{
    struct needs needs;
    find_needs(w, &needs);
    check_circles(w, &needs);
    check_tellers(w);
    check_starts(w);
}
