/* SPDX-License-Identifier: GPL-2.0-only
 * One stable line of text a function. */
#include "drivers/pci.h"

#include "kernel/lib/format.h"

static const char *type_text(const struct pci_function *f)
{
    switch (f->express) {
    case PCI_EXPRESS_ENDPOINT:
        return "endpoint";
    case PCI_EXPRESS_LEGACY_ENDPOINT:
        return "legacy-endpoint";
    case PCI_EXPRESS_ROOT_PORT:
        return "root-port";
    case PCI_EXPRESS_UPSTREAM:
        return "upstream-port";
    case PCI_EXPRESS_DOWNSTREAM:
        return "downstream-port";
    case PCI_EXPRESS_TO_PCI:
        return "pcie-to-pci";
    case PCI_EXPRESS_FROM_PCI:
        return "pci-to-pcie";
    case PCI_EXPRESS_RC_ENDPOINT:
        return "rc-endpoint";
    case PCI_EXPRESS_RC_COLLECTOR:
        return "rc-collector";
    case PCI_EXPRESS_NONE:
        return f->header == 2 ? "cardbus" : f->bridge ? "pci-bridge" : "pci";
    }
    return "unknown";
}

struct word {
    bool present;
    const char *text;
};

/* " key=a,b,c", or nothing when no word is present. */
static void put_words(struct format_line *line, const char *key, const struct word *words, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (!words[i].present) {
            continue;
        }
        if (any) {
            format_line_put(line, ",%s", words[i].text);
        } else {
            format_line_put(line, " %s=%s", key, words[i].text);
        }
        any = true;
    }
}

static void put_caps(struct format_line *line, const struct pci_function *f)
{
    const struct word words[] = {
        {f->cap.msi != 0, "msi"},  {f->cap.msix != 0, "msix"},   {f->cap.pm != 0, "pm"},       {f->has_flr, "flr"},
        {f->has_af_flr, "af-flr"}, {f->cap.acs != 0, "acs"},     {f->cap.ari != 0, "ari"},     {f->cap.ats != 0, "ats"},
        {f->cap.pri != 0, "pri"},  {f->cap.pasid != 0, "pasid"}, {f->cap.sriov != 0, "sriov"}, {f->cap.aer != 0, "aer"},
    };
    put_words(line, "caps", words, ARRAY_LENGTH(words));
}

static void put_blocked(struct format_line *line, const struct pci_function *f)
{
    const struct word words[] = {
        {(f->blocked & PCI_BLOCKED_BRIDGE_PATH) != 0, "bridge-path"},
        {(f->blocked & PCI_BLOCKED_BARS) != 0, "bars"},
        {(f->blocked & PCI_BLOCKED_HEADER) != 0, "header"},
    };
    put_words(line, "blocked", words, ARRAY_LENGTH(words));
}

static void put_bars(struct format_line *line, const struct pci_function *f)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &f->bars[i];
        if (bar->kind == PCI_BAR_NONE || bar->kind == PCI_BAR_UPPER) {
            continue;
        }
        const char *kind = bar->kind == PCI_BAR_IO ? "io" : bar->kind == PCI_BAR_MEM64 ? "mem64" : "mem32";
        format_line_put(line, " bar%u=%s%s:%llx+%llx", i, kind, bar->prefetchable ? "p" : "",
                        (unsigned long long)bar->address, (unsigned long long)bar->size);
    }
}

size_t pci_inventory_line(const struct pci_function *f, char *out, size_t size)
{
    struct format_line line = {out, size, 0};
    char at[SBDF_TEXT_SIZE];
    format_line_put(&line, "%s %04x:%04x class=%06x rev=%02x type=%s", sbdf_text(f->at, at), f->vendor, f->device,
                    f->class_code, f->revision, type_text(f));
    if (f->bridge) {
        format_line_put(&line, " bus=%02x-%02x", f->secondary, f->subordinate);
    }
    put_caps(&line, f);
    put_blocked(&line, f);
    put_bars(&line, f);
    return line.length;
}
