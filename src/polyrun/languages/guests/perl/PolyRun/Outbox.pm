package PolyRun::Outbox;

# The folder that a block's values are written to. The names of data files begin with a prefix.
use strict;
use warnings;

use constant { NPY_HEAD => 256, ALIGNMENT => 64, PAGE => 4096 };

my %MEDIA = (
    csv => 'text/csv', gif => 'image/gif', html => 'text/html', jpeg => 'image/jpeg', jpg => 'image/jpeg',
    json => 'application/json', md => 'text/markdown', pdf => 'application/pdf', png => 'image/png',
    svg => 'image/svg+xml', txt => 'text/plain',
);

sub new {
    my ($class, $folder, $prefix) = @_;
    return bless { folder => $folder, prefix => $prefix, count => 0 }, $class;
}

# Numbers in a file of their own, behind the room for its head.
sub numbers {
    my ($self, $data) = @_;
    my ($name, $file) = $self->_create('.npy');
    truncate $file, NPY_HEAD or die "cannot write an array: $!\n";
    seek $file, NPY_HEAD, 0;
    return _closed($file, $name, NPY_HEAD, $$data);
}

# Bytes in a file of their own.
sub bytes {
    my ($self, $data) = @_;
    my ($name, $file) = $self->_create('.bin');
    return _closed($file, $name, 0, $$data);
}

# The columns of a table in a file of their own: for each part of each column where it is, or undef.
sub columns {
    my ($self, @columns) = @_;
    return if !@columns;
    my $at = 2048;
    for my $column (@columns) {
        my $name = $column->name;
        utf8::encode($name);
        $at += 512 + length $name;
    }
    $at = _up($at, PAGE);
    my ($name, $file) = $self->_create('.arrow');
    my @places;
    for my $part (map { $_->parts } @columns) {
        if (!defined $part) {
            push @places, undef;
            next;
        }
        $at = _up($at, ALIGNMENT);
        seek $file, $at, 0;
        print {$file} $part or die "cannot write a table: $!\n";
        push @places, [$name, $at, length $part];
        $at += length $part;
    }
    truncate $file, $at if close $file and open $file, '+<', "$self->{folder}/$name";
    close $file or die "cannot write a table: $!\n";
    return @places;
}

# A copy of the file at `path`: its name, its media type and where the copy is.
sub file {
    my ($self, $path) = @_;
    my ($base) = $path =~ m{([^/]*)/*$};
    my ($ending) = $base =~ /\.([^.]*)$/;
    open my $source, '<:raw', $path or PolyRun::refuse("the file `$path` cannot be read: $!");
    PolyRun::refuse("the file `$path` cannot be read: it is a folder") if -d $source;
    (my $safe = $base) =~ s/[^A-Za-z0-9._-]/_/g;
    my ($name, $file) = $self->_create('-' . ($safe =~ /(.{1,100})$/)[0]);
    local $/ = \(1 << 20);
    while (my $piece = <$source>) {
        print {$file} $piece or die "cannot write a file: $!\n";
    }
    my $size = tell $file;
    close $file or die "cannot write a file: $!\n";
    utf8::decode($base);
    return ($base, $MEDIA{ lc($ending || '') } || 'application/octet-stream', [$name, 0, $size]);
}

# Put the complete value file where PolyRun looks for it.
sub save {
    my ($self, $data) = @_;
    my $part = "$self->{folder}/values.part";
    open my $file, '>:raw', $part or die "cannot write $part: $!\n";
    print {$file} $$data or die "cannot write $part: $!\n";
    close $file or die "cannot write $part: $!\n";
    rename $part, "$self->{folder}/values.cbor" or die "cannot write values.cbor: $!\n";
    return;
}

sub _create {
    my ($self, $ending) = @_;
    my $name = $self->{prefix} . $self->{count}++ . $ending;
    open my $file, '+>:raw', "$self->{folder}/$name" or die "cannot write $name: $!\n";
    return ($name, $file);
}

sub _closed {
    my ($file, $name, $at, $data) = @_;
    print {$file} $data or die "cannot write $name: $!\n";
    close $file or die "cannot write $name: $!\n";
    return [$name, $at, length $data];
}

sub _up {
    my ($number, $step) = @_;
    return int(($number + $step - 1) / $step) * $step;
}

1;
