/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/entry_check.c and its parts: good states pass; each rule is broken alone and named. */
#include "vmx/entry_check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/core/cpu_feature.h"
#include "tests/fake/vmx_models.h"

#define CANONICAL_HIGH UINT64_C(0xffff800000000000)
#define NOT_CANONICAL UINT64_C(0x0000800000000000)
#define BEYOND_PHYSICAL (UINT64_C(1) << 46) /* the model has 46 bits */

static struct vmx_capability capability;

static struct vmx_entry_host good_host(void)
{
    return (struct vmx_entry_host){
        .cr0 = 0x80010033,
        .cr3 = 0x1000,
        .cr4 = 0x2020,
        .rip = 0x100000,
        .gs_base = CANONICAL_HIGH,
        .efer = 0xd00,
        .pat = 0x0007040600070406,
        .cs = 0x08,
        .ss = 0x10,
        .ds = 0x10,
        .es = 0x10,
        .tr = 0x18,
        .long_mode = true,
    };
}

/* As after vcpu_reset(): real mode at F000:FFF0. */
static struct vmx_entry_guest reset_guest(void)
{
    struct vmx_entry_guest g = {
        .cr0 = 0x60000030,
        .cr4 = 0x2000,
        .dr7 = 0x400,
        .rip = 0xfff0,
        .rflags = 0x2,
        .pat = 0x0007040600070406,
        .gdtr = {0, 0xffff},
        .idtr = {0, 0xffff},
        .link_pointer = UINT64_MAX,
    };
    for (unsigned i = VCPU_ES; i <= VCPU_GS; i++) {
        g.segments[i] = (struct vmx_entry_segment){.limit = 0xffff, .access = 0x93};
    }
    g.segments[VCPU_CS] = (struct vmx_entry_segment){0xffff0000, 0xffff, 0x9b, 0xf000};
    g.segments[VCPU_LDTR] = (struct vmx_entry_segment){0, 0xffff, 0x82, 0};
    g.segments[VCPU_TR] = (struct vmx_entry_segment){0, 0xffff, 0x8b, 0};
    return g;
}

/* 64-bit ring 0, as a Linux kernel runs. */
static struct vmx_entry_guest long_guest(void)
{
    struct vmx_entry_guest g = reset_guest();
    g.cr0 = 0x80050033;
    g.cr3 = 0x1000000;
    g.cr4 = 0x20a0 | 0x2000;
    g.rip = 0xffffffff81000000;
    g.rsp = 0xffffffff82003f58;
    g.rflags = 0x202;
    g.efer = 0xd01;
    g.gdtr = (struct vmx_entry_table){0xfffffe0000001000, 0x7f};
    g.idtr = (struct vmx_entry_table){0xfffffe0000000000, 0xfff};
    for (unsigned i = VCPU_ES; i <= VCPU_GS; i++) {
        g.segments[i] = (struct vmx_entry_segment){.access = 0x10000};
    }
    g.segments[VCPU_CS] = (struct vmx_entry_segment){0, 0xffffffff, 0xa09b, 0x10};
    g.segments[VCPU_SS] = (struct vmx_entry_segment){0, 0xffffffff, 0xc093, 0x18};
    g.segments[VCPU_GS].base = 0xffff888000000000;
    g.segments[VCPU_LDTR] = (struct vmx_entry_segment){.access = 0x10000};
    g.segments[VCPU_TR] = (struct vmx_entry_segment){0xfffffe0000003000, 0x206f, 0x8b, 0x40};
    return g;
}

static struct vmx_entry_state good(void)
{
    capability = vmx_model_capability(VMX_MODEL_SERVER);
    struct vmx_entry_state s = {
        .capability = &capability,
        .io_bitmap_a = 0x2000,
        .io_bitmap_b = 0x3000,
        .msr_bitmap = 0x4000,
        .virtual_apic = 0x5000,
        .apic_access = 0x6000,
        .posted_descriptor = 0x7040,
        .posted_vector = 0xf2,
        .vpid = 1,
        .eptp = 0x800005e,
        .guest = long_guest(),
        .host = good_host(),
    };
    const char *missing;
    assert_int_equal(vmx_controls_make(&capability, 0, &s.controls, &missing), STATUS_OK);
    s.controls.entry |= VMX_ENTRY_GUEST_64;
    return s;
}

static struct vmx_entry_state good_real_mode(void)
{
    struct vmx_entry_state s = good();
    s.controls.entry &= ~(uint32_t)VMX_ENTRY_GUEST_64;
    s.guest = reset_guest();
    return s;
}

/* 32-bit protected mode with PAE paging, in ring 3. */
static struct vmx_entry_state good_pae(void)
{
    struct vmx_entry_state s = good_real_mode();
    s.guest.cr0 = 0x80010031;
    s.guest.cr4 = 0x2020;
    s.guest.pdpte[0] = 0x5001;
    for (unsigned i = VCPU_ES; i <= VCPU_GS; i++) {
        s.guest.segments[i] = (struct vmx_entry_segment){0, 0xffffffff, 0xc0f3, 0x2b};
    }
    s.guest.segments[VCPU_CS] = (struct vmx_entry_segment){0, 0xffffffff, 0xc0fb, 0x23};
    return s;
}

