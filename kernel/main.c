/* SPDX-License-Identifier: GPL-2.0-only
 * The order in which the hypervisor comes up. */
#include "boot/multiboot2.h"
#include "kernel/core/ap_start.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/console_option.h"
#include "kernel/core/cpu_setup.h"
#include "kernel/core/gdt.h"
#include "kernel/core/idt.h"
#include "kernel/core/image.h"
#include "kernel/core/lapic.h"
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
#include "kernel/platform.h"
#include "kernel/selftest.h"

#define BOOT_INFORMATION_MAX MIB
#define CONSOLE_TEXT_SIZE 32

_Noreturn void kernel_main(uint32_t magic, struct hpa multiboot_info);

static struct {
    struct boot_info boot;
    struct platform platform;
    struct isolate isolate;
} hypervisor;

static _Noreturn void finish(void)
{
    if (cmdline_has(hypervisor.boot.cmdline, "exit")) {
        log_info("bulkhead: done");
        power_reset();
    }
    smp_idle();
}

/* A machine that cannot be served is left safe: every device blocked, one line that says why, no guest started. It is
 * no bug of ours, so no panic. */
static _Noreturn void refuse(const char *what, enum status status)
{
    log_diagnostics(&hypervisor.platform.diags);
    isolate_block(&hypervisor.platform.machine);
    log_error("bulkhead: refused: %s: %s; all devices are blocked, no guest was started", what, status_text(status));
    finish();
}

static void require(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        refuse(what, status);
    }
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
    char text[CONSOLE_TEXT_SIZE];
    bool named = cmdline_value(hypervisor.boot.cmdline, "console", text, sizeof(text));
    enum status status = named ? console_option_parse(text, &option) : STATUS_OK;
    serial_init(option);
    if (status != STATUS_OK) {
        log_error("boot: console=%s: %s; write console=com1,115200 or console=0x3f8,115200", text, status_text(status));
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
        log_error("boot: not started by a multiboot2 loader; use GRUB's multiboot2 command");
        cpu_stop();
    }
    require(multiboot2_parse(phys_to_virt(info), BOOT_INFORMATION_MAX, boot), "the loader's information");
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
            "the image's place in memory");
    require(ap_start_reserve(map), "a page for starting CPUs");
    log_memory();
    require(cpu_setup(), "no-execute pages");
    require(pages_init(map), "the page allocator");
    require(paging_init(map), "page tables");
    require(stack_init(0), "stacks");
}

/* Entry to ready, without the waits that the architecture asks for: what `make bench` reads. */
static void log_ready(void)
{
    log_info("bulkhead: ready ns=%llu waited-us=%llu memory-kib=%llu", (unsigned long long)time_now_ns(),
             (unsigned long long)time_waited_us(),
             (unsigned long long)((pages_used_bytes() + (uint64_t)(image_end - image_start)) / KIB));
}

static void read_platform(void)
{
    struct platform *p = &hypervisor.platform;
    uint64_t limit = SIZE_MAX;
    (void)cmdline_number(hypervisor.boot.cmdline, "max-cpus", &limit);
    enum status status = platform_read(p, &hypervisor.boot, percpu_self()->apic_id, limit);
    require(status, "the firmware's tables");
    if (platform_use_reset(p) != STATUS_OK) {
        log_warn("power: FADT's reset register lies in RAM and is not used");
    }
}

/* DMAR first: it says whose memory firmware's devices go on using. Whatever it is worth, devices stop here. */
static enum status stop_devices(void)
{
    struct platform *p = &hypervisor.platform;
    enum status dmar = machine_read_dmar(&p->machine, &p->arena, &p->diags);
    require(platform_open_pci(p), "PCI configuration space");
    require(machine_read_pci(&p->machine, &p->arena, &p->diags), "the PCI functions");
    isolate_quiesce(&p->machine, &p->arena, &p->diags);
    return dmar;
}

static void start_interrupts(void)
{
    const struct platform *p = &hypervisor.platform;
    require(time_calibrate(platform_pm_timer_port(p)), "the clock");
    bool x2apic = platform_needs_x2apic(p) || cmdline_has(hypervisor.boot.cmdline, "x2apic");
    require(lapic_init(x2apic), "the local APIC (x2APIC mode may be needed)");
    require(timer_calibrate(), "the local APIC timer");
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
    start_interrupts();
    require(ap_start_all(p->apic_ids, p->cpu_count), "starting all CPUs");
    log_info("smp: %u CPUs online", cpu_count());
    inventory_log(p);
    require(dmar, "VT-d");
    require(isolate_units(&hypervisor.isolate, &p->machine, &p->arena, &p->diags), "VT-d");
    log_diagnostics(&p->diags);
    p->diags.count = p->diags.errors = p->diags.dropped = 0; /* said; what follows is the configuration's */
    log_ready();
    require(selftest_run(&(struct selftest){hypervisor.boot.cmdline, &p->machine, &hypervisor.isolate}), "self-tests");
    if (launch_has_configuration(&hypervisor.boot)) {
        require(launch_guests(&hypervisor.boot, &p->machine, &hypervisor.isolate, &p->diags), "the guests");
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
