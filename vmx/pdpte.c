/* SPDX-License-Identifier: GPL-2.0-only
 * PAE page-directory-pointer entries. */
#include "vmx/pdpte.h"

#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "vmx/state.h"

#define CR0_PG BIT64(31)
#define CR4_PAE BIT64(5)
#define EFER_LMA BIT64(10)
#define ENTRIES 4

static bool pae_paging(void)
{
    return (vmx_read(VMCS_GUEST_CR0) & CR0_PG) != 0 && (vmx_read(VMCS_GUEST_CR4) & CR4_PAE) != 0 &&
           (vmx_read(VMCS_GUEST_EFER) & EFER_LMA) == 0;
}

void vmx_pdpte_load(const struct vcpu *vcpu)
{
    uint64_t entries[ENTRIES] = {0};
    struct radix_mapping table;
    if (!pae_paging()) {
        return;
    }
    uint64_t at = bits_get(vmx_read(VMCS_GUEST_CR3), 31, 5) << 5; /* 32-byte aligned: within one page */
    if (radix_lookup(vmx_state(vcpu)->nested, at, &table) == STATUS_OK && (table.rights & RADIX_READ) != 0) {
        memcpy(entries, phys_to_virt(table.to), sizeof(entries));
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        vmx_write(VMCS_GUEST_PDPTE_0 + VMCS_FIELD_STEP * i, entries[i]);
    }
}
