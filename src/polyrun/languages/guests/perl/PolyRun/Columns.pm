package PolyRun::Columns;

# Makes columns of Perl's own values.
use strict;
use warnings;

PolyRun::load('Column');
PolyRun::load('Kinds');

use constant MAX_BYTES => 2**31 - 1;

my %MAKERS = (bool => \&_bool, int => \&_int, float => \&_float, string => \&_string, decimal => \&_decimal);

# The keys of a hash in its own order if it has one, else sorted.
sub ordered {
    my ($hash) = @_;
    return tied %$hash ? keys %$hash : sort keys %$hash;
}

# The column of `values`, which must be of one kind; undef is a missing value.
sub make {
    my ($name, $values) = @_;
    my $title = $name;
    PolyRun::refuse('the name of a column is no text') if !PolyRun::Kinds::is_text($title);
    return _array($title, $values) if ref $values ne 'ARRAY';
    my %kinds;
    $kinds{ _kind($name, $_) } = 1 for @$values;
    my $has_gaps = delete $kinds{null};
    if (delete $kinds{whole}) { $kinds{ $kinds{float} ? 'float' : 'int' } = 1 }
    delete $kinds{int} if $kinds{float};
    PolyRun::refuse("the column `$name` mixes @{[join ' and ', sort keys %kinds]}") if keys %kinds > 1;
    my ($kind) = keys %kinds;
    my ($type, $data, $offsets) = $MAKERS{ $kind || 'string' }->($name, @$values);
    my $validity = $has_gaps ? pack 'b*', join '', map { defined() ? 1 : 0 } @$values : undef;
    return PolyRun::Column->new($title, $type, scalar @$values, $validity, $data, $offsets);
}

sub _array {
    my ($name, $array) = @_;
    PolyRun::refuse("the column `$name` is an array of @{[scalar $array->shape]} dimensions") if $array->shape != 1;
    return make($name, $array->list) if $array->dtype eq 'bool';
    return PolyRun::Column->new($name, $array->dtype, $array->size, undef, $array->data, undef);
}

sub _kind {
    my $kind = PolyRun::Kinds::kind($_[1]);
    return $kind if $kind !~ /^(?:object|list|map)$/;
    return 'string' if ref $_[1] eq 'PolyRun::Bytes';
    return 'decimal' if $kind eq 'object' && ref($_[1]) =~ /^Math::Big(?:Float|Int)$/;
    PolyRun::refuse("the column `$_[0]` holds a reference (@{[ref $_[1]]}), which no column of a table can");
    return;
}

sub _bool {
    my (undef, @values) = @_;
    return ('bool', pack 'b*', join '', map { $_ ? 1 : 0 } @values);
}

sub _int {
    my (undef, @values) = @_;
    return ('int64', PolyRun::Array::pack_numbers([map { defined() ? $_ : 0 } @values], 'int64'));
}

sub _float {
    my (undef, @values) = @_;
    return ('float64', PolyRun::Array::pack_numbers([map { defined() ? $_ : 0 } @values], 'float64'));
}

sub _decimal {
    my ($name, @values) = @_;
    PolyRun::load('Numbers');
    return PolyRun::Numbers::column($name, @values);
}

# Texts, or bytes if one of them is marked as that or is no text.
sub _string {
    my ($name, @values) = @_;
    my ($marked, $characters, $others) = (0, 0, 0);
    my @pieces = map {
        my $piece = defined() ? ref() ? $$_ : "$_" : '';
        $marked ||= ref;
        $characters ||= utf8::is_utf8($piece);
        $others ||= !PolyRun::Kinds::is_text(my $copy = $piece);
        $piece;
    } @values;
    my $is_bytes = $marked || $others;
    PolyRun::refuse("the column `$name` mixes texts and bytes") if $is_bytes && $characters;
    my ($total, @ends) = (0, 0);
    for my $piece (@pieces) {
        utf8::encode($piece) if utf8::is_utf8($piece);
        push @ends, $total += length $piece;
    }
    PolyRun::refuse("the column `$name` has more than 2 GiB of text") if $total > MAX_BYTES;
    return ($is_bytes ? 'bytes' : 'str', join('', @pieces), pack 'l<*', @ends);
}

1;
