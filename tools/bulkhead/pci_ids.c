/* SPDX-License-Identifier: GPL-2.0-only
 * The file pci.ids: "VVVV  name", a tab and "DDDD  name" below, "C CC  name" for classes. */
#include "tools/bulkhead/pci_ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bulkhead/file.h"

/* A number of exactly that many hex digits at text, then two blanks. */
static bool number_at(const char *text, size_t digits, unsigned *out)
{
    char copy[8] = "";
    char *end = NULL;
    if (strspn(text, "0123456789abcdefABCDEF") != digits || text[digits] != ' ' || text[digits + 1] != ' ') {
        return false;
    }
    memcpy(copy, text, digits);
    *out = (unsigned)strtoul(copy, &end, 16);
    return *end == 0;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end != NULL ? end + 1 : line + strlen(line);
}

static void index_lines(struct pci_ids *ids)
{
    for (const char *line = ids->text; *line != 0; line = next_line(line)) {
        unsigned number = 0;
        if (number_at(line, 4, &number)) {
            ids->vendors[number] = (size_t)(line - ids->text);
        } else if (line[0] == 'C' && line[1] == ' ' && number_at(line + 2, 2, &number)) {
            ids->classes[number] = (size_t)(line - ids->text);
        }
    }
}

struct pci_ids *pci_ids_open(const char *path)
{
    struct pci_ids *ids = malloc(sizeof(*ids));
    uint8_t *bytes = NULL;
    size_t length = 0;
    if (ids == NULL) {
        return NULL;
    }
    ids->text = NULL;
    memset(ids->vendors, 0xff, sizeof(ids->vendors));
    memset(ids->classes, 0xff, sizeof(ids->classes));
    if (path == NULL && access(PCI_IDS_FILE, R_OK) != 0) {
        return ids;
    }
    if (!file_read(path != NULL ? path : PCI_IDS_FILE, &bytes, &length)) {
        free(ids);
        return NULL;
    }
    ids->text = calloc(1, length + 1);
    if (ids->text != NULL) {
        memcpy(ids->text, bytes, length);
        index_lines(ids);
    }
    free(bytes);
    return ids;
}

void pci_ids_free(struct pci_ids *ids)
{
    if (ids != NULL) {
        free(ids->text);
        free(ids);
    }
}

/* The name behind "NNNN  " on that line. */
static void take_name(const char *line, char *out, size_t size)
{
    const char *name = strstr(line, "  ");
    size_t n = 0;
    for (name = name != NULL ? name + 2 : ""; name[n] != 0 && name[n] != '\n' && n + 1 < size; n++) {
        out[n] = name[n] >= ' ' && name[n] <= '~' ? name[n] : '?';
    }
    out[n] = 0;
}

/* The line below `from` that begins with a tab and that number. */
static bool find_below(const char *from, size_t digits, unsigned wanted, char *out, size_t size)
{
    for (const char *line = next_line(from); *line == '\t' || *line == '#'; line = next_line(line)) {
        unsigned number = 0;
        if (number_at(line + 1, digits, &number) && number == wanted) {
            take_name(line, out, size);
            return true;
        }
    }
    return false;
}

char *pci_ids_name(const struct pci_ids *ids, uint16_t vendor, uint16_t device, uint32_t class_code, char *out,
                   size_t size)
{
    char first[96] = "";
    char second[160] = "";
    size_t at = ids->vendors[vendor];
    size_t kind = ids->classes[class_code >> 16 & 0xff];
    bool known = false;
    if (at != PCI_IDS_NONE) {
        take_name(ids->text + at, first, sizeof(first));
        known = find_below(ids->text + at, 4, device, second, sizeof(second));
    }
    if (!known && kind != PCI_IDS_NONE &&
        !find_below(ids->text + kind, 2, class_code >> 8 & 0xff, second, sizeof(second))) {
        take_name(ids->text + kind, second, sizeof(second));
    }
    snprintf(out, size, "%s%s%s", first, first[0] != 0 && second[0] != 0 ? " " : "", second);
    return out;
}
