package PolyRun::Variables;

# The variables of a block as they are when it ends. Those that are declared with `my` are gone by then unless somebody
# holds them: they are taken from the pad of the compiled program before it runs, which `B` gives access to.
use strict;
use warnings;

use B ();

my %KINDS = ('$' => 'SCALAR', '@' => 'ARRAY', '%' => 'HASH');
my %BUILTIN = map { $_ => 1 } qw(ENV INC ARGV SIG STDIN STDOUT STDERR ARGVOUT);

my $left;    # the line of the statement at which the block called `exit`

sub new {
    my ($class, @imports) = @_;
    no warnings 'once';
    *CORE::GLOBAL::exit = sub (;$) {
        my $level = 0;
        $level++ while caller $level + 1;
        $left = (caller $level)[2];
        CORE::exit(@_ ? $_[0] : 0);
    };
    return bless { imports => { map { $_ => 1 } @imports }, held => {} }, $class;
}

# Hold what the block will have declared at its outermost level under these `names`.
sub hold {
    my ($self, @names) = @_;
    my %wanted = map { $_ => 1 } @names;
    for my $found (_declared()) {
        my ($sigil, $name) = $found->{name} =~ /^([\$\@%])(.*)/s or next;
        $self->{declared}{$name} = 1;
        $self->{held}{$name}{$sigil} = $found if $wanted{$name};
    }
    return;
}

# All variables that are declared at the outermost level. Their scope is the one that ends last.
sub _declared {
    my ($names, $values) = B::main_cv->PADLIST->ARRAY;
    my @names = $names->ARRAY;
    my @values = $values->ARRAY;
    my (@found, $last);
    for my $at (1 .. $#names) {
        my $entry = $names[$at];
        next if !ref $entry || !$entry->can('PV') || !defined $entry->PV || length $entry->PV < 2;
        my $end = $entry->COP_SEQ_RANGE_HIGH;
        $last = $end if !defined $last || $end > $last;
        my $found = { name => $entry->PV, from => $entry->COP_SEQ_RANGE_LOW, end => $end };
        if ($entry->FLAGS & B::SVpad_OUR()) {
            $found->{package} = $entry->OURSTASH->NAME;
        } else {
            $found->{value} = $values[$at]->object_2svref;
        }
        push @found, $found;
    }
    return grep { $_->{end} == $last } @found;
}

# A reference to the value of the variable `name`: `$name`, `@name` or `%name`, whichever there is. Nothing if the block
# has none, or left before it was declared.
sub value {
    my ($self, $name) = @_;
    my $held = $self->{held}{$name};
    my @sigils = sort keys %{ $held || {} };
    if (@sigils > 1) {
        my $all = join ' and ', map { "`$_$name`" } @sigils;
        PolyRun::refuse("the block has $all; give the one that is not meant another name");
    }
    return _global('main', $name, undef, $self->{imports}{$name}) if !@sigils;
    my $found = $held->{ $sigils[0] };
    return _global($found->{package}, $name, $sigils[0], 1) if defined $found->{package};
    my $value = $found->{value};
    my $is_empty = $sigils[0] eq '$' ? !defined $$value : $sigils[0] eq '@' ? !@$value : !%$value;
    return $is_empty && defined $left && !_was_reached($found->{from}) ? undef : $value;
}

# A variable of a package. A scalar that is not declared counts only if it has a value.
sub _global {
    my ($package, $name, $sigil, $declared) = @_;
    no strict 'refs';
    return if !exists ${"${package}::"}{$name} || $BUILTIN{$name};
    my $glob = \*{"${package}::$name"};
    return *$glob{ $KINDS{$sigil} } if defined $sigil;
    my $scalar = *$glob{SCALAR};
    return $scalar if $declared || defined $$scalar;
    return *$glob{ARRAY} || *$glob{HASH};
}

# Whether a variable that is visible to statements with a number above `from` had been declared when the block left.
sub _was_reached {
    my ($from) = @_;
    my $reached = 0;
    no warnings 'once';
    local *B::COP::polyrun_look = sub {
        my ($cop) = @_;
        $reached = 1 if $cop->line == $left && $cop->cop_seq > $from;
    };
    local *B::OP::polyrun_look = sub { };
    B::walkoptree(B::main_root(), 'polyrun_look');
    return $reached;
}

# The names of all variables that the block has declared.
sub names {
    my ($self) = @_;
    my @names = sort grep { !$self->{imports}{$_} } keys %{ $self->{declared} || {} };
    return @names > 100 ? @names[0 .. 99] : @names;
}

1;
