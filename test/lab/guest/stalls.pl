# Prints when this guest stood still, as CLOCK_MONOTONIC's milliseconds from and to. With the highest real-time
# priority nothing in the guest keeps it from waking up, so what does is the machine that the guest runs on. Perl,
# because it starts in no time and every Debian has it.
use strict;

my $CLOCK_GETTIME = 228; # of x86-64
my $CLOCK_MONOTONIC = 1;
my $PERIOD_S = 0.05;
my $STALL_MS = 150;

sub now {
    my $timespec = "\0" x 16;
    syscall($CLOCK_GETTIME, $CLOCK_MONOTONIC, $timespec);
    my ($seconds, $nanoseconds) = unpack('qq', $timespec);
    return $seconds * 1000 + $nanoseconds / 1e6;
}

$| = 1;
for (my $last = now();;) {
    select(undef, undef, undef, $PERIOD_S);
    my $now = now();
    printf("%.0f %.0f\n", $last, $now) if $now - $last > $STALL_MS;
    $last = $now;
}
