<?php

declare(strict_types=1);

namespace PolyRun;

/** A time of day: a `DateTimeImmutable` on 1970-01-01, UTC. */
final class Time extends \DateTimeImmutable
{
    public function __construct(string $time = '00:00:00')
    {
        parent::__construct("1970-01-01 $time", new \DateTimeZone('UTC'));
    }

    public function __toString(): string
    {
        return Moments::trim($this->format('H:i:s.u'));
    }
}
