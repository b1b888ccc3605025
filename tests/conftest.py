# SPDX-License-Identifier: GPL-2.0-only
"""Shared fixtures: where the build is, where the shared data is, and booting Bulkhead under QEMU."""
import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import testbed  # noqa: E402

PATIENCE = 3  # times a boot's timeout, which is for an idle machine: one that passes ends by itself


@pytest.fixture(scope="session")
def build():
    return testbed.BUILD


@pytest.fixture(scope="session")
def shared():
    """The folder with real tables and topologies beside the project; tests that need it are skipped without it."""
    folder = pathlib.Path(os.environ.get("BULKHEAD_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no {folder}: set BULKHEAD_SHARED to the folder with real tables")
    return folder


@pytest.fixture(scope="session")
def boot(tmp_path_factory):
    """boot(image="bulkhead.elf", cmdline="exit", modules=(), machine={}, devices=[], ...) -> testbed.Run;
    at_end(monitor.Monitor) looks at the machine when stop_when(line) came true. The accelerator is the one that tools/run
    takes, but for tests that count instructions: only TCG can."""
    best, _ = testbed.choose_accelerator(testbed.kvm_supported_cpuid())

    def boot_once(image="bulkhead.elf", cmdline="exit", modules=(), machine=None, devices=(), timeout=90,
                  grub_before=(), stop_when=None, at_end=None, answers=(), resets=False):
        folder = tmp_path_factory.mktemp("boot")
        wanted = {"accelerator": "tcg" if "-icount" in devices else best, **(machine or {})}
        words = cmdline + testbed.kernel_words(wanted["accelerator"])
        iso = testbed.make_iso(folder / "boot.iso", testbed.BUILD / image, words, modules, grub_before)
        arguments = [*testbed.machine_arguments(**wanted), *devices, *testbed.boot_arguments(iso)]
        run = testbed.run_qemu(arguments, PATIENCE * timeout, stop_when=stop_when, at_end=at_end, answers=answers, resets=resets)
        print(run.text)
        return run

    return boot_once


@pytest.fixture(scope="session")
def disk():
    return testbed.make_disk(testbed.BUILD / "disk.img")
