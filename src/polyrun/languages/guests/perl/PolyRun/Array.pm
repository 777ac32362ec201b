package PolyRun::Array;

# Numbers of one type in a grid of any number of dimensions.
#
# `$array->get(1, 2)` is a number, `$array->list` gives nested lists, `$array->numbers` all numbers in the order they
# are stored in, and `$array->data` their bytes. `PolyRun::array([[1, 2], [3, 4]], 'int32')` makes one; without a type
# it has int64, float64 or bool, whichever the numbers are.
use strict;
use warnings;

use overload '""' => \&_text, '0+' => sub { Scalar::Util::refaddr($_[0]) }, bool => sub { 1 }, fallback => 1;
use Scalar::Util 'looks_like_number';

our %FORMATS = (
    bool => 'C', int8 => 'c', int16 => 's<', int32 => 'l<', int64 => 'q<', uint8 => 'C', uint16 => 'S<',
    uint32 => 'L<', uint64 => 'Q<', float32 => 'f<', float64 => 'd<',
);
my %BITS = (int8 => 7, int16 => 15, int32 => 31, int64 => 63, uint8 => 8, uint16 => 16, uint32 => 32, uint64 => 64);

sub new {
    my ($class, $nested, $dtype, %options) = @_;
    PolyRun::refuse("`$dtype` is no type of numbers; known are @{[join ', ', sort keys %FORMATS]}")
        if defined $dtype && !$FORMATS{$dtype};
    my $order = $options{order} || 'C';
    PolyRun::refuse("the order of an array is C or F, not `$order`") if $order !~ /^[CF]$/;
    my ($flat, $shape) = $options{shape} ? ($nested, $options{shape}) : _flat($nested);
    my $size = 1;
    $size *= $_ for @$shape;
    PolyRun::refuse("the shape @{[join ' x ', @$shape]} does not fit @{[scalar @$flat]} numbers") if $size != @$flat;
    $dtype = _dtype($flat) if !defined $dtype;
    return $class->stored($dtype, [@$shape], $order, pack_numbers($flat, $dtype));
}

# An array whose numbers are `data`, or lie in the data file that it names.
sub stored {
    my ($class, $dtype, $shape, $order, $data) = @_;
    return bless { dtype => $dtype, shape => $shape, order => $order, data => $data }, $class;
}

# What `print` shows.
sub _text {
    my ($self) = @_;
    return "<array of $self->{dtype}, " . join(' x ', @{ $self->{shape} }) . '>';
}

sub dtype { return $_[0]{dtype} }
sub order { return $_[0]{order} }
sub shape { return @{ $_[0]{shape} } }

# How many numbers there are.
sub size {
    my ($self) = @_;
    my $size = 1;
    $size *= $_ for @{ $self->{shape} };
    return $size;
}

# The bytes of all numbers, little-endian.
sub data {
    my ($self) = @_;
    return ${ $self->_data };
}

sub _data {
    my ($self) = @_;
    $self->{data} = PolyRun::Reader::contents(@{ $self->{data} }) if ref $self->{data};
    return \$self->{data};
}

# All numbers, in the order they are stored in.
sub numbers {
    my ($self) = @_;
    my $data = $self->_data;
    return map { PolyRun::Reader::truth($_) } unpack 'C*', $$data if $self->{dtype} eq 'bool';
    return unpack "$FORMATS{ $self->{dtype} }*", $$data;
}

# The number at this index, one position for each dimension.
sub get {
    my ($self, @index) = @_;
    my $number = unpack $FORMATS{ $self->{dtype} }, substr ${ $self->_data }, $self->_place(@index), $self->_width;
    return $self->{dtype} eq 'bool' ? PolyRun::Reader::truth($number) : $number;
}

# Put a number at this index: `$array->set(1, 2, 0.5)`.
sub set {
    my ($self, @index) = @_;
    my $number = pop @index;
    my $at = $self->_place(@index);
    substr(${ $self->_data }, $at, $self->_width) = pack_numbers([$number], $self->{dtype});
    return;
}

