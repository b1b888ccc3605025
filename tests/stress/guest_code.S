/* SPDX-License-Identifier: GPL-2.0-only
 * The guest's instructions: copied to its page 1, entered at offset 0 in real mode with DS = 0 and CS = 0x100. */

        .section .rodata
        .code16
        .globl guest_code_start, guest_code_end, guest_code_handler

guest_code_start:
        xor     %ax, %ax
        mov     %ax, %ss
        mov     $0x1000, %sp
again:
        sti
        mov     $300, %cx
spin:   loop    spin
        cpuid
        out     %al, $0x80
        cli                     /* an interrupt that comes now needs a window */
        mov     $200, %cx
closed: loop    closed
        mov     0x700, %bx      /* rounds of a long loop, from the host */
        test    %bx, %bx
        jz      open
long:   xor     %cx, %cx
inner:  loop    inner
        dec     %bx
        jnz     long
open:   cpuid
        sti
        nop
        hlt
        jmp     again

guest_code_handler:
        incl    %cs:0xf00       /* in this page */
        iret
guest_code_end:

        .section .note.GNU-stack, "", @progbits
