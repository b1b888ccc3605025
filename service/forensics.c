/* SPDX-License-Identifier: GPL-2.0-only
 * Explaining a fault. */
#include "service/forensics.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "vtd/regs.h"

#define REASON_NO_ROOT 0x1
#define REASON_NO_CONTEXT 0x2
#define REASON_NO_WRITE 0x5
#define REASON_NO_READ 0x6
#define REASON_ATS 0xd
#define REASON_NO_ENTRY 0x22
#define REASON_COMPATIBILITY 0x25
#define REASON_WRONG_SOURCE 0x26
#define NULL_END UINT64_C(0x10000) /* what a forgotten pointer, or a small offset from one, looks like */
#define HOLE_START UINT64_C(0xc0000000)

/* --- what it is */

static bool holds(uint64_t start, uint64_t size, uint64_t address)
{
    return address >= start && address - start < size;
}

static bool in_ram(const struct forensics_facts *f)
{
    for (size_t i = 0; i < f->ram_count; i++) {
        if (holds(f->ram[i].start, f->ram[i].size, f->fault.address)) {
            return true;
        }
    }
    return false;
}

static uint64_t ram_end(const struct forensics_facts *f)
{
    uint64_t end = 0;
    for (size_t i = 0; i < f->ram_count; i++) {
        uint64_t e = f->ram[i].start + f->ram[i].size;
        end = e > end ? e : end;
    }
    return end;
}

static const struct forensics_range *range_of(const struct forensics_facts *f)
{
    for (size_t i = 0; i < f->range_count; i++) {
        if (holds(f->ranges[i].start, f->ranges[i].size, f->fault.address)) {
            return &f->ranges[i];
        }
    }
    return NULL;
}

/* "3 MiB", "12 KiB". */
static void amount(uint64_t bytes, char *out, size_t size)
{
    bool large = bytes >= MIB;
    format_text(out, size, "%llu %s", (unsigned long long)(bytes / (large ? MIB : KIB)), large ? "MiB" : "KiB");
}

#define AMOUNT_SIZE 32

static void own_ram_text(const struct forensics_facts *f, char *out)
{
    char by[AMOUNT_SIZE];
    uint64_t at = f->fault.address;
    if (f->kernel_at == 0) {
        format_text(out, FORENSICS_TEXT_SIZE, "guest %s, RAM", f->guest);
        return;
    }
    bool above = at >= f->kernel_at;
    amount(above ? at - f->kernel_at : f->kernel_at - at, by, sizeof(by));
    format_text(out, FORENSICS_TEXT_SIZE, "guest %s, RAM, %s %s its kernel", f->guest, by, above ? "above" : "below");
}

static const char *name_of(const struct forensics_range *r)
{
    return r->name != NULL ? r->name : "unknown";
}

/* As an address of the host. */
static size_t host_text(const struct forensics_range *r, char *out, size_t size)
{
    if (r == NULL) {
        return format_text(out, size, "no RAM: an MMIO hole, or nothing");
    }
    switch (r->kind) {
    case FORENSICS_HYPERVISOR:
        return format_text(out, size, "the hypervisor");
    case FORENSICS_GUEST:
        return format_text(out, size, "guest %s's RAM", name_of(r));
    case FORENSICS_RESERVED:
        return format_text(out, size, "memory that firmware reserves for %s (RMRR)", name_of(r));
    case FORENSICS_FIRMWARE:
        return format_text(out, size, "memory of the firmware");
    case FORENSICS_REGISTERS:
        return format_text(out, size, "registers of %s", name_of(r));
    }
    return 0;
}

