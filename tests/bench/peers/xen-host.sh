# Xen's dom0: it starts Debian's Xen tools from the CD, gives the devices of assign=A,B to pciback and has xl make one
# HVM guest by /cd/guest/xl.cfg. What xl says is behind "xl| ", what QEMU says behind "qemu| ", and the guest's console
# behind "guest| ".
say "peer host-shell"
mkdir -p /cd /dev/pts /etc /tmp /usr/lib /var/lib/xen /var/lock /var/log/xen /var/run/xen
ln -s /var/run /run
wait_for /dev/sr0 30
mount -t iso9660 -o ro /dev/sr0 /cd
mount -t devpts devpts /dev/pts
mount -t xenfs xenfs /proc/xen
ln -s /cd/xen/tools /usr/lib/xen-4.17
for folder in lib lib64 usr/libexec usr/share; do
    ln -s "/cd/xen/${folder#usr/}" "/$folder"
done
tools=/usr/lib/xen-4.17/bin
mkfifo /tmp/guest
: >/tmp/xl
tail -f /tmp/xl | while read -r line; do
    echo "xl| $line"
done &
tail -F /var/log/xen/qemu-dm-guest.log 2>/dev/null | while read -r line; do
    echo "qemu| $line"
done &
kilobytes() {
    sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}
while read -r line; do
    echo "guest| $line"
    case $line in *"peer shell"*)
        say "peer memory total=$(kilobytes MemTotal) free=$(kilobytes MemFree) cached=$(kilobytes Cached)"
        ;;
    esac
done </tmp/guest &
{
    $tools/xenstored --pid-file=/var/run/xen/xenstored.pid
    $tools/xen-init-dom0
    $tools/xenconsoled --pid-file=/var/run/xen/xenconsoled.pid
    for device in $(word assign | tr ',' ' '); do
        $tools/xl pci-assignable-add "$device"
    done
    $tools/xl create -F /cd/guest/xl.cfg </dev/null
} >>/tmp/xl 2>&1
sleep 2 # for tail
say "peer host-done"
poweroff -f
