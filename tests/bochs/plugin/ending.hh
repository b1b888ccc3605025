/* SPDX-License-Identifier: GPL-2.0-only
 * How a run ends, and with which exit status of Bochs:
 *
 *   0         the software reset the machine (as QEMU's -no-reboot)
 *   1         Bochs itself gave up, or "Shutdown" on port 0x8900
 *   2v + 1    v was written to port 0xf4 (as QEMU's isa-debug-exit)
 *   64        the plugin cannot work: wrong Bochs, wrong options
 *   66        a processor's triple fault reset the machine
 *   68        any of these, but something was done that hardware leaves undefined: "plugin: error:" lines say what
 *
 * With BULKHEAD_RESET=continue resets reset the machine instead. */
#ifndef BULKHEAD_PLUGIN_ENDING_H
#define BULKHEAD_PLUGIN_ENDING_H

enum { ENDING_RESET = 0, ENDING_SETUP = 64, ENDING_TRIPLE_FAULT = 66, ENDING_ERRORS = 68 };

/* Hook the ways out; once all libraries are there, and harmlessly again. */
void ending_init();

/* The devices were reset by nobody that ending_init() hooked. */
void ending_unordered_reset();

[[noreturn]] void ending_now(int status, const char *why);

/* The plugin cannot work, and says why. */
[[noreturn]] void ending_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
