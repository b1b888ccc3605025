# SPDX-License-Identifier: GPL-2.0-only
"""The attack suite on VMX, and on a unit that also blocks and records forged interrupt messages: edu and an e1000."""
import attestrun

GUESTS = [("store", 0, ["0000:00:10.0", "0000:00:04.0"]), ("net", 1, [])]


def test_nothing_escapes(tmp_path):
    status, report, text = attestrun.attest(tmp_path, "bochs", GUESTS, "--budget-ms", 100)
    attestrun.assert_passed(status, report, text, GUESTS, recorded_messages=True)
    edu, card = (attestrun.driver_of(report, address) for address in GUESTS[0][2])
    assert edu["driver"] == "edu" and len(edu["messages"]) == 7 and not edu["not_attempted"]
    # This emulated card has no loopback: it fetches its ring from the target, and cannot be made to write there.
    assert card["driver"] == "e1000-ring" and {entry["access"] for entry in card["dma"]} == {"read"}
    assert {entry["class"] for entry in card["not_attempted"]} == {"dma-write", "msi", "message-dma"}
    assert report["attempts"] > 12000 and report["emulator"] == "bochs"
