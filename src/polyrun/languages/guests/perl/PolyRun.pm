package PolyRun;

# Values between blocks: what others export becomes variables, and variables become what they import. Loaded, while the
# block is being compiled, only for one that imports or exports; see docs/value-files.md for what its two folders hold.
use strict;
use warnings;

our $characters;    # whether the block says `use utf8`, so that its texts are characters; else they are bytes in UTF-8

my ($folder) = __FILE__ =~ m{^(.*)/};
my $process = $$;
my %given;          # imported scalars as they came, and whether they are bytes
my ($exports, $prefix, $outbox, $variables, $is_ending);

sub load {
    my ($name) = @_;
    return require "$folder/PolyRun/$name.pm";
}

# A map that keeps the order of its keys: `PolyRun::map(b => 1, a => 2)`.
sub map {
    my @pairs = @_;
    load('Map');
    tie my %map, 'PolyRun::Map';
    while (my ($key, $value) = splice @pairs, 0, 2) { $map{$key} = $value }
    return \%map;
}

# An array of numbers: `PolyRun::array([[1, 2], [3, 4]], 'int32')`.
sub array {
    load('Array');
    return PolyRun::Array->new(@_);
}

# A table of columns in their order: `PolyRun::table(id => [1, 2], name => ['a', undef])`.
sub table {
    load('Table');
    return PolyRun::Table->new(@_);
}

# A string that is bytes, wherever it stands: `{ icon => PolyRun::bytes($data) }`.
sub bytes {
    my ($bytes) = @_;
    return bless \$bytes, 'PolyRun::Bytes';
}

# End with the reason why a value has no form that others could read: in the block's own line, or while it is exported.
sub refuse {
    my ($message) = @_;
    die bless \$message, 'PolyRun::Unsupported' if $is_ending;
    my $level = 0;
    $level++ while (caller $level)[0] =~ /^PolyRun\b/;
    my (undef, $file, $line) = caller $level;
    die "$message at $file line $line.\n";
}

# Make the imported `value` the variable `$name`, and what it refers to `@name` or `%name`. That it is done from another
# package than the block's makes them known to `use strict`.
sub give {
    my ($name, $value, $is_bytes) = @_;
    $given{$name} = [$value, $is_bytes] if defined $value && !ref $value;
    no strict 'refs';
    *{"main::$name"} = \$value;
    *{"main::$name"} = $value if ref $value eq 'ARRAY' || ref $value eq 'HASH';
    return;
}

# A reference to the value of a variable, and its type. A scalar that is still what was imported has the type that it
# had then, whatever it was used as.
sub look_up {
    my ($name) = @_;
    my ($value, $type) = ($variables->value($name), $exports->{$name});
    my $given = $given{$name};
    if ($given && ref $value eq 'SCALAR' && defined $$value && !ref $$value && $$value eq $given->[0]) {
        $value = \$given->[0];
        $type = 'bytes' if $given->[1] && !defined $type;
    }
    return ($value, $type);
}

sub hand_over {
    load('Writer');
    my $writer = PolyRun::Writer->new($outbox, $prefix);
    my (@exported, %refused);
    for my $name (sort keys %$exports) {
        my $found = eval {
            my ($value, $type) = look_up($name);
            [$name, $value && $writer->encode($value, $type)];
        };
        if (!$found) {
            die $@ if ref $@ ne 'PolyRun::Unsupported';
            $refused{$name} = ${$@};
        }
        push @exported, $found if $found && defined $found->[1];
    }
    my $complete = @exported + keys(%refused) == keys %$exports;
    $writer->save(\@exported, \%refused, $complete ? [] : [$variables->names]);
    return;
}

{
    my $source = '';
    if (open my $file, '<', $0) {
        local $/;
        $source = <$file>;
    }
    $characters = $source =~ /^\s*use\s+utf8\b/m;
    load('Reader');
    my $facts = PolyRun::Reader->new($ENV{POLYRUN_IN})->facts;
    ($exports, $prefix, $outbox) = (@$facts{'exports', 'prefix'}, $ENV{POLYRUN_OUT});
    give(@$_) for @{ $facts->{imports} };
    if (%$exports) {
        load('Variables');
        $variables = PolyRun::Variables->new(map { $_->[0] } @{ $facts->{imports} });
    }
}

INIT { $variables->hold(keys %$exports) if $variables }

# The first one defined is the last one called. A child that the block has forked has nothing to hand over.
END {
    if ($variables && $? == 0 && $$ == $process) {
        local ($?, $!, $@, $,, $\, $/);
        $is_ending = 1;
        hand_over();
    }
}

1;
