package PolyRun::Kinds;

# What a scalar is. Perl turns numbers and texts into one another as they are used, and notes in flags what there is;
# only `B` tells them.
use strict;
use warnings;

use B ();
use Scalar::Util 'blessed';

use constant {
    WHOLE => B::SVf_IOK(), NUMBER => B::SVf_NOK(), STRING => B::SVf_POK(),
    MODERN => $] >= 5.036,    # which does not take a number for a text once it has been printed
};

my %NUMBERS = (WHOLE, 'int', NUMBER, 'float', WHOLE | NUMBER, 'whole');

# `null`, `bool`, `int`, `float`, `string`, or `whole` for a number that was computed as an int or as a float and used
# as the other; for a reference `list`, `map` or `object`.
sub kind {
    my $type = ref $_[0];
    if ($type) {
        return $type eq 'ARRAY' ? 'list' : $type eq 'HASH' ? 'map' : is_bool($_[0]) ? 'bool' : 'object';
    }
    return 'null' if !defined $_[0];
    return 'bool' if MODERN && is_bool($_[0]);
    my $flags = B::svref_2object(\$_[0])->FLAGS;
    my ($whole, $number) = ($flags & WHOLE, $flags & NUMBER);
    if ($flags & STRING) {
        PolyRun::refuse('whether it is a number or a text cannot be told; `$x + 0` is a number and `"$x"` a text')
            if !MODERN && ($whole || $number);
        return 'string';
    }
    return $whole ? $number ? 'whole' : 'int' : $number ? 'float' : 'string';
}

# Of a list of numbers, which kinds there are: `int`, `whole`, `float`; none if it holds something else, too.
sub numbers {
    my ($list) = @_;
    my @seen;
    for (@$list) { $seen[15 & B::svref_2object(\$_)->FLAGS >> 8] = 1 }
    my @kinds = grep { $seen[$_] } 0 .. $#seen;
    return if grep { !$NUMBERS{$_ << 8} } @kinds;
    return map { $NUMBERS{$_ << 8} => 1 } @kinds;
}

# Whether a value is true or false and nothing else.
sub is_bool {
    return $_[0]->isa('JSON::PP::Boolean') if blessed $_[0];
    no warnings;    # in 5.36 it is called experimental
    return MODERN && &builtin::is_bool($_[0]);
}

# Whether a string is text: it has characters beyond bytes, or its bytes are UTF-8. Then it is made characters.
sub is_text {
    return 1 if utf8::is_utf8($_[0]);
    return utf8::decode($_[0]);
}

1;
