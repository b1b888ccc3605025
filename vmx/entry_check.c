/* SPDX-License-Identifier: GPL-2.0-only
 * All checks in the order of the manual. */
#include "vmx/entry_check.h"

#include "vmx/entry_check_controls.h"
#include "vmx/entry_check_guest.h"
#include "vmx/entry_check_host.h"
#include "vmx/entry_check_rule.h"
#include "vmx/entry_check_segments.h"

const char *vmx_entry_check(const struct vmx_entry_state *s)
{
    static vmx_entry_group *const areas[] = {
        vmx_entry_check_controls, vmx_entry_check_host,  vmx_entry_check_registers,
        vmx_entry_check_segments, vmx_entry_check_guest,
    };
    return vmx_entry_first_words(areas, ARRAY_LENGTH(areas), s);
}
