<?php

declare(strict_types=1);

namespace PolyRun;

/** Bytes of a data file of the inbox. */
final class Ref
{
    public function __construct(private string $folder, public string $file, private int $offset, private int $length)
    {
    }

    /** Where the data file is. */
    public function path(): string
    {
        return "$this->folder/$this->file";
    }

    /** All of the bytes. */
    public function read(): string
    {
        return $this->length === 0 ? '' : file_get_contents($this->path(), false, null, $this->offset, $this->length);
    }
}
