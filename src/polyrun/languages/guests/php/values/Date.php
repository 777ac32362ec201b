<?php

declare(strict_types=1);

namespace PolyRun;

/** A day: a `DateTimeImmutable` at midnight, UTC. */
final class Date extends \DateTimeImmutable
{
    public function __construct(string $day = 'today')
    {
        parent::__construct($day, new \DateTimeZone('UTC'));
    }

    public function __toString(): string
    {
        return $this->format('Y-m-d');
    }
}
