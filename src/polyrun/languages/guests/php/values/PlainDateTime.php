<?php

declare(strict_types=1);

namespace PolyRun;

/** A date and time without any zone: a `DateTimeImmutable` whose zone, UTC, means nothing. */
final class PlainDateTime extends \DateTimeImmutable
{
    public function __construct(string $text = 'now')
    {
        parent::__construct($text, new \DateTimeZone('UTC'));
    }

    public function __toString(): string
    {
        return Moments::trim($this->format('Y-m-d\TH:i:s.u'));
    }
}
