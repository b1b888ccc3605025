/* SPDX-License-Identifier: GPL-2.0-only
 * Sizes that fit, and devices that can be given away. */
#include "tools/bulkhead/suggestion.h"

#include <string.h>

#include "kernel/lib/bits.h"

#define CLASS_NVME 0x0108
#define CLASS_NETWORK 0x02 /* base class */
#define NAME_SIZE 128
#define CPUS_MAX 64
#define WORK_CORES_MAX 4
#define ADVICE "# "

static bool needs_line(const struct device_row *row)
{
    return row->function->interrupt_pin != 0 && row->function->cap.msi == 0 && row->function->cap.msix == 0;
}

/* The hypervisor will know it by itself. */
static bool has_known_line(const struct suggestion *s, uint32_t i)
{
    return s->load->facts.gsis != NULL && s->load->facts.gsis[i] != PLAN_NO_GSI;
}

/* No MSI, and its line is not known: a guest would get no interrupt from it. */
static bool is_mute(const struct suggestion *s, uint32_t i)
{
    return needs_line(&s->rows[i]) && s->load->facts.hints[i] == PLAN_NO_GSI && !has_known_line(s, i);
}

/* Nothing that needs a decision: no reserved memory, and a reset that works. */
static bool is_easy(const struct suggestion *s, uint32_t group, bool may_be_mute)
{
    const struct groups *groups = &s->load->machine.groups;
    for (uint32_t k = groups->first[group]; k < groups->first[group + 1]; k++) {
        const struct device_row *row = &s->rows[groups->members[k]];
        bool mute = !may_be_mute && is_mute(s, groups->members[k]);
        if (device_list_counts(row) && (!row->is_free || row->reserved || row->reset == PCI_RESET_NONE || mute)) {
            return false;
        }
    }
    return true;
}

static bool is_chosen(const struct suggestion *s, uint32_t group)
{
    for (size_t i = 0; i < s->chosen_count; i++) {
        if (s->rows[s->chosen[i]].group == group) {
            return true;
        }
    }
    return false;
}

static bool choose(struct suggestion *s, bool nvme, bool may_be_mute)
{
    for (uint32_t i = 0; i < s->load->machine.pci.count; i++) {
        const struct device_row *row = &s->rows[i];
        uint16_t class = pci_class(row->function);
        bool wanted = nvme ? class == CLASS_NVME : class >> 8 == CLASS_NETWORK;
        if (wanted && device_list_counts(row) && is_easy(s, row->group, may_be_mute) && !is_chosen(s, row->group)) {
            s->chosen[s->chosen_count++] = i;
            return true;
        }
    }
    return false;
}

struct suggestion suggestion_make(const struct machine_load *load, const struct device_row *rows,
                                  const struct pci_ids *ids)
{
    struct suggestion s = {.load = load, .rows = rows, .ids = ids};
    (void)(choose(&s, true, false) || choose(&s, true, true));
    (void)(choose(&s, false, false) || choose(&s, false, true));
    return s;
}

static uint64_t free_bytes(const struct plan_facts *facts)
{
    uint64_t total = 0;
    for (size_t i = 0; i < facts->free_count; i++) {
        total += facts->free[i].size;
    }
    return total;
}

/* "512MiB", or "3GiB" where it is whole. */
static void print_size(uint64_t bytes, FILE *out)
{
    bool gib = bytes != 0 && bytes % GIB == 0;
    fprintf(out, "memory = \"%llu%s\"\n", (unsigned long long)(bytes / (gib ? GIB : MIB)), gib ? "GiB" : "MiB");
}

/* An eighth, 1 GiB at most; then half of what is left, whole GiB where there are any. */
static uint64_t service_bytes(uint64_t total)
{
    uint64_t eighth = total / 8 < GIB ? total / 8 : GIB;
    return align_down(eighth, eighth >= 64 * MIB ? 64 * MIB : 2 * MIB);
}

static uint64_t work_bytes(uint64_t total)
{
    uint64_t half = (total - service_bytes(total)) / 2;
    return align_down(half, half >= GIB ? GIB : 2 * MIB);
}

/* The threads of CPU 0's core, or those of up to some other cores. Returns how many were written. */
static size_t print_cpus(const struct plan_facts *facts, bool first_core, FILE *out)
{
    size_t count = 0;
    size_t cores = 0;
    uint32_t last = 0;
    for (size_t i = 0; i < facts->cpu_count && i < CPUS_MAX; i++) {
        bool is_first = facts->cpus[i].core == facts->cpus[0].core;
        if (is_first != first_core) {
            continue;
        }
        cores += count == 0 || facts->cpus[i].core != last;
        last = facts->cpus[i].core;
        if (!first_core && cores > WORK_CORES_MAX) {
            break;
        }
        fprintf(out, "%s%zu", count == 0 ? "cpus = [" : ", ", i);
        count++;
    }
    if (count != 0) {
        fputs("]\n", out);
    }
    return count;
}

static bool has_other_core(const struct plan_facts *facts)
{
    for (size_t i = 1; i < facts->cpu_count && i < CPUS_MAX; i++) {
        if (facts->cpus[i].core != facts->cpus[0].core) {
            return true;
        }
    }
    return false;
}

