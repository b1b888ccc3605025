/* SPDX-License-Identifier: GPL-2.0-only
 * What this plugin uses of Bochs 2.7, declared by hand because Debian packages no headers: the layouts and names of the
 * release's iodev/iodev.h, logio.h, plugin.h, pc_system.h and memory/memory-bochs.h. bochs_version.hh checks that the
 * running binary is the one that these fit. */
#ifndef BULKHEAD_PLUGIN_BOCHS_API_H
#define BULKHEAD_PLUGIN_BOCHS_API_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Names and types decide how the compiler mangles, and so which symbol of the binary is meant. */
typedef unsigned long bx_phy_address;
typedef bool (*memory_handler_t)(bx_phy_address address, unsigned bytes, void *data, void *param);
typedef uint8_t *(*memory_direct_access_handler_t)(bx_phy_address address, unsigned access, void *param);
typedef uint32_t (*bx_read_handler_t)(void *param, uint32_t address, unsigned bytes);
typedef void (*bx_write_handler_t)(void *param, uint32_t address, uint32_t value, unsigned bytes);

class iofunctions;
class BX_CPU_C
{
  public:
    void exception(unsigned vector, uint16_t error_code); /* does not come back */
};
extern "C" BX_CPU_C **bx_cpu_array;
extern "C" uint8_t bx_cpu_count;

class logfunctions
{
    char *name;
    char *prefix;
    int onoff[4];
    iofunctions *logio;

  public:
    logfunctions();
    virtual ~logfunctions();
    void put(const char *name, const char *prefix);
};

/* The order of the virtual functions is the interface. */
class bx_devmodel_c : public logfunctions
{
  public:
    virtual ~bx_devmodel_c()
    {
    }
    virtual void init()
    {
    }
    virtual void reset(unsigned)
    {
    }
    virtual void register_state()
    {
    }
    virtual void after_restore_state()
    {
    }
    virtual void debug_dump(int, char **)
    {
    }
};

class bx_ioapic_stub_c : public bx_devmodel_c
{
  public:
    virtual void set_enabled(bool, uint16_t)
    {
    }
    virtual void receive_eoi(uint8_t)
    {
    }
    virtual void set_irq_level(uint8_t, bool)
    {
    }
};

struct bx_pci_bar_t {
    uint8_t type;
    uint32_t size;
    uint32_t addr;
    void *read, *write;
    const uint8_t *mask;
};

class bx_pci_device_c : public bx_devmodel_c
{
  public:
    bx_pci_device_c() : pci_bar(), pci_rom(NULL), pci_rom_size(0)
    {
    }
    virtual ~bx_pci_device_c()
    {
    }
    virtual uint32_t pci_read_handler(uint8_t address, unsigned bytes);
    void pci_write_handler_common(uint8_t address, uint32_t value, unsigned bytes);
    virtual void pci_write_handler(uint8_t, uint32_t, unsigned)
    {
    }
    virtual void pci_bar_change_notify()
    {
    }
    void init_pci_conf(uint16_t vendor, uint16_t device, uint8_t revision, uint32_t class_code, uint8_t header,
                       uint8_t pin);
    void init_bar_mem(uint8_t number, uint32_t bytes, memory_handler_t read, memory_handler_t write);

  protected:
    const char *pci_name;
    uint8_t pci_conf[256];
    bx_pci_bar_t pci_bar[6];
    uint8_t *pci_rom;
    uint32_t pci_rom_address, pci_rom_size;
    memory_handler_t pci_rom_read_handler;
};

/* Every method that is used here is a static member in this build of Bochs. */
struct BX_MEM_C {
    static bool registerMemoryHandlers(void *param, memory_handler_t read, memory_handler_t write,
                                       memory_direct_access_handler_t direct, bx_phy_address first,
                                       bx_phy_address last);
    static bool unregisterMemoryHandlers(void *param, bx_phy_address first, bx_phy_address last);
    static void dmaReadPhysicalPage(bx_phy_address address, unsigned bytes, uint8_t *data);
    static void dmaWritePhysicalPage(bx_phy_address address, unsigned bytes, uint8_t *data);
    static void readPhysicalPage(BX_CPU_C *cpu, bx_phy_address address, unsigned bytes, void *data);
    static void writePhysicalPage(BX_CPU_C *cpu, bx_phy_address address, unsigned bytes, void *data);
    static uint8_t *getHostMemAddr(BX_CPU_C *cpu, bx_phy_address address, unsigned access);
};
enum { BX_READ = 0, BX_WRITE = 1 };

class bx_devices_c
{
    void *body[500];

  public:
    uint32_t inp(uint16_t port, unsigned bytes);
    void outp(uint16_t port, uint32_t value, unsigned bytes);
    bool register_pci_handlers(bx_pci_device_c *device, uint8_t *devfunc, const char *name, const char *description,
                               uint8_t bus);
    bool register_io_read_handler(void *param, bx_read_handler_t read, uint32_t port, const char *name, uint8_t widths);
    bool register_io_write_handler(void *param, bx_write_handler_t write, uint32_t port, const char *name,
                                   uint8_t widths);
    bool unregister_io_read_handler(void *param, bx_read_handler_t read, uint32_t port, uint8_t widths);
    bool unregister_io_write_handler(void *param, bx_write_handler_t write, uint32_t port, uint8_t widths);
};
extern bx_devices_c bx_devices;

class bx_pc_system_c
{
    void *body[719];

  public:
    int register_timer(void *param, void (*fire)(void *), uint32_t microseconds, bool continuous, bool active,
                       const char *name);
    void activate_timer(unsigned timer, uint32_t microseconds, bool continuous);
    void deactivate_timer(unsigned timer);
    uint8_t IAC(); /* acknowledge the PIC: its vector */
    int Reset(unsigned type);
};
extern bx_pc_system_c bx_pc_system;
enum { BX_RESET_SOFTWARE = 10, BX_RESET_HARDWARE = 11 };

int apic_bus_deliver_interrupt(uint8_t vector, uint32_t destination, uint8_t delivery, bool logical, bool level,
                               bool level_triggered);

struct plugin_t;
enum { PLUGIN_FINI = 0, PLUGIN_INIT = 1, PLUGIN_PROBE = 2, PLUGIN_FLAGS = 3, PLUGTYPE_OPTIONAL = 4 };
extern "C" void pluginRegisterDeviceDevmodel(plugin_t *plugin, uint16_t type, bx_devmodel_c *device, const char *name);

#endif
