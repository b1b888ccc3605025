/* SPDX-License-Identifier: GPL-2.0-only
 * The auditor's calls. */
#include "kernel/audit_guests.h"

#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/time.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "plan/config.h"

#define FIX "this is a mistake of the hypervisor: report it with this log; leave the guest out meanwhile"

static struct {
    struct audit_facts_input input;
    struct audit_facts facts;
    bool made, full;
    void *scratch[CONFIG_GUESTS_MAX]; /* kept, so that no guest fails to start anew for want of memory */
    size_t bytes[CONFIG_GUESTS_MAX];
    struct audit_result results[CONFIG_GUESTS_MAX];
    struct audit_result whole;
} audits;

static void log_text(void *context, const char *text)
{
    (void)context;
    log_info("%s", text);
}

static const struct audit_writer to_log = {log_text, NULL};

static void *take(size_t bytes)
{
    struct hpa at;
    return pages_alloc_block(align_up(bytes, PAGE_SIZE), PAGE_SIZE, UINT64_MAX, &at) == STATUS_OK ? phys_to_virt(at)
                                                                                                  : NULL;
}

static void give_back(void *memory, size_t bytes)
{
    pages_free(virt_to_phys(memory), align_up(bytes, PAGE_SIZE));
}

static bool run(uint32_t owner, void *scratch, size_t bytes, const struct audit_writer *out,
                struct audit_result *result)
{
    uint64_t from = time_now_ns();
    bool sound = audit_run(&audits.facts, owner, scratch, bytes, out, result);
    audit_print(&audits.facts, owner, result, time_now_ns() - from, &to_log);
    return sound;
}

static enum status refuse_memory(struct diag_list *diags)
{
    diag_add(diags, AUDIT_DIAG_NO_MEMORY, DIAG_ERROR, "audit", "give the guests less memory",
             "there is no memory to prove isolation in: no guest starts");
    return STATUS_UNSUPPORTED;
}

static enum status make_facts(const struct audit_facts_input *input)
{
    size_t bytes = audit_facts_bytes(input);
    void *memory = take(bytes);
    if (memory == NULL) {
        return STATUS_NO_MEMORY;
    }
    struct arena arena = arena_make(memory, bytes);
    audits.input = *input;
    enum status status = audit_facts_make(input, &arena, &audits.facts);
    for (size_t i = 0; status == STATUS_OK && i < input->guest_count; i++) {
        audits.bytes[i] = audit_scratch_bytes(&audits.facts, (uint32_t)i);
        audits.scratch[i] = take(audits.bytes[i]);
        status = audits.scratch[i] == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    }
    audits.made = status == STATUS_OK;
    return status;
}

enum status audit_guests_all(const struct audit_facts_input *input, bool full, struct diag_list *diags)
{
    audits.full = full;
    if (make_facts(input) != STATUS_OK) {
        return refuse_memory(diags);
    }
    size_t bytes = audit_scratch_bytes(&audits.facts, AUDIT_ALL);
    void *scratch = take(bytes);
    if (scratch == NULL) {
        return refuse_memory(diags);
    }
    bool sound = run(AUDIT_ALL, scratch, bytes, full ? &to_log : NULL, &audits.whole);
    give_back(scratch, bytes);
    if (sound) {
        return STATUS_OK;
    }
    char text[DIAG_TEXT_SIZE];
    audit_finding_text(&audits.facts, &audits.whole.findings[0], text, sizeof(text));
    diag_add(diags, AUDIT_DIAG_FAILED, DIAG_ERROR, "audit", FIX, "isolation is not proven: %s", text);
    return STATUS_UNSUPPORTED;
}

/* The guest's number, or guest_count. */
static uint32_t number_of(const struct vm_owned *guest)
{
    uint32_t i = 0;
    while (i < audits.input.guest_count && audits.input.guests[i] != guest) {
        i++;
    }
    return i;
}

static bool refuse(const struct audit_finding *finding, char *why, size_t size)
{
    char text[DIAG_TEXT_SIZE] = "never audited";
    if (finding != NULL) {
        audit_finding_text(&audits.facts, finding, text, sizeof(text));
    }
    format_text(why, size, "isolation is not proven: %s", text);
    return false;
}

bool audit_guests_may_start(const struct vm_owned *guest, char *why, size_t size)
{
    uint32_t i = number_of(guest);
    if (!audits.made || i == audits.input.guest_count) {
        return refuse(NULL, why, size);
    }
    return run(i, audits.scratch[i], audits.bytes[i], NULL, &audits.results[i]) ||
           refuse(&audits.results[i].findings[0], why, size);
}

bool audit_guests_may_enter(const struct vm_owned *guest, const struct vm_cpu *cpu, char *why, size_t size)
{
    uint32_t i = number_of(guest);
    struct audit_finding finding;
    struct vcpu_nested nested = cpu->vcpu.backend->read_nested(&cpu->vcpu);
    const struct audit_vcpu vcpu = {.index = cpu->index, .nested = nested.on, .pointer = nested.pointer};
    if (!audits.made) {
        return refuse(NULL, why, size);
    }
    if (!audit_vcpu_check(&audits.facts, i, &vcpu, &finding)) {
        audit_print_finding(&audits.facts, &finding, &to_log);
        return refuse(&finding, why, size);
    }
    if (audits.full) {
        log_info("audit: vcpu=%u guest=%s pointer=0x%llx", cpu->index, guest->vm.name,
                 (unsigned long long)nested.pointer);
    }
    return true;
}
