<?php
// Values for blocks in PHP: what other blocks export becomes variables, and variables become what they import.

declare(strict_types=1);

namespace PolyRun;

/** The values of one block; docs/value-files.md describes the files. */
final class Handing
{
    private const FATAL = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;

    /** @var array<string, ?string> the declared type of each export */
    private array $exports;
    private string $prefix;
    private int $pid;
    /** @var array<string, int> variables that were there before the block's first line */
    private array $known;

    private function __construct(string $inbox, private string $outbox)
    {
        $facts = (new Incoming($inbox))->facts();
        $this->prefix = $facts['prefix'];
        $this->exports = $facts['exports'];
        $this->pid = getmypid();
        foreach ($facts['imports'] as $name => $value) {
            $GLOBALS[$name] = $value;
        }
        $this->known = array_flip(array_keys($GLOBALS));
    }

    /** Set the variables that the block imports, and see to it that those it exports are read when it ends. */
    public static function begin(string $inbox, string $outbox): void
    {
        spl_autoload_register(static function (string $class): void {
            $file = __DIR__ . '/' . substr($class, 8) . '.php';
            if (str_starts_with($class, 'PolyRun\\') && is_file($file)) {
                require $file;
            }
        });
        $handing = new self($inbox, $outbox);
        if ($handing->exports !== []) {
            // What is registered while these functions run is called last: after those of the block.
            $last = static fn () => register_shutdown_function([$handing, 'handOver']);
            register_shutdown_function($last);
        }
    }

    /** Write what the block exports. A child that it has forked, or a block that failed, has nothing to hand over. */
    public function handOver(): void
    {
        set_error_handler(null); // one of the block might throw
        if (((error_get_last()['type'] ?? 0) & self::FATAL) !== 0 || getmypid() !== $this->pid) {
            return;
        }
        $outgoing = new Outgoing($this->outbox, $this->prefix);
        $values = [];
        $refused = [];
        foreach (array_intersect_key($this->exports, $GLOBALS) as $name => $declared) {
            try {
                $encoded = (new Encoder($outgoing))->encode($outgoing->declared($GLOBALS[$name], $declared));
                $values[] = Encoder::text($name) . $encoded;
            } catch (Unsupported $error) {
                $refused[$name] = $error->getMessage();
            }
        }
        $rest = ['polyrun' => 1, 'refused' => new \ArrayObject($refused), 'defined' => $this->defined()];
        $parts = (new Encoder($outgoing))->encode($rest);
        $parts[0] = chr(ord($parts[0]) + 1); // one pair more: the exports, which are encoded already
        $parts .= Encoder::text('exports') . Encoder::head(5, count($values)) . implode('', $values);
        file_put_contents("$this->outbox/values.part", $parts);
        rename("$this->outbox/values.part", "$this->outbox/values.cbor");
    }

    /** The variables that the block has set, if one that it was to export is missing. */
    private function defined(): array
    {
        if (array_diff_key($this->exports, $GLOBALS) === []) {
            return [];
        }
        $own = array_map('strval', array_keys(array_diff_key($GLOBALS, $this->known)));
        $sound = array_filter($own, static fn (string $name) => Encoder::isText($name));
        sort($sound);
        return array_slice($sound, 0, 100);
    }
}
