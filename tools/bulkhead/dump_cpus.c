/* SPDX-License-Identifier: GPL-2.0-only
 * CPUs as Linux numbers them: APIC id, package, core; how many APIC id bits number the threads of a core. */
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/types.h"
#include "tools/bulkhead/dump_parts.h"

#define CPUS_MAX 4096
#define NUMBER_UNKNOWN UINT64_MAX

struct cpu {
    uint64_t number, apic_id, package, core;
    uint64_t family, model, stepping;
};

struct cpus {
    struct cpu *items;
    size_t count;
    bool has_vmx;
};

/* "flags\t\t: fpu vme ...": Linux leaves vmx out where firmware locked it off. */
static bool has_flag(const char *flags, const char *wanted)
{
    size_t length = strlen(wanted);
    for (const char *word = flags; *word != 0; word += strcspn(word, " ")) {
        word += strspn(word, " ");
        if (strcspn(word, " ") == length && strncmp(word, wanted, length) == 0) {
            return true;
        }
    }
    return false;
}

/* "key\t: value" of /proc/cpuinfo. */
static void take_line(struct cpus *cpus, const char *line)
{
    const char *value = strchr(line, ':');
    if (value == NULL) {
        return;
    }
    size_t key = strcspn(line, "\t:");
    uint64_t number = strtoull(value + 1, NULL, 10);
    if (key == strlen("processor") && strncmp(line, "processor", key) == 0 && cpus->count < CPUS_MAX) {
        cpus->items[cpus->count++] = (struct cpu){number, NUMBER_UNKNOWN, 0, 0, 0, 0, 0};
    }
    if (cpus->count == 0) {
        return;
    }
    if (key == strlen("flags") && strncmp(line, "flags", key) == 0) {
        cpus->has_vmx = cpus->has_vmx || has_flag(value + 1, "vmx");
    }
    struct cpu *cpu = &cpus->items[cpus->count - 1];
    const struct {
        const char *key;
        uint64_t *value;
    } keys[] = {{"apicid", &cpu->apic_id},    {"physical id", &cpu->package}, {"core id", &cpu->core},
                {"cpu family", &cpu->family}, {"model", &cpu->model},         {"stepping", &cpu->stepping}};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        if (key == strlen(keys[i].key) && strncmp(line, keys[i].key, key) == 0) {
            *keys[i].value = number;
        }
    }
}

static bool read_cpus(const struct host_tree *tree, struct cpus *cpus)
{
    size_t length = 0;
    char *state = NULL;
    uint8_t *bytes = host_tree_read(tree, "/proc/cpuinfo", &length);
    cpus->items = calloc(CPUS_MAX, sizeof(*cpus->items));
    if (bytes != NULL && cpus->items != NULL) {
        for (char *line = strtok_r((char *)bytes, "\n", &state); line != NULL; line = strtok_r(NULL, "\n", &state)) {
            take_line(cpus, line);
        }
    }
    free(bytes);
    return cpus->items != NULL && cpus->count != 0 && cpus->items[0].apic_id != NUMBER_UNKNOWN;
}

/* The fewest low bits without which all threads of each core have one number. */
static unsigned thread_bits(const struct cpus *cpus)
{
    unsigned bits = 0;
    for (size_t i = 0; i < cpus->count; i++) {
        for (size_t k = i + 1; k < cpus->count; k++) {
            const struct cpu *a = &cpus->items[i];
            const struct cpu *b = &cpus->items[k];
            while (a->package == b->package && a->core == b->core && bits < 8 &&
                   a->apic_id >> bits != b->apic_id >> bits) {
                bits++;
            }
        }
    }
    return bits;
}

/* Threads that Linux was told to leave off are in firmware's table all the same. */
static bool threads_are_off(const struct host_tree *tree)
{
    char text[32];
    return host_tree_line(tree, "/sys/devices/system/cpu/smt/control", text, sizeof(text)) &&
           (strcmp(text, "off") == 0 || strcmp(text, "forceoff") == 0);
}

/* CPUID leaf 1 EAX, put together again (SDM 2A, CPUID). */
static uint32_t signature(const struct cpu *cpu)
{
    uint32_t family = cpu->family < 0xf ? (uint32_t)cpu->family : 0xf;
    uint32_t extended = (uint32_t)cpu->family - family;
    return (extended & 0xff) << 20 | ((uint32_t)cpu->model >> 4 & 0xf) << 16 | family << 8 |
           ((uint32_t)cpu->model & 0xf) << 4 | ((uint32_t)cpu->stepping & 0xf);
}

void dump_cpus(struct dump_part *part)
{
    struct cpus cpus = {0};
    if (!read_cpus(part->tree, &cpus)) {
        dump_missing(part, "CPUs", "/proc/cpuinfo names no APIC ids");
        free(cpus.items);
        return;
    }
    unsigned bits = thread_bits(&cpus);
    fprintf(part->out, "cpu-signature 0x%x\n", signature(&cpus.items[0]));
    fputs(cpus.has_vmx ? "cpu-vmx\n" : "", part->out);
    fprintf(part->out, "thread-bits %u\n", bits == 0 && threads_are_off(part->tree) ? 1 : bits);
    for (size_t i = 0; i < cpus.count; i++) {
        const struct cpu *c = &cpus.items[i];
        fprintf(part->out, "cpu %llu apic %llu package %llu core %llu\n", (unsigned long long)c->number,
                (unsigned long long)c->apic_id, (unsigned long long)c->package, (unsigned long long)c->core);
    }
    free(cpus.items);
}
