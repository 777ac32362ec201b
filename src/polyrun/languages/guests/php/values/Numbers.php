<?php

declare(strict_types=1);

namespace PolyRun;

/**
 * An array of numbers of one type, kept as the bytes that they are until they are asked for.
 *
 * `$a[3]` is a number, or a row where there are more dimensions; `toArray()` gives all of them as a list, or as a list
 * of lists. An array does not change; make a new one of a changed list: `new Numbers('float64', [1.5, 2.0])`.
 */
final class Numbers implements \ArrayAccess, \Countable, \IteratorAggregate, \JsonSerializable
{
    private const CODES = [
        'bool' => 'C', 'int8' => 'c', 'int16' => 's', 'int32' => 'l', 'int64' => 'q', 'uint8' => 'C', 'uint16' => 'S',
        'uint32' => 'L', 'uint64' => 'Q', 'float32' => 'f', 'float64' => 'd',
    ];
    private const SIZES = [
        'C' => 1, 'c' => 1, 's' => 2, 'S' => 2, 'l' => 4, 'L' => 4, 'f' => 4, 'q' => 8, 'Q' => 8, 'd' => 8,
    ];
    private const PIECE = 8192;
    private const EXACT = 1 << 53;

    /** What each number is: `float64`, `int32`, `bool`, … */
    public string $dtype;
    /** @var list<int> the dimensions */
    public array $shape;
    /** `C`: the last index is the fastest; `F`: the first one is. */
    public string $order = 'C';
    private string|Ref $data;

    /**
     * @param ?string $dtype the type of the numbers; null to have it found out
     * @param array $numbers a list of numbers, or lists of lists of them
     */
    public function __construct(?string $dtype, array $numbers)
    {
        if ($dtype !== null && !isset(self::CODES[$dtype])) {
            throw new Unsupported("`$dtype` is no type of numbers; known are " . implode(', ', array_keys(self::CODES)));
        }
        $this->shape = self::shapeOf($numbers);
        for ($dimensions = count($this->shape); $dimensions > 1; --$dimensions) {
            $numbers = array_merge(...$numbers);
        }
        $this->dtype = $dtype ?? self::typeOf($numbers);
        $this->data = implode('', [...self::pack($this->dtype, $numbers)]);
    }

    /** An array that came from another block, or a part of one. */
    public static function stored(string $dtype, array $shape, string $order, string|Ref $data): self
    {
        $made = new self($dtype, []);
        [$made->shape, $made->order, $made->data] = [$shape, $order, $data];
        return $made;
    }

    private static function shapeOf(array $numbers): array
    {
        $shape = [];
        for ($level = [$numbers]; is_array($level[0] ?? null); $level = array_merge(...$level)) {
            foreach ($level as $list) {
                if (!is_array($list) || count($list) !== count($level[0]) || !Encoder::isList($list)) {
                    throw new Unsupported('it is no array: the lists in it do not all have the same length');
                }
            }
            $shape[] = count($level[0]);
        }
        return $shape;
    }

    private static function typeOf(array $numbers): string
    {
        $isSame = match (get_debug_type($numbers[0] ?? null)) {
            'int' => 'is_int',
            'bool' => 'is_bool',
            default => null,
        };
        foreach ($isSame === null ? [] : $numbers as $number) {
            if (!$isSame($number)) {
                return 'float64';
            }
        }
        return ['is_int' => 'int64', 'is_bool' => 'bool'][$isSame] ?? 'float64';
    }

    /** The number, or the row, at `$offset`, which may count from the end. */
    public function offsetGet(mixed $offset): mixed
    {
        $count = $this->shape[0] ?? 1;
        if (!is_int($offset) || $offset < -$count || $offset >= $count) {
            throw new \OutOfBoundsException('there is no number ' . json_encode($offset) . " in an array of $count");
        }
        $inner = array_slice($this->shape, 1);
        $length = array_product($inner) * self::SIZES[self::CODES[$this->dtype]];
        $at = ($offset < 0 ? $count + $offset : $offset) * $length;
        $part = substr($this->inRows(), $at, $length);
        return $inner === [] ? self::unpack($this->dtype, $part)[0] : self::stored($this->dtype, $inner, 'C', $part);
    }

    public function offsetExists(mixed $offset): bool
    {
        $count = $this->shape[0] ?? 1;
        return is_int($offset) && $offset >= -$count && $offset < $count;
    }

    public function offsetSet(mixed $offset, mixed $value): void
    {
        throw new \LogicException('an array does not change; `toArray()` gives a list that does');
    }

    public function offsetUnset(mixed $offset): void
    {
        $this->offsetSet($offset, null);
    }

    /** How many numbers, or rows, there are. */
    public function count(): int
    {
        return $this->shape[0] ?? 1;
    }

