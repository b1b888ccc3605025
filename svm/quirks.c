/* SPDX-License-Identifier: GPL-2.0-only
 * The quirk table.
 *
 * tcg: QEMU's emulator (7.2; read in its source, shown by tests/stress/svm_stress.c).
 * Its #VMEXIT, and its VMRUN when V_IRQ is set, change the CPU's word of pending requests by a plain read-modify-write
 * and without the lock that other threads hold to post a request. A request posted at that moment vanishes, among
 * them "look at your LAPIC", so an interrupt waits in the LAPIC's IRR and nobody delivers it until the next request.
 * Writing CR8 makes the emulator take that lock and look at the LAPIC: done after every exit it repairs all fixed
 * interrupts lost at that exit. It cannot bring back NMI, INIT and SIPI requests: do not send those to a CPU that runs
 * a guest. What VMRUN with V_IRQ loses stays lost until the next exit, which a guest that spins with interrupts off
 * need not make: that is what the backup tick bounds.
 *
 * Also, VMRUN injects an external interrupt at once but leaves its vector as the exception "in hand". If another thread
 * kicks the CPU between two looks of its main loop just then, the loop delivers that vector once more: about one in
 * 150,000 injections under the stress. The other event types take another way through VMRUN that has no such gap. A
 * software interrupt does what an external one does, but for the check of the gate's privilege, which privilege
 * level 0 always passes; so there it is used instead. What is injected into levels 1 to 3 may rarely come twice.
 *
 * Loading x87 state (XRSTOR, FXRSTOR, FRSTOR, FLDENV) clears IGNNE, a flag of the machine that the emulator keeps in
 * the first CPU's hflags2, by a plain read-modify-write from whatever CPU it is on. In the same word stand GIF and
 * whether nested paging is on, which each VMRUN and #VMEXIT of the first CPU change: what they wrote is lost when
 * another CPU loads x87 state just then. The first CPU walks page tables of the wrong world from there, or never takes
 * an interrupt again. So x87 state is left alone where the CPU holds the same already, which is mostly so. What guests
 * load themselves on other CPUs is theirs.
 *
 * VMRUN does not load the interrupt shadow either. An exit between STI and HLT, then a window: the interrupt would come
 * before the HLT, which then sleeps for ever. So an entry with a shadow asks for no window, and an exit by an interrupt
 * before that instruction ran keeps the shadow. The next exit, by the backup tick at the latest, ends it. */
#include "svm/quirks.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

static const struct {
    const char *signature; /* 12 characters */
    struct svm_quirks quirks;
} table[] = {
    {"TCGTCGTCGTCG",
     {.name = "tcg",
      .rewrite_cr8 = true,
      .software_injection = true,
      .spares_x87 = true,
      .loses_shadow = true,
      .backup_tick_us = 10000}},
};

static const struct svm_quirks none = {.name = "none"};

const struct svm_quirks *svm_quirks_find(struct cpuid leaf_1, struct cpuid leaf_40000000)
{
    if ((leaf_1.ecx & BIT32(31)) == 0) {
        return &none;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        const char *s = table[i].signature;
        if (memcmp(s, &leaf_40000000.ebx, 4) == 0 && memcmp(s + 4, &leaf_40000000.ecx, 4) == 0 &&
            memcmp(s + 8, &leaf_40000000.edx, 4) == 0) {
            return &table[i].quirks;
        }
    }
    return &none;
}
