# What of the operator's is found or reached from inside a box?
#
#     perl hunt.pl <folder> <name>=<hex> …
#
# Writes into <folder>: `found.txt`, a line for each thing that should not be there; `bait.txt`, the ways in which it found the bait,
# which is there to be found in each of them; `hunted.txt`, how much it went through.
#
# Words come in hexadecimal, so that nobody finds the question instead of the answer: `bait`; `address`, one of the machine;
# `abstract`, the name of an abstract socket of the machine; all others are secrets. Needs nothing but perl itself.

use strict;
use warnings;
no warnings 'portable';    # addresses of memory have more than 32 bits
use Fcntl qw(O_NONBLOCK O_RDONLY SEEK_SET);
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);

use constant { MOST_OF_A_FILE => 1 << 20, MOST_OF_MEMORY => 64 << 20, SECONDS_A_FOLDER => 0.7 };

# It reads all there is and knocks at every door: that is nobody's business outside.
die "this is no box\n" unless -e '/run/signoff' && $ENV{HOME} eq '/home/agent';

my ($into, @words) = @ARGV;
$SIG{PIPE} = 'IGNORE';
lie_in_wait(@words) if $into eq '--bait';

my @given = map { [split /=/] } @words;
# As long as it knows no secret: its memory will be looked through.
my $decoy = put_out(of_name('bait'));
my ($address, $abstract) = map { pack 'H*', of_name($_) } qw(address abstract);
my %secret = map { $$_[0] => pack 'H*', $$_[1] } grep { $$_[0] !~ /^(address|abstract)$/ } @given;
my @ports = (53, 80, 443, 2375, 5432, 7233, 8480, map { /:(\d+)$/ } values %secret);

my (%count, %found, %bait, %seen);
hunt_in_processes();
my @sockets = hunt_in_files();
hunt_in_sockets(@sockets);
hunt_on_the_loopback();
hunt_in_the_network();
knock_at_the_model($ENV{ANTHROPIC_UNIX_SOCKET}) if $ENV{ANTHROPIC_UNIX_SOCKET};
kill '-KILL', $decoy;
hand_in();

# ---- The bait

# A process that has it in its environment, on its command line, in its memory and in an open file, and greets with it.
sub put_out {
    my ($hex) = @_;
    pipe my $ready, my $tell or die "a pipe: $!";
    my $pid = fork // die "a process: $!";
    if (!$pid) {
        setpgrp;
        $ENV{BAIT} = pack 'H*', $hex;
        open STDOUT, '>&', $tell or die "standard output: $!";
        exec $^X, $0, '--bait', $ENV{BAIT} or die "itself: $!";
    }
    close $tell;
    <$ready> // die 'no bait is out';
    return $pid;
}

sub lie_in_wait {
    my ($word) = @_;
    my $place = "/tmp/bait-$$";
    open my $file, '+>', $place or die "a file: $!";
    syswrite $file, $word;
    unlink $place;
    my @all = (pack_sockaddr_in(0, INADDR_LOOPBACK), pack_sockaddr_un("\0$place"), pack_sockaddr_un($place));
    my @listeners = map { listener($_) } @all;
    syswrite STDOUT, "it is out\n";
    for my $listener (@listeners) {
        next if fork;
        while (accept my $guest, $listener) { syswrite $guest, $word }
    }
    sleep;
}

sub listener {
    my ($at) = @_;
    socket my $listener, sockaddr_family($at), SOCK_STREAM, 0 or die "a socket: $!";
    bind $listener, $at or die "a name for it: $!";
    listen $listener, 16 or die "listening: $!";
    return $listener;
}

# ---- The ways

# What /proc tells of everybody, and what each has open, sees as its root and keeps in memory.
sub hunt_in_processes {
    look_at('environment', $_, $ENV{$_}) for keys %ENV;
    for my $pid (grep { /^\d+$/ } entries('/proc')) {
        $count{processes}++;
        my $process = "/proc/$pid";
        look_at($_, "$process/$_", contents("$process/$_")) for qw(environ cmdline maps mountinfo status cgroup stack);
        for my $open (map { "$process/fd/$_" } entries("$process/fd")) {
            $count{open_files}++;
            look_at('open file', $open, readlink $open);
            look_at('open file', $open, contents($open)) if -f $open;
        }
        walk($_) for grep { !is_here($_) } "$process/root", "$process/cwd", "$process/root/..";
        # Ours holds what it looks for.
        hunt_in_memory($process) if $pid != $$;
    }
}

