<?php

declare(strict_types=1);

namespace PolyRun;

/** A column of a table in the layout of Apache Arrow, read and written without a library for it. */
final class Column
{
    private const MAX_BYTES = 0x7fffffff;
    private const NUMBERS = [
        'bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float32', 'float64',
    ];

    public function __construct(
        public string $name,
        public string $type,
        private string|Ref|null $validity,
        private string|Ref $data,
        private string|Ref|null $offsets = null,
    ) {
    }

    /** Its validity, data and offsets as bytes; null for what it does not have. */
    public function parts(): array
    {
        $read = static fn (mixed $part) => $part instanceof Ref ? $part->read() : $part;
        return array_map($read, [$this->validity, $this->data, $this->offsets]);
    }

    /** A column of `$values`, which must be of one kind, or null; `$wanted` is the type to have. */
    public static function of(string $name, array|Numbers $values, ?string $wanted): self
    {
        try {
            if ($values instanceof Numbers && count($values->shape) === 1 && $values->dtype !== 'bool') {
                return new self($name, $values->dtype, null, $values->bytes());
            }
            $values = $values instanceof Numbers ? $values->toArray() : array_values($values);
            $there = array_map(static fn (mixed $value) => $value !== null, $values);
            $validity = in_array(false, $there, true) ? self::bits($there) : null;
            $type = $wanted ?? self::typeOf($values);
            return new self($name, $type, $validity, ...self::encode($type, $values));
        } catch (Unsupported $error) {
            throw new Unsupported("of its column `$name`: {$error->getMessage()}");
        }
    }

    private static function typeOf(array $values): string
    {
        $kinds = array_fill_keys(array_map('get_debug_type', $values), true);
        unset($kinds['null']);
        if (isset($kinds['float'])) {
            unset($kinds['int']);
        }
        if (count($kinds) > 1) {
            throw new Unsupported('it mixes ' . implode(' and ', array_keys($kinds)));
        }
        $kind = array_key_first($kinds) ?? 'string';
        $known = ['bool' => 'bool', 'int' => 'int64', 'float' => 'float64'];
        $known += [Date::class => 'date', Time::class => 'time(us)'];
        if (isset($known[$kind])) {
            return $known[$kind];
        }
        if ($kind === 'string') {
            $strings = array_filter($values, 'is_string');
            return count(array_filter($strings, [Encoder::class, 'isText'])) === count($strings) ? 'str' : 'bytes';
        }
        if (is_a($kind, \DateInterval::class, true)) {
            return 'duration(us)';
        }
        if (is_a($kind, \DateTimeInterface::class, true)) {
            return self::timestampOf($values);
        }
        throw new Unsupported("a column of a table cannot hold values of the type `$kind`");
    }

    private static function timestampOf(array $values): string
    {
        $zones = array_map([Moments::class, 'zoneOf'], array_filter($values));
        if (count(array_unique($zones)) > 1) {
            throw new Unsupported('it mixes time zones');
        }
        $zone = reset($zones);
        return 'timestamp(us' . ($zone === null ? '' : ",$zone") . ')';
    }

    /** The data of a column of the type `$type`, and its offsets if it has some. */
    private static function encode(string $type, array $values): array
    {
        [$base] = explode('(', $type);
        if ($base === 'bool') {
            return [self::bits($values)];
        }
        if ($base === 'str' || $base === 'bytes') {
            return self::strings($values, $base);
        }
        if (in_array($base, self::NUMBERS, true)) {
            $zero = $base[0] === 'f' ? 0.0 : 0;
            $numbers = array_map(static fn (mixed $value) => $value ?? $zero, $values);
            return [implode('', [...Numbers::pack($base, $numbers)])];
        }
        $count = static function (mixed $value) use ($base): int {
            if ($value === null) {
                return 0;
            }
            $isMoment = $base !== 'duration' && $value instanceof \DateTimeInterface;
            if (!$isMoment && !($base === 'duration' && $value instanceof \DateInterval)) {
                throw new Unsupported('it has a value of the type `' . get_debug_type($value) . "`, which is no $base");
            }
            return $isMoment ? self::moment($value, $base) : self::length($value);
        };
        return [implode('', [...Numbers::pack($base === 'date' ? 'int32' : 'int64', array_map($count, $values))])];
    }

    private static function moment(\DateTimeInterface $value, string $base): int
    {
        Moments::check($value, $base);
        if ($base === 'date') {
            return intdiv($value->getTimestamp() + $value->getOffset(), 86400);
        }
        return $value->getTimestamp() * 1_000_000 + (int) $value->format('u');
    }

