/* SPDX-License-Identifier: GPL-2.0-only
 * Numbers of vendors, devices and classes by their names in pci.ids. */
#include "tools/bulkhead/pci_ids_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VENDORS 65536
#define CLASSES 256

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end != NULL ? end + 1 : line + strlen(line);
}

/* "NNNN  name" from its number on: the name and its length. */
static const char *name_of(const char *line, size_t *length)
{
    line += strcspn(line, " \n");
    line += strspn(line, " ");
    *length = strcspn(line, "\n");
    return line;
}

static bool is_name(const char *line, const char *text)
{
    size_t length = 0;
    const char *name = name_of(line, &length);
    return length != 0 && strlen(text) == length && memcmp(name, text, length) == 0;
}

/* The number at the start of the first line below `from`, one tab in, that has that name. */
static bool find_below(const char *from, const char *text, unsigned long *number)
{
    for (const char *line = next_line(from); *line == '\t' || *line == '#'; line = next_line(line)) {
        if (line[0] == '\t' && line[1] != '\t' && is_name(line + 1, text)) {
            *number = strtoul(line + 1, NULL, 16);
            return true;
        }
    }
    return false;
}

/* The vendor with the longest name that text begins with; *rest is what follows. */
static bool find_vendor(const struct pci_ids *ids, const char *text, unsigned *vendor, const char **rest)
{
    size_t best = 0;
    for (unsigned i = 0; i < VENDORS; i++) {
        size_t length = 0;
        if (ids->vendors[i] == PCI_IDS_NONE) {
            continue;
        }
        const char *name = name_of(ids->text + ids->vendors[i], &length);
        if (length > best && strncmp(text, name, length) == 0 && (text[length] == ' ' || text[length] == 0)) {
            best = length;
            *vendor = i;
            *rest = text + length + (text[length] == ' ');
        }
    }
    return best != 0;
}

/* The two that matter most for groups, and devices that lspci had no name for. */
static bool vendor_without_file(const char *text, uint16_t *vendor, uint16_t *device)
{
    static const struct {
        const char *name;
        uint16_t vendor;
    } known[] = {{"Intel Corporation ", 0x8086},
                 {"Advanced Micro Devices, Inc. [AMD] ", 0x1022},
                 {"Advanced Micro Devices, Inc. [AMD/ATI] ", 0x1002}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t length = strlen(known[i].name);
        unsigned number = 0;
        if (strncmp(text, known[i].name, length) == 0) {
            *vendor = known[i].vendor;
            *device = sscanf(text + length, "Device %4x", &number) == 1 ? (uint16_t)number : 0;
            return true;
        }
    }
    return false;
}

bool pci_ids_find_device(const struct pci_ids *ids, const char *text, uint16_t *vendor, uint16_t *device)
{
    unsigned number = 0;
    unsigned second = 0;
    const char *rest = NULL;
    if (sscanf(text, "Device %4x:%4x", &number, &second) == 2) {
        *vendor = (uint16_t)number;
        *device = (uint16_t)second;
        return true;
    }
    if (ids == NULL || ids->text == NULL || !find_vendor(ids, text, &number, &rest)) {
        return vendor_without_file(text, vendor, device);
    }
    unsigned long found = 0;
    *vendor = (uint16_t)number;
    if (sscanf(rest, "Device %4x", &second) == 1) {
        found = second;
    } else if (!find_below(ids->text + ids->vendors[number], rest, &found)) {
        found = 0;
    }
    *device = (uint16_t)found;
    return true;
}

bool pci_ids_find_class(const struct pci_ids *ids, const char *text, uint16_t *class_code)
{
    for (unsigned i = 0; ids != NULL && ids->text != NULL && i < CLASSES; i++) {
        unsigned long sub = 0;
        if (ids->classes[i] != PCI_IDS_NONE && find_below(ids->text + ids->classes[i], text, &sub)) {
            *class_code = (uint16_t)(i << 8 | (sub & 0xff));
            return true;
        }
    }
    return false;
}
