# The host of the column KVM + VFIO: it gives the devices of vfio=A,B to vfio-pci and runs QEMU from the CD for one
# guest, with QEMU's own output behind "qemu| " and the guest's console behind "guest| ".
say "peer host-shell"
mkdir -p /cd /tmp
wait_for /dev/sr0 30
mount -t iso9660 -o ro /dev/sr0 /cd
assigned="" slot=3
for device in $(word vfio | tr ',' ' '); do
    echo vfio-pci >"/sys/bus/pci/devices/$device/driver_override"
    echo "$device" >/sys/bus/pci/drivers_probe
    slot=$((slot + 1))
    assigned="$assigned -device vfio-pci,host=$device,addr=$slot.0"
done
: >/tmp/errors
tail -f /tmp/errors | while read -r line; do
    echo "qemu| $line"
done &
kilobytes() {
    sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}
qemu() {
    /cd/qemu/lib64/ld-linux-x86-64.so.2 --library-path /cd/qemu/lib /cd/qemu/bin/qemu-system-x86_64 \
        -L /cd/qemu/firmware -nodefaults -no-user-config -no-reboot -display none -vga none -serial stdio \
        -machine q35,accel=kvm -cpu host -smp 1 "$@" </dev/null 2>>/tmp/errors
    echo $? >/tmp/status
}
case $(word guest linux) in
linux)
    qemu -m "$(word memory 512)" $assigned -kernel /cd/guest/vmlinux -initrd /cd/guest/guest.img \
        -append "$(word append | tr '~' ' ')"
    ;;
*)
    qemu -m 64 -kernel "/cd/guest/$(word guest)"
    ;;
esac | while read -r line; do
    echo "guest| $line"
    case $line in *"peer shell"*)
        say "peer memory total=$(kilobytes MemTotal) free=$(kilobytes MemFree) cached=$(kilobytes Cached)"
        ;;
    esac
done
sleep 2 # for tail
say "peer qemu-status $(cat /tmp/status)"
say "peer host-done"
poweroff -f