static struct vmx_entry_state good_virtual_8086(void)
{
    struct vmx_entry_state s = good_pae();
    s.guest.rflags |= 1 << 17;
    for (unsigned i = VCPU_ES; i <= VCPU_GS; i++) {
        s.guest.segments[i] = (struct vmx_entry_segment){0x12340, 0xffff, 0xf3, 0x1234};
    }
    return s;
}

/* Without APIC virtualisation, as on a CPU of 2011. */
static struct vmx_entry_state good_without_apicv(void)
{
    struct vmx_entry_state s = good();
    const char *missing;
    uint32_t without = cpu_feature_bit(CPU_FEATURE_APIC_REGISTERS);
    assert_int_equal(vmx_controls_make(&capability, without, &s.controls, &missing), STATUS_OK);
    s.controls.entry |= VMX_ENTRY_GUEST_64;
    return s;
}

/* CPU without unrestricted guest: the stricter rules. */
static struct vmx_entry_state good_restricted(void)
{
    struct vmx_entry_state s = good_pae();
    s.controls.secondary &= ~(uint32_t)VMX_SECONDARY_UNRESTRICTED_GUEST;
    return s;
}

enum base { LONG, REAL, PAE, V8086, NO_APICV, RESTRICTED };

static struct vmx_entry_state make(enum base base)
{
    struct vmx_entry_state (*const makers[])(void) = {
        good, good_real_mode, good_pae, good_virtual_8086, good_without_apicv, good_restricted,
    };
    return makers[base]();
}

static void good_states_pass(void **state)
{
    (void)state;
    for (unsigned i = LONG; i <= RESTRICTED; i++) {
        struct vmx_entry_state s = make(i);
        const char *words = vmx_entry_check(&s);
        if (words != NULL) {
            fail_msg("state %u: %s", i, words);
        }
    }
}

struct change {
    size_t at;
    size_t size;
    uint64_t value;
};

#define PUT(field, v)                                                                                                  \
    {                                                                                                                  \
        offsetof(struct vmx_entry_state, field), sizeof(((struct vmx_entry_state *)0)->field), (v)                     \
    }
#define SEG(name, part, v) PUT(guest.segments[VCPU_##name].part, v)

struct broken {
    enum base base;
    const char *words;
    struct change changes[4];
};

static void apply(struct vmx_entry_state *s, const struct change *c)
{
    memcpy((char *)s + c->at, &c->value, c->size); /* little-endian: the low bytes of any width */
}

static void each_is_named(const struct broken *cases, size_t count, const char *section)
{
    for (size_t i = 0; i < count; i++) {
        struct vmx_entry_state s = make(cases[i].base);
        for (unsigned n = 0; n < 4 && cases[i].changes[n].size != 0; n++) {
            apply(&s, &cases[i].changes[n]);
        }
        const char *words = vmx_entry_check(&s);
        if (words == NULL || strstr(words, cases[i].words) == NULL || strstr(words, section) == NULL) {
            fail_msg("case %zu: \"%s\" instead of \"%s\" in %s", i, words, cases[i].words, section);
        }
    }
}

/* Controls of good(), by hand from tables 25-5 to 25-15. */
#define PIN 0xbf
#define PRIMARY 0xb6206dfa
#define SECONDARY 0x1013eb
#define EXIT_CONTROLS 0x3fefff
#define ENTRY_CONTROLS 0xd3ff