# The numbers as nested lists, the first index outermost.
sub list {
    my ($self) = @_;
    my @numbers = $self->numbers;
    my @shape = @{ $self->{shape} };
    return $numbers[0] if !@shape;
    my $size = @numbers;
    my $step = 1;
    my @steps = map { my $own = $step; $step *= $_; $own } $self->{order} eq 'F' ? @shape : reverse @shape;
    @steps = reverse @steps if $self->{order} eq 'C';
    return _nested(\@numbers, 0, \@shape, \@steps, 0);
}

sub _nested {
    my ($numbers, $start, $shape, $steps, $depth) = @_;
    my ($length, $step) = ($shape->[$depth], $steps->[$depth]);
    return [map { $numbers->[$start + $_ * $step] } 0 .. $length - 1] if $depth == $#$shape;
    return [map { _nested($numbers, $start + $_ * $step, $shape, $steps, $depth + 1) } 0 .. $length - 1];
}

sub _width {
    my ($self) = @_;
    return length pack $FORMATS{ $self->{dtype} }, 0;
}

# Where the bytes of the number at `index` begin.
sub _place {
    my ($self, @index) = @_;
    my @shape = @{ $self->{shape} };
    PolyRun::refuse("@{[scalar @index]} indexes for @{[scalar @shape]} dimensions") if @index != @shape;
    my $at = 0;
    for my $dimension ($self->{order} eq 'C' ? 0 .. $#shape : reverse 0 .. $#shape) {
        my ($one, $length) = ($index[$dimension], $shape[$dimension]);
        PolyRun::refuse("($one) is outside an array of @{[join ' x ', @shape]}") if $one < -$length || $one >= $length;
        $at = $at * $length + $one % $length;
    }
    return $at * $self->_width;
}

# Numbers of the type `dtype`, one after another.
sub pack_numbers {
    my ($numbers, $dtype) = @_;
    return pack 'C*', map { _truth($_) } @$numbers if $dtype eq 'bool';
    my ($low, $high) = (0, 0);
    if (my $bits = $BITS{$dtype}) {
        my $top = $bits == 64 ? ~0 : (1 << $bits) - 1;
        ($low, $high) = ($dtype =~ /^u/ ? 0 : -$top - 1, $top);
        for (@$numbers) {
            no warnings;
            next if looks_like_number($_) && $_ >= $low && $_ <= $high && ($_ == int) && (abs() < 2**53 || !/[.e]/i);
            _misfit($_, $dtype);
        }
    } else {
        for (@$numbers) {
            no warnings;
            _misfit($_, $dtype) if !looks_like_number($_) || ref;
        }
        if ($dtype eq 'float32') {
            my $infinity = 9**9**9;
            for (@$numbers) { _misfit($_, $dtype) if abs > 3.4028234663852886e38 && abs != $infinity }
        }
    }
    return pack "$FORMATS{$dtype}*", @$numbers;
}

sub _misfit {
    my ($value, $dtype) = @_;
    $value = 'undef' if !defined $value;
    PolyRun::refuse(substr($value, 0, 40) . " does not fit into an array of $dtype");
    return;
}

sub _truth {
    my ($value) = @_;
    return $value ? 1 : 0 if PolyRun::load('Kinds') && PolyRun::Kinds::is_bool($value);
    return $value if defined $value && $value =~ /^[01]$/;
    return _misfit($value, 'bool');
}

# The type of an array of `numbers` if nothing is said of it.
sub _dtype {
    my ($numbers) = @_;
    PolyRun::load('Kinds');
    my %kinds = map { PolyRun::Kinds::kind($_) => 1 } @$numbers;
    return 'bool' if $kinds{bool} && keys %kinds == 1;
    return @$numbers && !grep({ $_ !~ /^(?:int|whole)$/ } keys %kinds) ? 'int64' : 'float64';
}

# The numbers of nested lists, and the shape that these have.
sub _flat {
    my ($nested) = @_;
    my @shape;
    for (my $level = $nested; ref $level eq 'ARRAY'; $level = $level->[0]) { push @shape, scalar @$level }
    my $flat = $nested;
    for my $length (@shape[1 .. $#shape]) {
        PolyRun::refuse('it is no array: the lists in it do not all have the same length')
            if grep { ref $_ ne 'ARRAY' || @$_ != $length } @$flat;
        $flat = [map { @$_ } @$flat];
    }
    return ($flat, \@shape);
}

1;
