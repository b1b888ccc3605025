/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_create.c, kernel/core/radix.c: a guest that moves its BARs all over its windows takes no more than its own
 * share of the memory that tables are made of. */
#include "guest/vm_devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/assign.h"
#include "kernel/core/pages.h"
#include "tests/fake/made_guests.h"

#define PLACES 4096u /* of 2 MiB each: a table for each in both kinds of tables */
#define ON (PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER)

static struct made_guests made;
static const struct made_guests_kind kinds[] = {
    {"own tables", vtd_model_qemu, &radix_npt, 2, false},
    {"4 KiB pages", vtd_model_full, &radix_ept, 1, false},
    {"shared tables", vtd_model_server, &radix_ept, 2, false},
};

static void write_config(unsigned guest, uint16_t offset, unsigned width, uint32_t value)
{
    const uint64_t device = GUEST_ECAM_START + (UINT64_C(1) << 15); /* 00:01.0 */
    bus_write(&made.guests[guest].vm.platform.mmio, device + offset, width, value, 0);
}

static void move(unsigned guest, uint64_t to)
{
    write_config(guest, PCI_COMMAND, 2, PCI_COMMAND_BUS_MASTER);
    write_config(guest, PCI_BAR0, 4, (uint32_t)to);
    write_config(guest, PCI_BAR0 + 4, 4, (uint32_t)(to >> 32));
    write_config(guest, PCI_COMMAND, 2, ON);
}

static const struct guest_bar *bar_of(unsigned guest)
{
    return &guest_pci_at(&made.guests[guest].vm.platform.pci, 1)->bars[0];
}

static void move_everywhere(void)
{
    const struct guest_bar_windows *w = &made.guests[MADE_OWNER_WEB].vm.platform.pci.config.windows;
    assert_true(w->high_end - w->high_start > PLACES * 2 * MIB);
    for (unsigned i = 0; i < PLACES; i++) {
        move(MADE_OWNER_WEB, w->high_start + i * 2 * MIB);
    }
}

static void attach_anew(void)
{
    struct vm_owned *web = &made.guests[MADE_OWNER_WEB];
    enum status each[GUEST_PCI_SLOTS];
    struct vm_attaching again = {.guest = web};
    assign_detach(&web->vm.platform.pci, web->request.devices, web->request.device_count, each);
    assert_int_equal(each[0], STATUS_OK);
    vm_devices_attach_all(&again, 1);
    assert_int_equal(again.status, STATUS_OK);
}

static void tables_are_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        made_guests_make(&made, &kinds[i]);
        made_guests_use_devices(&made);
        uint64_t before = pages_taken().now;
        uint64_t home = bar_of(MADE_OWNER_WEB)->mapped_at;
        move_everywhere();
        assert_true(pages_taken().now - before <= 2 * (VM_TABLES_SPARE + 64) * PAGE_SIZE);
        move(MADE_OWNER_WEB, home);
        assert_true(bar_of(MADE_OWNER_WEB)->mapped && bar_of(MADE_OWNER_WEB)->mapped_at == home);
        uint64_t most = pages_taken().now;
        for (unsigned k = 0; k < 3; k++) { /* its next lives have no more */
            attach_anew();
            write_config(MADE_OWNER_WEB, PCI_COMMAND, 2, ON);
            assert_true(bar_of(MADE_OWNER_WEB)->mapped);
            move_everywhere();
            assert_true(pages_taken().now <= most + 16 * PAGE_SIZE);
            move(MADE_OWNER_WEB, home);
        }
        assert_true(bar_of(MADE_OWNER_STORE)->mapped);
        assert_null(vtd_model_violation(&made.vtd.mc.units[0].model));
    }
}

/* What a driver or a kernel may do once or twice is possible. */
static void some_moves_are_free(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        made_guests_make(&made, &kinds[i]);
        made_guests_use_devices(&made);
        const struct guest_bar_windows *w = &made.guests[MADE_OWNER_WEB].vm.platform.pci.config.windows;
        for (unsigned k = 0; k < 8; k++) {
            move(MADE_OWNER_WEB, w->high_start + k * 2 * GIB);
            assert_true(bar_of(MADE_OWNER_WEB)->mapped && bar_of(MADE_OWNER_WEB)->shared);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_bounded),
        cmocka_unit_test(some_moves_are_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
