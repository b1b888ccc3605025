# SPDX-License-Identifier: GPL-2.0-only
"""Debian's in-box virtio_net on networks between guests: pings and 8 MiB both ways, a cut link, a restarted peer, large
frames; and a service guest that owns the card and bridges for a guest that has a virtual link alone."""
import hashlib
import json

import guestrun
import native
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")

BYTES = 8 << 20
CARD = ["-device", "pcie-root-port,id=rp1,bus=pcie.0,addr=3.0,chassis=1,slot=1",
        "-device", "pcie-root-port,id=rp2,bus=pcie.0,addr=4.0,chassis=2,slot=2",
        "-netdev", "user,id=net0,restrict=on", "-device", "e1000e,netdev=net0,bus=rp2"]


def command(name, more):
    return "{" + f'"command":"{name}",{more}' + "}"


def mac(network, guest):
    first, *rest = hashlib.sha256(f"{network}/{guest}".encode()).digest()[:6]
    return ":".join(f"{byte:02x}" for byte in [first & 0xfe | 2, *rest])


def start(boot, folder, steps, network='guests = ["service", "user"]', service="", user="", more=None, devices=(),
          modules=(), **how):
    initrd = native.image(folder / "network.img", "network", ["virtio_pci", "virtio_console", "virtio_net", *modules],
                          {"steps": "\n".join([*steps, ""]).encode()})
    tables = ['[system]\nservice = "service"\n',
              guestrun.guest("service", [0], "vmlinux", "256MiB", initrd="network.img",
                             cmdline=f"console=ttyS0 quiet role=service {service}".strip(), **(more or {})),
              guestrun.guest("user", [1], "vmlinux", "256MiB", initrd="network.img",
                             cmdline=f"console=ttyS0 quiet role=user bytes={BYTES} {user}".strip()),
              f"[network.lan]\n{network}\n"]
    files = [guestrun.config(folder, *tables), testbed.Module(guestrun.linux("vmlinux"), "vmlinux"),
             testbed.Module(initrd, "network.img")]
    return boot(modules=files, machine={"cpus": 2}, devices=devices, timeout=400,
                stop_when=lambda line: "demo: service done" in line, **how)


def said(run, name):
    return [line.split("demo: ", 1)[1] for line in guestrun.guest_lines(run.lines, name) if "demo: " in line]


def words(lines, first):
    """What follows that word in the lines that begin with it."""
    return [line.removeprefix(first + " ") for line in lines if line.startswith(first + " ")]


def test_two_guests_talk_are_cut_and_start_again(boot, tmp_path):
    steps = ["ping 56", "ping 1400", "ping 20000", f"send {BYTES}", "fetch now",
             command("cut", '"network":"lan"'), "carrier 0", "ping 56", command("restore", '"network":"lan"'),
             "carrier 1", "reach now", command("restart", '"guest":"user"'), "carrier 0", "carrier 1", "reach now",
             "send 65536", "fetch now", '{"command":"networks"}', "sleep 1"]
    run = start(boot, tmp_path, steps, service="address=10.5.0.1 other=10.5.0.2", user="address=10.5.0.2")
    service, user = said(run, "service"), said(run, "user")
    assert service[0] == f"link eth0 mac {mac('lan', 'service')} mtu 1500 slot 0000:00:1d.0"
    assert user[0] == f"link eth0 mac {mac('lan', 'user')} mtu 1500 slot 0000:00:1d.0"
    assert words(service, "ping") == [f"{size} 3 packets transmitted, {got} packets received, {lost}% packet loss"
                                      for size, got, lost in [(56, 3, 0), (1400, 3, 0), (20000, 3, 0), (56, 0, 100)]]
    assert words(service, "carrier") == ["1", "0", "1", "0", "1"] and words(service, "reached") == ["yes", "yes"]
    sent, outs = words(service, "sent"), words(user, "out")
    assert len(set(sent)) == len(sent) == 2 and words(user, "got") == sent
    assert len(outs) == 2 and words(service, "fetched") == outs
    *orders, networks = [json.loads(answer) for answer in words(service, "answer")]
    assert all(order["ok"] for order in orders), orders
    (lan,) = networks["networks"]
    assert (lan["name"], lan["up"], lan["mtu"]) == ("lan", True, 1500)
    assert [port["guest"] for port in lan["guests"]] == ["service", "user"] and lan["bytes"] > 3 * BYTES
    assert lan["guests"][0]["packets-sent"] == lan["guests"][1]["packets-received"] > BYTES // 1500
    assert run.having(f"plan: network=lan guest=user mac={mac('lan', 'user')}")


def test_large_frames(boot, tmp_path):
    steps = ["ping 8900", f"send {BYTES}", "fetch now"]
    macs = ["52:54:00:00:00:01", "52:54:00:00:00:02"]
    run = start(boot, tmp_path, steps, f'guests = ["service", "user"]\nmtu = 9000\nmacs = {json.dumps(macs)}',
                service="address=10.5.0.1 other=10.5.0.2", user="address=10.5.0.2")
    service, user = said(run, "service"), said(run, "user")
    assert service[0].startswith(f"link eth0 mac {macs[0]} mtu 9000 ") and f"mac {macs[1]} mtu 9000 " in user[0]
    assert words(service, "ping") == ["8900 3 packets transmitted, 3 packets received, 0% packet loss"]
    assert words(user, "got") == words(service, "sent") != [] and words(service, "fetched") == words(user, "out") != []


def test_the_service_guest_owns_the_card_and_may_cut_the_other_off(boot, tmp_path):
    cut = '"network":"lan","guest":"user"'
    steps = ["reach now", "sleep 6", command("cut", cut), "carrier 0", "sleep 6", command("restore", cut), "carrier 1",
             "reach now", "sleep 6"]
    run = start(boot, tmp_path, steps, service="bridge=1 address=10.0.2.15 other=10.0.2.16",
                user="address=10.0.2.16 watch=10.0.2.2", more={"devices": ["0000:02:00.0"]}, devices=CARD,
                modules=["e1000e", "bridge"])
    service, user = said(run, "service"), said(run, "user")
    assert words(service, "carrier") == ["1", "0", "1"] and words(service, "reached") == ["yes", "yes"], service
    assert words(user, "reach")[-3:] == ["yes", "no", "yes"], user
    assert all(json.loads(answer)["ok"] for answer in words(service, "answer"))
    assert run.having("plan: guest=user memory-mib=256", "devices=0")
