# SPDX-License-Identifier: GPL-2.0-only
"""bulkheadd's rules (the policy file) and its metrics."""
import os
import re
import signal
import subprocess
import time

import pytest
from fake_hypervisor import DAEMON, running, until

RULES = """\
version = 1
[on.fault]
guest = "user"          # a comment
action = "restart"
limit = "3/60s"
at-most = "2/1h"

[on.fault.disk]
device = "0000:03:00.0"
severity = "critical"
action = "stop-device"

[on.guest-crashed]
action = "cut"
target = "lan"

[on.watchdog]
action = "log"

[on."interrupt-storm"]
action = 'stop-device'
"""


@pytest.fixture
def policy(tmp_path):
    (tmp_path / "policy.toml").write_text(RULES)
    with running(tmp_path, "--stdout", "--policy", tmp_path / "policy.toml") as both:
        yield both


def rules(agent):
    return [{k: e[k] for k in ("rule", "action", "result", "target", "why") if k in e}
            for e in agent.lines() if e["type"] == "rule"]


def orders(hypervisor):
    return [c for c in hypervisor.commands if c["command"] not in ("guests", "devices", "networks")]


def test_a_limit_is_counted_and_actions_are_bounded(policy):
    hypervisor, agent = policy
    restart = {"command": "restart", "guest": "user"}
    for wanted in (0, 0, 1, 1, 1, 2):
        hypervisor.event("fault", "error", guest="user")
        hypervisor.event("fault", "error", guest="other")
        until(lambda: agent.status()["events"] == hypervisor.seq)
        until(lambda wanted=wanted: len(rules(agent)) == wanted)
        assert orders(hypervisor) == wanted * [restart]
    hypervisor.event("fault", "error", guest="user", count=1000)  # stands for many
    until(lambda: len(rules(agent)) == 3)
    assert orders(hypervisor) == 2 * [restart]
    done = {"rule": "on.fault", "action": "restart", "target": "user", "result": "done"}
    assert rules(agent) == [done, done, {**done, "result": "held-back", "why": "acted as often as at-most allows"}]
    status = agent.status()
    assert (status["rules-acted"], status["rules-refused"]) == (2, 1)
    assert status["rules"][0] == {"name": "on.fault", "action": "restart", "acted": 2}


def test_severity_and_device(policy):
    hypervisor, agent = policy
    hypervisor.event("fault", "error", guest="x", device="0000:03:00.0")
    hypervisor.event("fault", "critical", guest="x", device="0000:04:00.0")
    hypervisor.event("fault", "critical", guest="x", device="0000:03:00.0")
    until(lambda: len(rules(agent)) == 1)
    assert orders(hypervisor) == [{"command": "stop-device", "device": "0000:03:00.0"}]


def test_a_fault_names_its_device_as_source(policy):
    hypervisor, agent = policy
    hypervisor.event("fault", "critical", guest="x", device="disk", source="0000:03:00.0")
    until(lambda: len(rules(agent)) == 1)
    assert orders(hypervisor) == [{"command": "stop-device", "device": "0000:03:00.0"}]


def test_a_target_of_its_own_and_a_refusal(policy):
    hypervisor, agent = policy
    hypervisor.answers["cut"] = {"ok": False, "error": "network 'lan' is cut already", "fix": "none"}
    hypervisor.event("guest-crashed", "error", guest="user")
    until(lambda: len(rules(agent)) == 1)
    assert orders(hypervisor) == [{"command": "cut", "network": "lan"}]
    assert rules(agent) == [{"rule": "on.guest-crashed", "action": "cut", "target": "lan", "result": "failed",
                             "why": "network 'lan' is cut already"}]


def test_log_and_an_event_without_a_target(policy):
    hypervisor, agent = policy
    hypervisor.event("watchdog", guest="user")
    hypervisor.event("interrupt-storm", "error")
    until(lambda: len(rules(agent)) == 2)
    assert orders(hypervisor) == []
    assert rules(agent) == [{"rule": "on.watchdog", "action": "log", "result": "done"},
                            {"rule": "on.interrupt-storm", "action": "stop-device", "result": "failed",
                             "why": "the event does not say whom: give the rule a target"}]


def test_an_action_without_a_channel_is_said(policy):
    hypervisor, agent = policy
    hypervisor.control.down()
    until(lambda: not agent.status()["channels"]["control"]["open"])
    hypervisor.event("guest-crashed", "error", guest="user")
    until(lambda: len(rules(agent)) == 1)
    assert rules(agent)[0]["why"] == "the hypervisor's control channel is not open"


def test_a_window_of_time(tmp_path):
    (tmp_path / "p").write_text('version = 1\n[on.fault]\naction = "log"\nlimit = "2/300ms"\n')
    with running(tmp_path, "--stdout", "--policy", tmp_path / "p") as (hypervisor, agent):
        hypervisor.event("fault", guest="a")
        time.sleep(0.5)
        hypervisor.event("fault", guest="a")
        hypervisor.event("fault", guest="a")
        until(lambda: agent.status()["events"] == 3)
        until(lambda: rules(agent))
        assert len(rules(agent)) == 1


