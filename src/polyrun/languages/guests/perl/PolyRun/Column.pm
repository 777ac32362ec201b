package PolyRun::Column;

# A column in the layout of Apache Arrow. Its parts are its validity, its data and its offsets: bytes, where they lie in
# a file, or undef for a part that it has not.
use strict;
use warnings;

PolyRun::load('Array');

sub new {
    my ($class, $name, $type, $rows, @parts) = @_;
    return bless { name => $name, type => $type, rows => $rows, parts => \@parts }, $class;
}

sub name { return $_[0]{name} }
sub type { return $_[0]{type} }

# The bytes of all parts.
sub parts {
    my ($self) = @_;
    return map { ref() ? PolyRun::Reader::contents(@$_) : $_ } @{ $self->{parts} }[0 .. 2];
}

# All values, undef for what is missing.
sub values {
    my ($self) = @_;
    return $self->{values} ||= $self->_read;
}

sub _read {
    my ($self) = @_;
    my ($validity, $data, $offsets) = $self->parts;
    my @values = $self->_present($data, $offsets);
    if (defined $validity) {
        my @valid = split //, unpack "b$self->{rows}", $validity;
        $valid[$_] or $values[$_] = undef for 0 .. $#values;
    }
    Internals::SvREADONLY($_, 1) for @values;
    Internals::SvREADONLY(@values, 1);
    return \@values;
}

# All values, anything at all for what is missing.
sub _present {
    my ($self, $data, $offsets) = @_;
    my ($base, $scale) = $self->{type} =~ /^([a-z0-9]+)(?:\(\d+,(\d+)\))?$/;
    return map { PolyRun::Reader::truth($_) } split //, unpack "b$self->{rows}", $data if $base eq 'bool';
    return unpack "$PolyRun::Array::FORMATS{$base}*", $data if $PolyRun::Array::FORMATS{$base};
    if ($base eq 'decimal') {
        PolyRun::load('Numbers');
        return PolyRun::Numbers::decimals($data, $scale);
    }
    my @ends = unpack 'l<*', $offsets;
    my @values = map { substr $data, $ends[$_], $ends[$_ + 1] - $ends[$_] } 0 .. $#ends - 1;
    if ($base eq 'str' && $PolyRun::characters) { utf8::decode($_) for @values }
    return @values;
}

1;