static void foreign_text(const struct forensics_facts *f, char *out)
{
    char by[AMOUNT_SIZE];
    uint64_t at = f->fault.address;
    uint64_t end = ram_end(f);
    size_t used;
    if (at >= HOLE_START && at < 4 * GIB) {
        used = format_text(out, FORENSICS_TEXT_SIZE, "guest %s, PCI hole, nothing there", f->guest);
    } else {
        amount(at >= end ? at - end : 0, by, sizeof(by));
        used = format_text(out, FORENSICS_TEXT_SIZE, "%s beyond guest %s's RAM", by, f->guest);
    }
    const struct forensics_range *r = range_of(f);
    if (r != NULL && used < FORENSICS_TEXT_SIZE) {
        used += format_text(out + used, FORENSICS_TEXT_SIZE - used, "; as a host address: ");
        if (used < FORENSICS_TEXT_SIZE) {
            host_text(r, out + used, FORENSICS_TEXT_SIZE - used);
        }
    }
}

static void explain_what(const struct forensics_facts *f, char *out)
{
    uint64_t at = f->fault.address;
    if (f->fault.access == VTD_FAULT_INTERRUPT) {
        format_text(out, FORENSICS_TEXT_SIZE, "an interrupt, entry %u of the remapping table", f->fault.index);
    } else if (at >= VTD_INTERRUPT_FIRST && at <= VTD_INTERRUPT_LAST) {
        format_text(out, FORENSICS_TEXT_SIZE, "the local APICs' addresses: a write there is an interrupt");
    } else if (f->guest == NULL) {
        host_text(range_of(f), out, FORENSICS_TEXT_SIZE);
    } else if (in_ram(f)) {
        own_ram_text(f, out);
    } else {
        foreign_text(f, out);
    }
}

static void explain_before(const struct forensics_facts *f, char *out)
{
    if (f->gone.size == 0 || f->fault.access == VTD_FAULT_INTERRUPT) {
        out[0] = 0;
        return;
    }
    uint64_t ms = f->now_ns > f->gone.gone_ns ? (f->now_ns - f->gone.gone_ns) / 1000000 : 0;
    format_text(out, FORENSICS_TEXT_SIZE, "%s, until %llu ms ago", f->before_at != NULL ? f->before_at : "mapped",
                (unsigned long long)ms);
}

/* --- why, and what to do; the first rule that fits counts */

struct rule {
    bool (*fits)(const struct forensics_facts *f);
    const char *cause;
    const char *fix;
    const char *tail; /* goes on with the device and this; NULL: it does not */
};

static bool is_no_permission(const struct forensics_facts *f)
{
    return f->fault.reason == REASON_NO_WRITE || f->fault.reason == REASON_NO_READ;
}

static bool has_no_entry(const struct forensics_facts *f)
{
    return f->fault.reason == REASON_NO_ROOT || f->fault.reason == REASON_NO_CONTEXT;
}

static bool is_broken(const struct forensics_facts *f)
{
    uint8_t r = f->fault.reason;
    return r == 0x3 || (r >= 0x7 && r <= 0xc) || r == 0x20 || r == 0x23 || r == 0x24 || r == 0x27 || r == 0x28;
}

static bool is_reserved(const struct forensics_facts *f)
{
    return f->fault.access != VTD_FAULT_INTERRUPT && f->reserved_for_it;
}

static bool is_stopped(const struct forensics_facts *f)
{
    return f->stopped;
}

static bool is_alias(const struct forensics_facts *f)
{
    return has_no_entry(f) && !f->is_function;
}

static bool is_nobodys(const struct forensics_facts *f)
{
    return has_no_entry(f) && f->guest == NULL;
}

static bool is_withdrawn(const struct forensics_facts *f)
{
    return has_no_entry(f);
}

static bool is_stale(const struct forensics_facts *f)
{
    return f->gone.size != 0 && is_no_permission(f);
}

static bool is_vmd(const struct forensics_facts *f)
{
    return f->vmd && is_no_permission(f);
}

static bool is_apic(const struct forensics_facts *f)
{
    uint64_t at = f->fault.address;
    return f->fault.access != VTD_FAULT_INTERRUPT && at >= VTD_INTERRUPT_FIRST && at <= VTD_INTERRUPT_LAST;
}

static bool is_own_ram(const struct forensics_facts *f)
{
    return is_no_permission(f) && f->guest != NULL && in_ram(f);
}