def test_each_guest_has_a_window_of_its_own(tmp_path):
    (tmp_path / "p").write_text('version = 1\n[on.fault]\naction = "stop"\nlimit = "2/1h"\n')
    with running(tmp_path, "--policy", tmp_path / "p") as (hypervisor, agent):
        for n in range(60):  # more than are watched at a time
            hypervisor.event("fault", guest=f"g{n}")
        hypervisor.event("fault", guest="g59")
        until(lambda: orders(hypervisor))
        until(lambda: agent.status()["events"] == 61)
        assert orders(hypervisor) == [{"command": "stop", "guest": "g59"}]


def test_rules_are_read_anew(policy):
    hypervisor, agent = policy
    path = agent.folder / "policy.toml"
    path.write_text("version = 1\n[on.fault]\naction = 5\n")
    agent.process.send_signal(signal.SIGHUP)
    until(lambda: [e["result"] for e in agent.lines() if e["type"] == "policy-read"] == ["failed"])
    assert len(agent.status()["rules"]) == 5 and "policy.toml:3:10" in agent.stderr()
    path.write_text('version = 1\n[on.hello]\naction = "log"\n')
    agent.process.send_signal(signal.SIGHUP)
    until(lambda: [r["name"] for r in agent.status()["rules"]] == ["on.hello"])


