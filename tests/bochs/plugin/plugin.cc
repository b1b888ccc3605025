/* SPDX-License-Identifier: GPL-2.0-only
 * The plugin's entry and the device that Bochs sees: "plugin_ctrl: bulkhead=1" loads libbx_bulkhead.so. */
#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/bochs_version.hh"
#include "tests/bochs/plugin/dma_hooks.hh"
#include "tests/bochs/plugin/ecam.hh"
#include "tests/bochs/plugin/edu.hh"
#include "tests/bochs/plugin/ending.hh"
#include "tests/bochs/plugin/ioapic.hh"
#include "tests/bochs/plugin/log.hh"
#include "tests/bochs/plugin/serial.hh"
#include "tests/bochs/plugin/units.hh"
#include "tests/bochs/plugin/vmd.hh"

/* Every device has been made when Bochs resets them for the first time; no CPU runs before that. */
class bulkhead_device : public bx_devmodel_c
{
    bool started;

  public:
    bulkhead_device() : started(false)
    {
        put("bulkhead", "BHEAD");
    }
    virtual void init()
    {
        units_init();
        edu_init();
        ecam_init();
        vmd_init();
    }
    virtual void reset(unsigned)
    {
        if (started) {
            ending_unordered_reset();
        }
        started = true;
        ending_init();
        units_reset();
        edu_reset();
        vmd_reset();
        ioapic_init();
        serial_init();
        dma_hooks_init();
    }
};

static void load(plugin_t *plugin, uint16_t type)
{
    const char *mismatch = bochs_version_mismatch();
    if (mismatch != NULL) {
        ending_refuse("this Bochs is not Debian's 2.7, for which the plugin was written (%s)", mismatch);
    }
    pluginRegisterDeviceDevmodel(plugin, type, new bulkhead_device(), "bulkhead");
}

extern "C" __attribute__((visibility("default"))) int libbulkhead_plugin_entry(plugin_t *plugin, uint16_t type,
                                                                               uint8_t mode);
extern "C" int libbulkhead_plugin_entry(plugin_t *plugin, uint16_t type, uint8_t mode)
{
    switch (mode) {
    case PLUGIN_PROBE:
        return PLUGTYPE_OPTIONAL;
    case PLUGIN_INIT:
        load(plugin, type);
        return 0;
    default:
        return 0;
    }
}
