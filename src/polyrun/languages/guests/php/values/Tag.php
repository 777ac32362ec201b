<?php

declare(strict_types=1);

namespace PolyRun;

/** A value behind a tag of the value file. */
final class Tag
{
    public const REF = 50500;
    public const BIG_INT = 50501;
    public const DECIMAL = 50502;
    public const DATE = 50503;
    public const TIME = 50504;
    public const TIMESTAMP = 50505;
    public const DURATION = 50506;
    public const PACKED = 50507;
    public const ARRAY = 50508;
    public const TABLE = 50509;
    public const FILE = 50510;

    public function __construct(public int $number, public mixed $value)
    {
    }
}
