/* SPDX-License-Identifier: GPL-2.0-only
 * From UEFI's long mode to what a multiboot2 kernel is entered in (Multiboot2 3.3; SDM 3A 10.8.5.4 "leaving IA-32e mode").
 * In: RDI struct trampoline_order. Code and order lie below 4 GiB, firmware has been left, all memory is mapped 1:1. */

#define MULTIBOOT2_LOADER_MAGIC 0x36d76289
#define CR0_PE_ET 0x11
#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)
#define CODE32 0x08
#define DATA32 0x10

#define ORDER_ENTRY 0
#define ORDER_INFO 4
#define ORDER_COUNT 8
#define ORDER_SEGMENTS 16
#define SEGMENT_TO 0
#define SEGMENT_FROM 4
#define SEGMENT_BYTES 8
#define SEGMENT_ZEROS 12
#define SEGMENT_SIZE 16

    .text
    .code64
    .balign 16
    .globl trampoline_start
trampoline_start:
    cli
    cld
    movl %edi, %ebp
    leaq gdt(%rip), %rax
    movq %rax, gdt_pointer + 2(%rip)
    lgdt gdt_pointer(%rip)
    leaq compatible(%rip), %rax
    pushq $CODE32
    pushq %rax
    lretq

    .code32
compatible:
    movl $DATA32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    movl $CR0_PE_ET, %eax /* paging off; from here the stack is not used */
    movl %eax, %cr0
    movl $MSR_EFER, %ecx
    rdmsr
    andl $~EFER_LME, %eax
    wrmsr
    xorl %eax, %eax
    movl %eax, %cr4

    leal ORDER_SEGMENTS(%ebp), %ebx
    movl ORDER_COUNT(%ebp), %edx
1:  testl %edx, %edx
    jz 2f
    movl SEGMENT_TO(%ebx), %edi
    movl SEGMENT_FROM(%ebx), %esi
    movl SEGMENT_BYTES(%ebx), %ecx
    rep movsb
    movl SEGMENT_ZEROS(%ebx), %ecx
    xorl %eax, %eax
    rep stosb
    addl $SEGMENT_SIZE, %ebx
    decl %edx
    jmp 1b

2:  movl $MULTIBOOT2_LOADER_MAGIC, %eax
    movl ORDER_INFO(%ebp), %ebx
    jmp *ORDER_ENTRY(%ebp)

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff /* 32-bit code, all 4 GiB */
    .quad 0x00cf92000000ffff /* data */
gdt_pointer:
    .short . - gdt - 1
    .quad 0
    .globl trampoline_end
trampoline_end:

    .section .note.GNU-stack, "", @progbits
