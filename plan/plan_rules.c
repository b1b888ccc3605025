/* SPDX-License-Identifier: GPL-2.0-only
 * Rules of single kinds of devices. */
#include "plan/plan_rules.h"

#include "drivers/device_rules.h"
#include "kernel/lib/format.h"

static void refuse_untrusted(struct plan_work *w, const struct plan_claim *c, const struct device_rules *rules)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    char fix[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    sbdf_text(f->at, text);
    if (c->own != NULL) {
        format_text(fix, sizeof(fix), "if you trust guest '%s' that far, write trusted = true into [device.\"%s\"]",
                    plan_work_guest_name(w, c->guest), text);
    } else {
        format_text(fix, sizeof(fix),
                    "if you trust guest '%s' that far, add two lines: [device.\"%s\"] and trusted = true",
                    plan_work_guest_name(w, c->guest), text);
    }
    plan_work_refuse(w, c, PLAN_DEVICES_UNTRUSTED, fix, "(%s) goes to trusted guests only: %s", rules->name,
                     rules->why_trusted);
}

static void warn_unserved(struct plan_work *w, const struct plan_claim *c, const struct device_rules *rules,
                          const struct pci_function *pf)
{
    char fix[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    sbdf_text(pf->at, text);
    format_text(fix, sizeof(fix), "add \"%s\" to devices of the guest that has that driver", text);
    plan_work_say(w, c, PLAN_DEVICES_UNSERVED, DIAG_WARNING, fix,
                  "appears but does nothing: no guest has its PF %s, and it needs %s", text, rules->owner);
}

static void check(struct plan_work *w, const struct plan_claim *c)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    const struct device_rules *rules = device_rules_of_function(f);
    if ((rules->flags & DEVICE_RULE_TRUSTED) != 0 && !config_device_is_trusted(w->config, w->pci, f)) {
        refuse_untrusted(w, c, rules);
    }
    if ((rules->flags & DEVICE_RULE_OWNER) != 0 && f->is_vf && f->pf < w->pci->count &&
        plan_work_owner(w, f->pf) == PLAN_NO_GUEST) {
        warn_unserved(w, c, rules, &w->pci->functions[f->pf]);
    }
}

void plan_rules_check(struct plan_work *w)
{
    for (size_t i = 0; i < w->claim_count; i++) {
        if (!w->claims[i].gone) {
            check(w, &w->claims[i]);
        }
    }
}
