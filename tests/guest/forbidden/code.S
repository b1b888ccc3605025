/* SPDX-License-Identifier: GPL-2.0-only
 * One function an instruction (SDM 3C chapter 31, SDM 2; APM3), in bytes where the assembler needs a switch for it.
 * Those with a memory operand get the address of a page of zeros in RDI. */

.macro function name
    .globl forbidden_\name
forbidden_\name:
.endm
/* SVM looks at the address in RAX before it asks whether the hypervisor wants the instruction. */
.macro with_rax name, list:vararg
    function \name
    movq %rdi, %rax
    .byte \list
    ret
.endm
.macro bytes name, list:vararg
    function \name
    .byte \list
    ret
.endm

    .text
bytes vmcall, 0x0f, 0x01, 0xc1
bytes vmlaunch, 0x0f, 0x01, 0xc2
bytes vmresume, 0x0f, 0x01, 0xc3
bytes vmxoff, 0x0f, 0x01, 0xc4
bytes vmfunc, 0x0f, 0x01, 0xd4
bytes vmxon, 0xf3, 0x0f, 0xc7, 0x37    /* (%rdi) */
bytes vmptrld, 0x0f, 0xc7, 0x37        /* (%rdi) */
bytes vmptrst, 0x0f, 0xc7, 0x3f        /* (%rdi) */
bytes vmclear, 0x66, 0x0f, 0xc7, 0x37  /* (%rdi) */
bytes vmread, 0x0f, 0x78, 0xc0         /* %rax, %rax */
bytes vmread_memory, 0x0f, 0x78, 0x07  /* %rax, (%rdi) */
bytes vmwrite, 0x0f, 0x79, 0xc0        /* %rax, %rax */
bytes vmwrite_memory, 0x0f, 0x79, 0x07 /* (%rdi), %rax */
bytes invept, 0x66, 0x0f, 0x38, 0x80, 0x07
bytes invvpid, 0x66, 0x0f, 0x38, 0x81, 0x07
bytes getsec, 0x0f, 0x37
with_rax vmrun, 0x0f, 0x01, 0xd8
bytes vmmcall, 0x0f, 0x01, 0xd9
with_rax vmload, 0x0f, 0x01, 0xda
with_rax vmsave, 0x0f, 0x01, 0xdb
bytes stgi, 0x0f, 0x01, 0xdc
bytes clgi, 0x0f, 0x01, 0xdd
bytes skinit, 0x0f, 0x01, 0xde
bytes invlpga, 0x0f, 0x01, 0xdf
bytes rsm, 0x0f, 0xaa
bytes encls, 0x0f, 0x01, 0xcf
bytes enclv, 0x0f, 0x01, 0xc0
bytes enclu, 0x0f, 0x01, 0xd7
bytes xsaves, 0x48, 0x0f, 0xc7, 0x2f  /* (%rdi) */
bytes xrstors, 0x48, 0x0f, 0xc7, 0x1f /* (%rdi) */
bytes monitor, 0x0f, 0x01, 0xc8
bytes mwait, 0x0f, 0x01, 0xc9
bytes rdpmc, 0x0f, 0x33

    .globl forbidden_write_dr6, forbidden_write_dr7, forbidden_xsetbv
forbidden_write_dr6:
    movq %rdi, %dr6
    ret
forbidden_write_dr7:
    movq %rdi, %dr7
    ret
/* XCR[EDI] = RSI */
forbidden_xsetbv:
    movl %edi, %ecx
    movl %esi, %eax
    movq %rsi, %rdx
    shrq $32, %rdx
    xsetbv
    ret

    .section .note.GNU-stack, "", @progbits
