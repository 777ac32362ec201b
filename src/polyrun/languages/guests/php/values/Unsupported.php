<?php

declare(strict_types=1);

namespace PolyRun;

/** A value that cannot be exported, or data that no array or table can hold; the message is shown to the user. */
final class Unsupported extends \InvalidArgumentException
{
}
