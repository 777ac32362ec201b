package PolyRun::Reader;

# Reads a value file, CBOR (RFC 8949) with private tags, and makes Perl's own values of what it holds.
use strict;
use warnings;

PolyRun::load('Map');

my %TAGS = (
    50500 => 'bytes', 50501 => 'integer', 50502 => 'decimal', 50505 => 'timestamp', 50507 => 'numbers',
    50508 => 'array', 50509 => 'table', 50510 => 'file',
);
my %SIZES = (24 => [1, 'C'], 25 => [2, 'n'], 26 => [4, 'N'], 27 => [8, 'Q>']);
my %PACKED = (int64 => 'q<*', float64 => 'd<*');

sub new {
    my ($class, $folder) = @_;
    my $data = contents("$folder/values.cbor", 0, -s "$folder/values.cbor");
    return bless { folder => $folder, data => \$data, at => 0 }, $class;
}

# Some of the bytes of a file.
sub contents {
    my ($path, $offset, $length) = @_;
    my $data = '';
    open my $file, '<:raw', $path or die "cannot read $path: $!\n";
    seek $file, $offset, 0 or die "cannot read $path: $!\n";
    while (length $data < $length) {
        read $file, $data, $length - length $data, length $data or die "cannot read all of $path\n";
    }
    return $data;
}

# What the file holds; of each import, its name, its value and whether that is bytes.
sub facts {
    my ($self) = @_;
    my %facts;
    for (1 .. $self->_head) {
        my $part = $self->value;
        if ($part ne 'imports') {
            $facts{$part} = $self->value;
            next;
        }
        for (1 .. $self->_head) {
            my $name = $self->value;
            my $is_bytes = substr(${ $self->{data} }, $self->{at}, 3) =~ /^(?:[\x40-\x5f]|\xd9\xc5\x44)/;
            push @{ $facts{imports} }, [$name, $self->value, $is_bytes];
        }
    }
    return \%facts;
}

# The next value.
sub value {
    my ($self) = @_;
    my $first = ord substr ${ $self->{data} }, $self->{at}, 1;
    return $self->_float if $first == 0xfb;
    my $number = $self->_head;
    my $major = $first >> 5;
    return $number if $major == 0;
    return -1 - $number if $major == 1;
    return $self->_take($number) if $major == 2;
    return $self->_text($number) if $major == 3;
    return [map { $self->value } 1 .. $number] if $major == 4;
    return $self->_map($number) if $major == 5;
    if ($major == 6) {
        my $read = $TAGS{$number};
        return $self->$read;
    }
    return $first == 0xf6 ? undef : truth($first == 0xf5);
}

# True and false. Perl tells them from other values since 5.36.
sub truth {
    my ($is) = @_;
    return !!$is if $] >= 5.036;
    require JSON::PP;
    return $is ? $JSON::PP::true : $JSON::PP::false;
}

sub _head {
    my ($self) = @_;
    my $info = 31 & ord substr ${ $self->{data} }, $self->{at}++, 1;
    return $info if $info < 24;
    my ($size, $format) = @{ $SIZES{$info} };
    return unpack $format, $self->_take($size);
}

sub _take {
    my ($self, $length) = @_;
    $self->{at} += $length;
    return substr ${ $self->{data} }, $self->{at} - $length, $length;
}

sub _float {
    my ($self) = @_;
    $self->{at}++;
    return unpack 'd>', $self->_take(8);
}

sub _text {
    my ($self, $length) = @_;
    my $text = $self->_take($length);
    utf8::decode($text) if $PolyRun::characters;
    return $text;
}

sub _map {
    my ($self, $count) = @_;
    my (@keys, @values);
    for (1 .. $count) {
        push @keys, $self->value;
        push @values, $self->value;
    }
    tie my %map, 'PolyRun::Map', \@keys, \@values;
    return \%map;
}

# The reference that comes next, tag and all: a path, an offset and a length; nothing for a null.
sub reference {
    my ($self) = @_;
    return $self->value if "\xf6" eq substr ${ $self->{data} }, $self->{at}, 1;
    $self->_head;
    return $self->_reference_inside;
}

sub _reference_inside {
    my ($self) = @_;
    $self->_head;
    my $name = $self->value;
    return ["$self->{folder}/$name", $self->value, $self->value];
}

sub bytes {
    my ($self) = @_;
    return contents(@{ $self->_reference_inside });
}

sub integer {
    my ($self) = @_;
    PolyRun::load('Numbers');
    return PolyRun::Numbers::integer($self->value);
}

sub decimal {
    my ($self) = @_;
    PolyRun::load('Numbers');
    return PolyRun::Numbers::decimal($self->value);
}

sub timestamp {
    my ($self) = @_;
    PolyRun::load('Times');
    return PolyRun::Times::timestamp($self->value);
}

sub numbers {
    my ($self) = @_;
    $self->_head;
    my $dtype = $self->value;
    return [unpack $PACKED{$dtype}, $self->value];    # a byte string, or a reference, which is read
}

sub array {
    my ($self) = @_;
    $self->_head;
    PolyRun::load('Array');
    my ($dtype, $shape, $order) = ($self->value, $self->value, $self->value);
    return PolyRun::Array->stored($dtype, $shape, $order, $self->reference);
}

sub table {
    my ($self) = @_;
    $self->_head;
    PolyRun::load('Table');
    my $rows = $self->value;
    my @columns;
    for (1 .. $self->_head) {
        $self->_head;
        my ($name, $type) = ($self->value, $self->value);
        push @columns, PolyRun::Column->new($name, $type, $rows, $self->reference, $self->reference, $self->reference);
    }
    return PolyRun::Table->stored($rows, @columns);
}

sub file {
    my ($self) = @_;
    $self->_head;
    $self->value for 1 .. 2;
    return $self->reference->[0];
}

1;
