/* SPDX-License-Identifier: GPL-2.0-only
 * Registers behind an exit: a guest runs with a value of its own in each, and the entry code is left with none of them
 * in the CPU. */
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/hw/cpu.h"
#include "svm/entry.h"
#include "svm/registers.h"
#include "svm/svm.h"
#include "svm/vmcb.h"
#include "tests/selftest/cases.h"
#include "tests/selftest/exit_probe.h"
#include "tests/selftest/vcpu_rig.h"
#include "vmx/instructions.h"
#include "vmx/state.h"
#include "vmx/vmx.h"

#define MINE UINT64_C(0x6775657374000000)                /* and the number of the register */
#define KEPT (1u << VCPU_RBX | 1u << VCPU_RBP | 0xf000u) /* and R12 to R15: a caller has them back */
#define TRIES 100                                        /* the host's interrupts end runs, too */

/* HLT; INC CX; HLT, in real mode: the first one ends the run that puts the vCPU's state into its control block. */
static const uint8_t code[] = {0xf4, 0x41, 0xf4};

static void enter_vmx(struct vcpu_rig *rig, uint64_t *left)
{
    exit_probe((uintptr_t)rig->vcpu.gprs, (uintptr_t)&vmx_state(&rig->vcpu)->frame, 0, (void (*)(void))vmx_entry_run,
               left);
}

static void enter_svm(struct vcpu_rig *rig, uint64_t *left)
{
    struct svm_vcpu *s = rig->vcpu.data;
    exit_probe((uintptr_t)rig->vcpu.gprs, s->vmcb_at.v, rig->host.v, (void (*)(void))svm_entry_run, left);
    cpu_write_cr8(cpu_read_cr8()); /* svm/quirks.h */
}

static void skip_hlt(struct vcpu_rig *rig)
{
    if (rig->backend == &vmx_backend) {
        vmx_write(VMCS_GUEST_RIP, vmx_read(VMCS_GUEST_RIP) + 1);
    } else {
        struct svm_vcpu *s = rig->vcpu.data;
        vmcb_put64(s->vmcb, VMCB_RIP_64, vmcb_get64(s->vmcb, VMCB_RIP_64) + 1);
    }
}

/* The guest's INC shows that these were its registers. */
static bool runs_with_its_own(struct vcpu_rig *rig, uint64_t *left)
{
    uint64_t *gprs = rig->vcpu.gprs;
    for (unsigned i = 0; i < VCPU_GPR_COUNT; i++) {
        gprs[i] = MINE + i;
        left[i] = 0;
    }
    for (unsigned i = 0; i < TRIES && gprs[VCPU_RCX] == MINE + VCPU_RCX; i++) {
        (rig->backend == &vmx_backend ? enter_vmx : enter_svm)(rig, left);
        cpu_irq_serve();
    }
    return gprs[VCPU_RCX] == MINE + VCPU_RCX + 1 && gprs[VCPU_R15] == MINE + VCPU_R15;
}

static enum status look(struct vcpu_rig *rig)
{
    uint64_t left[VCPU_GPR_COUNT];
    struct vcpu_exit exit = {0};
    vcpu_reset(&rig->vcpu, VCPU_RESET_POWER_ON, 0);
    do {
        rig->backend->run(&rig->vcpu, &exit);
        cpu_irq_serve();
    } while (exit.kind == VCPU_EXIT_INTERRUPT);
    SELFTEST_CHECK(exit.kind == VCPU_EXIT_HLT);
    skip_hlt(rig);
    SELFTEST_CHECK(runs_with_its_own(rig, left));
    for (unsigned i = 0; i < VCPU_GPR_COUNT; i++) {
        bool kept = (KEPT >> i & 1) != 0;
        if (kept ? left[i] != EXIT_PROBE_MARK : left[i] >> 8 == MINE >> 8) {
            log_error("selftest: register %u is the guest's behind an exit", i);
            return STATUS_CONFLICT;
        }
    }
    log_info("selftest: registers behind an exit of %s hold nothing of the guest's", rig->backend->name);
    return STATUS_OK;
}

enum status selftest_exit_registers(const struct selftest *test)
{
    (void)test;
    static struct vcpu_rig rig;
    const struct cpu_backend *backend = vmx_backend.refuse() == NULL ? &vmx_backend : &svm_backend;
    if (backend->refuse() != NULL) {
        log_info("selftest: no guest can run: %s", backend->refuse());
        return STATUS_OK;
    }
    uint64_t flags = cpu_irq_save();
    uint64_t used = pages_used_bytes();
    backend->configure(0);
    SELFTEST_CHECK(backend->cpu_enable(cpu_index()) == STATUS_OK);
    SELFTEST_CHECK(vcpu_rig_build(&rig, backend, code, sizeof(code)) == STATUS_OK);
    if (backend == &svm_backend) {
        svm_entry_save_host(rig.host.v);
    }
    enum status status = look(&rig);
    vcpu_rig_tear_down(&rig);
    backend->cpu_disable(cpu_index());
    SELFTEST_CHECK(pages_used_bytes() == used);
    cpu_irq_restore(flags);
    return status;
}
