# The guest of every column, on Bulkhead, on KVM, on Xen and without a hypervisor: it tells when its shell
# runs, reads its disk, then has its edu write to each address of rogue=A,B. Whoever runs it looks for who reports that.
say "peer shell $(grep MemFree /proc/meminfo | tr -dc 0-9)"
sleep 2 # for others to look at the memory
if [ "$(word disk 1)" = 1 ]; then
    poweroff() { :; }
    . /bin/bench-disk # tools/guest-scripts/bench, which would power off
    unset -f poweroff
fi
edu=$(grep -l 0x11e8 /sys/bus/pci/devices/*/device | head -1)
if [ -n "$edu" ] && [ -n "$(word rogue)" ]; then
    edu=${edu%/device}
    echo 1 >"$edu/enable"
    printf '\006' | dd of="$edu/config" bs=1 seek=4 conv=notrunc 2>/dev/null # memory space and bus master
    read -r base rest <"$edu/resource"
    for target in $(word rogue | tr ',' ' '); do
        say "peer rogue $target"
        devmem $((base + 0x80)) 64 0x40000 # from edu's own buffer
        devmem $((base + 0x88)) 64 "$target"
        devmem $((base + 0x90)) 64 64
        devmem $((base + 0x98)) 64 3 # write to memory
        sleep 2 # for all who report
    done
fi
say "peer done"
poweroff -f
