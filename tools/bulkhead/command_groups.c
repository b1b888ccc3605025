/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead groups: the groups of a machine whose `lspci -vvv` is at hand, and what ties their members. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/bulkhead/command.h"
#include "tools/bulkhead/file.h"
#include "tools/bulkhead/groups_compare.h"
#include "tools/bulkhead/json_file.h"

#define DIAGNOSTICS_MAX 256
#define TEXT_SIZE 256

static const char help[] =
    "usage: bulkhead groups --lspci FILE [--json] [--pci-ids FILE]\n"
    "\n"
    "Say which PCI functions a guest can only get together, and why.\n"
    "FILE is what lspci -vvv prints, run by root; -nn and -D are welcome. Where it has Linux's IOMMU groups, they are\n"
    "compared, and each difference is explained.\n"
    "\n"
    "  --json          one JSON object\n"
    "  --pci-ids FILE  names from there instead of " PCI_IDS_FILE ", for a text without -nn\n"
    "\n"
    "Exit status: 0, 1 when a difference has no explanation, 2 for wrong usage or an unreadable file.";

/* All that is known when everything went well. */
struct report {
    struct lspci lspci;
    struct groups groups, linux_rules;
    struct groups_comparison comparison;
    struct diag_list diags;
};

static const char *at_of(const struct report *r, uint32_t function, char text[SBDF_TEXT_SIZE])
{
    return sbdf_text(r->lspci.facts.functions[function].at, text);
}

/* Why a member is there, and the quirk that had a say. */
static void print_member(const struct report *r, uint32_t function)
{
    const struct group_member *m = &r->groups.of[function];
    char at[SBDF_TEXT_SIZE];
    char why[TEXT_SIZE];
    printf("  %s", at_of(r, function, at));
    if (m->reason != GROUP_ALONE) {
        printf("  %s: %s", group_reason_text(m->reason),
               group_reason_say(&r->lspci.facts, &r->groups, function, why, sizeof(why)));
    }
    printf("%s%s%s\n", m->quirk != NULL ? " (quirk " : "", m->quirk != NULL ? m->quirk : "",
           m->quirk != NULL ? ")" : "");
}

static void print_text(const struct report *r)
{
    for (uint32_t g = 0; g < r->groups.count; g++) {
        printf("group %u\n", g);
        for (uint32_t i = r->groups.first[g]; i < r->groups.first[g + 1]; i++) {
            print_member(r, r->groups.members[i]);
        }
    }
    if (!r->lspci.has_groups) {
        puts("The text has no group of Linux's; ACS is taken to be on wherever there is any.");
        return;
    }
    printf("compared with Linux: %zu functions, %zu differences, %zu unexplained\n", r->comparison.compared,
           r->comparison.count, r->comparison.unexplained);
    for (size_t i = 0; i < r->comparison.count; i++) {
        const struct groups_difference *d = &r->comparison.items[i];
        char a[SBDF_TEXT_SIZE];
        char b[SBDF_TEXT_SIZE];
        char why[TEXT_SIZE];
        printf("difference: %s and %s are %s: %s\n", at_of(r, d->a, a), at_of(r, d->b, b),
               d->together_here ? "together here, apart in Linux" : "apart here, together in Linux",
               groups_difference_say(&r->lspci, &r->groups, d, why, sizeof(why)));
    }
}

static void json_member(struct json_file *j, const struct report *r, uint32_t function)
{
    const struct group_member *m = &r->groups.of[function];
    const struct pci_function *f = &r->lspci.facts.functions[function];
    uint32_t linux_group = r->lspci.functions[function].linux_group;
    char text[TEXT_SIZE];
    json_file_open_object(j, NULL);
    json_file_text(j, "address", sbdf_text(f->at, text));
    json_file_format(j, "id", "%04x:%04x", f->vendor, f->device);
    json_file_format(j, "class", "%06x", f->class_code);
    json_file_bool(j, "bridge", f->bridge);
    json_file_bool(j, "isolates", r->groups.isolates[function]);
    json_file_text(j, "reason", group_reason_text(m->reason));
    if (m->via != PCI_NO_INDEX) {
        json_file_text(j, "via", sbdf_text(r->lspci.facts.functions[m->via].at, text));
        json_file_text(j, "why", group_reason_say(&r->lspci.facts, &r->groups, function, text, sizeof(text)));
    }
    if (m->quirk != NULL) {
        json_file_text(j, "quirk", m->quirk);
    }
    if (linux_group != LSPCI_NO_GROUP) {
        json_file_number(j, "linux_group", linux_group);
    }
    json_file_close_object(j);
}