def check(tmp_path, text):
    (tmp_path / "p.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run([DAEMON, "--check-policy", tmp_path / "p.toml"], capture_output=True, text=True, timeout=20,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def test_check_accepts(tmp_path):
    assert check(tmp_path, RULES) == (0, f"{tmp_path}/p.toml: accepted, rules=5\n", "")
    assert check(tmp_path, "version = 1\r\n# nothing\r\n")[0] == 0


HEAD = "version = 1\n[on.fault]\n"
LOG = 'action = "log"\n'


@pytest.mark.parametrize("text, code, place", [
    ("", "BH0524", "1:1"), ("[on.fault]\n" + LOG, "BH0524", "1:1"), ("version = 2\n", "BH0521", "1:11"),
    ('version = "1"\n', "BH0521", "1:11"), ("version = 1\nversion = 1\n", "BH0518", "2:1"),
    ("version = 1\nfoo = 1\n", "BH0517", "2:1"), (HEAD, "BH0524", "2:1"), (HEAD + "action = log\n", "BH0507", "3:10"),
    (HEAD + 'action = "destroy"\n', "BH0531", "3:10"), (HEAD + LOG + LOG, "BH0518", "4:1"),
    (HEAD + LOG + "guest = 5\n", "BH0519", "4:9"), (HEAD + LOG + 'wrong = "x"\n', "BH0517", "4:1"),
    (HEAD + LOG + 'severity = "bad"\n', "BH0531", "4:12"), (HEAD + LOG + 'device = "3:0.0"\n', "BH0523", "4:10"),
    *[(HEAD + LOG + f'limit = "{limit}"\n', "BH0521", "4:9")
      for limit in ("", "3", "3/", "/s", "3/s", "0/1s", "1/0s", "1001/1s", "3/1d", "3/1s ", "-1/1s", "3/1 s",
                    "99999/1s", "1/9999999s", "1/1sx")],
    (HEAD + LOG + 'at-most = "x"\n', "BH0521", "4:11"), (HEAD + LOG + "[on.fault]\n" + LOG, "BH0516", "4:1"),
    (HEAD + LOG + "[fault]\n" + LOG, "BH0515", "4:1"), (HEAD + LOG + "[on]\n", "BH0515", "4:1"),
    (HEAD + LOG + "[on.nothing]\n" + LOG, "BH0531", "4:5"), (HEAD + LOG + "[on.log.a.b]\n" + LOG, "BH0514", "4:11"),
    (HEAD + LOG + "[[on.log]]\n" + LOG, "BH0514", "4:2"), (HEAD + LOG + "[on.log\n", "BH0514", "4:8"),
    (HEAD + LOG + "[on.log] x\n", "BH0513", "4:10"), (HEAD + 'action "log"\n', "BH0506", "3:8"),
    (HEAD + LOG + "a.b = 1\n", "BH0506", "4:2"), (HEAD + LOG + 'guest = "a\n', "BH0508", "4:9"),
    (HEAD + LOG + "\x1b\n", "BH0502", "4:1"), (b"version = 1\n\xff\n", "BH0501", "2:1"),
    ("version = 1\n" + "".join(f"[on.log.n{n}]\n{LOG}" for n in range(65)), "BH0525", "130:1"),
    ("version = 1\n" + f"[on.log.{'n' * 20000}]\n{LOG}", "BH0526", "2:1"),
])
def test_check_refuses(tmp_path, text, code, place):
    status, out, err = check(tmp_path, text)
    assert status == 1 and "refused" in out
    first = err.splitlines()[0]
    assert first.startswith(f"error[{code}] p.toml:{place.split(':')[0]}:") and "; fix: " in first
    if code != "BH0526":
        assert f"p.toml:{place}: " in first


def test_check_finds_all_errors(tmp_path):
    err = check(tmp_path, HEAD + 'action = "x"\nlimit = "y"\nz = 1\n')[2]
    assert [re.search(r":(\d+):", line).group(1) for line in err.splitlines()] == ["3", "4", "5"]


NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABELS = r'\{(?:[a-z_][a-z_0-9]*="(?:[^"\\\n]|\\[\\"n])*"(?:,(?=[a-z])|(?=\})))*\}'
SAMPLE = re.compile(rf"({NAME})((?:{LABELS})?) (\d+)")


def samples(text):
    """What promtool checks: each metric has its help, then its type, then all its samples, in one piece; no sample
    twice; counters end with _total and nothing else does; the last line ends."""
    assert text.endswith("\n")
    found, types, current = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split()[2]
            assert current not in types and len(line.split(" ", 3)[3]) > 10 and line.endswith(".")
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name == current and kind in ("counter", "gauge")
            assert (kind == "counter") == name.endswith("_total")
            types[name] = kind
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        assert name == current and name in types and name.startswith("bulkhead_")
        assert (name, labels) not in found
        found[name, labels] = int(value)
    return {name + labels: value for (name, labels), value in found.items()}


def test_metrics(tmp_path):
    (tmp_path / "policy.toml").write_text(RULES)
    path = tmp_path / "bulkhead.prom"
    with running(tmp_path, "--metrics", path, "--interval", "1", "--policy", tmp_path / "policy.toml") as (hv, agent):
        hv.event("hello", version='0.1 "x"\\', config_sha256="cd" * 32, guests=["service", "user"])
        hv.event("fault", "error", guest="user", device="0000:05:00.0", count=41)
        hv.event("guest-crashed", "error", guest="user")
        hv.event("dropped", "warning", count=5)
        hv.events.write("junk\n")
        until(lambda: agent.status()["rules-acted"] == 2)
        until(path.exists)
        before = path.stat().st_mtime_ns
        until(lambda: path.stat().st_mtime_ns > before + 1500000000)  # written again, with the answers
        got = samples(path.read_text())
        assert path.stat().st_mode & 0o777 == 0o644
    assert got.items() >= {
        f'bulkhead_info{{agent="0.1",hypervisor="0.1 \\"x\\"\\\\",config_sha256="{"cd" * 32}"}}': 1,
        'bulkhead_channel_up{port="control"}': 1, 'bulkhead_channel_up{port="events"}': 1,
        "bulkhead_events_dropped_total": 5, "bulkhead_events_missed_total": 0, "bulkhead_malformed_lines_total": 1,
        'bulkhead_events_total{type="fault",severity="error"}': 1,
        'bulkhead_guest_exits_total{guest="user"}': 987654, 'bulkhead_guest_faults_total{guest="user"}': 41,
        'bulkhead_guest_starts_total{guest="user"}': 3, 'bulkhead_guest_crashes_total{guest="user"}': 1,
        'bulkhead_guest_state{guest="user",state="crashed"}': 1,
        'bulkhead_guest_state{guest="user",state="running"}': 0,
        'bulkhead_guest_state{guest="service",state="running"}': 1,
        'bulkhead_device_faults_total{device="0000:03:00.0",guest="user"}': 12,
        'bulkhead_device_faults_total{device="0000:05:00.0",guest="user"}': 41,
        'bulkhead_device_stopped{device="0000:03:00.0"}': 1, 'bulkhead_network_up{network="dmz"}': 0,
        'bulkhead_rule_actions_total{rule="on.fault",action="restart"}': 1,
        'bulkhead_rule_actions_total{rule="on.guest-crashed",action="cut"}': 1, "bulkhead_rule_failures_total": 0,
    }.items()
    assert samples(path.read_text())['bulkhead_channel_up{port="control"}'] == 1  # the last one, at the end


def test_metrics_are_never_half_written(tmp_path):
    path = tmp_path / "bulkhead.prom"
    with running(tmp_path, "--metrics", path, "--interval", "1") as (hypervisor, _):
        for n in range(300):
            hypervisor.event(f"t{n % 50}", guest=f"g{n % 64}", device=f"d{n}")
        until(path.exists)
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            samples(path.read_text())
    assert os.listdir(tmp_path).count("bulkhead.prom") == 1 and not (tmp_path / "bulkhead.prom.new").exists()


def test_hostile_names_make_no_metrics(tmp_path):
    path = tmp_path / "m"
    with running(tmp_path, "--metrics", path) as (hypervisor, agent):
        hypervisor.event('x"} 1\nevil{y="', guest='a"\n\\b', device="\x1b[2J", network="n\u00fc")
        until(lambda: agent.status()["events"] == 1)
    got = samples(path.read_text())
    assert 'bulkhead_guest_starts_total{guest="a\\"\\\\x0a\\\\b"}' in got
    assert not any("evil{" in name.split('"')[0] for name in got)


def test_metrics_that_cannot_be_written(tmp_path):
    with running(tmp_path, "--metrics", "/nonexistent/m", "--interval", "1") as (_, agent):
        until(lambda: "cannot write /nonexistent/m: No such file" in agent.stderr())
        assert agent.status()["ok"]
