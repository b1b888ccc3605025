/* SPDX-License-Identifier: GPL-2.0-only
 * The guest of the stress: a few real-mode instructions that exit, spin, switch interrupts off and on, and halt. */
#ifndef BULKHEAD_TESTS_STRESS_GUEST_H
#define BULKHEAD_TESTS_STRESS_GUEST_H

#include "kernel/core/vcpu.h"

/* The guest of the calling CPU, ready to run. */
MUST_CHECK enum status guest_init(struct vcpu *vcpu, struct radix *nested);

/* Run until stress.end_ns. */
void guest_run(struct vcpu *vcpu);

/* Interrupts that the guest's own handler counted. */
uint32_t guest_interrupts(const struct vcpu *vcpu);

#endif