sub hunt_in_memory {
    my ($process) = @_;
    open my $maps, '<', "$process/maps" or return;
    sysopen my $memory, "$process/mem", O_RDONLY or return;
    while (<$maps>) {
        # Of our own program and the machine's libraries only what was written.
        my ($from, $to) = /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
        ($from, $to) = (hex $from, hex $to);
        next if $to - $from > MOST_OF_MEMORY || !sysseek $memory, $from, SEEK_SET;
        my $text = '';
        1 while $to - $from > length $text && sysread $memory, $text, $to - $from - length $text, length $text;
        $count{memory_kib} += length($text) >> 10;
        look_at('memory', "$process/mem", $text);
    }
}

# What is near first, and no folder for longer than is said above. Answers with the sockets.
sub hunt_in_files {
    return map { walk($_) } '.', $ENV{HOME}, qw(/tmp /run /etc /proc /);
}

# Those that were found, and those that are widely known.
sub hunt_in_sockets {
    my %places = map { $_ => 1 } @_, qw(/tmp/.s.PGSQL.5432 /run/postgresql/.s.PGSQL.5432 /run/docker.sock /run/dbus/system_bus_socket);
    # The two ways that a box has.
    delete @places{'/run/network.sock', $ENV{ANTHROPIC_UNIX_SOCKET} // ''};
    for my $place (grep { length $_ < 100 } sort keys %places) {
        $count{sockets}++;
        reach('socket', $place, pack_sockaddr_un($place));
    }
    for my $name ($abstract, contents('/proc/net/unix') =~ / @(\S+)$/mg) {
        $count{abstract_sockets}++;
        reach('abstract socket', $name, pack_sockaddr_un("\0$name"));
    }
}

# Every port there is.
sub hunt_on_the_loopback {
    my ($own) = ($ENV{http_proxy} // '') =~ /:(\d+)/;
    my $to = stream();
    for my $port (grep { $_ != ($own // 0) } 1 .. 65535) {
        $count{ports}++;
        my $at = pack_sockaddr_in($port, INADDR_LOOPBACK);
        next unless connect $to, $at;
        # The kernel may have given it the very port that it tries.
        reach('port', "127.0.0.1:$port", $at) unless getsockname $to eq getpeername $to;
        $to = stream();
    }
    reach('port', "[::1]:$_", pack_sockaddr_in6($_, inet_pton(AF_INET6, '::1'))) for @ports;
}

sub stream {
    socket my $stream, AF_INET, SOCK_STREAM, 0 or die "a socket: $!";
    return $stream;
}

# The machine's addresses, its neighbours', its clouds', its virtual machines', the world's; and names.
sub hunt_in_the_network {
    my @own = contents('/proc/net/fib_trie') =~ m{(\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL}g;
    my @servers = contents('/etc/resolv.conf') =~ /^nameserver\s+(\d+\.\d+\.\d+\.\d+)/mg;
    my @all = ($address, @own, @servers, qw(169.254.169.254 10.0.2.2 172.17.0.1 192.168.0.1 1.1.1.1));
    for my $host (grep { !/^127\./ } @all) {
        $count{addresses}++;
        reach('address', "$host:$_", pack_sockaddr_in($_, inet_aton($host))) for @ports;
        reach('name server', $host, pack_sockaddr_in(53, inet_aton($host)), SOCK_DGRAM);
    }
    for my $name (qw(example.com slack.com api.anthropic.com)) {
        $count{names}++;
        my $told = eval { local $SIG{ALRM} = sub { die "in vain\n" }; alarm 2; gethostbyname $name };
        alarm 0;
        $found{"name: $name is " . inet_ntoa($told)}++ if $told;
    }
}

# It is a door to models and to nothing else.
sub knock_at_the_model {
    my ($socket) = @_;
    my $place = $secret{database};
    for my $asked ("CONNECT $place", "GET http://$place/", 'GET /../../up.json', 'GET /metrics', 'GET /readyz', 'POST /slack') {
        $count{knocks}++;
        my $request = "$asked HTTP/1.1\r\nhost: $place\r\nx-api-key: $ENV{ANTHROPIC_API_KEY}\r\nconnection: close\r\n\r\n";
        my $said = connected('model', $asked, pack_sockaddr_un($socket), SOCK_STREAM, $request) // next;
        $found{"model: $asked was answered with $1"}++ if $said =~ m{^HTTP/1.1 ([123]\d\d)};
    }
}

# ---- What they have in common

# Breadth first, so that what is near is seen before the time is over. Answers with the sockets.
sub walk {
    my ($from) = @_;
    my $until = worked() + SECONDS_A_FOLDER;
    my (@folders, @sockets) = ($from);
    while (@folders && worked() < $until) {
        my $folder = shift @folders;
        for my $path (map { $folder eq '/' ? "/$_" : "$folder/$_" } entries($folder)) {
            # The machine's programs; the processes, which have their own way; and what never ends.
            next if $path =~ m{^/(usr|sys|lib\w*|proc/(\d+|self|thread-self|kmsg|kcore|kpage\w+|kallsyms))$};
            my ($device, $inode) = lstat $path or next;
            next if $seen{"$device:$inode"}++;
            look_at('link', $path, $path . (readlink $path // ''));
            push @folders, $path if -d _;
            push @sockets, $path if -S _;
            next unless -f _;
            $count{files}++;
            look_at('file', $path, contents($path));
        }
    }
    return @sockets;
}

# Where anybody is, and it is not the bait, it is found. Outside of the box's own loopback so is any answer but "there is no way".
sub reach {
    my ($way, $where, $at, $kind) = @_;
    my $said = connected($way, $where, $at, $kind // SOCK_STREAM, '');
    my $no_way = $!{ENETUNREACH} || $!{EHOSTUNREACH} || $!{EADDRNOTAVAIL};
    $found{"$way: $where: $!"}++ if !defined $said && !$no_way && $way =~ /address|name server/;
    $found{"$way: $where is there"}++ if defined $said && $said ne $secret{bait};
}

# What is said there, once; undef where nobody is.
sub connected {
    my ($way, $where, $at, $kind, $request) = @_;
    socket my $to, sockaddr_family($at), $kind, 0 or die "a socket: $!";
    # No way can be tried for ever.
    $to->blocking(0) if $way =~ /address/;
    connect $to, $at or return;
    syswrite $to, $request if $request;
    my ($said, $waits) = ('', '');
    vec($waits, fileno $to, 1) = 1;
    select($waits, undef, undef, 0.5) && sysread $to, $said, 1 << 16;
    look_at($way, $where, $said);
    return $said;
}

# Never tells the secret itself.
sub look_at {
    my ($way, $where, $text) = @_;
    return unless defined $text;
    for my $name (grep { index($text, $secret{$_}) >= 0 } keys %secret) {
        $name eq 'bait' ? $bait{$way}++ : $found{"$way: $name in $where"}++;
    }
}

sub of_name {
    my ($name) = @_;
    my ($of) = grep { $$_[0] eq $name } @given;
    return $$of[1];
}

# By the processor's clock, which other work does not move.
sub worked {
    my ($here, $in_the_kernel) = times;
    return $here + $in_the_kernel;
}

sub entries {
    my ($folder) = @_;
    opendir my $open, $folder or return;
    return grep { !/^\.\.?$/ } readdir $open;
}

sub contents {
    my ($path) = @_;
    sysopen my $file, $path, O_RDONLY | O_NONBLOCK or return '';
    my $text = '';
    1 while length $text < MOST_OF_A_FILE && sysread $file, $text, 1 << 16, length $text;
    return $text;
}

# One of the two folders that are gone through anyway, or none that can be looked into.
sub is_here {
    my ($folder) = @_;
    my $identity = sub { join ':', (stat $_[0])[0, 1] };
    return !-e "$folder/." || grep { $identity->("$folder/.") eq $identity->($_) } '/', '.';
}

sub hand_in {
    my %lists = (found => \%found, bait => \%bait, hunted => \%count);
    mkdir $into;
    for my $name (keys %lists) {
        my $list = $lists{$name};
        open my $file, '>', "$into/$name.txt" or die "$name: $!";
        print {$file} map { $name eq 'hunted' ? "$_ $$list{$_}\n" : "$_\n" } sort keys %$list;
    }
}
