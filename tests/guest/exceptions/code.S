/* SPDX-License-Identifier: GPL-2.0-only
 * Instructions that fault, step or break. */

.macro function name
    .globl \name
\name:
.endm

    .text
function raise_divide
    xorl %edx, %edx
    movl $1, %eax
    xorl %ecx, %ecx
    divl %ecx
    ret
function raise_breakpoint
    int3
    ret
function raise_undefined
    ud2
function raise_x87
    fninit
    subq $8, %rsp
    movw $0x037b, (%rsp) /* division by zero unmasked */
    fldcw (%rsp)
    addq $8, %rsp
    fld1
    fldz
    fdivrp %st, %st(1)
    fwait
    ret
function raise_x87_clear
    fnclex
    fninit
    ret
function use_x87
    fldz
    ret
function read_at
function read_at_value
    movq (%rdi), %rax
    ret
function write_at
    movq $1, (%rdi)
    ret
function jump_to
    jmp *%rdi
function load_ds
    movl %edi, %ds
    ret
function debug_read_dr6
    movq %dr6, %rax
    ret
function debug_write_dr6
    movq %rdi, %dr6
    ret
function debug_write_dr0
    movq %rdi, %dr0
    ret
function debug_write_dr7
    movq %rdi, %dr7
    ret

function step_over
    pushq %rbx
    xorl %eax, %eax
    movl $0xfee00020, %esi
    pushfq
    orl $0x100, (%rsp)
    popfq
    cpuid
1:  movl $0x277, %ecx
2:  rdmsr
8:  inb $0x71, %al
3:  outb %al, $0x80
4:  movl (%rsi), %ebx
5:  movl %ebx, 0x60(%rsi)
6:  rdtsc
7:  nop
    .globl step_end
step_end:
    pushfq
    andl $~0x100, (%rsp)
    popfq
    popq %rbx
    ret

function break_code
    xorl %eax, %eax
    .globl break_here
break_here:
    incl %eax
    ret

    .section .rodata
    .balign 8
    .globl step_expected
step_expected:
    .quad 1b, 2b, 8b, 3b, 4b, 5b, 6b, 7b, step_end

    .section .note.GNU-stack, "", @progbits