static void execution_controls(void **state)
{
    (void)state;
    static const struct broken cases[] = {
        {LONG, "pin-based control that has to be 1", {PUT(controls.pin, PIN & ~2u)}},
        {LONG, "pin-based control is set", {PUT(controls.pin, PIN | 0x100)}},
        {LONG, "primary processor-based control that has to be 1", {PUT(controls.primary, PRIMARY & ~2u)}},
        {LONG, "primary processor-based control is set", {PUT(controls.primary, PRIMARY | 1)}},
        {LONG, "secondary control is set", {PUT(controls.secondary, SECONDARY | 0x80000000)}},
        {LONG, "more CR3 targets", {PUT(cr3_target_count, 5)}},
        {LONG, "I/O bitmap A", {PUT(io_bitmap_a, 0x2001)}},
        {LONG, "I/O bitmap A", {PUT(io_bitmap_a, BEYOND_PHYSICAL)}},
        {LONG, "I/O bitmap B", {PUT(io_bitmap_b, 0x3800)}},
        {LONG, "MSR bitmap", {PUT(msr_bitmap, 0x10)}},
        {LONG, "virtual NMIs without NMI exiting", {PUT(controls.pin, PIN & ~8u)}},
        {LONG,
         "NMI-window exiting without virtual NMIs",
         {PUT(controls.pin, PIN & ~0x20u), PUT(controls.primary, PRIMARY | 0x400000)}},
        {LONG, "virtual-APIC page", {PUT(virtual_apic, 0x5008)}},
        {NO_APICV, "TPR threshold is above 15", {PUT(tpr_threshold, 16)}},
        {NO_APICV, "above the priority", {PUT(tpr_threshold, 3), PUT(virtual_apic_tpr, 0x2f)}},
        {LONG,
         "x2APIC virtualisation without TPR shadow",
         {PUT(controls.primary, PRIMARY & ~0x200000u), PUT(controls.secondary, (SECONDARY & ~0x301u) | 0x10)}},
        {LONG,
         "APIC-register virtualisation without TPR shadow",
         {PUT(controls.primary, PRIMARY & ~0x200000u), PUT(controls.secondary, SECONDARY & ~0x200u)}},
        {LONG,
         "virtual-interrupt delivery without TPR shadow",
         {PUT(controls.primary, PRIMARY & ~0x200000u), PUT(controls.secondary, SECONDARY & ~0x100u)}},
        {LONG, "APIC-access page is not", {PUT(apic_access, 0x6004)}},
        {LONG, "together with the APIC-access page", {PUT(controls.secondary, SECONDARY | 0x10)}},
        {LONG, "without external-interrupt exiting", {PUT(controls.pin, PIN & ~1u)}},
        {LONG, "posted interrupts without virtual-interrupt", {PUT(controls.secondary, SECONDARY & ~0x200u)}},
        {LONG, "without acknowledging", {PUT(controls.exit, EXIT_CONTROLS & ~0x8000u)}},
        {LONG, "notification vector", {PUT(posted_vector, 256)}},
        {LONG, "posted-interrupt descriptor", {PUT(posted_descriptor, 0x7020)}},
        {LONG, "VPID is 0", {PUT(vpid, 0)}},
        {LONG, "memory type", {PUT(eptp, 0x800005d)}},
        {LONG, "number of levels", {PUT(eptp, 0x8000056)}},
        {LONG, "reserved bit", {PUT(eptp, 0x80000de)}},
        {LONG, "EPT table is not in physical memory", {PUT(eptp, BEYOND_PHYSICAL | 0x5e)}},
        {LONG, "unrestricted guest without EPT", {PUT(controls.secondary, SECONDARY & ~2u)}},
        {PAE, "logging without EPT", {PUT(controls.secondary, 0x20020), PUT(controls.pin, PIN & ~0x80u)}},
    };
    each_is_named(cases, ARRAY_LENGTH(cases), "(SDM 3C 27.2.1.1)");
}

/* What depends on another model than the one of the table. */
static void execution_controls_of_other_cpus(void **state)
{
    (void)state;
    struct vmx_entry_state s = good();
    capability.ept_ad = false;
    assert_non_null(strstr(vmx_entry_check(&s), "accessed and dirty"));
    s = good();
    capability.secondary.must = 0x4000;
    assert_non_null(strstr(vmx_entry_check(&s), "secondary control that has to be 1"));
    s = good();
    capability.secondary.may |= VMX_SECONDARY_MODE_BASED_EXECUTE;
    s.controls.secondary = VMX_SECONDARY_MODE_BASED_EXECUTE;
    s.controls.pin &= ~(uint32_t)VMX_PIN_POSTED_INTERRUPTS;
    assert_non_null(strstr(vmx_entry_check(&s), "mode-based"));
    s = good();
    s.eptp = 0x8000058; /* uncached tables, which this CPU allows */
    assert_null(vmx_entry_check(&s));
    s.eptp = 0x8000066; /* 5 levels */
    assert_non_null(strstr(vmx_entry_check(&s), "levels"));
    capability.ept_5_levels = true;
    assert_null(vmx_entry_check(&s));
}

/* Without the primary control the secondary field does not count at all. */
static void inactive_secondary_controls_do_not_count(void **state)
{
    (void)state;
    struct vmx_entry_state s = good_restricted();
    s.controls.primary &= ~(uint32_t)VMX_PRIMARY_SECONDARY;
    s.controls.pin &= ~(uint32_t)VMX_PIN_POSTED_INTERRUPTS;
    s.controls.secondary = 0xffffffff;
    s.eptp = 0;
    assert_null(vmx_entry_check(&s));
}

