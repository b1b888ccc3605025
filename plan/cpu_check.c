/* SPDX-License-Identifier: GPL-2.0-only
 * CPUs of guests: there, free or shared by both, and the same for the threads of a core. */
#include "plan/cpu_check.h"

#include "kernel/lib/format.h"

struct check {
    const struct config *config;
    const char *file;
    const struct plan_facts *facts;
    struct diag_list *diags;
};

static bool shares(const struct config_guest *guest)
{
    return guest->share.number != 0;
}

static const struct config_value *find_cpu(const struct config_guest *guest, uint64_t cpu)
{
    for (size_t i = 0; i < guest->cpus.count; i++) {
        if (guest->cpus.items[i].number == cpu) {
            return &guest->cpus.items[i];
        }
    }
    return NULL;
}

/* Who of the two has to say that too, into a fix. */
static void say_share(char *fix, const char *instead, const char *key, const struct config_guest *guest, bool says,
                      const struct config_guest *other, bool other_says)
{
    if (says || other_says) {
        format_text(fix, DIAG_TEXT_SIZE, "%s, or add %s = true to [guest.%s]", instead, key,
                    says ? other->name.text : guest->name.text);
    } else {
        format_text(fix, DIAG_TEXT_SIZE, "%s, or add %s = true to [guest.%s] and [guest.%s]", instead, key,
                    other->name.text, guest->name.text);
    }
}

static void refuse_taken(const struct check *c, const struct config_guest *guest, const struct config_value *cpu,
                         const struct config_guest *other)
{
    char where[CONFIG_WHERE_SIZE], fix[DIAG_TEXT_SIZE];
    say_share(fix, "give each guest a CPU of its own", "share", guest, shares(guest), other, shares(other));
    diag_add(c->diags, CPU_CHECK_TAKEN, DIAG_ERROR, config_where(c->file, cpu->at, where), fix,
             "CPU %llu is given already, to guest '%s'", (unsigned long long)cpu->number, other->name.text);
}

static void tell_siblings(const struct check *c, const struct config_guest *guest, const struct config_value *cpu,
                          const struct config_guest *other, uint64_t twin)
{
    bool says = guest->share_core.number != 0;
    bool other_says = other->share_core.number != 0;
    char where[CONFIG_WHERE_SIZE];
    char fix[DIAG_TEXT_SIZE] = "give all threads of a core to one guest";
    if (!says || !other_says) {
        say_share(fix, "give all threads of a core to one guest", "share-core", guest, says, other, other_says);
    }
    diag_add(c->diags, says && other_says ? CPU_CHECK_CORE : CPU_CHECK_SIBLINGS,
             says && other_says ? DIAG_WARNING : DIAG_ERROR, config_where(c->file, cpu->at, where), fix,
             "CPU %llu is a thread of the same core as CPU %llu of guest '%s': one may learn secrets of the other by "
             "what they share in it",
             (unsigned long long)cpu->number, (unsigned long long)twin, other->name.text);
}

/* The first of other's CPUs that is another thread of cpu's core. */
static void check_siblings(const struct check *c, const struct config_guest *guest, const struct config_value *cpu,
                           const struct config_guest *other)
{
    const struct plan_facts *f = c->facts;
    for (size_t i = 0; i < other->cpus.count; i++) {
        uint64_t twin = other->cpus.items[i].number;
        if (twin < f->cpu_count && twin != cpu->number && f->cpus[twin].core == f->cpus[cpu->number].core) {
            tell_siblings(c, guest, cpu, other, twin);
            return;
        }
    }
}

/* A CPU that the guest names again was checked where it stands first. */
static void check_cpu(const struct check *c, const struct config_guest *guest, const struct config_value *cpu)
{
    for (const struct config_guest *other = c->config->guests; other != guest; other++) {
        if (find_cpu(other, cpu->number) != NULL && !(shares(guest) && shares(other))) {
            refuse_taken(c, guest, cpu, other);
        }
        check_siblings(c, guest, cpu, other);
    }
}

static void refuse_absent(const struct check *c, const struct config_value *cpu)
{
    char where[CONFIG_WHERE_SIZE];
    diag_add(c->diags, CPU_CHECK_NO_CPU, DIAG_ERROR, config_where(c->file, cpu->at, where),
             "name CPUs that exist, or give the machine more", "there is no CPU %llu: this machine has CPUs 0 to %zu",
             (unsigned long long)cpu->number, c->facts->cpu_count - 1);
}

/* Told once, at the vCPU that is one too many. */
static void check_crowds(const struct check *c, unsigned cpu)
{
    size_t count = 0;
    for (size_t i = 0; i < c->config->guest_count; i++) {
        const struct config_list *cpus = &c->config->guests[i].cpus;
        for (size_t k = 0; k < cpus->count; k++) {
            char where[CONFIG_WHERE_SIZE];
            if (cpus->items[k].number == cpu && ++count == CPU_CHECK_VCPUS_MAX + 1) {
                diag_add(c->diags, CPU_CHECK_CROWD, DIAG_ERROR, config_where(c->file, cpus->items[k].at, where),
                         "use other CPUs as well", "more than %u virtual CPUs share CPU %u", CPU_CHECK_VCPUS_MAX, cpu);
            }
        }
    }
}

static void check_most(const struct check *c, const struct config_guest *guest)
{
    size_t most = c->facts->limits.cpus_max;
    if (guest->cpus.count > most) {
        char where[CONFIG_WHERE_SIZE], fix[DIAG_TEXT_SIZE];
        format_text(fix, sizeof(fix), "name at most %zu", most);
        diag_add(c->diags, CPU_CHECK_MOST, DIAG_ERROR, config_where(c->file, guest->cpus.items[most].at, where), fix,
                 "%zu virtual CPUs are more than a guest can have", guest->cpus.count);
    }
}

void cpu_check(const struct plan_facts *facts, const struct config *config, const char *file, struct diag_list *diags)
{
    const struct check c = {config, file, facts, diags};
    for (size_t i = 0; i < config->guest_count; i++) {
        const struct config_guest *guest = &config->guests[i];
        check_most(&c, guest);
        for (size_t k = 0; k < guest->cpus.count; k++) {
            const struct config_value *cpu = &guest->cpus.items[k];
            if (cpu->number >= facts->cpu_count) {
                refuse_absent(&c, cpu);
            } else if (find_cpu(guest, cpu->number) == cpu) {
                check_cpu(&c, guest, cpu);
            }
        }
    }
    for (unsigned cpu = 0; cpu < facts->cpu_count; cpu++) {
        check_crowds(&c, cpu);
    }
}
