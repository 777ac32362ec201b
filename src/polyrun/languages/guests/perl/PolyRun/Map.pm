package PolyRun::Map;

# A hash that gives its keys in the order they were put into it.
use strict;
use warnings;
no warnings 'uninitialized';    # an undefined key is an empty one, as in any hash

use constant { PLACES => 0, KEYS => 1, VALUES => 2, NEXT => 3 };

# It begins with these keys, of which no two are the same, and values.
sub TIEHASH {
    my ($class, $keys, $values) = @_;
    my %places;
    @places{@$keys} = 0 .. $#$keys if $keys;
    return bless [\%places, $keys || [], $values || [], 0], $class;
}

sub STORE {
    my ($self, $key, $value) = @_;
    my $at = $self->[PLACES]{$key};
    if (!defined $at) {
        $at = $self->[PLACES]{$key} = @{ $self->[KEYS] };
        $self->[KEYS][$at] = "$key";
    }
    $self->[VALUES][$at] = $value;
    return;
}

sub FETCH {
    my ($self, $key) = @_;
    my $at = $self->[PLACES]{$key};
    return defined $at ? $self->[VALUES][$at] : undef;
}

sub EXISTS {
    my ($self, $key) = @_;
    return exists $self->[PLACES]{$key};
}

# The place of a deleted key stays, empty, until there are more empty ones than others.
sub DELETE {
    my ($self, $key) = @_;
    my $at = delete $self->[PLACES]{$key};
    return if !defined $at;
    my $value = $self->[VALUES][$at];
    $self->[KEYS][$at] = $self->[VALUES][$at] = undef;
    $self->_close_ranks if $self->[NEXT] == 0 && @{ $self->[KEYS] } > 2 * keys(%{ $self->[PLACES] }) + 16;
    return $value;
}

sub CLEAR {
    my ($self) = @_;
    @$self = ({}, [], [], 0);
    return;
}

sub FIRSTKEY {
    my ($self) = @_;
    $self->[NEXT] = 0;
    return $self->NEXTKEY;
}

sub NEXTKEY {
    my ($self) = @_;
    while ($self->[NEXT] < @{ $self->[KEYS] }) {
        my $key = $self->[KEYS][ $self->[NEXT]++ ];
        return $key if defined $key;
    }
    $self->[NEXT] = 0;
    return undef;    ## no critic - in a list it is the end, too
}

sub SCALAR {
    my ($self) = @_;
    return scalar keys %{ $self->[PLACES] };
}

sub _close_ranks {
    my ($self) = @_;
    my @kept = grep { defined $self->[KEYS][$_] } 0 .. $#{ $self->[KEYS] };
    $self->[VALUES] = [@{ $self->[VALUES] }[@kept]];
    $self->[KEYS] = [@{ $self->[KEYS] }[@kept]];
    @{ $self->[PLACES] }{ @{ $self->[KEYS] } } = 0 .. $#kept;
    return;
}

1;