static void exit_and_entry_controls(void **state)
{
    (void)state;
    static const struct broken exits[] = {
        {LONG, "exit control that has to be 1", {PUT(controls.exit, EXIT_CONTROLS & ~1u)}},
        {LONG, "exit control is set", {PUT(controls.exit, EXIT_CONTROLS | 0x80000000)}},
        {LONG, "preemption timer", {PUT(controls.exit, EXIT_CONTROLS | 0x400000)}},
        {LONG, "exits store to", {PUT(exit_store_count, 1), PUT(exit_store, 8)}},
        {LONG, "exits load from", {PUT(exit_load_count, 2), PUT(exit_load, BEYOND_PHYSICAL - 16)}},
        {LONG, "exits load from", {PUT(exit_load_count, 0xffffffff), PUT(exit_load, UINT64_MAX - 15)}},
    };
    each_is_named(exits, ARRAY_LENGTH(exits), "(SDM 3C 27.2.1.2)");
    static const struct broken entries[] = {
        {LONG, "entry control that has to be 1", {PUT(controls.entry, ENTRY_CONTROLS & ~1u)}},
        {LONG, "entry control is set", {PUT(controls.entry, ENTRY_CONTROLS | 0x80000000)}},
        {LONG, "reserved type", {PUT(event, 0x80000100)}},
        {LONG, "NMI to inject does not have vector 2", {PUT(event, 0x80000203)}},
        {LONG, "vector above 31", {PUT(event, 0x80000320)}},
        {LONG, "trap flag", {PUT(event, 0x80000701)}},
        {LONG, "error code and should not", {PUT(event, 0x80000b03)}}, /* #BP with one */
        {LONG, "or the reverse", {PUT(event, 0x8000030d)}},            /* #GP without */
        {LONG, "error code and should not", {PUT(event, 0x80000830)}}, /* an interrupt with one */
        {REAL, "error code and should not", {PUT(event, 0x80000b0d)}}, /* in real mode */
        {LONG, "event to inject has a reserved bit", {PUT(event, 0x80001303)}},
        {LONG, "error code to inject", {PUT(event, 0x80000b0d), PUT(event_error, 0x10000)}},
        {LONG, "instruction length", {PUT(event, 0x80000480), PUT(event_length, 16)}},
        {LONG, "entries load from", {PUT(entry_load_count, 1), PUT(entry_load, 4)}},
        {LONG, "SMM", {PUT(controls.entry, ENTRY_CONTROLS | 0x400)}},
    };
    each_is_named(entries, ARRAY_LENGTH(entries), "(SDM 3C 27.2.1.3)");
    struct vmx_entry_state s = good();
    s.event = 0x80000480;
    assert_null(vmx_entry_check(&s)); /* length 0 where the CPU allows it */
    capability.zero_length_injection = false;
    assert_non_null(strstr(vmx_entry_check(&s), "instruction length"));
    s = good();
    s.event = 0x8000030d; /* #GP without error code */
    capability.injects_any_error = true;
    assert_null(vmx_entry_check(&s));
}

static void host_state(void **state)
{
    (void)state;
    static const struct broken registers[] = {
        {LONG, "host CR0 lacks", {PUT(host.cr0, 0x80010013)}},
        {LONG, "host CR0 sets", {PUT(host.cr0, 0x180010033)}},
        {LONG, "host CR4 lacks", {PUT(host.cr4, 0x20)}},
        {LONG, "host CR4 sets", {PUT(host.cr4, 0x80002020)}},
        {LONG, "host CR3", {PUT(host.cr3, BEYOND_PHYSICAL)}},
        {LONG, "host SYSENTER_ESP", {PUT(host.sysenter_esp, NOT_CANONICAL)}},
        {LONG, "host SYSENTER_EIP", {PUT(host.sysenter_eip, NOT_CANONICAL)}},
        {LONG, "host PAT", {PUT(host.pat, 0x0207040600070406)}},
        {LONG, "host EFER sets a reserved bit", {PUT(host.efer, 0x1d00)}},
        {LONG, "host EFER.LMA", {PUT(host.efer, 0x900)}},
    };
    each_is_named(registers, ARRAY_LENGTH(registers), "(SDM 3C 27.2.2)");
    static const struct broken segments[] = {
        {LONG, "host CS has", {PUT(host.cs, 0x0b)}},
        {LONG, "host SS has", {PUT(host.ss, 0x14)}},
        {LONG, "host DS has", {PUT(host.ds, 0x11)}},
        {LONG, "host ES has", {PUT(host.es, 0x12)}},
        {LONG, "host FS has", {PUT(host.fs, 0x04)}},
        {LONG, "host GS has", {PUT(host.gs, 0x03)}},
        {LONG, "host TR has", {PUT(host.tr, 0x1c)}},
        {LONG, "host CS is null", {PUT(host.cs, 0)}},
        {LONG, "host TR is null", {PUT(host.tr, 0)}},
        {REAL, "host SS is null", {PUT(host.ss, 0), PUT(controls.exit, EXIT_CONTROLS & ~0x200u), PUT(host.efer, 0)}},
        {LONG, "host FS base", {PUT(host.fs_base, NOT_CANONICAL)}},
        {LONG, "host GS base", {PUT(host.gs_base, NOT_CANONICAL)}},
        {LONG, "host GDTR base", {PUT(host.gdtr_base, NOT_CANONICAL)}},
        {LONG, "host IDTR base", {PUT(host.idtr_base, NOT_CANONICAL)}},
        {LONG, "host TR base", {PUT(host.tr_base, NOT_CANONICAL)}},
    };
    each_is_named(segments, ARRAY_LENGTH(segments), "(SDM 3C 27.2.3)");
    static const struct broken sizes[] = {
        {LONG, "64-bit guest entered from a 32-bit host", {PUT(host.long_mode, 0)}},
        {REAL, "not the one at the entry", {PUT(host.long_mode, 0)}},
        {LONG, "not the one at the entry", {PUT(controls.exit, EXIT_CONTROLS & ~0x200u), PUT(host.efer, 0)}},
        {REAL,
         "host CR4.PCIDE",
         {PUT(host.long_mode, 0), PUT(controls.exit, EXIT_CONTROLS & ~0x200u), PUT(host.efer, 0),
          PUT(host.cr4, 0x22020)}},
        {REAL,
         "host RIP is above 4 GiB",
         {PUT(host.long_mode, 0), PUT(controls.exit, EXIT_CONTROLS & ~0x200u), PUT(host.efer, 0),
          PUT(host.rip, 0x100000000)}},
        {LONG, "host CR4.PAE", {PUT(host.cr4, 0x2000)}},
        {LONG, "host RIP is not canonical", {PUT(host.rip, NOT_CANONICAL)}},
    };
    each_is_named(sizes, ARRAY_LENGTH(sizes), "(SDM 3C 27.2.4)");
}

