package PolyRun::Writer;

# Writes a value file: Perl's values as CBOR (RFC 8949) with private tags, large data in files of their own.
use strict;
use warnings;

use Scalar::Util 'blessed';

PolyRun::load('Kinds');
PolyRun::load('Outbox');

use constant { MAX_DEPTH => 64, PACK_FROM => 32, INLINE_BYTES => 64 * 1024, INT64_HIGH => ~0 >> 1 };

my %SCALARS = (
    null => sub { $_[0]{out} .= "\xf6" },
    bool => sub { $_[0]{out} .= $_[1] ? "\xf5" : "\xf4" },
    int => \&_integer,
    whole => \&_integer,
    float => \&_float,
    string => \&_string,
);
my %HINTS = (
    CODE => 'a function', GLOB => 'a file handle', LVALUE => 'a reference to a part of a text',
    REF => 'a reference to a reference', Regexp => 'a regular expression', SCALAR => 'a reference to a scalar',
    VSTRING => 'a reference to a version',
);

sub new {
    my ($class, $folder, $prefix) = @_;
    return bless { outbox => PolyRun::Outbox->new($folder, $prefix), out => '', depth => 0 }, $class;
}

# The bytes of the value that `variable` refers to, as its declared type asks for it where Perl has one thing for two.
sub encode {
    my ($self, $variable, $declared) = @_;
    @$self{'out', 'depth'} = ('', 0);
    my ($kind, $inside) = (defined $declared ? $declared : '') =~ /^\s*(\w*)\s*(?:\(\s*(\w+))?/;
    my $is_scalar = ref($variable) =~ /^(?:SCALAR|REF|LVALUE|VSTRING)$/;
    my $value = $is_scalar ? $$variable : $variable;
    my $own = PolyRun::Kinds::kind($value);
    if ($own eq 'string' && $kind eq 'file') { $self->_file($value) }
    elsif ($own eq 'string' && $kind eq 'bytes') { $self->_bytes(_as_bytes($value)) }
    elsif ($own eq 'string' && $kind eq 'str') { $self->_text(_as_text($value)) }
    elsif ($own =~ /^(?:int|whole)$/ && $kind eq 'str') { $self->_text("$value") }
    elsif ($own =~ /^(?:float|whole)$/ && $kind eq 'int' && $value == int $value && abs $value < 2**53) {
        $self->_integer($value);
    }
    elsif ($own eq 'whole' && $kind eq 'float') { $self->_float($value) }
    elsif ($kind eq 'bool' && defined $value && $value =~ /^(?:[01]|)$/) { $SCALARS{bool}->($self, $value) }
    elsif ($own eq 'list' && $kind eq 'array') {
        PolyRun::load('Array');
        $self->_array(PolyRun::Array->new($value, $inside));
    }
    elsif ($own =~ /^(?:list|map)$/ && $kind eq 'table') {
        PolyRun::load('Table');
        $self->_table(PolyRun::Table->of($value));
    }
    else { $self->_value($value) }
    return $self->{out};
}

# Write everything that the block hands over: pairs of names and encoded values, reasons by name, names.
sub save {
    my ($self, $exports, $refused, $defined) = @_;
    $self->{out} = '';
    $self->_head(5, 4);
    $self->_text('polyrun');
    $self->_head(0, 1);
    $self->_text('exports');
    $self->_head(5, scalar @$exports);
    for my $pair (@$exports) {
        $self->_text($pair->[0]);
        $self->{out} .= $pair->[1];
    }
    $self->_text('refused');
    $self->_head(5, scalar keys %$refused);
    for my $name (sort keys %$refused) {
        my $reason = $refused->{$name};
        utf8::decode($reason) if !utf8::is_utf8($reason);
        $self->_text($name);
        $self->_text($reason);
    }
    $self->_text('defined');
    $self->_head(4, scalar @$defined);
    $self->_text($_) for @$defined;
    $self->{outbox}->save(\$self->{out});
    return;
}

sub _value {
    my $self = shift;
    my $kind = PolyRun::Kinds::kind($_[0]);
    my $write = $SCALARS{$kind};
    return $self->$write($_[0]) if $write;
    return $self->_object($_[0]) if $kind eq 'object';
    PolyRun::refuse('it is nested deeper than ' . MAX_DEPTH . ' levels, or contains itself')
        if ++$self->{depth} > MAX_DEPTH;
    $kind eq 'list' ? $self->_list($_[0]) : $self->_map($_[0]);
    $self->{depth}--;
    return;
}

sub _object {
    my ($self, $value) = @_;
    my $type = ref $value;
    if ($type eq 'PolyRun::Array') { $self->_array($value) }
    elsif ($type eq 'PolyRun::Table') { $self->_table($value) }
    elsif ($type eq 'PolyRun::Bytes') { $self->_bytes(_as_bytes($$value)) }
    elsif (blessed $value && ($value->isa('Math::BigInt') || $value->isa('Math::BigFloat'))) {
        PolyRun::load('Numbers');
        my ($kind, $text) = PolyRun::Numbers::text($value);
        $kind eq 'integer' ? $self->_big($text) : $self->_tagged(50502, $text);
    }
    elsif (blessed $value && $value->isa('Time::Piece')) {
        PolyRun::load('Times');
        $self->_tagged(50505, PolyRun::Times::text($value));
    }
    else {
        my $what = $HINTS{$type} || "an object of the class `$type`";
        PolyRun::refuse("$what has no form that other languages could read");
    }
    return;
}

# A list; one of many numbers of one type is stored as numbers.
sub _list {
    my ($self, $list) = @_;
    my $may = @$list && PolyRun::Kinds::kind($list->[0]) =~ /^(?:int|whole|float)$/;
    my %kinds = $may ? PolyRun::Kinds::numbers($list) : ();
    my $is_floats = $kinds{float} && !$kinds{int};    # also those that were used as whole numbers
    if (@$list >= PACK_FROM && ($is_floats || %kinds && !$kinds{float})) {
        return $self->_numbers(float64 => pack 'd<*', @$list) if $is_floats;
        return $self->_numbers(int64 => pack 'q<*', @$list) if !grep { $_ > INT64_HIGH } @$list;
    }
    $self->_head(4, scalar @$list);
    for (@$list) { $is_floats ? $self->_float($_) : $self->_value($_) }
    return;
}

sub _numbers {
    my ($self, $dtype, $data) = @_;
    $self->_head(6, 50507);
    $self->_head(4, 2);
    $self->_text($dtype);
    $self->_bytes($data, 'numbers');
    return;
}

sub _map {
    my ($self, $map) = @_;
    my @keys = tied %$map ? keys %$map : sort keys %$map;
    my %used;
    $self->_head(5, scalar @keys);
    for my $key (@keys) {
        my $text = _as_text($key);
        PolyRun::refuse('two keys of a map have the same text') if $used{$text}++;
        $self->_text($text);
        $self->_value(my $copy = $map->{$key});    # an element of a tied hash has flags of its own
    }
    return;
}

sub _array {
    my ($self, $array) = @_;
    my @shape = $array->shape;
    $self->_head(6, 50508);
    $self->_head(4, 4);
    $self->_text($array->dtype);
    $self->_head(4, scalar @shape);
    $self->_head(0, $_) for @shape;
    $self->_text($array->order);
    $self->_reference($self->{outbox}->numbers($array->_data));
    return;
}

sub _table {
    my ($self, $table) = @_;
    my @columns = $table->parts;
    my @places = $self->{outbox}->columns(@columns);
    $self->_head(6, 50509);
    $self->_head(4, 2);
    $self->_head(0, $table->size);
    $self->_head(4, scalar @columns);
    for my $column (@columns) {
        $self->_head(4, 5);
        $self->_text(_as_text($column->name));
        $self->_text($column->type);
        for my $place (splice @places, 0, 3) {
            if ($place) { $self->_reference($place) }
            else { $self->{out} .= "\xf6" }
        }
    }
    return;
}

sub _file {
    my ($self, $path) = @_;
    my ($name, $media, $copy) = $self->{outbox}->file($path);
    $self->_head(6, 50510);
    $self->_head(4, 3);
    $self->_text($name);
    $self->_text($media);
    $self->_reference($copy);
    return;
}

sub _reference {
    my ($self, $place) = @_;
    $self->_head(6, 50500);
    $self->_head(4, 3);
    $self->_text($place->[0]);
    $self->_head(0, $place->[1]);
    $self->_head(0, $place->[2]);
    return;
}

sub _string {
    my ($self, $string) = @_;
    return $self->_text(_as_text($string)) if utf8::is_utf8($string) || PolyRun::Kinds::is_text(my $copy = $string);
    return $self->_bytes($string);
}

# A byte string, in a file of its own if it is large.
sub _bytes {
    my ($self, $data, $kind) = @_;
    if (length $data > INLINE_BYTES) {
        $kind ||= 'bytes';
        return $self->_reference($self->{outbox}->$kind(\$data));
    }
    $self->_head(2, length $data);
    $self->{out} .= $data;
    return;
}

# A text; its characters are encoded here.
sub _text {
    my ($self, $text) = @_;
    utf8::encode($text);
    $self->_head(3, length $text);
    $self->{out} .= $text;
    return;
}

# A string as characters: it has some beyond bytes, or its bytes are UTF-8.
sub _as_text {
    my ($string) = @_;
    PolyRun::refuse('it holds bytes that are no UTF-8; `Encode::decode` or `utf8::upgrade` makes text of them')
        if !PolyRun::Kinds::is_text($string);
    PolyRun::refuse('it holds characters that no text can (half of one, or one beyond U+10FFFF)')
        if $string =~ /[\x{D800}-\x{DFFF}]|[^\x{0}-\x{10FFFF}]/;
    return $string;
}

sub _as_bytes {
    my ($string) = @_;
    PolyRun::refuse('it is text, not bytes; `Encode::encode` makes bytes of it')
        if utf8::is_utf8($string) && $string =~ /[^\x{0}-\x{7F}]/;
    utf8::downgrade($string);
    return $string;
}

sub _integer {
    my ($self, $number) = @_;
    return $self->_big("$number") if $number > INT64_HIGH;
    return $number < 0 ? $self->_head(1, -1 - $number) : $self->_head(0, $number);
}

sub _float {
    my ($self, $number) = @_;
    $self->{out} .= pack 'Cd>', 0xfb, $number;
    return;
}

# An integer whose digits are `text`.
sub _big {
    my ($self, $text) = @_;
    my $digits = $text =~ tr/0-9//;
    return $self->_integer(0 + $text) if $digits < 19;
    if ($digits == 19) {
        my $limit = $text =~ /^-/ ? '-9223372036854775808' : '9223372036854775807';
        return $self->_integer(unpack 'q', pack 'q', $text) if $text le $limit;
    }
    return $self->_tagged(50501, $text);
}

sub _tagged {
    my ($self, $tag, $text) = @_;
    $self->_head(6, $tag);
    $self->_text($text);
    return;
}

sub _head {
    my ($self, $major, $number) = @_;
    $major <<= 5;
    $self->{out} .=
          $number < 24 ? chr($major | $number)
        : $number < 1 << 8 ? pack 'CC', $major | 24, $number
        : $number < 1 << 16 ? pack 'Cn', $major | 25, $number
        : $number < 1 << 32 ? pack 'CN', $major | 26, $number
        : pack 'CQ>', $major | 27, $number;
    return;
}

1;
