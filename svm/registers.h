/* SPDX-License-Identifier: GPL-2.0-only
 * A vCPU's registers in its control block. */
#ifndef BULKHEAD_SVM_REGISTERS_H
#define BULKHEAD_SVM_REGISTERS_H

#include "kernel/core/vcpu.h"
#include "svm/asid.h"
#include "svm/inject.h"

/* What the backend keeps for a vCPU: vcpu.data. */
struct svm_vcpu {
    uint8_t *vmcb;
    struct hpa vmcb_at;
    uint8_t *msrpm, *iopm;
    struct svm_asid asid;
    struct svm_inject inject;
    bool flushed;   /* the last entry was told to flush all translations */
    bool guest_mce; /* CR4.MCE as the guest set it; the CPU's own is always on */
};

uint64_t svm_registers_read(const struct vcpu *vcpu, enum vcpu_register which);
void svm_registers_write(struct vcpu *vcpu, enum vcpu_register which, uint64_t value);
struct vcpu_segment svm_registers_read_segment(const struct vcpu *vcpu, enum vcpu_segment_name which);
void svm_registers_read_code(const struct vcpu *vcpu, struct vcpu_code *code);
void svm_registers_write_segment(struct vcpu *vcpu, enum vcpu_segment_name which, struct vcpu_segment value);

/* The plain fields of vcpu (general registers, RIP, RFLAGS, TSC offset) into the block before an entry, and back. */
void svm_registers_load(const struct vcpu *vcpu);
void svm_registers_store(struct vcpu *vcpu);

#endif