static void print_name(const struct suggestion *s, const struct pci_function *f, FILE *out)
{
    char name[NAME_SIZE];
    fprintf(out, "%04x:%04x", f->vendor, f->device);
    pci_ids_name(s->ids, f->vendor, f->device, f->class_code, name, sizeof(name));
    fprintf(out, "%s%s", name[0] != 0 ? " " : "", name);
}

/* One word a group, its first function's address; what else is in it as a comment. */
static void print_devices(const struct suggestion *s, FILE *out)
{
    const struct groups *groups = &s->load->machine.groups;
    if (s->chosen_count == 0) {
        fputs("# No disk or network card of this machine can be given away as it is: see below.\n", out);
        return;
    }
    fputs("devices = [\n", out);
    for (size_t i = 0; i < s->chosen_count; i++) {
        const struct device_row *row = &s->rows[s->chosen[i]];
        char at[SBDF_TEXT_SIZE];
        fprintf(out, "  \"group:%s\", # ", sbdf_text(row->function->at, at));
        print_name(s, row->function, out);
        fprintf(out, ", reset by %s\n", pci_reset_text(row->reset));
        for (uint32_t k = groups->first[row->group]; k < groups->first[row->group + 1]; k++) {
            const struct device_row *other = &s->rows[groups->members[k]];
            if (other != row && device_list_counts(other)) {
                fprintf(out, "  # with it: %s ", sbdf_text(other->function->at, at));
                print_name(s, other->function, out);
                fputc('\n', out);
            }
        }
    }
    fputs("]\n", out);
}

static void print_guests(const struct suggestion *s, FILE *out)
{
    const struct plan_facts *facts = &s->load->facts;
    uint64_t total = free_bytes(facts);
    bool apart = has_other_core(facts);
    fputs("# A small guest to look after the machine.\n[guest.service]\n", out);
    print_cpus(facts, true, out);
    fputs(apart ? "" : "share = true # this machine has one core: both guests take turns on it\n", out);
    print_size(service_bytes(total), out);
    fputs("kernel = \"vmlinuz\" # a boot module's name: module2 /path/to/vmlinuz vmlinuz\ninitrd = \"service.img\"\n"
          "cmdline = \"console=ttyS0\"\n\n",
          out);
    fputs("# A guest with devices of its own.\n[guest.work]\n", out);
    print_cpus(facts, !apart, out);
    fputs(apart ? "" : "share = true\n", out);
    print_size(work_bytes(total), out);
    fputs("kernel = \"vmlinuz\"\ninitrd = \"work.img\"\ncmdline = \"console=ttyS0\"\n", out);
    print_devices(s, out);
}

/* Lines of those that have no other interrupt, where Linux alone knows them; as comments for those that are not given.
 */
static void print_lines(const struct suggestion *s, FILE *out)
{
    for (uint32_t i = 0; i < s->load->machine.pci.count; i++) {
        const struct device_row *row = &s->rows[i];
        uint32_t hint = s->load->facts.hints[i];
        if (!row->is_free || !device_list_counts(row) || !needs_line(row) || hint == PLAN_NO_GSI ||
            has_known_line(s, i)) {
            continue;
        }
        char at[SBDF_TEXT_SIZE];
        const char *mark = is_chosen(s, row->group) ? "" : ADVICE;
        fprintf(out, "\n# Linux hears its INTA# line there; it has no MSI.\n%s[device.\"%s\"]\n%sgsi = %u\n", mark,
                sbdf_text(row->function->at, at), mark, hint);
    }
}

static void print_rest(const struct suggestion *s, bool is_free, const char *title, FILE *out)
{
    bool any = false;
    for (uint32_t i = 0; i < s->load->machine.pci.count; i++) {
        const struct device_row *row = &s->rows[i];
        if (!device_list_counts(row) || row->is_free != is_free || is_chosen(s, row->group)) {
            continue;
        }
        char at[SBDF_TEXT_SIZE];
        fprintf(out, "%s#   %s ", any ? "" : title, sbdf_text(row->function->at, at));
        any = true;
        print_name(s, row->function, out);
        if (!is_free) {
            fprintf(out, ": %s", row->why);
        } else {
            fprintf(out, ", group %u, reset by %s%s", row->group, pci_reset_text(row->reset),
                    row->reserved ? ", firmware reserves memory for it: needs rmrr = \"map\"" : "");
        }
        fputc('\n', out);
    }
}

void suggestion_print(const struct suggestion *s, FILE *out)
{
    const struct dump_text *dump = &s->load->dump;
    fprintf(out, "# A start for %s %s, by bulkhead suggest.\n",
            dump->vendor[0] != 0 ? dump->vendor : "this machine:", dump->product);
    fputs("# Change it, ask bulkhead plan what comes of it, and load it beside the kernels of the guests.\n"
          "version = 1\n\n[system]\nconsole = \"com1,115200\"\n"
          "service = \"service\" # the guest that is told of events and may command the others\n"
          "unassigned = \"block\"\n\n",
          out);
    print_guests(s, out);
    print_lines(s, out);
    print_rest(s, true, "\n# Devices that a guest could have as well (\"group:ADDRESS\" takes the whole group):\n",
               out);
    print_rest(s, false, "\n# Devices that no guest can have:\n", out);
}
