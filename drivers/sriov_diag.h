/* SPDX-License-Identifier: GPL-2.0-only
 * The stable numbers of every diagnostic about SR-IOV (BH0250 to BH0269). BH0260 was: no memory left for the facts
 * about VFs. */
#ifndef BULKHEAD_DRIVERS_SRIOV_DIAG_H
#define BULKHEAD_DRIVERS_SRIOV_DIAG_H

enum sriov_diag_code {
    SRIOV_DIAG_LEFT_ON = 250,  /* firmware left VFs on that nobody configured: switched off */
    SRIOV_DIAG_TOO_MANY = 251, /* more VFs than the device has */
    SRIOV_DIAG_PAGES = 252,    /* it does not offer pages of 4 KiB */
    SRIOV_DIAG_IDS = 253,      /* VFs' requester ids that make no sense, or are somebody else's */
    SRIOV_DIAG_BUSES = 254,    /* VFs on buses that the bridge above does not lead to */
    SRIOV_DIAG_ARI = 255,      /* VFs beyond function 7, and the bridge above does not forward by ARI */
    SRIOV_DIAG_BAR = 256,      /* a VF BAR that is malformed, or smaller than a page */
    SRIOV_DIAG_NO_ROOM = 257,  /* no room for the VF BARs below the bridge above */
    SRIOV_DIAG_REGISTER = 258, /* a register of the capability does not keep what was written */
    SRIOV_DIAG_SILENT = 259,   /* a VF does not answer after it was switched on */
};

#endif
