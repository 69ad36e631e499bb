# The guest's end of the sessions with its correspondent: a TCP session with a counter both ways, and
# a stream of numbered UDP datagrams both ways. Needs nothing beyond Debian's perl-base.
#
#   TCP port 45454   numbers of 8 octets, 0, 1, 2 ..., one every 5 ms; the peer's must be so too, else
#                    the session is closed
#   UDP port 45455   down: number (4 octets), microseconds between two datagrams of the guest (4; 0:
#                    send none), identifier of the stream (4); up: number (4), numbers that came of
#                    the TCP session (4), how many follow (4), numbers that came since the last
#                    datagram (4 each); padded to 64 octets
#   TCP port 45456   tells, for as long as the connection takes, what came of the stream: identifier,
#                    datagrams that came again, later than a higher number, octets of the bits that
#                    follow (4 each); a bit for each number, of each octet the lowest first
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);
use Fcntl qw(F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT pack_sockaddr_in6 IN6ADDR_ANY IPPROTO_TCP TCP_NODELAY);

use constant { TCP => 45454, UDP => 45455, REPORT => 45456, PAYLOAD => 64, MOST => 13 };
use constant { COUNT_NS => 5_000_000, LATE_NS => 50_000_000, CLOCK_GETTIME => 228, MONOTONIC => 1 };
use constant SO_RCVBUFFORCE => 33;

$SIG{PIPE} = 'IGNORE';
$| = 1;

sub now {
  my $time = "\0" x 16;
  syscall(CLOCK_GETTIME, MONOTONIC, $time) == 0 or die "clock: $!";
  my ($seconds, $nanoseconds) = unpack 'q2', $time;
  return $seconds * 1_000_000_000 + $nanoseconds;
}

sub bound {
  my ($type, $port) = @_;
  socket(my $socket, AF_INET6, $type, 0) or die "socket: $!";
  setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($socket, pack_sockaddr_in6($port, IN6ADDR_ANY)) or die "bind: $!";
  listen($socket, 4) or die "listen: $!" if $type == SOCK_STREAM;
  unblock($socket);
  return $socket;
}

sub unblock {
  my ($socket) = @_;
  fcntl($socket, F_SETFL, O_NONBLOCK) or die "fcntl: $!";
}

my $listener = bound(SOCK_STREAM, TCP);
my $reporter = bound(SOCK_STREAM, REPORT);
my $stream = bound(SOCK_DGRAM, UDP);
# A VM that goes on gets at once what came while it was stopped: more than its limit would have room for.
setsockopt($stream, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23) or die "setsockopt: $!";

my ($session, $number, $input, $output, $count_due);
my $expected = 0;
my ($peer, $id, $interval, $next, $due) = (undef, -1, 0, 0, 0);
my ($came, $again, $late, $highest, @fresh) = ('', 0, 0, -1);

sub end_session {
  print "tcp session ends: $_[0]\n";
  close $session;
  undef $session;
}

sub take_session {
  accept(my $fresh, $listener) or return;
  close $session if $session;
  $session = $fresh;
  unblock($session);
  setsockopt($session, IPPROTO_TCP, TCP_NODELAY, 1);
  ($expected, $number, $input, $output, $count_due) = (0, 0, '', '', now());
}

sub read_session {
  my $got = sysread($session, $input, 65536, length $input);
  if (!defined $got) {
    end_session("$!") unless $! == EAGAIN || $! == EINTR;
    return;
  }
  return end_session('closed by the correspondent') if $got == 0;
  while (length $input >= 8) {
    my $value = unpack 'Q>', substr($input, 0, 8, '');
    return end_session("number $value instead of $expected") if $value != $expected++;
  }
}

sub write_session {
  my ($now) = @_;
  while ($now >= $count_due && length $output < 4096) {
    $output .= pack 'Q>', $number++;
    $count_due = $now - $count_due > LATE_NS ? $now + COUNT_NS : $count_due + COUNT_NS;
  }
  return if $output eq '';
  my $wrote = syswrite($session, $output);
  if (defined $wrote) {
    substr($output, 0, $wrote, '');
  } elsif ($! != EAGAIN && $! != EINTR) {
    end_session("$!");
  }
}

sub read_stream {
  while (defined(my $from = recv($stream, my $datagram, 2048, 0))) {
    next if length $datagram < 12;
    my ($sequence, $us, $of) = unpack 'N3', $datagram;
    if ($of != $id) {
      ($id, $next, $due) = ($of, 0, now());
      ($came, $again, $late, $highest, @fresh) = ('', 0, 0, -1);
    }
    ($peer, $interval) = ($from, $us * 1000);
    if (vec($came, $sequence, 1)) {
      $again++;
    } else {
      vec($came, $sequence, 1) = 1;
    }
    $late++ if $sequence < $highest;
    $highest = $sequence if $sequence > $highest;
    push @fresh, $sequence;
  }
}

sub write_stream {
  my ($now) = @_;
  $due = $now if $now - $due > LATE_NS;
  while ($now >= $due) {
    my @told = splice @fresh, 0, MOST;
    my $datagram = pack 'N*', $next++, $expected, scalar @told, @told;
    send($stream, $datagram . "\0" x (PAYLOAD - length $datagram), 0, $peer);
    $due += $interval;
  }
}

sub report {
  accept(my $to, $reporter) or return;
  my $text = pack('N4', $id < 0 ? 0 : $id, $again, $late, length $came) . $came;
  while (length $text) {
    my $wrote = syswrite($to, $text);
    last unless defined $wrote;
    substr($text, 0, $wrote, '');
  }
  close $to;
}

print "sessions are served\n";
while (1) {
  my $now = now();
  my $wait = 1_000_000_000;
  if ($session) {
    write_session($now);
    $wait = $count_due - $now if $session && $count_due - $now < $wait;
  }
  if ($interval) {
    write_stream($now);
    $wait = $due - $now if $due - $now < $wait;
  }
  my $ready = '';
  vec($ready, fileno $_, 1) = 1 for $listener, $reporter, $stream, $session ? $session : ();
  next if select($ready, undef, undef, $wait > 0 ? $wait / 1e9 : 0) <= 0;
  read_session() if $session && vec($ready, fileno $session, 1);
  read_stream() if vec($ready, fileno $stream, 1);
  take_session() if vec($ready, fileno $listener, 1);
  report() if vec($ready, fileno $reporter, 1);
}
