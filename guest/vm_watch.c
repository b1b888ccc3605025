/* SPDX-License-Identifier: GPL-2.0-only
 * Exits for watched memory. */
#include "guest/vm_watch.h"

#include "guest/emulate.h"
#include "guest/vm_access.h"
#include "guest/watch.h"

#define VECTOR_GP 13

/* Bytes that the instruction at RIP writes at a time; 0: not known. */
static unsigned width_of(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    const struct decode_insn *insn;
    bool known = vm_access_decode(cpu, exit, &insn) == STATUS_OK && emulate_can(insn);
    return known ? insn->width : 0;
}

static void allow(struct vm_cpu *cpu, struct watch *w, struct watch_record *record)
{
    uint64_t flags = lock_take(&cpu->vm->lock);
    bool closed = watch_is_closed(w, record->address);
    lock_release(&cpu->vm->lock, flags);
    if (!closed) {
        return;
    }
    watch_tell(w, record); /* a line may take longer than a page stays open */
    flags = lock_take(&cpu->vm->lock);
    watch_open(w, record->address);
    lock_release(&cpu->vm->lock, flags);
}

static void block(struct vm_cpu *cpu, const struct vcpu_exit *exit, struct watch *w, struct watch_record *record)
{
    bool delivers = cpu->vcpu.event.kind != VCPU_EVENT_NONE;
    record->ends_guest = delivers || record->page_walk;
    if (!record->ends_guest) {
        record->bytes = width_of(cpu, exit);
    }
    watch_tell(w, record);
    if (record->ends_guest) {
        vm_stop(cpu->vm, VM_CRASHED, "%s in watched memory at 0x%llx (rip 0x%llx)",
                delivers ? "an event was delivered to a stack" : "page tables lie", (unsigned long long)record->address,
                (unsigned long long)record->rip);
        return;
    }
    if (vm_access_emulate_blocked(cpu, exit) != STATUS_OK && !vcpu_inject_exception_with(&cpu->vcpu, VECTOR_GP, 0)) {
        vm_stop(cpu->vm, VM_CRASHED, "triple fault");
    }
}

bool vm_watch_exit(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    struct watch *w = cpu->vm->memory.watch;
    const struct vcpu_exit_memory *m = &exit->memory;
    if (w == NULL || !m->mapped || (!m->write && !m->page_walk) || !watch_covers(w, m->at.v, 1)) {
        return false;
    }
    struct watch_record record = {.by = WATCH_BY_CPU,
                                  .address = m->at.v,
                                  .allowed = w->rules.allow,
                                  .vcpu = cpu->index,
                                  .rip = cpu->vcpu.rip,
                                  .page_walk = m->page_walk};
    cpu->vcpu.flush = true; /* it was disarmed, or the page is open, and the CPU has it from before */
    if (!watch_is_armed(w)) {
        return true;
    }
    if (w->rules.allow) {
        allow(cpu, w, &record);
    } else {
        block(cpu, exit, w, &record);
    }
    return true;
}