    public function getIterator(): \Iterator
    {
        $count = count($this);
        if (count($this->shape) > 1) {
            for ($n = 0; $n < $count; ++$n) {
                yield $n => $this[$n];
            }
            return;
        }
        $size = self::SIZES[self::CODES[$this->dtype]];
        $data = $this->bytes();
        for ($n = 0; $n < $count; $n += self::PIECE) {
            foreach (self::unpack($this->dtype, substr($data, $n * $size, self::PIECE * $size)) as $at => $number) {
                yield $n + $at => $number;
            }
        }
    }

    /** All numbers: a list, or lists of lists where there is more than one dimension. */
    public function toArray(): array
    {
        $numbers = self::unpack($this->dtype, $this->inRows());
        for ($dimension = count($this->shape) - 1; $dimension > 0; --$dimension) {
            $length = $this->shape[$dimension];
            $rows = (int) array_product(array_slice($this->shape, 0, $dimension));
            $numbers = $length > 0 ? array_chunk($numbers, $length) : array_fill(0, $rows, []);
        }
        return $numbers;
    }

    /** What `print_r` and `var_dump` show. */
    public function __debugInfo(): array
    {
        return ['dtype' => $this->dtype, 'shape' => $this->shape, 'order' => $this->order];
    }

    public function jsonSerialize(): array
    {
        return $this->toArray();
    }

    /** The numbers as bytes, in their `order`. */
    public function bytes(): string
    {
        if ($this->data instanceof Ref) {
            $this->data = $this->data->read();
        }
        return $this->data;
    }

    /** The numbers as bytes, the last index fastest. */
    private function inRows(): string
    {
        if ($this->order === 'F' && count($this->shape) > 1) {
            $size = self::SIZES[self::CODES[$this->dtype]];
            $numbers = str_split($this->bytes(), $size);
            $this->data = '';
            if ($numbers !== [''] && $numbers !== []) {
                $this->gather($numbers, 0, 0, 1);
            }
            $this->order = 'C';
        }
        return $this->bytes();
    }

    private function gather(array $numbers, int $dimension, int $at, int $step): void
    {
        $isLast = $dimension === count($this->shape) - 1;
        $made = '';
        for ($n = 0; $n < $this->shape[$dimension]; ++$n, $at += $step) {
            if ($isLast) {
                $made .= $numbers[$at];
            } else {
                $this->gather($numbers, $dimension + 1, $at, $step * $this->shape[$dimension]);
            }
        }
        $this->data .= $made;
    }

    /** The numbers that `$data` is. */
    public static function unpack(string $dtype, string $data): array
    {
        $numbers = $data === '' ? [] : array_values(unpack(self::CODES[$dtype] . '*', $data));
        if ($dtype === 'bool') {
            return array_map('boolval', $numbers);
        }
        if ($dtype === 'uint64' && $numbers !== [] && min($numbers) < 0) {
            throw new \OverflowException('one of these numbers is larger than `PHP_INT_MAX`');
        }
        return $numbers;
    }

    /**
     * The bytes of `$numbers`, in pieces. Throws `Unsupported` if one of them is not of the type `$dtype`.
     *
     * @return \Generator<string>
     */
    public static function pack(string $dtype, array $numbers): \Generator
    {
        self::check($dtype, $numbers);
        for ($n = 0, $count = count($numbers); $n < $count; $n += self::PIECE) {
            yield pack(self::CODES[$dtype] . '*', ...array_slice($numbers, $n, self::PIECE));
        }
    }

    /** `pack` itself would cut what does not fit. */
    private static function check(string $dtype, array $numbers): void
    {
        $isFloat = $dtype === 'float64' || $dtype === 'float32';
        $isBool = $dtype === 'bool';
        $hasInts = false;
        foreach ($numbers as $number) {
            if (is_int($number) && !$isBool) {
                $hasInts = true;
            } elseif (!($isFloat ? is_float($number) : $isBool && is_bool($number))) {
                $kind = get_debug_type($number);
                throw new Unsupported("it is no array of $dtype: there is a value of the type `$kind` in it");
            }
        }
        if (!$hasInts) {
            return;
        }
        [$low, $high] = self::bounds($dtype);
        foreach ($isFloat ? array_filter($numbers, 'is_int') : [min($numbers), max($numbers)] as $number) {
            if ($number < $low || $number > $high) {
                throw new Unsupported("it is no array of $dtype: $number does not fit");
            }
        }
    }

    private static function bounds(string $dtype): array
    {
        $bits = self::SIZES[self::CODES[$dtype]] * 8;
        return match (true) {
            $dtype[0] === 'f' => [-self::EXACT, self::EXACT],
            $dtype[0] === 'i' => [-(1 << ($bits - 2)) * 2, (1 << ($bits - 2)) - 1 + (1 << ($bits - 2))],
            default => [0, $bits === 64 ? PHP_INT_MAX : (1 << $bits) - 1],
        };
    }
}
