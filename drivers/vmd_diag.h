/* SPDX-License-Identifier: GPL-2.0-only
 * The stable numbers of every diagnostic about VMD endpoints and the domains behind them (BH0270 to BH0279). */
#ifndef BULKHEAD_DRIVERS_VMD_DIAG_H
#define BULKHEAD_DRIVERS_VMD_DIAG_H

enum vmd_diag_code {
    VMD_DIAG_UNUSABLE = 270, /* the domain behind a VMD endpoint cannot be used: its text says why and what to change */
    VMD_DIAG_MANY = 271,     /* more VMD endpoints than there is room for */
    VMD_DIAG_BYPASS = 272,   /* firmware let messages bypass a VMD endpoint; that was switched off */
    VMD_DIAG_BUSES = 273,    /* bus numbers behind a VMD endpoint made no sense and were given anew */
    VMD_DIAG_NO_BUS = 274,   /* no bus number is left for a bridge behind a VMD endpoint */
    VMD_DIAG_BRIDGE = 275,   /* a bridge behind a VMD endpoint does not keep what is written to it */
    VMD_DIAG_OUTSIDE = 276,  /* a BAR or bridge window behind a VMD endpoint is not inside its memory; closed */
};

#endif
