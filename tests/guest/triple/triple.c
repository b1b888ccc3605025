/* SPDX-License-Identifier: GPL-2.0-only
 * A triple fault: the guest ends here without a summary; whoever runs it checks that nothing else does, and that
 * nothing of its memory is told: what lies around its instruction and on its stack then is SECRET over and over. */
#include "kernel/lib/string.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define SECRET "tOpS3cre"
#define TIMES 64

void guest_main(void)
{
    char stack[8 * TIMES];
    for (unsigned i = 0; i < TIMES; i++) {
        memcpy(stack + (size_t)8 * i, SECRET, 8);
    }
    say("READY: the next exception is a triple fault");
    trap_break_idt();
    asm volatile("jmp 1f; .rept 64; .ascii \"" SECRET "\"; .endr; 1: ud2; .rept 64; .ascii \"" SECRET "\"; .endr"
                 :
                 : "r"(stack)
                 : "memory");
    check(false, "the triple fault ended the guest");
}
