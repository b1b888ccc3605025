/* SPDX-License-Identifier: GPL-2.0-only
 * A guest that owns devices and writes all that configuration space has, to all of them, by both ways. Every line names
 * what it tried and what must come of it: nothing but its own view changes. */
#include "tests/guest/config/config.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

static struct config_guest guest;

void guest_main(void)
{
    config_find(&guest);
    if (!check(guest.count >= machine_option("functions", 1), "%u functions are there", guest.count)) {
        return;
    }
    config_shown(&guest);
    config_absent(&guest);
    config_sweep(&guest, CONFIG_PORTS);
    config_sweep(&guest, CONFIG_ECAM);
    config_power(&guest);
    config_bars(&guest);
    config_messages(&guest);
    config_shown(&guest);
    say("CONFIG: done");
}
