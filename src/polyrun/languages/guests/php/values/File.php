<?php

declare(strict_types=1);

namespace PolyRun;

/** A file from another block: what opens files takes it like a path, and it remembers its `name` and `media` type. */
final class File extends \SplFileInfo
{
    public function __construct(string $path, public string $name, public string $media)
    {
        parent::__construct($path);
    }
}