static bool is_null(const struct forensics_facts *f)
{
    return f->fault.access != VTD_FAULT_INTERRUPT && f->fault.address < NULL_END;
}

static bool is_own_host_address(const struct forensics_facts *f)
{
    const struct forensics_range *r = range_of(f);
    return is_no_permission(f) && f->guest != NULL && r != NULL && r->kind == FORENSICS_GUEST && r->name != NULL &&
           strcmp(r->name, f->guest) == 0;
}

static bool is_unmapped(const struct forensics_facts *f)
{
    return is_no_permission(f) || f->fault.reason == 0x4;
}

static bool is_ats(const struct forensics_facts *f)
{
    return f->fault.reason == REASON_ATS;
}

static bool is_old_interrupt(const struct forensics_facts *f)
{
    return f->fault.reason == REASON_COMPATIBILITY;
}

static bool is_foreign_interrupt(const struct forensics_facts *f)
{
    return f->fault.reason == REASON_WRONG_SOURCE;
}

static bool is_late_interrupt(const struct forensics_facts *f)
{
    return f->fault.reason == REASON_NO_ENTRY;
}

static const struct rule rules[] = {
    {is_broken, "the remapping tables or the unit are wrong", "report it with the whole log", NULL},
    {is_reserved, "firmware reserved this memory for the device (RMRR), and it still works there",
     "write rmrr = \"map\" into [device.\"", "\"], or turn off what uses it in firmware's setup"},
    {is_stopped, "the device was stopped and had requests on their way", "return-device ", " resets it"},
    {is_alias, "no function has this id: a bridge's alias or a phantom function, which the groups miss",
     "report it with `bulkhead dump`; until then assign the whole group", NULL},
    {is_nobodys, "firmware left the device running, or a reset did not quiet it", "assign ",
     " to a guest, or turn it off in firmware's setup"},
    {is_withdrawn, "the device was taken from its guest and still sends", "try another `reset` in [device.\"", "\"]"},
    {is_apic, "a descriptor of the device names the local APICs' addresses", "the guest's driver: check its ring",
     NULL},
    {is_stale, "a stale ring or buffer: the device goes on with what was mapped there before",
     "have the driver stop the device before it moves or closes what the device uses", NULL},
    {is_vmd, "VMD's offset: addresses behind VMD differ between guest and host", "give ",
     " to Linux from 5.9 on, which reads the offset, or turn VMD off in firmware's setup"},
    {is_null, "an empty descriptor, or one that was not set up", "the guest's driver: check its ring", NULL},
    {is_own_ram, "guest RAM that is write-protected (watch), or was not mapped yet", "see `watch` of the guest", NULL},
    {is_own_host_address, "the device was given a host address: by firmware, or by an earlier owner",
     "choose another `reset` in [device.\"", "\"]"},
    {is_unmapped, "a driver's bug, a wild descriptor, or an attack", "on-fault = \"stop-device\" contains it", NULL},
    {is_ats, "the device uses ATS although it is switched off", "update the device's firmware", NULL},
    {is_old_interrupt, "an interrupt message that was not remapped: left from firmware, or forged",
     "if it repeats, reset ", ", or take it from its guest"},
    {is_foreign_interrupt, "the device sent another one's interrupt: forged, or an alias that the groups miss",
     "on-fault = \"stop-device\" contains it", NULL},
    {is_late_interrupt, "an interrupt that was given back was still on its way, or is forged",
     "a few after a reset are harmless", NULL},
};

void forensics_explain(const struct forensics_facts *f, struct forensics *out)
{
    explain_what(f, out->what);
    explain_before(f, out->before);
    format_text(out->cause, sizeof(out->cause), "unknown");
    out->fix[0] = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        if (rules[i].fits(f)) {
            format_text(out->cause, sizeof(out->cause), "%s", rules[i].cause);
            bool names = rules[i].tail != NULL;
            format_text(out->fix, sizeof(out->fix), "%s%s%s", rules[i].fix, names ? f->device : "",
                        names ? rules[i].tail : "");
            return;
        }
    }
}