static void guest_registers(void **state)
{
    (void)state;
    static const struct broken cases[] = {
        {LONG, "guest CR0 lacks", {PUT(guest.cr0, 0x80050013)}},
        {RESTRICTED, "guest CR0 lacks", {PUT(guest.cr0, 0x10031)}},
        {LONG, "guest CR0 sets", {PUT(guest.cr0, 0x180050033)}},
        {REAL, "CR0.PG without CR0.PE", {PUT(guest.cr0, 0xe0000030)}},
        {LONG, "guest CR4 lacks", {PUT(guest.cr4, 0xa0)}},
        {LONG, "guest CR4 sets", {PUT(guest.cr4, 0x800020a0)}},
        {LONG, "DEBUGCTL", {PUT(guest.debugctl, 0x10000)}},
        {LONG, "DEBUGCTL", {PUT(guest.debugctl, 0x8)}},
        {LONG, "without CR0.PG", {PUT(guest.cr0, 0x50033)}},
        {LONG, "without CR4.PAE", {PUT(guest.cr4, 0x2080)}},
        {PAE, "CR4.PCIDE", {PUT(guest.cr4, 0x22020)}},
        {LONG, "guest CR3", {PUT(guest.cr3, BEYOND_PHYSICAL)}},
        {LONG, "guest DR7", {PUT(guest.dr7, 0x100000400)}},
        {LONG, "guest SYSENTER_ESP", {PUT(guest.sysenter_esp, NOT_CANONICAL)}},
        {LONG, "guest SYSENTER_EIP", {PUT(guest.sysenter_eip, NOT_CANONICAL)}},
        {LONG, "guest PAT", {PUT(guest.pat, 0x0007040600070403)}},
        {LONG, "EFER sets a reserved bit", {PUT(guest.efer, 0x1d01)}},
        {LONG, "EFER.LMA differs", {PUT(guest.efer, 0x101)}},
        {PAE, "EFER.LMA differs", {PUT(guest.efer, 0x500)}},
        {LONG, "LMA and LME differ", {PUT(guest.efer, 0x400)}},
        {PAE, "LMA and LME differ", {PUT(guest.efer, 0x100)}},
    };
    each_is_named(cases, ARRAY_LENGTH(cases), "(SDM 3C 27.3.1.1)");
    struct vmx_entry_state s = good();
    capability.cr4_fixed1 |= 1 << 23;
    s.guest.cr4 |= 1 << 23;
    s.guest.cr0 &= ~UINT64_C(0x10000);
    assert_non_null(strstr(vmx_entry_check(&s), "guest CR4.CET"));
    s = good();
    capability.cr4_fixed1 |= 1 << 23;
    s.host.cr4 |= 1 << 23;
    s.host.cr0 &= ~UINT64_C(0x10000);
    assert_non_null(strstr(vmx_entry_check(&s), "host CR4.CET"));
}

