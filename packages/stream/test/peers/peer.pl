# A peer in Perl: client PATH CLOSED, server PATH, bind PATH... (see languages.test.ts).
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket;

$| = 1;
my ($role, @paths) = map { s/^@/\0/r } @ARGV;
sub dial { IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => shift) or die "connect: $!" }
if ($role eq 'client') {
  local $/;
  my $socket = dial($paths[0]);
  print $socket "hello\n";
  $socket->flush;
  shutdown $socket, 1;
  print scalar <$socket>;
  my $closed = dial($paths[1]);
  my $end = <$closed>;
  print defined syswrite($closed, 'x') ? "written\n" : "error: $!\n";
} elsif ($role eq 'server') {
  local $/;
  my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $paths[0], Listen => 5) or die "bind: $!";
  print "bound\n";
  my $client = $listener->accept;
  my $all = <$client>;
  select undef, undef, undef, 0.05;
  print $client "late:$all";
} else {
  my @kept;
  for (@paths) {
    my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $_, Listen => 5);
    push @kept, $listener;
    print $listener ? "ok\n" : "no: $!\n";
  }
  my $end = <STDIN>;
}
