# SPDX-License-Identifier: GPL-2.0-only
"""Devices with ATS behind QEMU's own intel-iommu: it takes the context entries, the device-TLB invalidations and the
ATSR that it makes. What keeping translations means is shown under Bochs (tests/bochs/test_bochs_ats.py): QEMU's devices
keep none of their own here."""
import guestrun
import testbed

EDU, NETWORK, OTHER = "0000:00:05.0", "0000:01:00.0", "0000:02:00.0"
IOMMU = "intel-iommu,intremap=on,caching-mode=on"
VIRTIO = "disable-legacy=on,iommu_platform=on"
DEVICES = ["-device", "edu,addr=5.0,dma_mask=0xffffffffffffffff",
           "-device", "pcie-root-port,id=one,addr=6.0,chassis=1", "-device", "pcie-root-port,id=two,addr=7.0,chassis=2",
           "-device", f"virtio-net-pci,bus=one,{VIRTIO},ats=on", "-device", f"virtio-net-pci,bus=two,{VIRTIO}"]


def table(device):
    return f'[device."{device}"]\nats = true\ntrusted = true\n'


def start(boot, folder, iommu, *tables):
    config = guestrun.config(folder, guestrun.guest("one", [0], "rogue", cmdline="forge=0",
                                                    devices=[EDU, NETWORK, OTHER]), *tables)
    return boot(modules=[config, testbed.Module(guestrun.image("rogue"), "rogue")],
                machine={"cpus": 1, "memory": "256M", "iommu": iommu}, devices=DEVICES)


def test_descriptors_are_accepted(tmp_path, boot):
    run = start(boot, tmp_path, f"{IOMMU},device-iotlb=on", table(NETWORK))
    guestrun.assert_passed([line for line in guestrun.guest_lines(run.lines, "one") if "ROGUE" not in line], 8)
    assert run.having(f"pci: {NETWORK}: ATS on") and not run.having(f"{OTHER}: ATS on")
    assert run.having("audit: verdict=pass scope=all ")
    assert run.having(f"guest: name=one device={NETWORK} detached: ok") and guestrun.end_of(run, "one") == "powered-off"
    for text in ("refused invalidation", "does not answer", "fault: ", "panic:"):
        assert not run.having(text), text


def test_refusals(tmp_path, boot):
    run = start(boot, tmp_path, IOMMU, table(NETWORK), table(OTHER))
    assert run.having("error[BH0693]", NETWORK, "serves no devices' TLBs")
    assert run.having("error[BH0691]", OTHER, "it has no ATS capability")