static void guest_segments(void **state)
{
    (void)state;
    static const struct broken cases[] = {
        {LONG, "TR selector points into the LDT", {SEG(TR, selector, 0x44)}},
        {REAL, "LDTR selector points into the LDT", {SEG(LDTR, selector, 0x4)}},
        {RESTRICTED, "different RPLs", {SEG(SS, selector, 0x28)}},
        {LONG, "guest FS base is not canonical", {SEG(FS, base, NOT_CANONICAL)}},
        {LONG, "guest GS base is not canonical", {SEG(GS, base, NOT_CANONICAL)}},
        {LONG, "guest TR base is not canonical", {SEG(TR, base, NOT_CANONICAL)}},
        {REAL, "guest LDTR base is not canonical", {SEG(LDTR, base, NOT_CANONICAL)}},
        {LONG, "guest CS base is above 4 GiB", {SEG(CS, base, 0x100000000)}},
        {LONG, "guest SS base is above 4 GiB", {SEG(SS, base, 0x100000000)}},
        {REAL, "guest DS base is above 4 GiB", {SEG(DS, base, 0x100000000)}},
        {REAL, "guest ES base is above 4 GiB", {SEG(ES, base, 0x100000000)}},
        {V8086, "guest SS base is not its selector", {SEG(SS, base, 0x12350)}},
        {V8086, "guest GS limit is not 0xffff", {SEG(GS, limit, 0xfffff)}},
        {V8086, "guest DS access rights are not 0xf3", {SEG(DS, access, 0x93)}},
        {LONG, "guest CS has a type", {SEG(CS, access, 0xa09a)}},
        {RESTRICTED, "guest CS has a type", {SEG(CS, access, 0xc0f3)}},
        {LONG, "guest SS has a type", {SEG(SS, access, 0xc091)}},
        {REAL, "guest ES has a type", {SEG(ES, access, 0x92)}},
        {REAL, "guest FS has a type", {SEG(FS, access, 0x99)}}, /* code that cannot be read */
        {LONG, "guest CS is a system segment", {SEG(CS, access, 0xa08b)}},
        {REAL, "guest DS is a system segment", {SEG(DS, access, 0x83)}},
        {LONG, "guest CS has a privilege level", {SEG(CS, access, 0xa0fb)}},
        {LONG, "guest CS has a privilege level", {SEG(CS, access, 0xa0bf)}}, /* conforming above SS */
        {REAL, "guest CS has a privilege level", {SEG(CS, access, 0xb3)}},
        {REAL, "guest SS has a privilege level", {SEG(SS, access, 0xf3), SEG(CS, access, 0xfb)}},
        {RESTRICTED, "guest SS has a privilege level", {SEG(SS, selector, 0x29), SEG(CS, selector, 0x21)}},
        {RESTRICTED, "guest GS has a privilege level", {SEG(GS, access, 0xc093)}},
        {LONG, "guest CS is not present", {SEG(CS, access, 0xa01b)}},
        {REAL, "guest GS is not present", {SEG(GS, access, 0x13)}},
        {LONG, "guest CS has a reserved bit", {SEG(CS, access, 0xa19b)}},
        {LONG, "guest SS has a reserved bit", {SEG(SS, access, 0x2c093)}},
        {LONG, "default size of 32 bits", {SEG(CS, access, 0xe09b)}},
        {LONG, "guest CS limit and granularity", {SEG(CS, access, 0x209b)}},
        {REAL, "guest SS limit and granularity", {SEG(SS, access, 0x8093), SEG(SS, limit, 0xfffe)}},
        {REAL, "guest SS limit and granularity", {SEG(SS, limit, 0x100000)}},
        {LONG, "guest TR is not a busy TSS", {SEG(TR, access, 0x89)}},
        {LONG, "guest TR is not a busy TSS", {SEG(TR, access, 0x83)}}, /* 16-bit, in 64-bit mode */
        {LONG, "guest TR is not a system segment", {SEG(TR, access, 0x9b)}},
        {LONG, "guest TR is not present", {SEG(TR, access, 0x0b)}},
        {LONG, "guest TR has a reserved bit", {SEG(TR, access, 0x18b)}},
        {LONG, "guest TR limit and granularity", {SEG(TR, limit, 0x100000)}},
        {LONG, "guest TR is unusable", {SEG(TR, access, 0x1008b)}},
        {REAL, "guest LDTR is not an LDT", {SEG(LDTR, access, 0x83)}},
        {REAL, "guest LDTR is not a system segment", {SEG(LDTR, access, 0x92)}},
        {REAL, "guest LDTR is not present", {SEG(LDTR, access, 0x02)}},
        {REAL, "guest LDTR has a reserved bit", {SEG(LDTR, access, 0x482)}},
        {REAL, "guest LDTR limit and granularity", {SEG(LDTR, limit, 0xfff00000)}},
    };
    each_is_named(cases, ARRAY_LENGTH(cases), "(SDM 3C 27.3.1.2)");
}

/* States that look odd and are allowed. */
static void odd_segments_pass(void **state)
{
    (void)state;
    static const struct broken cases[] = {
        {REAL, "", {SEG(TR, access, 0x83)}},          /* 16-bit TSS outside 64-bit mode */
        {REAL, "", {SEG(CS, access, 0x93)}},          /* CS with a data type, unrestricted */
        {LONG, "", {SEG(LDTR, base, NOT_CANONICAL)}}, /* unusable */
        {LONG, "", {SEG(ES, base, UINT64_MAX), SEG(ES, limit, 0xfffff001)}},
        {PAE, "", {SEG(SS, selector, 0x10), SEG(DS, access, 0xc093)}}, /* unrestricted: RPLs are free */
        {LONG, "", {SEG(SS, access, 0x10000), SEG(SS, selector, 0)}},  /* null SS in ring 0 */
        {LONG, "", {SEG(CS, access, 0xa09f)}},                         /* conforming at the same level */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vmx_entry_state s = make(cases[i].base);
        for (unsigned n = 0; n < 4 && cases[i].changes[n].size != 0; n++) {
            apply(&s, &cases[i].changes[n]);
        }
        const char *words = vmx_entry_check(&s);
        if (words != NULL) {
            fail_msg("case %zu: %s", i, words);
        }
    }
}

