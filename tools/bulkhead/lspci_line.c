/* SPDX-License-Identifier: GPL-2.0-only
 * Single lines of lspci's text (pciutils 3.x: lspci.c, ls-caps.c, ls-ecaps.c). */
#include "tools/bulkhead/lspci_line.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bulkhead/pci_ids_find.h"

#define CLASS_UNKNOWN 0xff0000u

const char *lspci_line_address(const char *line, struct sbdf *at)
{
    char full[24];
    size_t length = strcspn(line, " ");
    if (line[length] != ' ' || length >= sizeof(full) - 5) {
        return NULL;
    }
    bool has_segment = length != strlen("00:1c.0");
    int n = snprintf(full, sizeof(full), "%s%.*s", has_segment ? "" : "0000:", (int)length, line);
    return n > 0 && sbdf_parse(full, (size_t)n, at) ? line + length + 1 : NULL;
}

/* "hhhh" and then `end`. */
static bool hex4(const char *text, char end, uint16_t *out)
{
    for (unsigned i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)text[i])) {
            return false;
        }
    }
    *out = (uint16_t)strtoul(text, NULL, 16);
    return text[4] == end;
}

/* "hhhh:hhhh" and then `end`. */
static bool id_pair(const char *text, char end, uint16_t *vendor, uint16_t *device)
{
    return hex4(text, ':', vendor) && hex4(text + 5, end, device);
}

/* The last "[hhhh:hhhh]" of a text. */
static bool bracketed_pair(const char *text, uint16_t *vendor, uint16_t *device)
{
    uint16_t v = 0;
    uint16_t d = 0;
    bool found = false;
    for (const char *p = strchr(text, '['); p != NULL; p = strchr(p + 1, '[')) {
        if (id_pair(p + 1, ']', &v, &d)) {
            *vendor = v;
            *device = d;
            found = true;
        }
    }
    return found;
}

/* Enough for groups where the file of names is missing. */
static uint16_t class_without_names(const char *name)
{
    static const struct {
        const char *name;
        uint16_t code;
    } known[] = {{"PCI bridge", 0x0604},
                 {"Host bridge", 0x0600},
                 {"ISA bridge", 0x0601},
                 {"Bridge", 0x0680},
                 {"CardBus bridge", 0x0607}};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (strcmp(known[i].name, name) == 0) {
            return known[i].code;
        }
    }
    return CLASS_UNKNOWN >> 8;
}

/* "PCI bridge [0604]", "PCI bridge" or "0604". */
static uint16_t read_class(const char *text, const struct pci_ids *ids)
{
    uint16_t code = 0;
    const char *bracket = strrchr(text, '[');
    if ((bracket != NULL && hex4(bracket + 1, ']', &code)) || hex4(text, 0, &code) ||
        pci_ids_find_class(ids, text, &code)) {
        return code;
    }
    return class_without_names(text);
}

static void read_ids(char *text, const struct pci_ids *ids, struct pci_function *f)
{
    if (bracketed_pair(text, &f->vendor, &f->device) || id_pair(text, 0, &f->vendor, &f->device) ||
        id_pair(text, ' ', &f->vendor, &f->device)) {
        return;
    }
    char *end = strstr(text, " (rev ");
    if (end == NULL) {
        end = strstr(text, " (prog-if ");
    }
    if (end != NULL) {
        *end = 0;
    }
    if (!pci_ids_find_device(ids, text, &f->vendor, &f->device)) {
        f->vendor = f->device = 0;
    }
}

