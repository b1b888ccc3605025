/* SPDX-License-Identifier: GPL-2.0-only
 * Why a function is in its group, in words. */
#include "kernel/lib/format.h"
#include "plan/groups.h"

const char *group_reason_text(enum group_reason reason)
{
    switch (reason) {
    case GROUP_ALONE:
        return "alone";
    case GROUP_BRIDGE:
        return "bridge";
    case GROUP_CONVENTIONAL:
        return "conventional";
    case GROUP_MULTIFUNCTION:
        return "multifunction";
    case GROUP_ALIAS:
        return "alias";
    case GROUP_SWITCH:
        return "switch";
    case GROUP_VMD:
        return "vmd";
    }
    return "unknown";
}

static const char *acs_of(const struct pci_function *f)
{
    return f->cap.acs == 0 && !f->acs_emulated ? "has no ACS" : "has not all of ACS on";
}

/* The lowest bridge from `via` upwards that does not isolate. */
static uint32_t find_leak(const struct pci_facts *facts, const struct groups *groups, uint32_t via)
{
    uint32_t bridge = via;
    while (bridge != PCI_NO_INDEX && groups->isolates[bridge]) {
        bridge = facts->functions[bridge].parent;
    }
    return bridge == PCI_NO_INDEX ? via : bridge;
}

static void say_bridge(const struct pci_facts *facts, const struct groups *groups, uint32_t via, char *out, size_t size)
{
    char bridge[SBDF_TEXT_SIZE];
    char leak_text[SBDF_TEXT_SIZE];
    uint32_t leak = find_leak(facts, groups, via);
    sbdf_text(facts->functions[via].at, bridge);
    if (groups->isolates[leak]) { /* isolates, but a port beside it in its switch does not */
        format_text(out, size, "%s above it is a port of a switch whose ports do not all isolate", bridge);
    } else if (leak == via) {
        format_text(out, size, "%s above it %s", bridge, acs_of(&facts->functions[via]));
    } else {
        format_text(out, size, "%s above it is below %s, which %s", bridge,
                    sbdf_text(facts->functions[leak].at, leak_text), acs_of(&facts->functions[leak]));
    }
}

char *group_reason_say(const struct pci_facts *facts, const struct groups *groups, uint32_t function, char *out,
                       size_t size)
{
    const struct group_member *m = &groups->of[function];
    char via[SBDF_TEXT_SIZE] = "";
    if (m->via != PCI_NO_INDEX) {
        sbdf_text(facts->functions[m->via].at, via);
    }
    switch (m->reason) {
    case GROUP_ALONE:
        format_text(out, size, "first of its group");
        break;
    case GROUP_BRIDGE:
        say_bridge(facts, groups, m->via, out, size);
        break;
    case GROUP_CONVENTIONAL:
        format_text(out, size, "%s is a PCI bridge that it shares requester ids with", via);
        break;
    case GROUP_MULTIFUNCTION:
        format_text(out, size, "%s is a function of the same device, and neither has all of ACS", via);
        break;
    case GROUP_ALIAS:
        format_text(out, size, "one of it and %s sends with the other's requester id", via);
        break;
    case GROUP_SWITCH:
        format_text(out, size, "%s is a port of the same switch, whose ports do not all isolate", via);
        break;
    case GROUP_VMD:
        format_text(out, size, "its requests have the id of %s, the VMD endpoint", via);
        break;
    }
    return out;
}
