# SPDX-License-Identifier: GPL-2.0-only
"""Shapes of machines for the differential suite: QEMU's -device words, one list a machine.

Every one of them is booted by Debian's Linux without a hypervisor and by Bulkhead (tests/qemu/test_groups_linux.py)."""
import itertools

# Groups that Bulkhead makes larger than Linux on purpose, by machine: lists of functions that Linux keeps apart.
# Ports of one switch without ACS pass requests on to each other (the safe rule, T7); all are below one upstream port.
SAFE = {
    "switch-slots": [["0000:02:00.0", "0000:02:01.0", "0000:03:00.0", "0000:04:00.0"]],
}


def words(*devices):
    """["edu", ...] -> ["-device", "edu", ...]."""
    return list(itertools.chain.from_iterable(("-device", device) for device in devices))


def port(name, slot, function=0, bus="pcie.0", more=""):
    """A root port, which has ACS; chassis and slot numbers just have to differ."""
    number = slot * 8 + function
    return f"pcie-root-port,id={name},bus={bus},addr={slot:x}.{function},chassis={number},slot={number}{more}"


def down(name, slot, function=0, bus="up", more=""):
    """A downstream port of a switch, without ACS."""
    return f"xio3130-downstream,id={name},bus={bus},addr={slot:x}.{function},chassis={100 + slot * 8 + function},slot={slot}{more}"


MULTI = ",multifunction=on"
XHCI = "qemu-xhci,bus={0},addr=0.{1}{2}"

MACHINES = {
    "nothing": [],
    "root-ports": words(port("a", 3), port("b", 4), "e1000e,bus=a", "nvme,serial=x,bus=b", "edu,addr=5.0"),
    "ports-of-one-slot": words(port("a", 3, 0, more=MULTI), port("b", 3, 1), port("c", 3, 2),
                               "e1000e,bus=a", "qemu-xhci,bus=b", "nvme,serial=x,bus=c"),
    "ports-without-acs": words(*(f"ioh3420,id={name},bus=pcie.0,addr=3.{function},chassis={function},slot={function}{more}"
                                 for name, function, more in (("a", 0, MULTI), ("b", 1, ""))),
                               "e1000e,bus=a", "nvme,serial=x,bus=b"),
    "functions-of-one-slot": words(port("a", 3), XHCI.format("a", 0, MULTI), XHCI.format("a", 1, ""),
                                   "edu,addr=9.0,multifunction=on", "pci-testdev,addr=9.1"),
    "switch-slots": words(port("a", 3), "x3130-upstream,id=up,bus=a", down("c", 0), down("d", 1),
                          "e1000e,bus=c", "nvme,serial=x,bus=d"),
    "switch-functions": words(port("a", 3), "x3130-upstream,id=up,bus=a", down("c", 0, 0, more=MULTI), down("d", 0, 1),
                              "e1000e,bus=c", "nvme,serial=x,bus=d"),
    "switch-empty-port": words(port("a", 3), "x3130-upstream,id=up,bus=a", down("c", 0), "e1000e,bus=c"),
    "switch-in-switch": words(port("a", 3), "x3130-upstream,id=up,bus=a", down("c", 0), "x3130-upstream,id=up2,bus=c",
                              down("d", 2, bus="up2"), down("e", 3, bus="up2"), "e1000e,bus=d", "qemu-xhci,bus=e"),
    "conventional-behind-port": words(port("a", 3), "pcie-pci-bridge,id=old,bus=a", "e1000,bus=old,addr=1.0",
                                      "edu,bus=old,addr=2.0"),
    "conventional-on-root": words("i82801b11-bridge,id=dmi,bus=pcie.0,addr=1e.0", "pci-bridge,id=old,bus=dmi,chassis_nr=7,addr=1.0",
                                  "e1000,bus=dmi,addr=2.0", "edu,bus=old,addr=1.0", "pci-testdev,bus=old,addr=2.0"),
    "conventional-devices": words("e1000,addr=6.0", "edu,addr=7.0", "rtl8139,addr=8.0,multifunction=on",
                                  "pci-testdev,addr=8.1", "qemu-xhci,addr=a.0"),
    "another-root": words("pxb-pcie,id=pxb,bus_nr=0x80,bus=pcie.0", port("far", 0, bus="pxb"), port("far2", 1, bus="pxb"),
                          "e1000e,bus=far", "qemu-xhci,bus=far2", port("near", 4), "nvme,serial=x,bus=near"),
    "another-root-switch": words("pxb-pcie,id=pxb,bus_nr=0x40,bus=pcie.0", port("far", 0, bus="pxb"),
                                 "x3130-upstream,id=up,bus=far", down("c", 0, 0, more=MULTI), down("d", 0, 1),
                                 "e1000e,bus=c", "pcie-pci-bridge,id=old,bus=d", "edu,bus=old,addr=3.0"),
    "virtual-functions": words("nvme-subsys,id=sub", port("a", 3),
                               "nvme,serial=x,subsys=sub,bus=a,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2",
                               "edu,addr=5.0"),
    "levels": words(port("a", 3, more=MULTI), port("b", 3, 1), "x3130-upstream,id=up,bus=a", down("c", 0),
                    "pcie-pci-bridge,id=old,bus=c", "pci-bridge,id=older,bus=old,chassis_nr=8,addr=4.0",
                    "edu,bus=older,addr=5.0", "e1000,bus=old,addr=1.0", XHCI.format("b", 0, MULTI),
                    "e1000e,bus=b,addr=0.1"),
}

# What two guests ask for on each machine, and whether they get it.
PLANS = {
    "nothing": ([], ["0000:00:1f.2"], False),
    "root-ports": (["0000:01:00.0"], ["0000:02:00.0", "0000:00:05.0"], True),
    "ports-of-one-slot": (["0000:01:00.0", "0000:02:00.0"], ["0000:03:00.0"], True),
    "ports-without-acs": (["group:0000:01:00.0"], [], True),
    "functions-of-one-slot": (["0000:01:00.0"], ["0000:00:09.0", "0000:00:09.1"], False),
    "switch-slots": (["0000:03:00.0"], ["0000:04:00.0"], False),
    "switch-functions": (["group:0000:03:00.0"], [], True),
    "switch-empty-port": (["0000:03:00.0"], [], True),
    "switch-in-switch": (["0000:05:00.0"], ["0000:09:00.0"], False),
    "conventional-behind-port": (["group:0000:02:01.0"], [], True),
    "conventional-on-root": (["0000:01:02.0", "0000:02:01.0"], [], False),
    "conventional-devices": (["0000:00:07.0", "0000:00:08.0"], ["0000:00:0a.0"], False),
    "another-root": (["0000:81:00.0"], ["0000:82:00.0", "0000:01:00.0"], True),
    "another-root-switch": (["0000:41:00.0"], ["group:0000:43:00.0"], False),
    "virtual-functions": (["0000:01:00.0"], ["0000:00:05.0"], True),
    "levels": (["group:0000:05:05.0"], ["0000:06:00.0", "0000:06:00.1"], True),
}
