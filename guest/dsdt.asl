/* SPDX-License-Identifier: GPL-2.0-only
 * What ACPI cannot discover of a guest's machine: one PCI root, the serial port, the clock, and how to power off.
 * guest/acpi_tables.c fills in the window for 64-bit BARs, whose place depends on the guest's memory. */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "BULKHD", "BULKHEAD", 1)
{
    Name (\_S5, Package () { 5, 5, 0, 0 })

    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A08"))
            Name (_CID, EisaId ("PNP0A03"))
            Name (_UID, 0)
            Name (_SEG, 0)
            Name (_BBN, 0)
            Name (_CRS, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0, 0, 1)
                IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0x0D00, 0xFFFF, 0, 0xF300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                             0, 0xC0000000, 0xDFFFFFFF, 0, 0x20000000)
                QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
                             0, 0x0000008000000000, 0x000000FFFFFFFFFF, 0, 0x0000008000000000)
            })
            /* INTA of device n: pin 16 + (n - 1) % 8 of the I/O APIC (guest_pci_gsi in guest/pci_function.h). */
            Name (_PRT, Package ()
            {
                Package () { 0x0001FFFF, 0, 0, 16 },
                Package () { 0x0002FFFF, 0, 0, 17 },
                Package () { 0x0003FFFF, 0, 0, 18 },
                Package () { 0x0004FFFF, 0, 0, 19 },
                Package () { 0x0005FFFF, 0, 0, 20 },
                Package () { 0x0006FFFF, 0, 0, 21 },
                Package () { 0x0007FFFF, 0, 0, 22 },
                Package () { 0x0008FFFF, 0, 0, 23 },
                Package () { 0x0009FFFF, 0, 0, 16 },
                Package () { 0x000AFFFF, 0, 0, 17 },
                Package () { 0x000BFFFF, 0, 0, 18 },
                Package () { 0x000CFFFF, 0, 0, 19 },
                Package () { 0x000DFFFF, 0, 0, 20 },
                Package () { 0x000EFFFF, 0, 0, 21 },
                Package () { 0x000FFFFF, 0, 0, 22 },
                Package () { 0x0010FFFF, 0, 0, 23 },
                Package () { 0x0011FFFF, 0, 0, 16 },
                Package () { 0x0012FFFF, 0, 0, 17 },
                Package () { 0x0013FFFF, 0, 0, 18 },
                Package () { 0x0014FFFF, 0, 0, 19 },
                Package () { 0x0015FFFF, 0, 0, 20 },
                Package () { 0x0016FFFF, 0, 0, 21 },
                Package () { 0x0017FFFF, 0, 0, 22 },
                Package () { 0x0018FFFF, 0, 0, 23 },
                Package () { 0x0019FFFF, 0, 0, 16 },
                Package () { 0x001AFFFF, 0, 0, 17 },
                Package () { 0x001BFFFF, 0, 0, 18 },
                Package () { 0x001CFFFF, 0, 0, 19 },
                Package () { 0x001DFFFF, 0, 0, 20 },
                Package () { 0x001EFFFF, 0, 0, 21 },
                Package () { 0x001FFFFF, 0, 0, 22 }
            })
            /* All of PCI Express belongs to the guest's kernel, though there is nothing but endpoints. */
            Method (_OSC, 4)
            {
                Return (Arg3)
            }
        }

        Device (ECAM)
        {
            Name (_HID, EisaId ("PNP0C02"))
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xE0000000, 0x00100000)
            })
        }

        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x03F8, 0x03F8, 1, 8)
                IRQNoFlags () { 4 }
            })
        }

        Device (RTC)
        {
            Name (_HID, EisaId ("PNP0B00"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x0070, 0x0070, 1, 2)
                IRQNoFlags () { 8 }
            })
        }
    }
}
