/* SPDX-License-Identifier: GPL-2.0-only
 * VMX capability MSRs: the Bochs models read by a probe that printed them, the hardware-like ones put together from
 * what the SDM allows such CPUs to report. */
#include "tests/fake/vmx_models.h"

static const struct vmx_model models[VMX_MODEL_COUNT] = {
    [VMX_MODEL_PENRYN] =
        {
            .name = "bochs core2_penryn_t9600",
            .msrs =
                {
                    .feature_control = 0x5,
                    .basic = 0x00d810000000002b,
                    .pin = 0x0000003f00000016,
                    .primary = 0xf7f9fffe0401e172,
                    .exit = 0x0003ffff00036dff,
                    .entry = 0x00003fff000011ff,
                    .true_pin = 0x0000003f00000016,
                    .true_primary = 0xf7f9fffe04006172,
                    .true_exit = 0x0003ffff00036dfb,
                    .true_entry = 0x00003fff000011fb,
                    .secondary = 0x0000004100000000,
                    .misc = 0x00000000000401e0,
                    .cr0_fixed0 = 0x0000000080000021,
                    .cr0_fixed1 = 0x00000000ffffffff,
                    .cr4_fixed0 = 0x0000000000002000,
                    .cr4_fixed1 = 0x00000000000467ff,
                },
            .cpuid = {.vmx = true, .physical_bits = 40, .linear_bits = 48},
        },
    [VMX_MODEL_SANDY_BRIDGE] =
        {
            .name = "bochs corei7_sandy_bridge_2600k",
            .msrs =
                {
                    .feature_control = 0x5,
                    .basic = 0x00d810000000002b,
                    .pin = 0x0000007f00000016,
                    .primary = 0xf7f9fffe0401e172,
                    .exit = 0x007fffff00036dff,
                    .entry = 0x0000ffff000011ff,
                    .true_pin = 0x0000007f00000016,
                    .true_primary = 0xf7f9fffe04006172,
                    .true_exit = 0x007fffff00036dfb,
                    .true_entry = 0x0000ffff000011fb,
                    .secondary = 0x000000ff00000000,
                    .misc = 0x00000000000401e0,
                    .cr0_fixed0 = 0x0000000080000021,
                    .cr0_fixed1 = 0x00000000ffffffff,
                    .cr4_fixed0 = 0x0000000000002000,
                    .cr4_fixed1 = 0x00000000000627ff,
                    .ept_vpid = 0x00000f0106114141,
                },
            .cpuid = {.vmx = true, .physical_bits = 40, .linear_bits = 48},
        },
    [VMX_MODEL_HASWELL] =
        {
            .name = "bochs corei7_haswell_4770",
            .msrs =
                {
                    .feature_control = 0x5,
                    .basic = 0x00d810000000002b,
                    .pin = 0x0000007f00000016,
                    .primary = 0xf7f9fffe0401e172,
                    .exit = 0x007fffff00036dff,
                    .entry = 0x0000ffff000011ff,
                    .true_pin = 0x0000007f00000016,
                    .true_primary = 0xf7f9fffe04006172,
                    .true_exit = 0x007fffff00036dfb,
                    .true_entry = 0x0000ffff000011fb,
                    .secondary = 0x00047fff00000000,
                    .misc = 0x00000000200401e0,
                    .cr0_fixed0 = 0x0000000080000021,
                    .cr0_fixed1 = 0x00000000ffffffff,
                    .cr4_fixed0 = 0x0000000000002000,
                    .cr4_fixed1 = 0x00000000001727ff,
                    .ept_vpid = 0x00000f0106334141,
                },
            .cpuid = {.vmx = true, .physical_bits = 40, .linear_bits = 48},
        },
    [VMX_MODEL_SKYLAKE_X] =
        {
            .name = "bochs corei7_skylake_x",
            .msrs =
                {
                    .feature_control = 0x5,
                    .basic = 0x00d810000000002b,
                    .pin = 0x0000007f00000016,
                    .primary = 0xf7f9fffe0401e172,
                    .exit = 0x007fffff00036dff,
                    .entry = 0x0000ffff000011ff,
                    .true_pin = 0x0000007f00000016,
                    .true_primary = 0xf7f9fffe04006172,
                    .true_exit = 0x007fffff00036dfb,
                    .true_entry = 0x0000ffff000011fb,
                    .secondary = 0x02177fff00000000,
                    .misc = 0x00000000600401e0,
                    .cr0_fixed0 = 0x0000000080000021,
                    .cr0_fixed1 = 0x00000000ffffffff,
                    .cr4_fixed0 = 0x0000000000002000,
                    .cr4_fixed1 = 0x00000000003727ff,
                    .ept_vpid = 0x00000f0106334141,
                },
            .cpuid = {.vmx = true, .physical_bits = 40, .linear_bits = 48},
        },
    [VMX_MODEL_ICELAKE] =
        {
            .name = "bochs corei7_icelake_u",
            .msrs =
                {
                    .feature_control = 0x5,
                    .basic = 0x00d8100000000004,
                    .pin = 0x0000007f00000016,
                    .primary = 0xfff9fffe0401e172,
                    .exit = 0x007fffff00036dff,
                    .entry = 0x0000ffff000011ff,
                    .true_pin = 0x0000007f00000016,
                    .true_primary = 0xfff9fffe04006172,
                    .true_exit = 0x007fffff00036dfb,
                    .true_entry = 0x0000ffff000011fb,
                    .secondary = 0x02977fff00000000,
                    .misc = 0x00000000600401e0,
                    .cr0_fixed0 = 0x0000000080000021,
                    .cr0_fixed1 = 0x00000000ffffffff,
                    .cr4_fixed0 = 0x0000000000002000,
                    .cr4_fixed1 = 0x0000000000772fff,
                    .ept_vpid = 0x00000f0106334141,
                },
            .cpuid = {.vmx = true, .physical_bits = 40, .linear_bits = 48},
        },
    [VMX_MODEL_SKYLAKE_CLIENT] =
        {
            .name = "skylake client",
            .msrs =
                {
                    .feature_control = 0x0,
                    .basic = 0x00da040000000004,
                    .pin = 0x0000007f00000016,
                    .primary = 0xfff9fffe0401e172,
                    .exit = 0x01ffffff00036dff,
                    .entry = 0x0003ffff000011ff,
                    .true_pin = 0x0000007f00000016,
                    .true_primary = 0xfff9fffe04006172,
                    .true_exit = 0x01ffffff00036dfb,
                    .true_entry = 0x0003ffff000011fb,
                    .secondary = 0x001ffcff00000000,
                    .misc = 0x000000007004c1e7,
                    .cr0_fixed0 = 0x0000000080000021,
                    .cr0_fixed1 = 0x00000000ffffffff,
                    .cr4_fixed0 = 0x0000000000002000,
                    .cr4_fixed1 = 0x00000000003767ff,
                    .ept_vpid = 0x00000f0106734141,
                },
            .cpuid = {.vmx = true, .physical_bits = 39, .linear_bits = 48},
        },
    [VMX_MODEL_SERVER] =
        {
            .name = "xeon",
            .msrs =
                {
                    .feature_control = 0x5,
                    .basic = 0x00da050000000013,
                    .pin = 0x000000ff00000016,
                    .primary = 0xfff9fffe0401e172,
                    .exit = 0x01ffffff00036dff,
                    .entry = 0x0003ffff000011ff,
                    .true_pin = 0x000000ff00000016,
                    .true_primary = 0xfff9fffe04006172,
                    .true_exit = 0x01ffffff00036dfb,
                    .true_entry = 0x0003ffff000011fb,
                    .secondary = 0x001fffff00000000,
                    .misc = 0x000000007004c1e7,
                    .cr0_fixed0 = 0x0000000080000021,
                    .cr0_fixed1 = 0x00000000ffffffff,
                    .cr4_fixed0 = 0x0000000000002000,
                    .cr4_fixed1 = 0x00000000003767ff,
                    .ept_vpid = 0x00000f0106734141,
                },
            .cpuid = {.vmx = true, .physical_bits = 46, .linear_bits = 48},
        },
};

const struct vmx_model *vmx_model(enum vmx_model_name name)
{
    return &models[name];
}

struct vmx_capability vmx_model_capability(enum vmx_model_name name)
{
    return vmx_capability_make(&models[name].msrs, &models[name].cpuid);
}
