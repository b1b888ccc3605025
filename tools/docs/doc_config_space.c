/* SPDX-License-Identifier: GPL-2.0-only
 * Prints what guests get of configuration space. */
#include "tools/docs/doc_config_space.h"

#include <stdio.h>

#include "guest/vmd_rules.h"

static const char *const head =
    "# Configuration space of assigned devices\n"
    "\n"
    "<!-- Made by `make docs` from guest/pci_rules.c and guest/vmd_rules.c; do not edit. -->\n"
    "\n"
    "A guest reads and writes a view that the hypervisor keeps (guest/pci_view.c), by the ports 0xCF8/0xCFC and by "
    "ECAM,\n"
    "4096 bytes a function. Its writes change bits of the view that these tables call writable, and nothing else: no\n"
    "write reaches the device by itself. What does reach it, in other words, are bus mastering on and off, INTx "
    "disable,\n"
    "and MSI and MSI-X, which become remapping entries and messages of the hypervisor's own. What no table names is "
    "not\n"
    "in the chain of capabilities, reads 0 and takes no write. A function that does not answer any more reads all "
    "ones.\n"
    "\n"
    "Copied bits are the device's, as they were when it was given or last reset.\n"
    "\n"
    "## Header\n"
    "\n"
    "Ids, class, revision and subsystem are the device's, header type 0; the multifunction bit says what the guest's "
    "bus\n"
    "has. BARs take the address bits that their size leaves: that moves mappings, never the device's own BAR. I/O "
    "BARs\n"
    "are not given and read 0. The expansion ROM's register takes address and enable bit when the ROM is passed\n"
    "(`rom = false` masks it: it reads 0); the guest reads a copy made when the device was given. The interrupt pin "
    "is\n"
    "INTA# when the device has a line, else 0.\n"
    "\n";

static void print_registers(const struct pci_rule_register *registers, size_t count)
{
    puts("| Offset | Bytes | Register | Copied | Set | Writable | Only if |");
    puts("|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < count; i++) {
        const struct pci_rule_register *r = &registers[i];
        printf("| +0x%02x | %u | %s | 0x%x | 0x%x | 0x%x |", r->offset, r->width, r->name, r->copied, r->set,
               r->writable);
        if (r->needs != 0) {
            printf(" 0x%x set", r->needs);
        }
        if (r->lacks != 0) {
            printf(" 0x%x clear", r->lacks);
        }
        puts(" |");
    }
    puts("");
}

static const char *const vmd_head =
    "\n"
    "## Behind a VMD endpoint\n"
    "\n"
    "The endpoint itself is as above, and shows VMCAP (0x40), VMCONFIG (0x44, without bit 1) and VMLOCK (0x70), all\n"
    "read-only. What is behind it (docs/vmd.md) the guest reaches by its CFGBAR, every access of which the hypervisor\n"
    "decides. Here bits called writable are changed in the device, and a written 1 clears those called cleared; shown\n"
    "ones are read from it. Of headers: ids, class, revision and status are the device's; the command register is "
    "kept,\n"
    "bus mastering reaches the device, memory decode while all BARs are inside the endpoint's MEMBARs; a bridge's\n"
    "memory windows likewise, its bus numbers while they nest, of bridge control the secondary bus reset; I/O ports,\n"
    "INTx and expansion ROMs are not there. Capabilities that are not listed read as null ones (id 0).\n"
    "\n";

static void print_vmd_registers(const struct pci_rule *rule)
{
    printf("### %s: registers\n\n", rule->name);
    puts("| Offset | Bytes | Register | Shown | Writable | Cleared | Only if |");
    puts("|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < rule->register_count; i++) {
        const struct pci_rule_register *r = &rule->registers[i];
        uint32_t shown = r->width == 4 ? r->copied : r->copied & ((1u << 8 * r->width) - 1);
        printf("| +0x%02x | %u | %s | 0x%x | 0x%x", r->offset, r->width, r->name, shown, r->writable);
        if (r->not_in_bridges != 0) {
            printf(", in bridges 0x%x", r->writable & ~r->not_in_bridges);
        }
        printf(" | 0x%x |", r->cleared);
        if (r->needs != 0) {
            printf(" 0x%x set", r->needs);
        }
        if (r->lacks != 0) {
            printf(" 0x%x clear", r->lacks);
        }
        puts(" |");
    }
    puts("");
}

static void print_vmd(const struct pci_rules *rules, const char *kind)
{
    printf("| %s | Guests get | Because |\n|---|---|---|\n", kind);
    for (size_t i = 0; i < rules->count; i++) {
        const struct pci_rule *r = &rules->rules[i];
        printf("| 0x%02x %s | %s | %s |\n", r->id, r->name,
               r->treatment == PCI_EMULATE ? "the registers below" : "passed, read-only", r->why);
    }
    puts("| any other | null | unknown |\n");
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->rules[i].treatment == PCI_EMULATE) {
            print_vmd_registers(&rules->rules[i]);
        }
    }
}

static const char *treatment_text(enum pci_treatment treatment)
{
    return treatment == PCI_EMULATE ? "emulated" : treatment == PCI_PASS ? "passed, read-only" : "hidden";
}

static void print_rules(const char *title, const struct pci_rules *rules)
{
    printf("## %s\n\n", title);
    puts("| Id | Capability | Guests get | Because |");
    puts("|---|---|---|---|");
    for (size_t i = 0; i < rules->count; i++) {
        const struct pci_rule *r = &rules->rules[i];
        printf("| 0x%02x", r->id);
        if (r->vendor != 0) {
            printf(", vendor %04x", r->vendor);
        }
        printf(" | %s | %s | %s |\n", r->name, treatment_text(r->treatment), r->why);
    }
    puts("| any other | | hidden | unknown |\n");
}

static void print_emulated(const struct pci_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct pci_rule *r = &rules->rules[i];
        if (r->treatment == PCI_EMULATE) {
            printf("## %s: registers\n\n", r->name);
            puts("\"Only if\" is about the device's own 16 bits at +0x02.\n");
            print_registers(r->registers, r->register_count);
        }
    }
}

void doc_config_space(void)
{
    fputs(head, stdout);
    print_registers(pci_rules_header, pci_rules_header_count);
    print_rules("Capabilities", &pci_rules_legacy);
    print_emulated(&pci_rules_legacy);
    print_rules("Extended capabilities", &pci_rules_extended);
    puts("Maximum payload sizes are limited to what the device is set to when it is given; the guest's choice of "
         "payload\n"
         "and read request sizes stays in its view.");
    fputs(vmd_head, stdout);
    print_vmd(&guest_vmd_rules_legacy, "Capability");
    print_vmd(&guest_vmd_rules_extended, "Extended capability");
}
