/* SPDX-License-Identifier: GPL-2.0-only
 * VMX capability MSRs of real and emulated CPUs, as read from them. */
#ifndef BULKHEAD_TESTS_FAKE_VMX_MODELS_H
#define BULKHEAD_TESTS_FAKE_VMX_MODELS_H

#include "vmx/capability.h"

struct vmx_model {
    const char *name;
    struct vmx_msrs msrs;
    struct vmx_cpuid cpuid;
};

enum vmx_model_name {
    VMX_MODEL_PENRYN,         /* Bochs 2.7 core2_penryn_t9600: no EPT */
    VMX_MODEL_SANDY_BRIDGE,   /* Bochs 2.7 corei7_sandy_bridge_2600k: EPT, no APICv */
    VMX_MODEL_HASWELL,        /* Bochs 2.7 corei7_haswell_4770: APICv */
    VMX_MODEL_SKYLAKE_X,      /* Bochs 2.7 corei7_skylake_x */
    VMX_MODEL_ICELAKE,        /* Bochs 2.7 corei7_icelake_u */
    VMX_MODEL_SKYLAKE_CLIENT, /* hardware-like: no APICv, firmware left FEATURE_CONTROL unlocked */
    VMX_MODEL_SERVER,         /* hardware-like: a Xeon with posted interrupts */
    VMX_MODEL_COUNT,
};

const struct vmx_model *vmx_model(enum vmx_model_name name);
/* Shorthand: vmx_capability_make() of the model. */
struct vmx_capability vmx_model_capability(enum vmx_model_name name);

#endif
