<?php

declare(strict_types=1);

namespace PolyRun;

/** Dates and times between their text form and the classes of PHP. */
final class Moments
{
    private const STAMP = '/^(?<moment>[^Z+[]+?)(?<offset>Z|[+-]\d\d:\d\d)?(?:\[(?<zone>[^]]+)])?$/D';

    /** The moment that `$text` is; in a named zone where it has one, and a `PlainDateTime` where it has none. */
    public static function timestamp(string $text): \DateTimeImmutable
    {
        preg_match(self::STAMP, $text, $part, PREG_UNMATCHED_AS_NULL);
        ['moment' => $moment, 'offset' => $offset, 'zone' => $zone] = $part;
        if ($offset === null && $zone === null) {
            return new PlainDateTime($moment);
        }
        $offset = $offset === 'Z' ? 'UTC' : $offset;
        $stamp = new \DateTimeImmutable($moment, new \DateTimeZone($offset ?? $zone));
        return $zone === null ? $stamp : $stamp->setTimezone(new \DateTimeZone($zone));
    }

    /** An interval in hours, minutes and seconds, which unlike days always have the same length. */
    public static function interval(int $seconds, int $microseconds): \DateInterval
    {
        $isNegative = $seconds < 0;
        if ($isNegative) {
            [$seconds, $microseconds] = $microseconds > 0 ? [-1 - $seconds, 1_000_000 - $microseconds] : [-$seconds, 0];
        }
        $interval = new \DateInterval('PT0S');
        $interval->h = intdiv($seconds, 3600);
        $interval->i = intdiv($seconds, 60) % 60;
        $interval->s = $seconds % 60;
        $interval->f = $microseconds / 1_000_000;
        $interval->invert = (int) $isNegative;
        return $interval;
    }

    /** Seconds, and microseconds to add to them. */
    public static function lengthOf(\DateInterval $interval): array
    {
        if (is_int($interval->days)) { // from `diff()`, which has counted the days
            $days = $interval->days;
        } elseif ($interval->y !== 0 || $interval->m !== 0) {
            throw new Unsupported('it is an interval of months or years, which have no length of their own');
        } else {
            $days = $interval->d;
        }
        $seconds = (($days * 24 + $interval->h) * 60 + $interval->i) * 60 + $interval->s;
        if (!is_int($seconds) || (!is_int($interval->days) && !self::isSteady($interval, $seconds))) {
            throw new Unsupported('it is an interval without a length of its own');
        }
        $microseconds = (int) round($interval->f * 1_000_000);
        if ($interval->invert === 1) {
            [$seconds, $microseconds] = [-$seconds, -$microseconds];
        }
        $carry = (int) floor($microseconds / 1_000_000);
        return [$seconds + $carry, $microseconds - $carry * 1_000_000];
    }

    /** Whether an interval is as long on a Monday as on a Saturday; one such as `last thursday` is not. */
    private static function isSteady(\DateInterval $interval, int $seconds): bool
    {
        $seconds = $interval->invert === 1 ? -$seconds : $seconds;
        foreach (['1970-01-05', '1970-01-10'] as $day) {
            $start = new \DateTimeImmutable($day, new \DateTimeZone('UTC'));
            $whole = clone $interval;
            $whole->f = 0;
            if ($start->add($whole)->getTimestamp() !== $start->getTimestamp() + $seconds) {
                return false;
            }
        }
        return true;
    }

    /** What `$value` is: the name of a type; `timestamp` for what is no class of ours. */
    public static function kindOf(\DateTimeInterface $value): string
    {
        return [Date::class => 'date', Time::class => 'time'][$value::class] ?? 'timestamp';
    }

    /** `$value` as it is exported: as a date, a time or a timestamp. */
    public static function tagged(\DateTimeInterface $value, string $kind): Tag
    {
        self::check($value, $kind);
        return match ($kind) {
            'date' => new Tag(Tag::DATE, $value->format('Y-m-d')),
            'time' => new Tag(Tag::TIME, self::trim($value->format('H:i:s.u'))),
            default => new Tag(Tag::TIMESTAMP, self::trim($value->format('Y-m-d\TH:i:s.u')) . self::place($value)),
        };
    }

    /** Refuse what would be lost. */
    public static function check(\DateTimeInterface $value, string $kind): void
    {
        if (!preg_match('/^(?!0000)\d{4}-/', $value->format('Y-'))) {
            throw new Unsupported("it is in the year {$value->format('Y')}, and dates are in the years 1 to 9999");
        }
        if ($kind === 'date' && $value->format('His.u') !== '000000.000000') {
            throw new Unsupported("it is a day and a time ({$value->format('H:i:s')}), not a date");
        }
        if ($kind === 'time' && $value->format('Y-m-d') !== '1970-01-01') {
            throw new Unsupported("it has a day ({$value->format('Y-m-d')}) besides the time of day");
        }
    }

    /** The name of the zone as a column has it: `UTC`, an offset or a name of IANA's; null without one. */
    public static function zoneOf(\DateTimeInterface $value): ?string
    {
        if ($value instanceof PlainDateTime) {
            return null;
        }
        $name = $value->getTimezone()->getName();
        if ($name === 'UTC' || $name === 'Z') {
            return 'UTC';
        }
        return $value->getTimezone()->getLocation() === false ? self::offset($value) : $name;
    }

    private static function place(\DateTimeInterface $value): string
    {
        $zone = self::zoneOf($value);
        if ($zone === null || $zone === 'UTC') {
            return $zone === null ? '' : 'Z';
        }
        $offset = self::offset($value);
        return $offset === $zone ? $offset : "{$offset}[$zone]";
    }

    private static function offset(\DateTimeInterface $value): string
    {
        if ($value->getOffset() % 60 !== 0) {
            throw new Unsupported('its zone is not a whole number of minutes from UTC');
        }
        return $value->format('P');
    }

    /** `$text` without the zeros at the end of its fraction. */
    public static function trim(string $text): string
    {
        return rtrim(rtrim($text, '0'), '.');
    }
}
