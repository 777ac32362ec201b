package PolyRun::Times;

# Moments in UTC, as objects of Perl's own class for them.
use strict;
use warnings;

# A whole second, which is what `Time::Piece` holds.
sub timestamp {
    my ($text) = @_;
    require Time::Piece;
    my ($moment) = $text =~ /^([^.Z+[]+)/;
    return Time::Piece->strptime($moment, '%Y-%m-%dT%H:%M:%S');
}

sub text {
    my ($time) = @_;
    my $year = $time->year;
    PolyRun::refuse("its year, $year, is not between 1 and 9999") if $year < 1 || $year > 9999;
    PolyRun::refuse('it is a time with a fraction of a second') if $time->epoch != int $time->epoch;
    my $moment = sprintf '%04d-%02d-%02dT%s', $year, $time->mon, $time->mday, $time->hms;
    my $minutes = int $time->tzoffset->minutes;
    return "${moment}Z" if $minutes == 0;
    return $moment . sprintf '%s%02d:%02d', $minutes < 0 ? '-' : '+', int(abs($minutes) / 60), abs($minutes) % 60;
}

1;