static void guest_tables_and_flags(void **state)
{
    (void)state;
    static const struct broken tables[] = {
        {LONG, "guest GDTR base", {PUT(guest.gdtr.base, NOT_CANONICAL)}},
        {LONG, "guest IDTR base", {PUT(guest.idtr.base, NOT_CANONICAL)}},
        {LONG, "guest GDTR limit", {PUT(guest.gdtr.limit, 0x10000)}},
        {LONG, "guest IDTR limit", {PUT(guest.idtr.limit, 0xffffffff)}},
    };
    each_is_named(tables, ARRAY_LENGTH(tables), "(SDM 3C 27.3.1.3)");
    static const struct broken flags[] = {
        {LONG, "guest RIP", {PUT(guest.rip, 0x0001000000000000)}},
        {REAL, "guest RIP", {PUT(guest.rip, 0x100000000)}},
        {LONG, "guest RIP", {PUT(guest.rip, 0x100000000), SEG(CS, access, 0xc09b)}},
        {LONG, "RFLAGS sets a reserved bit", {PUT(guest.rflags, 0x20a)}},
        {LONG, "RFLAGS sets a reserved bit", {PUT(guest.rflags, 0x400202)}},
        {LONG, "bit 1 is clear", {PUT(guest.rflags, 0x200)}},
        {LONG, "RFLAGS.IF clear", {PUT(guest.rflags, 0x2), PUT(event, 0x80000030)}},
    };
    each_is_named(flags, ARRAY_LENGTH(flags), "(SDM 3C 27.3.1.4)");
    /* The segments of virtual-8086 mode come first; here they fit. */
    struct vmx_entry_state s = good_virtual_8086();
    s.controls.entry |= VMX_ENTRY_GUEST_64;
    s.guest.efer = 0xd00;
    assert_non_null(strstr(vmx_entry_check(&s), "RFLAGS.VM in IA-32e mode"));
    s = good_virtual_8086();
    s.guest.cr0 = 0x30;
    assert_non_null(strstr(vmx_entry_check(&s), "RFLAGS.VM in real mode"));
    s = good();
    s.guest.rip = NOT_CANONICAL; /* the bits beyond the linear width are alike: allowed, and #GP in the guest */
    assert_null(vmx_entry_check(&s));
}

#define NMI 0x80000202
#define INTERRUPT 0x80000030

static void guest_activity_and_blocking(void **state)
{
    (void)state;
    static const struct broken cases[] = {
        {LONG, "activity state is one", {PUT(guest.activity, 4)}},
        {PAE, "HLT outside ring 0", {PUT(guest.activity, 1)}},
        {LONG, "guest that is not active", {PUT(guest.activity, 1), PUT(guest.interruptibility, 1)}},
        {LONG, "guest that is not active", {PUT(guest.activity, 3), PUT(guest.interruptibility, 2)}},
        {LONG, "cannot reach a guest", {PUT(guest.activity, 1), PUT(event, 0x80000306)}},
        {LONG, "cannot reach a guest", {PUT(guest.activity, 2), PUT(event, INTERRUPT)}},
        {LONG, "cannot reach a guest", {PUT(guest.activity, 3), PUT(event, NMI)}},
        {LONG, "interruptibility state has a reserved bit", {PUT(guest.interruptibility, 0x20)}},
        {LONG, "STI and by MOV SS at once", {PUT(guest.interruptibility, 3)}},
        {LONG, "STI with RFLAGS.IF clear", {PUT(guest.interruptibility, 1), PUT(guest.rflags, 2)}},
        {LONG, "injected while blocked", {PUT(guest.interruptibility, 1), PUT(event, INTERRUPT)}},
        {LONG, "injected while blocked", {PUT(guest.interruptibility, 2), PUT(event, INTERRUPT)}},
        {LONG, "NMI is to be injected while blocked by MOV SS", {PUT(guest.interruptibility, 2), PUT(event, NMI)}},
        {LONG, "NMI is to be injected while blocked by STI", {PUT(guest.interruptibility, 1), PUT(event, NMI)}},
        {LONG, "blocking by SMI", {PUT(guest.interruptibility, 4)}},
        {LONG, "while NMIs are blocked", {PUT(guest.interruptibility, 8), PUT(event, NMI)}},
        {LONG, "enclave", {PUT(guest.interruptibility, 0x12)}},
        {LONG, "pending debug exceptions have a reserved bit", {PUT(guest.pending_debug, 0x10)}},
        {LONG, "pending debug exceptions have a reserved bit", {PUT(guest.pending_debug, 0x20000)}},
        {LONG, "single-step", {PUT(guest.interruptibility, 1), PUT(guest.rflags, 0x302)}},
        {LONG, "single-step", {PUT(guest.activity, 1), PUT(guest.pending_debug, 0x4000)}},
        {LONG,
         "single-step",
         {PUT(guest.activity, 1), PUT(guest.pending_debug, 0x4000), PUT(guest.rflags, 0x302), PUT(guest.debugctl, 2)}},
        {LONG, "transaction together with others", {PUT(guest.pending_debug, 0x10001)}},
        {LONG, "with blocking by MOV SS", {PUT(guest.pending_debug, 0x11000), PUT(guest.interruptibility, 2)}},
        {LONG, "VMCS link pointer", {PUT(guest.link_pointer, 0x123)}},
        {LONG, "VMCS link pointer", {PUT(guest.link_pointer, BEYOND_PHYSICAL)}},
    };
    each_is_named(cases, ARRAY_LENGTH(cases), "(SDM 3C 27.3.1.5)");
    struct vmx_entry_state s = good();
    s.guest.activity = 1;
    capability.activity_hlt = false;
    assert_non_null(strstr(vmx_entry_check(&s), "activity state is one"));
}

