/* SPDX-License-Identifier: GPL-2.0-only
 * Groups, plan and inventory of a large machine: plan_bench FUNCTIONS UNITS GUESTS ROUNDS prints what there was and the
 * CPU time of the fastest round: of groups and plan, and of the inventory's lines. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guest/plan_limits.h"
#include "plan/inventory.h"
#include "tests/fake/random_machine.h"

#define TEXT_BYTES ((size_t)1 * MIB)
#define PLAN_BYTES ((size_t)128 * MIB)
#define DIAGS 256

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct diag items[DIAGS];
static struct config config;
static char text[TEXT_BYTES];

static size_t add(size_t used, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static size_t add(size_t used, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text + used, sizeof(text) - used, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(text) - used) {
        fputs("plan_bench: the configuration's text is too long\n", stderr);
        exit(1);
    }
    return used + (size_t)n;
}

/* The number of functions of a group that a guest can have, and one of them. */
static size_t endpoints(const struct random_machine *m, size_t group, uint32_t *one)
{
    const struct groups *g = &m->machine.groups;
    size_t count = 0;
    for (uint32_t k = g->first[group]; k < g->first[group + 1]; k++) {
        const struct pci_function *f = &m->machine.pci.functions[g->members[k]];
        if (!f->bridge && f->class_code >> 16 != 6) {
            *one = g->members[k];
            count++;
        }
    }
    return count;
}

/* Every group to somebody, as long as guests have places for them. */
static size_t give_everything(const struct random_machine *m, unsigned guests)
{
    size_t used = add(0, "version = 1\n"), group = 0;
    for (unsigned i = 0; i < guests; i++) {
        used = add(used, "[guest.g%u]\ncpus = [%u]\nmemory = \"64MiB\"\nkernel = \"k\"\ndevices = [", i, 2 * i);
        size_t have = 0;
        for (; group < m->machine.groups.count; group++) {
            uint32_t one = 0;
            size_t n = endpoints(m, group, &one);
            char at[SBDF_TEXT_SIZE];
            if (have + n > m->facts.limits.devices_max || have + n > CONFIG_DEVICES_MAX) {
                break;
            }
            if (n != 0) {
                used =
                    add(used, "%s\"group:%s\"", have == 0 ? "" : ", ", sbdf_text(m->machine.pci.functions[one].at, at));
            }
            have += n;
        }
        used = add(used, "]\n");
    }
    return used;
}

static enum status plan_once(struct random_machine *m, void *space, struct plan *plan, struct diag_list *diags)
{
    struct arena arena = arena_make(space, PLAN_BYTES);
    *diags = diag_list_make(items, DIAGS);
    enum status status = machine_read_groups(&m->machine, &arena);
    return status == STATUS_OK ? plan_make(&m->facts, &config, "bench.toml", &arena, plan, diags) : status;
}

static uint64_t inventory_once(const struct random_machine *m, void *space)
{
    struct arena arena = arena_make(space, PLAN_BYTES);
    struct plan_survey survey;
    char line[INVENTORY_LINE_SIZE];
    uint64_t start = cpu_ns();
    if (plan_survey_make(&m->facts, &arena, &survey) != STATUS_OK) {
        fputs("plan_bench: no memory for the inventory\n", stderr);
        exit(1);
    }
    for (uint32_t i = 0; i < m->machine.pci.count; i++) {
        inventory_line(&survey, i, line, sizeof(line));
    }
    return cpu_ns() - start;
}

static void shorten(uint64_t *best, uint64_t took)
{
    *best = took < *best ? took : *best;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: plan_bench FUNCTIONS UNITS GUESTS ROUNDS\n");
        return 2;
    }
    static struct plan plan;
    struct diag_list diags = diag_list_make(items, DIAGS);
    unsigned units = (unsigned)strtoul(argv[2], NULL, 0), guests = (unsigned)strtoul(argv[3], NULL, 0);
    struct random_shape shape = {.seed = 7,
                                 .functions = strtoul(argv[1], NULL, 0),
                                 .segments = units / 2, /* half of the units cover a segment, the others a port */
                                 .units = units - units / 2,
                                 .tidy = true,
                                 .cpu_count = 2 * guests};
    struct random_machine *m = random_machine_make(&shape);
    m->facts.limits = guest_plan_limits();
    void *space = malloc(PLAN_BYTES), *more = malloc(PLAN_BYTES); /* groups stay in the first */
    size_t length = give_everything(m, guests);
    if (space == NULL || more == NULL || config_parse(text, length, "bench.toml", &config, &diags) != STATUS_OK) {
        fprintf(stderr, "plan_bench: %s\n", diags.count == 0 ? "no memory" : items[0].what);
        return 1;
    }
    uint64_t best = UINT64_MAX, inventory = UINT64_MAX;
    for (unsigned long i = strtoul(argv[4], NULL, 0); i > 0; i--) {
        uint64_t start = cpu_ns();
        if (plan_once(m, space, &plan, &diags) != STATUS_OK) {
            fprintf(stderr, "plan_bench: %s: %s\n", items[0].where, items[0].what);
            return 1;
        }
        shorten(&best, cpu_ns() - start);
        shorten(&inventory, inventory_once(m, more));
    }
    printf("functions=%zu units=%zu guests=%zu devices=%zu groups=%zu ns=%" PRIu64 " inventory-ns=%" PRIu64 "\n",
           m->machine.pci.count, m->machine.dmar.unit_count, plan.guest_count, plan.device_count,
           m->machine.groups.count, best, inventory);
    free(more);
    free(space);
    random_machine_free(m);
    return 0;
}
