# SPDX-License-Identifier: GPL-2.0-only
"""The attack suite on SVM and QEMU's unit: NVMe, e1000e, AHCI and edu in the hands of hostile guests; and that the suite can
fail."""
import attestrun
import testbed

GUESTS = [("store", 0, ["0000:01:00.0", "0000:02:00.0", "0000:00:05.0", "0000:00:06.0"]), ("net", 1, [])]
# device -> the attacker's driver, and what it cannot do
DRIVERS = {"0000:01:00.0": ("nvme", {"message-dma"}), "0000:00:05.0": ("edu", set()),
           "0000:02:00.0": ("e1000", {"message-dma"}), "0000:00:06.0": ("ahci", {"message-dma", "dma-read"})}


def test_nothing_escapes(tmp_path):
    status, report, text = attestrun.attest(tmp_path, "qemu", GUESTS, "--budget-ms", 100)
    attestrun.assert_passed(status, report, text, GUESTS, recorded_messages=False)
    assert report["attempts"] > 12000 and report["emulator"] == "qemu"
    for address, (driver, skipped) in DRIVERS.items():
        device = attestrun.driver_of(report, address)
        assert device["driver"] == driver
        assert device["works_before"] == {"reads": "dma-read" not in skipped, "writes": True}
        assert {entry["class"] for entry in device["not_attempted"]} == skipped
    assert len(attestrun.driver_of(report, "0000:00:05.0")["messages"]) == 7
    assert "not attempted: message-dma: " in text


def test_an_escape_is_told_from_the_log_of_an_image(tmp_path):
    """The way of a real machine: an image for a dump, booted, its log read with the ticket. One witness' memory is changed
    on purpose, by one bit."""
    image, log = attestrun.image(tmp_path, "qemu-levels.txt", [("left", 0, []), ("right", 1, [])], "--budget-ms", 10,
                                 "--spoil", "right")
    arguments = [*testbed.machine_arguments(cpus=2, memory="1024M"), *testbed.boot_arguments(image)]
    run = testbed.run_qemu(arguments, 120, stop_when=attestrun.enough(["left", "right"]))
    log.write_text(run.text)
    status, report, text = attestrun.read_report(tmp_path, f"{image}.ticket", log)
    assert status == 1 and report["verdict"] == "escape" and text.startswith("bulkhead attest: ESCAPE: ")
    assert len(report["escapes"]) == 1 and "guest right: 8 bytes of its memory changed" in report["escapes"][0]
    assert [guest["witness"]["changed"] for guest in report["guests"]] == [0, 8]
    assert report["emulator"] is None and len(report["sha256"]["dump"]) == 64


def test_spoiled_tables_are_told(tmp_path):
    """The second image lets one guest's tables lead to the other's memory: its own audit says so, and nobody starts."""
    guests = [("left", 0, []), ("right", 1, [])]
    status, report, text = attestrun.attest(tmp_path, "qemu", guests, "--append", "corrupt=nested", "--hypervisor",
                                            testbed.BUILD / "bulkhead-selftest.elf")
    assert status == 1 and report["verdict"] == "escape" and "leaf-of-another" in text
    assert any("no guest was started" in line for line in report["problems"])
