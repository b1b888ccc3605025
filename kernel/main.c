/* SPDX-License-Identifier: GPL-2.0-only
 * The order in which the hypervisor comes up. */
#include "boot/multiboot2.h"
#include "kernel/core/ap_start.h"
#include "kernel/core/apic_mode.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/console_option.h"
#include "kernel/core/cpu_setup.h"
#include "kernel/core/gdt.h"
#include "kernel/core/idt.h"
#include "kernel/core/image.h"
#include "kernel/core/lapic.h"
#include "kernel/core/last_boot.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/paging.h"
#include "kernel/core/panic_control.h"
#include "kernel/core/percpu.h"
#include "kernel/core/pic.h"
#include "kernel/core/power.h"
#include "kernel/core/serial.h"
#include "kernel/core/smp.h"
#include "kernel/core/stack.h"
#include "kernel/core/time.h"
#include "kernel/core/time_calibrate.h"
#include "kernel/core/timer.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/cpu_state.h"
#include "kernel/hw/phys.h"
#include "kernel/inventory.h"
#include "kernel/isolate.h"
#include "kernel/launch.h"
#include "kernel/memory_types.h"
#include "kernel/platform.h"
#include "kernel/selftest.h"

#define BOOT_INFORMATION_MAX MIB
#define OPTION_TEXT_SIZE 64

#define FIX_MEMORY "give the machine more memory, or load fewer and smaller modules"
#define FIX_FIRMWARE "update the firmware"
#define FIX_LOADER "load Bulkhead by GRUB's multiboot2 command"

_Noreturn void kernel_main(uint32_t magic, struct hpa multiboot_info);

static struct {
    struct boot_info boot;
    struct platform platform;
    struct isolate isolate;
    const struct diag *dmar_cause; /* why the DMAR is of no use */
} hypervisor;

static _Noreturn void finish(void)
{
    if (cmdline_has(hypervisor.boot.cmdline, "exit")) {
        log_info("bulkhead: done");
        power_reset();
    }
    smp_idle();
}

