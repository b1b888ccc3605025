/* SPDX-License-Identifier: GPL-2.0-only
 * Multiboot2 header and the way from GRUB's 32-bit protected mode to long mode (Multiboot2 2.0 3.1, 3.3; SDM 3A 10.8.5).
 * GRUB leaves: EAX magic, EBX physical address of the boot information, paging off, interrupts off, no stack. */

#define MULTIBOOT2_MAGIC 0xe85250d6
#define CR0_PG (1 << 31)
#define CR0_WP (1 << 16)
#define CR4_PAE (1 << 5)
#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)
#define PTE_TABLE 0x003       /* present, writable */
#define PTE_LARGE 0x083       /* present, writable, page size */
#define CPUID_LONG_MODE (1 << 29)
#define CPUID_PAGE_1G (1 << 26)

    .section .multiboot2, "a"
    .balign 8
header:
    .long MULTIBOOT2_MAGIC
    .long 0 /* i386 protected mode */
    .long header_end - header
    .long -(MULTIBOOT2_MAGIC + 0 + (header_end - header))
    .balign 8
    .short 6, 0 /* modules start on page boundaries */
    .long 8
    .balign 8
    .short 0, 0 /* end of tags */
    .long 8
header_end:

    .text
    .code32
    .globl boot_entry
boot_entry:
    cli
    cld
    movl %eax, %ebp /* magic and address survive in EBP and EBX: CPUID writes the other four */
    movl %ebx, %esi
    movl $boot_stack_end, %esp

    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    testl $CPUID_LONG_MODE, %edx
    jz no_long_mode

    /* The temporary map: 4 GiB one to one in 2 MiB pages ... */
    movl $boot_pdpt + PTE_TABLE, boot_pml4
    movl $boot_pd, %edi
    movl $PTE_LARGE, %eax
    movl $4 * 512, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b
    movl $boot_pd + PTE_TABLE, %eax
    movl $boot_pdpt, %edi
    movl $4, %ecx
2:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 2b

    /* ... and, where the CPU has 1 GiB pages, the rest of the first 512 GiB: entry n is n << 30. */
    testl $CPUID_PAGE_1G, %edx
    jz 4f
    movl $4, %ecx
3:  movl %ecx, %eax
    shll $30, %eax
    orl $PTE_LARGE, %eax
    movl %eax, boot_pdpt(,%ecx,8)
    movl %ecx, %eax
    shrl $2, %eax
    movl %eax, boot_pdpt+4(,%ecx,8)
    incl %ecx
    cmpl $512, %ecx
    jb 3b
4:
    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $(CR0_PG | CR0_WP), %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $0x08, $boot_entry64

/* Nothing can be shown but on the text screen and COM1: say it on both, then stop. */
no_long_mode:
    movl $message, %esi
    movl $0xb8000, %edi
    movw $0x3f8, %dx
5:  lodsb
    testb %al, %al
    jz 6f
    movb $0x4f, %ah
    stosw
    outb %al, %dx
    jmp 5b
6:  hlt
    jmp 6b

    .code64
boot_entry64:
    xorl %eax, %eax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl %ebp, %edi
    movl %esi, %esi
    movq $boot_stack_end, %rsp
    xorl %ebp, %ebp /* the backtrace ends here */
    pushq $0
    pushq $0
    call kernel_main
7:  cli
    hlt
    jmp 7b

    .section .rodata
message:
    .asciz "bulkhead: this CPU has no 64-bit mode"
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00209a0000000000 /* 64-bit code, ring 0 */
boot_gdt_end:
boot_gdt_pointer:
    .short boot_gdt_end - boot_gdt - 1
    .long boot_gdt

    .bss
    .balign 4096
boot_pml4:
    .skip 4096
boot_pdpt:
    .skip 4096
boot_pd:
    .skip 4 * 4096
boot_stack:
    .skip 16384
boot_stack_end:

    .section .note.GNU-stack, "", @progbits
