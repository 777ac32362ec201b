package PolyRun::Table;

# Columns of one length.
#
# `$table->column('price')` is a column, a list with undef for what is missing. `$table->rows` gives the rows as hashes,
# `$table->size` counts them. `PolyRun::table(id => [1, 2], name => ['a', undef])` makes one.
use strict;
use warnings;

use overload '""' => \&_text, '0+' => sub { Scalar::Util::refaddr($_[0]) }, bool => sub { 1 }, fallback => 1;
use Scalar::Util ();

PolyRun::load('Column');

sub new {
    my ($class, @pairs) = @_;
    my (@columns, $rows, %used);
    while (my ($name, $values) = splice @pairs, 0, 2) {
        PolyRun::refuse("the column `$name` is no list") if ref $values ne 'ARRAY' && ref $values ne 'PolyRun::Array';
        my $count = ref $values eq 'ARRAY' ? @$values : $values->size;
        $rows = $count if !defined $rows;
        PolyRun::refuse('the columns of a table must all have the same length') if $count != $rows;
        PolyRun::refuse('two columns of a table have the same name') if $used{$name}++;
        PolyRun::load('Columns');
        push @columns, PolyRun::Columns::make($name, $values);
    }
    return $class->stored($rows || 0, @columns);
}

# A table of hashes, one for each row, or of lists, one for each column. What has no order of its own is sorted.
sub of {
    my ($class, $value) = @_;
    PolyRun::load('Columns');
    return $class->new(map { $_ => $value->{$_} } PolyRun::Columns::ordered($value)) if ref $value eq 'HASH';
    my (@names, %known);
    for my $row (@$value) {
        PolyRun::refuse('a table is made of hashes, one for each row, and this list holds something else')
            if ref $row ne 'HASH';
        push @names, grep { !$known{$_}++ } PolyRun::Columns::ordered($row);
    }
    return $class->new(map { my $name = $_; $name => [map { $_->{$name} } @$value] } @names);
}

# A table whose columns are there already.
sub stored {
    my ($class, $rows, @columns) = @_;
    return bless { rows => $rows, columns => \@columns, by_name => { map { $_->name => $_ } @columns } }, $class;
}

# What `print` shows.
sub _text {
    my ($self) = @_;
    return "<table of $self->{rows} rows: " . join(', ', map { $_->name . ': ' . $_->type } @{ $self->{columns} }) . '>';
}

# The names of the columns.
sub columns {
    my ($self) = @_;
    return map { $_->name } @{ $self->{columns} };
}

# The type of each column, by its name.
sub types {
    my ($self) = @_;
    return { map { $_->name => $_->type } @{ $self->{columns} } };
}

# How many rows there are.
sub size { return $_[0]{rows} }

# The values of a column; they cannot be changed, so that a table is handed on as it was seen.
sub column {
    my ($self, $name) = @_;
    my $column = $self->{by_name}{$name};
    PolyRun::refuse("the table has no column `$name`") if !$column;
    return $column->values;
}

# The row at a position, as a new hash.
sub row {
    my ($self, $at) = @_;
    return { map { $_->name => $_->values->[$at] } @{ $self->{columns} } };
}

# All rows, as new hashes.
sub rows {
    my ($self) = @_;
    my @names = $self->columns;
    my @all = map { $_->values } @{ $self->{columns} };
    return map { my $at = $_; my %row; @row{@names} = map { $_->[$at] } @all; \%row } 0 .. $self->{rows} - 1;
}

# The columns themselves, for handing the table on.
sub parts { return @{ $_[0]{columns} } }

1;
