/* SPDX-License-Identifier: GPL-2.0-only
 * The device half of the plan: which function goes to which guest, and how. plan/plan.c calls it; nobody else does. */
#ifndef BULKHEAD_PLAN_PLAN_DEVICES_H
#define BULKHEAD_PLAN_PLAN_DEVICES_H

#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "plan/plan.h"

/* Codes BH0600 to BH0699. 603, 604 and 605 were once used for what is now 619, and stay unused. */
enum plan_devices_diag {
    PLAN_DEVICES_ABSENT = 600,          /* nothing answers at that address */
    PLAN_DEVICES_TWICE = 601,           /* named twice */
    PLAN_DEVICES_BRIDGE = 602,          /* a bridge */
    PLAN_DEVICES_NO_UNIT = 606,         /* no remapping unit covers it */
    PLAN_DEVICES_NO_REMAPPING = 607,    /* interrupts are not remapped */
    PLAN_DEVICES_BLOCKED = 608,         /* blocked for what firmware did (drivers/pci.h) */
    PLAN_DEVICES_RESERVED = 609,        /* firmware reserves memory for it (RMRR) */
    PLAN_DEVICES_PAGE_SHARED = 610,     /* a BAR smaller than a page shares it with others' registers */
    PLAN_DEVICES_BAR_UNSET = 611,       /* a BAR without an address */
    PLAN_DEVICES_BAR_FIT = 612,         /* the guest's BAR windows are too small */
    PLAN_DEVICES_CONSOLE = 613,         /* the hypervisor's own console */
    PLAN_DEVICES_TOO_MANY = 614,        /* more devices than a guest's bus has places for */
    PLAN_DEVICES_NO_INTERRUPT = 615,    /* a device without MSI whose line is not known */
    PLAN_DEVICES_NO_PIN = 616,          /* a line is configured for a device that has no INTx# */
    PLAN_DEVICES_LINE_SHARED = 617,     /* two devices, or a device and the console, on one line */
    PLAN_DEVICES_NO_LINE = 618,         /* no I/O APIC has the line, or none behind a remapping unit */
    PLAN_DEVICES_GROUP_PART = 619,      /* a part of a group, without the rest of it */
    PLAN_DEVICES_GROUP_MEMBER = 620,    /* why a missing function belongs to the group of one that was named */
    PLAN_DEVICES_GROUP_SPLIT = 621,     /* one group for two guests */
    PLAN_DEVICES_GROUP_STUCK = 622,     /* a function of the group can be given to nobody */
    PLAN_DEVICES_PLATFORM = 623,        /* the machine itself, and so the hypervisor, needs it */
    PLAN_DEVICES_CHILD = 624,           /* behind a VMD endpoint, with which it goes */
    PLAN_DEVICES_EXPECT = 625,          /* another device is there than `expect` says */
    PLAN_DEVICES_RESERVED_SHARED = 626, /* a reserved region that other functions use too */
    PLAN_DEVICES_RESERVED_RAM = 627,    /* a reserved region where the guest's memory is */
    PLAN_DEVICES_RESERVED_BAD = 628,    /* a reserved region that can be mapped for nobody */
    PLAN_DEVICES_RESERVED_LEFT = 629,   /* a reserved region that the device can do without is not mapped */
    PLAN_DEVICES_UNSAFE = 630,          /* given although interrupts are not remapped */
    PLAN_DEVICES_RESET_FORCED = 631,    /* a reset is asked for that the device cannot do */
    PLAN_DEVICES_NO_RESET = 632,        /* no reset at all */
    PLAN_DEVICES_NO_ROM = 633,          /* an option ROM is asked for that cannot be shown */
    PLAN_DEVICES_LEFT = 634,            /* stays blocked although system.unassigned names a guest */
    PLAN_DEVICES_TABLE_UNUSED = 635,    /* a [device] table of an id that no assigned device has */
    PLAN_DEVICES_FAR_CPU = 636,         /* interrupts are not remapped, and none could name a CPU of the guest */
    PLAN_DEVICES_RESERVED_MANY = 637,   /* reserved regions in more places than a guest can have */
    PLAN_DEVICES_UNTRUSTED = 665,       /* a device that only trusted guests may have */
    PLAN_DEVICES_UNSERVED = 666,        /* a VF that needs a guest with the driver of its PF, and there is none */
    PLAN_DEVICES_VFS_CIRCLE = 668,      /* guests with VFs of each other's PFs */
    PLAN_DEVICES_VFS_EARLY = 669,       /* a guest with VFs that starts together with their PF's owner */
    PLAN_DEVICES_VFS_ARI = 670,         /* VFs whose ids change while another guest's PF is reset */
    PLAN_DEVICES_VMD_BARS = 680,        /* a VMD endpoint whose BARs firmware left without addresses */
    PLAN_DEVICES_VMD_SMALL = 681,       /* a VMD endpoint whose CFGBAR holds not even one bus */
    PLAN_DEVICES_VMD_MODE = 682,        /* a VMD endpoint with an undefined first bus */
    PLAN_DEVICES_VMD_UNUSABLE = 683,    /* a VMD endpoint whose domain cannot be used for another reason */
    PLAN_DEVICES_VMD_REMAPPING = 684,   /* a VMD endpoint, and interrupts are not remapped */
    PLAN_DEVICES_VMD_SHARED = 685,      /* a function behind a VMD endpoint that another guest has */
    PLAN_DEVICES_VMD_SHADOW = 686,      /* a VMD endpoint's shadow registers are emulated: firmware left them off */
    PLAN_DEVICES_VMD_CPUS = 687,        /* more VMD endpoints than the guest has virtual CPUs */
    PLAN_DEVICES_VMD_EMPTY = 688,       /* nothing behind a VMD endpoint */
    PLAN_DEVICES_ATS_UNTRUSTED = 690,   /* ats without trusted */
    PLAN_DEVICES_ATS_NONE = 691,        /* ats for a device that has none, or none that works */
    PLAN_DEVICES_ATS_SOURCES = 692,     /* ats for a device with several requester ids */
    PLAN_DEVICES_ATS_UNIT = 693,        /* ats behind a remapping unit that serves no devices' TLBs */
    PLAN_DEVICES_ATS_PORT = 694,        /* ats below a port that is not made for it, or not listed (ATSR) */
    PLAN_DEVICES_ATS_SOC = 695,         /* ats for a device whose hardware sees to it by itself (SATC) */
    PLAN_DEVICES_TABLE_NOBODY = 709,    /* a [device] table of a device that no guest gets */
};

/* Everything of *out but guest_count and the guests' memory; reads nothing of *out. STATUS_UNSUPPORTED: refused, every
 * reason is in diags, in the order of the file. STATUS_NO_MEMORY: arena full. Time is near-linear in functions. */
MUST_CHECK enum status plan_devices(const struct plan_facts *facts, const struct config *config, const char *file,
                                    struct arena *arena, struct plan *out, struct diag_list *diags);

#endif
