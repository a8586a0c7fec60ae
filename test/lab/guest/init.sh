#!/bin/sh
# PID 1 of the guest: mounts, modules, then the job that guest.ts wrote; its exit code goes to $LAB_OUT/rc.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home LC_ALL=C.UTF-8 TMPDIR=/run/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/home /run/tmp /run/netns /run/lock
mount -t tmpfs tmpfs /dev/shm
mount -t hostfs -o "$LAB_OUT" none "$LAB_OUT" # the host's root is read-only; this directory is not
exec >"$LAB_OUT/output.log" 2>&1 </dev/null
echo 1 >/proc/sys/kernel/printk
modprobe -d "$LAB_OUT" ip_vs "$(cat "$LAB_OUT/ip_vs.options")"
modprobe -d "$LAB_OUT" -a ipv6 veth bridge dummy macvlan ipvlan vrf 8021q ipip ip6_tunnel sch_netem nf_conntrack \
  ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_fo ip_vs_ovf ip_vs_lblc ip_vs_lblcr ip_vs_dh ip_vs_sh \
  ip_vs_sed ip_vs_nq ip_vs_mh ip_vs_pe_sip
ip link set lo up
sh "$LAB_OUT/job.sh"
echo $? >"$LAB_OUT/rc.tmp"
mv "$LAB_OUT/rc.tmp" "$LAB_OUT/rc" # appears whole, and the host kills the guest when it does
sleep 10