static void json_differences(struct json_file *j, const struct report *r)
{
    json_file_open_object(j, "linux");
    json_file_number(j, "compared", r->comparison.compared);
    json_file_number(j, "unexplained", r->comparison.unexplained);
    json_file_open_list(j, "differences");
    for (size_t i = 0; i < r->comparison.count; i++) {
        const struct groups_difference *d = &r->comparison.items[i];
        char text[TEXT_SIZE];
        json_file_open_object(j, NULL);
        json_file_text(j, "first", at_of(r, d->a, text));
        json_file_text(j, "second", at_of(r, d->b, text));
        json_file_text(j, "here", d->together_here ? "together" : "apart");
        json_file_text(j, "cause", groups_cause_text(d->cause));
        if (d->quirk != NULL) {
            json_file_text(j, "quirk", d->quirk);
        }
        json_file_text(j, "why", groups_difference_say(&r->lspci, &r->groups, d, text, sizeof(text)));
        json_file_close_object(j);
    }
    json_file_close_list(j);
    json_file_close_object(j);
}

static void print_json(const struct report *r)
{
    struct json_file j = json_file_make(stdout);
    json_file_open_object(&j, NULL);
    json_file_open_list(&j, "groups");
    for (uint32_t g = 0; g < r->groups.count; g++) {
        json_file_open_object(&j, NULL);
        json_file_number(&j, "number", g);
        json_file_open_list(&j, "members");
        for (uint32_t i = r->groups.first[g]; i < r->groups.first[g + 1]; i++) {
            json_member(&j, r, r->groups.members[i]);
        }
        json_file_close_list(&j);
        json_file_close_object(&j);
    }
    json_file_close_list(&j);
    if (r->lspci.has_groups) {
        json_differences(&j, r);
    }
    json_file_diagnostics(&j, &r->diags);
    json_file_close_object(&j);
}

/* What the reader of a list should know about its text. */
static void print_remarks(const struct report *r, const char *path)
{
    size_t denied = 0;
    for (size_t i = 0; i < r->lspci.facts.count; i++) {
        denied += r->lspci.functions[i].denied;
    }
    if (denied != 0) {
        fprintf(stderr, "bulkhead: %s: capabilities of %zu functions were not readable: run lspci -vvv as root\n", path,
                denied);
    }
}

static enum status compute(const char *text, size_t length, const struct pci_ids *ids, struct arena *arena,
                           struct report *r)
{
    enum status status = lspci_parse(text, length, ids, arena, &r->lspci, &r->diags);
    if (status == STATUS_OK) {
        status = groups_make(&r->lspci.facts, arena, &r->groups);
    }
    if (status == STATUS_OK) {
        status = groups_make_as_linux(&r->lspci.facts, arena, &r->linux_rules);
    }
    if (status == STATUS_OK) {
        status = groups_compare(&r->lspci, &r->groups, &r->linux_rules, arena, &r->comparison);
    }
    return status;
}

static const char *refusal(enum status status)
{
    return status == STATUS_NOT_FOUND     ? "no PCI function in it; it must be what lspci -vvv prints"
           : status == STATUS_UNSUPPORTED ? "more functions than this program takes"
                                          : "no memory";
}

static int run(const char *path, bool json, const struct pci_ids *ids, struct diag *items)
{
    struct report r = {.diags = diag_list_make(items, DIAGNOSTICS_MAX)};
    uint8_t *bytes = NULL;
    size_t length = 0;
    if (!file_read(path, &bytes, &length)) {
        return COMMAND_USAGE;
    }
    size_t most = lspci_arena_bytes(length) + LSPCI_FUNCTIONS_MAX * 512;
    void *space = malloc(most);
    struct arena arena = arena_make(space, space != NULL ? most : 0);
    enum status status = compute((const char *)bytes, length, ids, &arena, &r);
    int result = r.comparison.unexplained != 0 ? COMMAND_REFUSED : COMMAND_ACCEPTED;
    if (status != STATUS_OK) {
        result = command_usage_error("%s: %s", path, refusal(status));
    } else {
        print_remarks(&r, path);
        (json ? print_json : print_text)(&r);
    }
    free(space);
    free(bytes);
    return result;
}

int command_groups(int argc, char **argv)
{
    const char *path = NULL;
    const char *names = NULL;
    bool json = false;
    const struct command_option options[] = {
        {"--lspci", NULL, &path}, {"--json", &json, NULL}, {"--pci-ids", NULL, &names}};
    enum command_exit result = COMMAND_USAGE;
    if (!command_parse(argc, argv, help, options, ARRAY_LENGTH(options), NULL, &result)) {
        return result;
    }
    if (path == NULL) {
        return command_usage_error("groups: no --lspci FILE given; see bulkhead groups --help");
    }
    struct pci_ids *ids = pci_ids_open(names);
    struct diag *items = calloc(DIAGNOSTICS_MAX, sizeof(*items));
    int done = ids == NULL || items == NULL ? COMMAND_USAGE : run(path, json, ids, items);
    free(items);
    pci_ids_free(ids);
    return done;
}
