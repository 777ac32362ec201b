<?php

declare(strict_types=1);

namespace PolyRun;

/** A string of bytes that is exported as bytes even if it could be read as text. */
final class Bytes
{
    public function __construct(public string $data)
    {
    }
}