    private static function length(\DateInterval $value): int
    {
        [$seconds, $microseconds] = Moments::lengthOf($value);
        $total = $seconds * 1_000_000 + $microseconds;
        return is_int($total) ? $total : throw new Unsupported('an interval in it is too long');
    }

    private static function strings(array $values, string $base): array
    {
        $ends = [0];
        $total = 0;
        foreach ($values as $value) {
            if ($value !== null && (!is_string($value) || ($base === 'str' && !Encoder::isText($value)))) {
                throw new Unsupported('it has a value of the type `' . get_debug_type($value) . "` that is no $base");
            }
            $total += strlen($value ?? '');
            $ends[] = $total;
        }
        if ($total > self::MAX_BYTES) {
            throw new Unsupported('it has more than 2 GiB');
        }
        return [implode('', $values), implode('', [...Numbers::pack('int32', $ends)])];
    }

    /** Truth values as bits, the least significant first. */
    private static function bits(array $flags): string
    {
        $bits = '';
        $byte = 0;
        foreach ($flags as $n => $flag) {
            if ($flag !== null && !is_bool($flag)) {
                throw new Unsupported('it has a value of the type `' . get_debug_type($flag) . '` that is no bool');
            }
            $byte |= (int) $flag << ($n & 7);
            if (($n & 7) === 7) {
                $bits .= chr($byte);
                $byte = 0;
            }
        }
        return count($flags) % 8 === 0 ? $bits : $bits . chr($byte);
    }

    /** All of its `$rows` values as a list, null where one is missing. */
    public function values(int $rows): array
    {
        [$validity, $data, $offsets] = $this->parts();
        $values = $this->decode($rows, $data, $offsets);
        if ($validity !== null) {
            foreach (self::flags($validity, $rows) as $n => $there) {
                if (!$there) {
                    $values[$n] = null;
                }
            }
        }
        return $values;
    }

    private static function flags(string $bits, int $rows): array
    {
        $flags = [];
        for ($n = 0; $n < $rows; ++$n) {
            $flags[] = ((ord($bits[$n >> 3]) >> ($n & 7)) & 1) === 1;
        }
        return $flags;
    }

    private function decode(int $rows, string $data, ?string $offsets): array
    {
        [$base, $zone] = [...explode(',', rtrim($this->type, ')')), null];
        [$base] = explode('(', $base);
        if ($base === 'bool') {
            return self::flags($data, $rows);
        }
        if (in_array($base, self::NUMBERS, true)) {
            return Numbers::unpack($base, $data);
        }
        if ($offsets !== null) {
            $ends = Numbers::unpack('int32', $offsets);
            $strings = [];
            for ($n = 0; $n < $rows; ++$n) {
                $strings[] = substr($data, $ends[$n], $ends[$n + 1] - $ends[$n]);
            }
            return $strings;
        }
        $numbers = Numbers::unpack($base === 'date' ? 'int32' : 'int64', $data);
        if (str_contains($this->type, '(ns')) {
            $numbers = array_map([self::class, 'microseconds'], $numbers);
        }
        return self::moments($base, $zone, $numbers);
    }

    private static function microseconds(int $nanoseconds): int
    {
        if ($nanoseconds % 1000 !== 0) {
            throw new \RangeException('one of these times has nanoseconds, and those of PHP have microseconds');
        }
        return intdiv($nanoseconds, 1000);
    }

    private static function moments(string $base, ?string $zone, array $numbers): array
    {
        $split = static function (int $number): array {
            $rest = ($number % 1_000_000 + 1_000_000) % 1_000_000;
            return [intdiv($number - $rest, 1_000_000), $rest];
        };
        $start = match ($base) {
            'date' => new Date('1970-01-01'),
            'time' => new Time(),
            'duration' => null,
            default => $zone === null ? new PlainDateTime('1970-01-01') : new \DateTimeImmutable('@0'),
        };
        if ($base === 'date') {
            return array_map(static fn (int $day) => $start->setTimestamp($day * 86400), $numbers);
        }
        if ($start === null) {
            return array_map(static fn (int $number) => Moments::interval(...$split($number)), $numbers);
        }
        $start = $zone === null ? $start : $start->setTimezone(new \DateTimeZone($zone));
        return array_map(static function (int $number) use ($split, $start): \DateTimeImmutable {
            [$seconds, $microseconds] = $split($number);
            $moment = $start->setTimestamp($seconds);
            return $microseconds === 0 ? $moment : $moment->modify("+$microseconds usec");
        }, $numbers);
    }
}
