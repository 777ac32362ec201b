<?php

declare(strict_types=1);

namespace PolyRun;

/** Turns what a block exports into plain values, and writes large data to files of their own. */
final class Outgoing
{
    private const NPY_HEAD = 256;
    private const INLINE_BYTES = 64 * 1024;
    private const MEDIA = [
        'csv' => 'text/csv', 'gif' => 'image/gif', 'html' => 'text/html', 'jpeg' => 'image/jpeg',
        'jpg' => 'image/jpeg', 'json' => 'application/json', 'md' => 'text/markdown', 'pdf' => 'application/pdf',
        'png' => 'image/png', 'svg' => 'image/svg+xml', 'txt' => 'text/plain',
    ];

    private int $count = 0;

    /** The names of data files in `$folder` begin with `$prefix`. */
    public function __construct(private string $folder, private string $prefix)
    {
    }

    /** `$value` as its declared type asks for it, where PHP has one thing for two types. */
    public function declared(mixed $value, ?string $declared): mixed
    {
        preg_match('/^(?<kind>[a-z]*)(?:\((?<inside>.*)\))?$/', str_replace(' ', '', $declared ?? ''), $type);
        ['kind' => $kind, 'inside' => $inside] = $type + ['inside' => null];
        if (is_string($value)) {
            return $this->declaredString($value, $kind);
        }
        if (is_array($value)) {
            return $this->declaredArray($value, $kind, $inside);
        }
        if ($value instanceof \DateTimeInterface && in_array($kind, ['date', 'time', 'timestamp'], true)) {
            return Moments::tagged($value, $kind);
        }
        return $value;
    }

    private function declaredString(string $value, string $kind): mixed
    {
        if ($kind === 'str' && !Encoder::isText($value)) {
            throw new Unsupported('it is not valid UTF-8, and so it is bytes, not text');
        }
        return match ($kind) {
            'bytes' => $this->bytes($value),
            'file' => $this->file(new \SplFileInfo($value)),
            default => $value,
        };
    }

    private function declaredArray(array $value, string $kind, ?string $inside): mixed
    {
        if ($kind === 'list' && !Encoder::isList($value)) {
            throw new Unsupported('its keys are not 0, 1, 2, …; export `array_values(…)` of it');
        }
        if ($inside !== null && ($kind === 'list' || $kind === 'map')) {
            $value = array_map(fn (mixed $item) => $this->declared($item, $inside), $value);
        }
        return match ($kind) {
            'map' => new \ArrayObject($value),
            'array' => new Numbers($inside, $value),
            'table' => new Table($value),
            default => $value,
        };
    }

    /** A plain value or a `Tag` for an object that is neither. */
    public function convert(mixed $value): mixed
    {
        return match (true) {
            $value instanceof Numbers => $this->numbers($value),
            $value instanceof Table => $this->table($value),
            $value instanceof \DateTimeInterface => Moments::tagged($value, Moments::kindOf($value)),
            $value instanceof \DateInterval => $this->duration($value),
            $value instanceof \SplFileInfo => $this->file($value),
            $value instanceof \SplFixedArray => $value->toArray(),
            $value instanceof \GMP => $this->integer((string) $value),
            $value instanceof \BcMath\Number => new Tag(Tag::DECIMAL, (string) $value),
            default => throw self::unreadable($value),
        };
    }

    private static function unreadable(mixed $value): Unsupported
    {
        $what = match (true) {
            $value instanceof \Closure => 'a function',
            is_object($value) => 'an object of the class `' . get_debug_type($value) . '`',
            default => 'a ' . get_debug_type($value),
        };
        $hint = match (true) {
            $value instanceof \Traversable => '; export `iterator_to_array(…)` of it',
            $value instanceof \UnitEnum => '; export its `name` or `value`',
            is_object($value) && get_object_vars($value) !== [] => '; export `get_object_vars(…)` of it',
            default => '',
        };
        return new Unsupported("$what has no form that other languages could read$hint");
    }

    private function duration(\DateInterval $interval): Tag
    {
        [$seconds, $microseconds] = Moments::lengthOf($interval);
        return new Tag(Tag::DURATION, [$seconds, $microseconds * 1000]);
    }

