package PolyRun;

# Values between blocks: what others export becomes variables, and variables become what they import. Loaded, while the
# block is being compiled, only for one that imports or exports; see docs/value-files.md for what its two folders hold.
use strict;
use warnings;

our $characters;    # whether the block says `use utf8`, so that its texts are characters; else they are bytes in UTF-8

my ($folder) = __FILE__ =~ m{^(.*)/};
my $process = $$;
my %given;          # imported scalars as they came
my ($exports, $prefix, $outbox, $variables);

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
    die bless \$message, 'PolyRun::Unsupported' if ${^GLOBAL_PHASE} eq 'END';
    my $level = 0;
    $level++ while (caller $level)[0] =~ /^PolyRun\b/;
    my (undef, $file, $line) = caller $level;
    die "$message at $file line $line.\n";
}

# Make the imported `value` the variable `$name`, and what it refers to `@name` or `%name`. That it is done from another
# package than the block's makes them known to `use strict`.
sub give {
    my ($name, $value) = @_;
    $given{$name} = $value if !ref $value;
    no strict 'refs';
    *{"main::$name"} = \$value;
    *{"main::$name"} = $value if ref $value eq 'ARRAY' || ref $value eq 'HASH';
    return;
}

sub hand_over {
    load('Writer');
    my $writer = PolyRun::Writer->new($outbox, $prefix);
    my (@exported, %refused);
    for my $name (sort keys %$exports) {
        my $found = eval {
            my $value = $variables->value($name);
            if (ref $value eq 'SCALAR' && exists $given{$name} && defined $given{$name}) {
                $value = \$given{$name} if defined $$value && !ref $$value && $$value eq $given{$name};
            }
            [$name, $value && $writer->encode($value, $exports->{$name})];
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
    my $facts = PolyRun::Reader->new($ENV{POLYRUN_IN})->value;
    ($exports, $prefix, $outbox) = (@$facts{'exports', 'prefix'}, $ENV{POLYRUN_OUT});
    give($_, $facts->{imports}{$_}) for keys %{ $facts->{imports} };
    if (%$exports) {
        load('Variables');
        $variables = PolyRun::Variables->new(keys %{ $facts->{imports} });
    }
}

INIT { $variables->hold(keys %$exports) if $variables }

# The first one defined is the last one called. A child that the block has forked has nothing to hand over.
END {
    if ($variables && $? == 0 && $$ == $process) {
        local ($?, $!, $@, $,, $\, $/);
        hand_over();
    }
}

1;
