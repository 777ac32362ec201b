package PolyRun::Numbers;

# Numbers that need Perl's own classes for large and exact ones.
use strict;
use warnings;

use constant MAX_DIGITS => 4300;

# An integer beyond 64 bits with a sign; what fits without one is an ordinary number.
sub integer {
    my ($text) = @_;
    return unpack 'J', pack 'J', $text if $text !~ /^-/ && (length $text < 20 || length $text == 20 && $text le ~0);
    require Math::BigInt;
    return Math::BigInt->new($text);
}

# The digits behind the point of `1.10` are kept as long as the number is not changed.
sub decimal {
    my ($text) = @_;
    require Math::BigFloat;
    my $number = Math::BigFloat->new($text);
    $number->{_polyrun} = $text;
    return $number;
}

# What an object of one of those classes is in a value file: `integer` or `decimal`, and its text.
sub text {
    my ($number) = @_;
    PolyRun::refuse("it is the number $number, which is none") if $number->is_nan || $number->is_inf;
    if ($number->isa('Math::BigFloat')) {
        my $text = $number->{_polyrun};
        return (decimal => $text) if defined $text && Math::BigFloat->new($text)->bcmp($number) == 0;
        $text = $number->bstr;
        $text = $number->bsstr if length $text > 100;
        $text =~ s/e\+?/E/;
        PolyRun::refuse('it is a decimal of more than ' . MAX_DIGITS . ' digits') if length $text > MAX_DIGITS;
        return (decimal => $text);
    }
    my $text = $number->bstr;
    PolyRun::refuse('it is an int of more than ' . MAX_DIGITS . ' digits') if $text =~ tr/0-9// > MAX_DIGITS;
    return (integer => $text);
}

# Decimals of a column: 16 bytes each, to be divided by 10 ** scale.
sub decimals {
    my ($data, $scale) = @_;
    require Math::BigFloat;
    my $limit = Math::BigInt->new(2)->bpow(127);
    my $all = $limit->copy->bmul(2);
    return map {
        my $number = Math::BigInt->from_hex(unpack 'H*', scalar reverse $_);
        $number->bsub($all) if $number >= $limit;
        Math::BigFloat->new("${number}e-$scale");
    } unpack '(a16)*', $data;
}

# Numbers, with undef for what is missing, as such a column: its type and its bytes.
sub column {
    my ($name, @numbers) = @_;
    my @texts = map { defined $_ ? (text($_))[1] : '0' } @numbers;
    my @parts = map { [Math::BigFloat->new($_)->parts] } @texts;
    my ($scale) = sort { $b <=> $a } 0, map { -$_->[1]->numify } @parts;
    my $precision = $scale || 1;
    my $all = Math::BigInt->new(2)->bpow(128);
    my $data = '';
    for my $part (@parts) {
        my $whole = $part->[0]->copy->blsft($scale + $part->[1]->numify, 10);
        my $digits = length $whole->copy->babs->bstr;
        $precision = $digits if $digits > $precision;
        PolyRun::refuse("the column `$name` needs decimals of more than 38 digits") if $precision > 38;
        $whole->badd($all) if $whole->is_neg;
        my $hex = substr $whole->as_hex, 2;
        $data .= reverse pack 'H32', ('0' x (32 - length $hex)) . $hex;
    }
    return ("decimal($precision,$scale)", $data);
}

1;
