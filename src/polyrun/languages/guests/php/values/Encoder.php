<?php

declare(strict_types=1);

namespace PolyRun;

/** Writes values as CBOR (RFC 8949), with private tags for what that lacks. */
final class Encoder
{
    private const MAX_DEPTH = 64;
    private const PACK_FROM = 32;

    private string $out = '';
    private int $depth = 0;

    public function __construct(private Outgoing $outgoing)
    {
    }

    /** The bytes of `$value`. Throws `Unsupported`. */
    public function encode(mixed $value): string
    {
        $this->value($value);
        return $this->out;
    }

    /** The head of a data item. */
    public static function head(int $major, int $number): string
    {
        $first = $major << 5;
        return match (true) {
            $number < 24 => chr($first | $number),
            $number < 0x100 => chr($first | 24) . chr($number),
            $number < 0x10000 => chr($first | 25) . pack('n', $number),
            $number < 0x100000000 => chr($first | 26) . pack('N', $number),
            default => chr($first | 27) . pack('J', $number),
        };
    }

    /** A string that is known to be UTF-8. */
    public static function text(string $text): string
    {
        return self::head(3, strlen($text)) . $text;
    }

    /** Whether a string can be read as text. */
    public static function isText(string $string): bool
    {
        return preg_match('//u', $string) === 1;
    }

    private function value(mixed $value): void
    {
        if (is_string($value)) {
            if (self::isText($value)) {
                $this->out .= self::text($value);
            } else {
                $this->value($this->outgoing->bytes($value));
            }
        } elseif (is_int($value)) {
            $this->out .= $value >= 0 ? self::head(0, $value) : self::head(1, ~$value);
        } elseif (is_float($value)) {
            $this->out .= "\xfb" . pack('E', $value);
        } elseif (is_bool($value)) {
            $this->out .= $value ? "\xf5" : "\xf4";
        } elseif ($value === null) {
            $this->out .= "\xf6";
        } elseif ($value instanceof Bytes) {
            $this->out .= self::head(2, strlen($value->data)) . $value->data;
        } elseif ($value instanceof Tag) {
            $this->out .= self::head(6, $value->number);
            $this->value($value->value);
        } else {
            $this->inside($value);
        }
    }

    /** A container, or something that must be turned into a plain value first. */
    private function inside(mixed $value): void
    {
        if ($this->depth >= self::MAX_DEPTH) {
            throw new Unsupported('it is nested deeper than ' . self::MAX_DEPTH . ' levels, or contains itself');
        }
        ++$this->depth;
        if (is_array($value)) {
            self::isList($value) ? $this->list($value) : $this->map($value);
        } elseif ($value instanceof \stdClass) {
            $this->map((array) $value);
        } elseif ($value instanceof \ArrayObject || $value instanceof \ArrayIterator) {
            $this->map($value->getArrayCopy());
        } else {
            $this->value($this->outgoing->convert($value));
        }
        --$this->depth;
    }

    /** Whether the keys of `$array` are 0, 1, 2, … in this order. (PHP 8.0 has no `array_is_list`.) */
    public static function isList(array $array): bool
    {
        $next = 0;
        foreach ($array as $key => $_) {
            if ($key !== $next++) {
                return false;
            }
        }
        return true;
    }

    private function list(array $list): void
    {
        $packed = count($list) >= self::PACK_FROM ? self::numbersOf($list) : null;
        if ($packed !== null) {
            $this->value($this->outgoing->packed($packed, $list));
            return;
        }
        $this->out .= self::head(4, count($list));
        foreach ($list as $item) {
            $this->value($item);
        }
    }

    /** The type of numbers that a list holds, if they are of one kind. */
    private static function numbersOf(array $list): ?string
    {
        $isSame = match (get_debug_type($list[0])) {
            'int' => 'is_int',
            'float' => 'is_float',
            default => null,
        };
        if ($isSame === null) {
            return null;
        }
        foreach ($list as $item) {
            if (!$isSame($item)) {
                return null;
            }
        }
        return $isSame === 'is_int' ? 'int64' : 'float64';
    }

    private function map(array $map): void
    {
        $this->out .= self::head(5, count($map));
        foreach ($map as $key => $item) {
            $key = (string) $key;
            if (!self::isText($key)) {
                throw new Unsupported('the keys of a map must be texts, and one of these is not valid UTF-8');
            }
            $this->out .= self::text($key);
            $this->value($item);
        }
    }
}
