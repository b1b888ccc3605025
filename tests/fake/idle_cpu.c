/* SPDX-License-Identifier: GPL-2.0-only
 * The backend of a CPU that runs nothing. */
#include "tests/fake/idle_cpu.h"

#include "kernel/core/vcpu_resident.h"

static struct {
    struct cpu_backend backend;
    unsigned vcpus;
} idle;

static enum status vcpu_init(struct vcpu *vcpu, unsigned cpu, const struct radix *nested)
{
    (void)nested;
    *vcpu = (struct vcpu){.backend = &idle.backend, .cpu = cpu};
    idle.vcpus++;
    return vcpu_resident_init(vcpu);
}

static void vcpu_free(struct vcpu *vcpu)
{
    vcpu_resident_free(vcpu);
    idle.vcpus--;
}

static uint64_t read_register(const struct vcpu *vcpu, enum vcpu_register which)
{
    (void)vcpu, (void)which;
    return 0;
}

static void write_register(struct vcpu *vcpu, enum vcpu_register which, uint64_t value)
{
    (void)vcpu, (void)which, (void)value;
}

static void write_segment(struct vcpu *vcpu, enum vcpu_segment_name which, struct vcpu_segment segment)
{
    (void)vcpu, (void)which, (void)segment;
}

static enum status allow_msr(struct vcpu *vcpu, uint32_t msr, unsigned how)
{
    (void)vcpu, (void)msr, (void)how;
    return STATUS_OK;
}

struct cpu_backend *idle_cpu(const struct cpu_backend *like)
{
    idle.backend = *like;
    idle.backend.vcpu_init = vcpu_init;
    idle.backend.vcpu_free = vcpu_free;
    idle.backend.read = read_register;
    idle.backend.write = write_register;
    idle.backend.write_segment = write_segment;
    idle.backend.allow_msr = allow_msr;
    idle.vcpus = 0;
    return &idle.backend;
}

unsigned idle_cpu_vcpus(void)
{
    return idle.vcpus;
}