static void guest_activity_that_is_allowed(void **state)
{
    (void)state;
    static const struct {
        uint32_t activity, event, blocking;
        uint64_t rflags, pending;
    } cases[] = {
        {1, 0, 0, 0x202, 0},
        {1, INTERRUPT, 0, 0x202, 0},
        {1, NMI, 0, 0x202, 0},
        {1, 0x80000301, 0, 0x202, 0},
        {1, 0x80000312, 0, 0x202, 0},
        {2, NMI, 0, 0x202, 0},
        {3, 0, 0, 0x202, 0},
        {0, NMI, 0, 0x202, 0},
        {0, 0x80000b0e, 0, 0x202, 0},
        {0, 0, 1, 0x202, 0},
        {0, 0, 2, 0x2, 0},
        {0, 0, 1, 0x302, 0x4000},
        {0, 0, 8, 0x202, 0},
        {0, INTERRUPT, 8, 0x202, 0},
        {0, 0, 0, 0x202, 0x100f},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vmx_entry_state s = good();
        s.guest.activity = cases[i].activity;
        s.event = cases[i].event;
        s.guest.interruptibility = cases[i].blocking;
        s.guest.rflags = cases[i].rflags;
        s.guest.pending_debug = cases[i].pending;
        const char *words = vmx_entry_check(&s);
        if (words != NULL) {
            fail_msg("case %zu: %s", i, words);
        }
    }
}

static void guest_page_directory_pointers(void **state)
{
    (void)state;
    static const struct broken cases[] = {
        {PAE, "page-directory-pointer", {PUT(guest.pdpte[0], 0x5003)}},
        {PAE, "page-directory-pointer", {PUT(guest.pdpte[3], 0x6021)}},
        {PAE, "page-directory-pointer", {PUT(guest.pdpte[2], BEYOND_PHYSICAL | 1)}},
    };
    each_is_named(cases, ARRAY_LENGTH(cases), "(SDM 3C 27.3.1.6)");
    struct vmx_entry_state s = good_pae();
    s.guest.pdpte[1] = 0x1e6; /* not present */
    assert_null(vmx_entry_check(&s));
    s = good();
    s.guest.pdpte[1] = 0x1e7; /* not PAE paging */
    assert_null(vmx_entry_check(&s));
}

/* Two broken rules: the manual's order decides. */
static void the_first_in_order_is_named(void **state)
{
    (void)state;
    struct vmx_entry_state s = good();
    s.guest.link_pointer = 1;
    s.guest.cr4 = 0;
    assert_non_null(strstr(vmx_entry_check(&s), "guest CR4 lacks"));
    s.host.cs = 0;
    assert_non_null(strstr(vmx_entry_check(&s), "host CS is null"));
    s.vpid = 0;
    assert_non_null(strstr(vmx_entry_check(&s), "VPID"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_states_pass),
        cmocka_unit_test(execution_controls),
        cmocka_unit_test(execution_controls_of_other_cpus),
        cmocka_unit_test(inactive_secondary_controls_do_not_count),
        cmocka_unit_test(exit_and_entry_controls),
        cmocka_unit_test(host_state),
        cmocka_unit_test(guest_registers),
        cmocka_unit_test(guest_segments),
        cmocka_unit_test(odd_segments_pass),
        cmocka_unit_test(guest_tables_and_flags),
        cmocka_unit_test(guest_activity_and_blocking),
        cmocka_unit_test(guest_activity_that_is_allowed),
        cmocka_unit_test(guest_page_directory_pointers),
        cmocka_unit_test(the_first_in_order_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