void lspci_line_header(const char *rest, struct sbdf at, const struct pci_ids *ids, struct pci_function *f)
{
    char class_text[LSPCI_LINE_SIZE];
    char name[LSPCI_LINE_SIZE];
    unsigned interface = 0;
    unsigned revision = 0;
    const char *colon = strstr(rest, ": ");
    size_t n = colon != NULL ? (size_t)(colon - rest) : strlen(rest);
    snprintf(class_text, sizeof(class_text), "%.*s", (int)n, rest);
    snprintf(name, sizeof(name), "%s", colon != NULL ? colon + 2 : "");
    const char *prog_if = strstr(name, "(prog-if ");
    const char *rev = strstr(name, "(rev ");
    if (prog_if != NULL && sscanf(prog_if, "(prog-if %2x", &interface) != 1) {
        interface = 0;
    }
    if (rev != NULL && sscanf(rev, "(rev %2x", &revision) != 1) {
        revision = 0;
    }
    *f = (struct pci_function){.at = at, .parent = PCI_NO_INDEX, .express = PCI_EXPRESS_NONE};
    f->class_code = (uint32_t)read_class(class_text, ids) << 8 | interface;
    f->revision = (uint8_t)revision;
    read_ids(name, ids, f);
}

bool lspci_line_registers(const char *line, struct lspci_registers *out)
{
    char *end = NULL;
    if (!isxdigit((unsigned char)line[0]) || !isxdigit((unsigned char)line[1])) {
        return false;
    }
    unsigned long offset = strtoul(line, &end, 16);
    if (end[0] != ':' || end[1] != ' ' || offset >= PCI_CONFIG_BYTES_EXT) {
        return false;
    }
    for (const char *p = end + 1; offset == out->length && offset < PCI_CONFIG_BYTES_EXT; p = end) {
        unsigned long byte = strtoul(p, &end, 16);
        if (end != p + 3) {
            break;
        }
        out->bytes[offset] = (uint8_t)byte;
        out->length = ++offset;
    }
    return true;
}

static enum pci_express_type express_type(const char *text)
{
    static const struct {
        const char *name;
        enum pci_express_type type;
    } known[] = {
        {"Endpoint", PCI_EXPRESS_ENDPOINT},
        {"Legacy Endpoint", PCI_EXPRESS_LEGACY_ENDPOINT},
        {"Root Port", PCI_EXPRESS_ROOT_PORT},
        {"Upstream Port", PCI_EXPRESS_UPSTREAM},
        {"Downstream Port", PCI_EXPRESS_DOWNSTREAM},
        {"PCI-Express to PCI/PCI-X Bridge", PCI_EXPRESS_TO_PCI},
        {"PCI/PCI-X to PCI-Express Bridge", PCI_EXPRESS_FROM_PCI},
        {"Root Complex Integrated Endpoint", PCI_EXPRESS_RC_ENDPOINT},
        {"Root Complex Event Collector", PCI_EXPRESS_RC_COLLECTOR},
    };
    if (strncmp(text, "(v", 2) == 0 && strchr(text, ')') != NULL) {
        text = strchr(text, ')') + 1;
        text += *text == ' ';
    }
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (strncmp(text, known[i].name, strlen(known[i].name)) == 0) {
            return known[i].type;
        }
    }
    return PCI_EXPRESS_NONE;
}

/* "SrcValid+ TransBlk- ..." */
static uint16_t acs_bits(const char *text)
{
    static const char *const names[] = {"SrcValid",    "TransBlk",   "ReqRedir",   "CmpltRedir",
                                        "UpstreamFwd", "EgressCtrl", "DirectTrans"};
    uint16_t bits = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const char *at = strstr(text, names[i]);
        if (at != NULL && at[strlen(names[i])] == '+') {
            bits |= (uint16_t)(1u << i);
        }
    }
    return bits;
}

