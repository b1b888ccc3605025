/* SPDX-License-Identifier: GPL-2.0-only
 * A triple fault: the guest ends here without a summary; whoever runs it checks that nothing else does. */
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

void guest_main(void)
{
    say("READY: the next exception is a triple fault");
    trap_break_idt();
    asm volatile("ud2");
    check(false, "the triple fault ended the guest");
}