    private function integer(string $digits): mixed
    {
        if (strlen($digits) > 4300) {
            throw new Unsupported('it is an int of more than 4300 digits');
        }
        return (string) (int) $digits === $digits ? (int) $digits : new Tag(Tag::BIG_INT, $digits);
    }

    /** Bytes; many of them in a file of their own. */
    public function bytes(string $data): mixed
    {
        if (strlen($data) <= self::INLINE_BYTES) {
            return new Bytes($data);
        }
        $name = $this->newFile('.bin', static fn ($file) => self::write($file, $data));
        return new Tag(Tag::REF, [$name, 0, strlen($data)]);
    }

    /** A list of numbers of the type `$dtype`. */
    public function packed(string $dtype, array $list): Tag
    {
        $pieces = Numbers::pack($dtype, $list);
        $isSmall = count($list) * 8 <= self::INLINE_BYTES;
        return new Tag(Tag::PACKED, [$dtype, $isSmall ? new Bytes(implode('', [...$pieces])) : $this->npy($pieces)]);
    }

    private function numbers(Numbers $numbers): Tag
    {
        return new Tag(Tag::ARRAY, [$numbers->dtype, $numbers->shape, $numbers->order, $this->npy([$numbers->bytes()])]);
    }

    /** Numbers in a file of their own, behind the room for its head. */
    private function npy(iterable $pieces): Tag
    {
        $size = 0;
        $name = $this->newFile('.npy', static function ($file) use ($pieces, &$size): void {
            ftruncate($file, self::NPY_HEAD);
            fseek($file, self::NPY_HEAD);
            foreach ($pieces as $piece) {
                self::write($file, $piece);
                $size += strlen($piece);
            }
        });
        return new Tag(Tag::REF, [$name, self::NPY_HEAD, $size]);
    }

    private function table(Table $table): Tag
    {
        $columns = [];
        $at = 2048;
        foreach ($table->stored as $column) {
            $at += 512 + strlen($column->name);
        }
        $at = -(-$at & ~4095);
        $write = function ($file) use ($table, &$columns, $at): void {
            foreach ($table->stored as $column) {
                $refs = [];
                foreach ($column->parts() as $part) {
                    if ($part !== null) {
                        $at = ($at + 63) & ~63;
                        fseek($file, $at);
                        self::write($file, $part);
                        $refs[] = [$at, strlen($part)];
                        $at += strlen($part);
                    } else {
                        $refs[] = null;
                    }
                }
                $columns[] = [$column->name, $column->type, ...$refs];
            }
            ftruncate($file, $at);
        };
        $name = $table->stored === [] ? '' : $this->newFile('.arrow', $write);
        $tag = static fn (mixed $ref) => is_array($ref) ? new Tag(Tag::REF, [$name, ...$ref]) : $ref;
        $columns = array_map(static fn (array $column) => array_map($tag, $column), $columns);
        return new Tag(Tag::TABLE, [count($table), $columns]);
    }

    /** A copy of a file. */
    private function file(\SplFileInfo $info): Tag
    {
        $source = $info->getPathname();
        $name = $info instanceof File ? $info->name : $info->getFilename();
        $safe = substr(preg_replace('/[^A-Za-z0-9._-]/', '_', $name), -100);
        $from = is_file($source) ? @fopen($source, 'rb') : false;
        if ($from === false || !Encoder::isText($name)) {
            throw new Unsupported("the file `$source` cannot be read");
        }
        $size = 0;
        $stored = $this->newFile("-$safe", static function ($file) use ($from, &$size): void {
            $size = stream_copy_to_stream($from, $file);
        });
        fclose($from);
        $media = self::MEDIA[strtolower($info->getExtension())] ?? 'application/octet-stream';
        $media = $info instanceof File ? $info->media : $media;
        return new Tag(Tag::FILE, [$name, $media, new Tag(Tag::REF, [$stored, 0, $size])]);
    }

    /** A new data file whose name ends in `$ending`, written by `$fill`; its name. */
    private function newFile(string $ending, callable $fill): string
    {
        $name = $this->prefix . $this->count++ . $ending;
        $file = fopen("$this->folder/$name", 'xb');
        try {
            $fill($file);
        } finally {
            fclose($file);
        }
        return $name;
    }

    /** @param resource $file */
    private static function write($file, string $data): void
    {
        if (@fwrite($file, $data) !== strlen($data)) {
            throw new Unsupported('there is not enough room for its data');
        }
    }
}
