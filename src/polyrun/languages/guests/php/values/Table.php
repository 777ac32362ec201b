<?php

declare(strict_types=1);

namespace PolyRun;

/**
 * Columns of one length.
 *
 * `$t['price']` is a column: a list, with null for what is missing. A loop over a table gives its rows as arrays,
 * `count($t)` tells how many there are, `$t->types` what each column holds.
 */
final class Table implements \ArrayAccess, \Countable, \IteratorAggregate, \JsonSerializable
{
    /** @var array<string, string> the type of each column */
    public array $types = [];
    /** @var list<Column> the columns as they are stored */
    public array $stored = [];
    private int $rows = 0;
    private array $read = [];

    /**
     * @param array $content columns (`['id' => [1, 2]]`) or rows (`[['id' => 1], ['id' => 2]]`)
     * @param array<string, string> $types types of columns where the values do not tell: `['id' => 'int32']`
     */
    public function __construct(array $content, array $types = [])
    {
        $columns = Encoder::isList($content) ? self::columnsOf($content) : $content;
        $isFirst = true;
        foreach ($columns as $name => $values) {
            if (!is_array($values) && !$values instanceof Numbers) {
                throw new Unsupported("the column `$name` of a table is no list of values");
            }
            if (!$isFirst && count($values) !== $this->rows) {
                throw new Unsupported('the columns of a table must all have the same length');
            }
            [$this->rows, $isFirst] = [count($values), false];
            $this->add(Column::of((string) $name, $values, $types[$name] ?? null));
        }
    }

    /** A table that came from another block. */
    public static function stored(int $rows, array $columns): self
    {
        $made = new self([]);
        $made->rows = $rows;
        foreach ($columns as $parts) {
            $made->add(new Column(...$parts));
        }
        return $made;
    }

    private function add(Column $column): void
    {
        if (!Encoder::isText($column->name)) {
            throw new Unsupported('the names of columns must be texts, and one of these is not valid UTF-8');
        }
        $this->stored[] = $column;
        $this->types[$column->name] = $column->type;
    }

    private static function columnsOf(array $rows): array
    {
        $names = [];
        foreach ($rows as $row) {
            if (!is_array($row)) {
                throw new Unsupported('a table is made of arrays, one for each row, and this list holds something else');
            }
            $names += $row;
        }
        $columns = [];
        foreach ($names as $name => $_) {
            $columns[$name] = array_map(static fn (array $row) => $row[$name] ?? null, $rows);
        }
        return $columns;
    }

    /** All rows, each an array from the names of the columns to their values. */
    public function rows(): array
    {
        return iterator_to_array($this, false);
    }

    public function getIterator(): \Iterator
    {
        $columns = [];
        foreach ($this->types as $name => $_) {
            $columns[$name] = $this[$name];
        }
        for ($n = 0; $n < $this->rows; ++$n) {
            yield $n => array_map(static fn (array $column) => $column[$n], $columns);
        }
    }

    /** How many rows there are. */
    public function count(): int
    {
        return $this->rows;
    }

    /** The column `$offset` as a list. */
    public function offsetGet(mixed $offset): mixed
    {
        foreach (isset($this->read[$offset]) ? [] : $this->stored as $column) {
            if ($column->name === (string) $offset) {
                $this->read[$offset] = $column->values($this->rows);
            }
        }
        return $this->read[$offset] ?? throw new \OutOfBoundsException("the table has no column `$offset`");
    }

    public function offsetExists(mixed $offset): bool
    {
        return isset($this->types[$offset]);
    }

    public function offsetSet(mixed $offset, mixed $value): void
    {
        throw new \LogicException('a table does not change; make a new one: `new PolyRun\Table([…])`');
    }

    public function offsetUnset(mixed $offset): void
    {
        $this->offsetSet($offset, null);
    }

    /** What `print_r` and `var_dump` show. */
    public function __debugInfo(): array
    {
        return ['rows' => $this->rows, 'types' => $this->types];
    }

    public function jsonSerialize(): array
    {
        return $this->rows();
    }
}