static const struct diag *last_error(void)
{
    const struct diag_list *list = &hypervisor.platform.diags;
    for (size_t i = list->count; i-- > 0;) {
        if (list->items[i].severity == DIAG_ERROR) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* A machine that cannot be served is left safe: every device blocked, one line that says why and what to do, no guest
 * started. It is no bug of ours, so no panic. */
static _Noreturn void refuse(const char *what, const char *why, const char *fix)
{
    log_diagnostics(&hypervisor.platform.diags);
    isolate_block(&hypervisor.platform.machine);
    log_error("bulkhead: refused: %s: %s; fix: %s", what, why, fix);
    log_error("bulkhead: all devices are blocked, no guest was started");
    finish();
}

static void require(enum status status, const char *what, const char *fix)
{
    if (status != STATUS_OK) {
        refuse(what, status_text(status), status == STATUS_NO_MEMORY ? FIX_MEMORY : fix);
    }
}

/* For what leaves a diagnostic: `cause`, or none when memory ran out. */
static void require_explained(enum status status, const char *what, const struct diag *cause)
{
    if (status != STATUS_OK && cause != NULL && status != STATUS_NO_MEMORY) {
        refuse(cause->where, cause->what, cause->fix);
    }
    require(status, what, FIX_FIRMWARE);
}

static void start_cpu_state(void)
{
    gdt_load(0);
    percpu_init(0, lapic_cpuid_id());
    idt_init();
    idt_load();
    pic_disable();
}

static void choose_console(void)
{
    struct console_option option = console_option_default();
    char text[OPTION_TEXT_SIZE];
    bool named = cmdline_value(hypervisor.boot.cmdline, "console", text, sizeof(text));
    enum status status = named ? console_option_parse(text, &option) : STATUS_OK;
    serial_init(option);
    if (status != STATUS_OK) {
        log_error("boot: console=%s: %s; fix: write console=com1,115200 or console=0x3f8,115200", text,
                  status_text(status));
    }
}

static void log_memory(void)
{
    const struct memory_map *map = &hypervisor.boot.memory;
    for (size_t i = 0; i < map->count; i++) {
        const struct memory_range *r = &map->ranges[i];
        log_info("memory: 0x%012llx..0x%012llx %s", (unsigned long long)r->start, (unsigned long long)r->end,
                 memory_kind_text(r->kind));
    }
}

static void read_boot_information(uint32_t magic, struct hpa info)
{
    struct boot_info *boot = &hypervisor.boot;
    if (magic != MULTIBOOT2_LOADER_MAGIC) {
        log_error("boot: not started by a multiboot2 loader; fix: " FIX_LOADER);
        cpu_stop();
    }
    require(multiboot2_parse(phys_to_virt(info), BOOT_INFORMATION_MAX, boot), "the loader's information", FIX_LOADER);
    choose_console();
    panic_set_reset(cmdline_has(boot->cmdline, "panic=reset"));
    if (cmdline_has(boot->cmdline, "debug")) {
        log_set_level(LOG_DEBUG);
    }
    log_info("boot: Bulkhead, started by %s with \"%s\"", boot->loader, boot->cmdline);
}

static void start_memory(void)
{
    struct memory_map *map = &hypervisor.boot.memory;
    require(memory_map_add(map, (uint64_t)image_start, (uint64_t)(image_end - image_start), MEMORY_HYPERVISOR),
            "the image's place in memory", FIX_LOADER);
    require(ap_start_reserve(map), "a page below 640 KiB for starting CPUs", FIX_FIRMWARE);
    require(memory_types_restrict(map), "the memory types (MTRRs)", FIX_FIRMWARE);
    require(last_boot_start(map), "a place for the log", FIX_FIRMWARE);
    log_memory();
    require(cpu_setup(), "no-execute pages", "turn on \"execute disable\" (NX, XD) in the firmware's setup");
    require(pages_init(map), "the page allocator", FIX_MEMORY);
    require(paging_init(map), "page tables", FIX_MEMORY);
    require(stack_init(0), "stacks", FIX_MEMORY);
}

/* Entry to ready, without the waits that the architecture asks for: what `make bench` reads. */
static void log_ready(void)
{
    log_info("bulkhead: ready ns=%llu waited-us=%llu memory-kib=%llu", (unsigned long long)time_now_ns(),
             (unsigned long long)time_waited_us(),
             (unsigned long long)((pages_taken().now + (uint64_t)(image_end - image_start)) / KIB));
}

static size_t choose_cpu_limit(void)
{
    const char *line = hypervisor.boot.cmdline;
    char text[OPTION_TEXT_SIZE];
    uint64_t limit = SIZE_MAX;
    if (cmdline_value(line, "max-cpus", text, sizeof(text)) && !cmdline_number(line, "max-cpus", &limit)) {
        log_error("boot: max-cpus=%s: not a number; fix: write max-cpus=4; all CPUs are used", text);
    }
    return limit;
}

static void read_platform(void)
{
    struct platform *p = &hypervisor.platform;
    enum status status = platform_read(p, &hypervisor.boot, percpu_self()->apic_id, choose_cpu_limit());
    require_explained(status, "the firmware's tables", last_error());
    if (platform_use_reset(p) != STATUS_OK) {
        log_warn("power: FADT's reset register lies in RAM and is not used");
    }
    platform_use_off(p);
}

/* Virtual functions are switched on with everything else silent, and have groups and units like all others.
 * DMAR first: it says whose memory firmware's devices go on using. Whatever it is worth, devices stop here. What
 * devices are given time for, VFs above all, needs a clock that is right: a TSC that is not measured seems to run too
 * fast. */
static enum status stop_devices(void)
{
    struct platform *p = &hypervisor.platform;
    enum status dmar = machine_read_dmar(&p->machine, &p->arena, &p->diags);
    hypervisor.dmar_cause = dmar != STATUS_OK ? last_error() : NULL;
    require(platform_open_pci(p), "PCI configuration space", FIX_FIRMWARE);
    require(time_calibrate(platform_pm_timer_port(p)), "the clock", FIX_FIRMWARE);
    enum status pci = machine_read_pci(&p->machine, &p->arena, &p->diags);
    require_explained(pci, "the PCI functions", last_error());
    isolate_quiesce(&p->machine, &p->arena, &p->diags);
    launch_prepare(&hypervisor.boot, &p->machine, &p->arena);
    require(isolate_group(&p->machine, &p->arena, &p->diags), "groups of PCI functions", FIX_MEMORY);
    return dmar;
}

static bool choose_x2apic(void)
{
    const struct apic_mode_facts facts = {
        .cpu = lapic_has_x2apic(),
        .on = lapic_left_x2apic(),
        .needed = platform_needs_x2apic(&hypervisor.platform),
        .asked = cmdline_has(hypervisor.boot.cmdline, "x2apic"),
        .refused = cmdline_has(hypervisor.boot.cmdline, "xapic"),
        .units = isolate_takes_x2apic(&hypervisor.isolate),
        .opt_out = (hypervisor.platform.machine.dmar.header.flags & DMAR_FLAG_X2APIC_OPT_OUT) != 0,
    };
    const char *why_not = apic_mode_why_not_x2apic(&facts);
    if (why_not == NULL) {
        log_info("interrupts: x2apic=yes");
    } else {
        log_info("interrupts: x2apic=no (%s)", why_not);
    }
    return why_not == NULL;
}

static void start_interrupts(void)
{
    bool x2apic = choose_x2apic();
    require(lapic_init(x2apic), x2apic ? "x2APIC mode" : "the local APIC",
            x2apic ? "turn on x2APIC in the firmware's setup, or start without the word x2apic" : FIX_FIRMWARE);
    require(timer_calibrate(), "the local APIC timer", FIX_FIRMWARE);
    percpu_set_online();
    cpu_irq_enable();
}

/* On the boot CPU's own stack. */
static void run(void *argument)
{
    (void)argument;
    struct platform *p = &hypervisor.platform;
    read_platform();
    enum status dmar = stop_devices();
    if (dmar == STATUS_OK) {
        isolate_probe(&hypervisor.isolate, &p->machine, &p->arena, &p->diags);
    }
    start_interrupts();
    require(ap_start_all(p->apic_ids, p->cpu_count), "starting all CPUs",
            "start with a smaller max-cpus=, at most 64, or update the firmware");
    log_info("smp: %u CPUs online", cpu_count());
    memory_types_compare(&p->diags);
    inventory_log(p);
    require_explained(dmar, "VT-d", hypervisor.dmar_cause);
    enum status units = isolate_units(&hypervisor.isolate, &p->machine, &p->arena, &p->diags);
    require_explained(units, "VT-d", last_error());
    log_diagnostics(&p->diags);
    p->diags.count = p->diags.errors = p->diags.dropped = 0; /* said; what follows is the configuration's */
    log_ready();
    require(selftest_run(&(struct selftest){hypervisor.boot.cmdline, &p->machine, &hypervisor.isolate}), "self-tests",
            "see which one failed above");
    if (launch_has_configuration(&hypervisor.boot)) {
        enum status guests = launch_guests(&hypervisor.boot, &p->machine, &hypervisor.isolate, &p->diags);
        require_explained(guests, "the guests", last_error());
    } else {
        log_info("bulkhead: no configuration: add a line \"module2 /path/to/file bulkhead.toml\" to the boot loader's "
                 "entry");
    }
    finish();
}

_Noreturn void kernel_main(uint32_t magic, struct hpa multiboot_info)
{
    time_init();
    start_cpu_state();
    serial_init(console_option_default());
    read_boot_information(magic, multiboot_info);
    start_memory();
    cpu_continue_on(stack_top(0), run, NULL);
}