/* "Capabilities: [148 v1] Access Control Services" */
static void read_capability(const char *text, struct pci_function *f, struct lspci_function *more)
{
    unsigned offset = 0;
    if (strncmp(text, "<access denied>", strlen("<access denied>")) == 0) {
        more->denied = true;
        return;
    }
    const char *name = strchr(text, ']');
    if (sscanf(text, "[%3x", &offset) != 1 || offset == 0 || name == NULL || name[1] == 0) {
        return;
    }
    name += 2;
    if (strncmp(name, "Express ", 8) == 0 && f->cap.express == 0) {
        f->cap.express = (uint16_t)offset;
        f->express = express_type(name + 8);
    } else if (strncmp(name, "Access Control Services", 23) == 0) {
        f->cap.acs = (uint16_t)offset;
    } else if (strncmp(name, "Alternative Routing-ID", 22) == 0) {
        f->cap.ari = (uint16_t)offset;
    } else if (strncmp(name, "Single Root I/O Virtualization", 30) == 0) {
        f->cap.sriov = (uint16_t)offset;
        f->is_pf = true;
    }
}

static void read_bus(const char *text, struct pci_function *f)
{
    unsigned primary = 0;
    unsigned secondary = 0;
    unsigned subordinate = 0;
    if (sscanf(text, "primary=%2x, secondary=%2x, subordinate=%2x", &primary, &secondary, &subordinate) == 3) {
        f->bridge = true;
        f->primary = (uint8_t)primary;
        f->secondary = (uint8_t)secondary;
        f->subordinate = (uint8_t)subordinate;
    }
}

/* lspci writes 2^bits - 1. */
static void read_phantoms(const char *text, struct pci_function *f)
{
    const char *at = strstr(text, "PhantFunc ");
    unsigned most = 0;
    if (at != NULL && sscanf(at, "PhantFunc %1u", &most) == 1) {
        f->phantom_bits = most >= 7 ? 3 : most >= 3 ? 2 : most >= 1 ? 1 : 0;
    }
}

static void read_virtual(const char *line, struct lspci_function *more)
{
    unsigned count = 0;
    unsigned offset = 0;
    unsigned stride = 0;
    const char *at = strstr(line, "Number of VFs: ");
    if (at != NULL && sscanf(at, "Number of VFs: %5u", &count) == 1 && count <= UINT16_MAX) {
        more->vfs = (uint16_t)count;
    }
    at = strstr(line, "VF offset: ");
    if (at != NULL && sscanf(at, "VF offset: %5u, stride: %5u", &offset, &stride) == 2 && offset <= UINT16_MAX &&
        stride <= UINT16_MAX) {
        more->vf_offset = (uint16_t)offset;
        more->vf_stride = (uint16_t)stride;
    }
}

/* What follows `prefix`, or NULL. */
static const char *after(const char *line, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(line, prefix, n) == 0 ? line + n + strspn(line + n, " \t") : NULL;
}

static void read_group(const char *text, struct lspci_function *more)
{
    unsigned number = 0;
    if (sscanf(text, "%9u", &number) == 1) {
        more->linux_group = number;
    }
}

void lspci_line_detail(const char *line, struct pci_function *f, struct lspci_function *more)
{
    const char *rest = NULL;
    line += strspn(line, " \t");
    if ((rest = after(line, "Capabilities:")) != NULL) {
        read_capability(rest, f, more);
    } else if ((rest = after(line, "ACSCap:")) != NULL) {
        f->acs_cap = acs_bits(rest);
    } else if ((rest = after(line, "ACSCtl:")) != NULL) {
        f->acs_control = acs_bits(rest);
    } else if ((rest = after(line, "Bus:")) != NULL) {
        read_bus(rest, f);
    } else if ((rest = after(line, "IOMMU group:")) != NULL) {
        read_group(rest, more);
    } else if ((rest = after(line, "Subsystem:")) != NULL) {
        (void)(bracketed_pair(rest, &f->subsystem_vendor, &f->subsystem) ||
               id_pair(rest, 0, &f->subsystem_vendor, &f->subsystem));
    } else if (after(line, "DevCap:") != NULL) {
        read_phantoms(line, f);
    } else if (after(line, "!!! Unknown header type") != NULL) {
        more->unreadable = true;
    } else {
        read_virtual(line, more);
    }
}
