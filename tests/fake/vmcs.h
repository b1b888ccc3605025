/* SPDX-License-Identifier: GPL-2.0-only
 * VMCSs that a test makes up, behind vmx/instructions.h: a field holds what was written to it. Stricter than hardware:
 * reading a field that nobody wrote, a value wider than its field, and VMWRITE to a read-only field end the test. */
#ifndef BULKHEAD_TESTS_FAKE_VMCS_H
#define BULKHEAD_TESTS_FAKE_VMCS_H

#include "kernel/lib/types.h"
#include "vmx/vmcs.h"

/* One empty VMCS at address 0x1000, current. */
void fake_vmcs_reset(void);
/* As the CPU would set it, read-only fields too; in the current one. */
void fake_vmcs_set(enum vmcs_field field, uint64_t value);
uint64_t fake_vmcs_get(enum vmcs_field field);
/* Times that vmx_write() was called since fake_vmcs_reset(), and for one field of the current one. */
unsigned fake_vmcs_writes(void);
bool fake_vmcs_is_written(enum vmcs_field field);
/* Times that vmx_load() was called, and the address of the current VMCS (0: none). */
unsigned fake_vmcs_loads(void);
uint64_t fake_vmcs_current(void);

#endif
