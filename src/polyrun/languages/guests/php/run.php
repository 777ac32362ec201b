<?php
// Make the block the script that runs: `run.php CODE DOCUMENT LINE [ARG...]`, started in the document's folder.
//
// PHP runs this file, then what `auto_append_file` names, which is `polyrun://block`. That is opened here, with the
// document for a name and with its lines, and run by PHP itself at the top: no call of ours is in a stack trace.
// `__DIR__` is the document's folder, since a name without a folder means the current one.

namespace PolyRun;

// A stream is what PHP can run under any name.
final class Block
{
    private static string $document;
    private static string $code;
    private int $at = 0;
    /** @var resource|null set by PHP */
    public $context;

    public static function prepare(string $code, string $document, int $line): void
    {
        self::$document = $document;
        self::$code = self::open($code, $line);
        stream_wrapper_register('polyrun', self::class);
    }

    // Code may begin with its own opening tag, which then gives way to ours, or with text, as a page does.
    private static function open(string $code, int $line): string
    {
        $tag = '{\A(?:\s|(?:#|//)[^\n]*+\n)*+\K<\?php(?=\s|\z)}i';
        $code = preg_replace($tag, '', $code, 1, $tags);
        if ($tags === 0 && preg_match('/\A\s*<(?!<)/', $code)) {
            return $line === 1 ? $code : '<?php ' . str_repeat("\n", $line - 2) . "?>\n" . $code;
        }
        return '<?php ' . str_repeat("\n", $line - 1) . $code;
    }

    public function stream_open(string $path, string $mode, int $options, ?string &$opened): bool
    {
        $opened = self::$document;
        return true;
    }

    public function stream_read(int $count): string
    {
        $part = substr(self::$code, $this->at, $count);
        $this->at += strlen($part);
        return $part;
    }

    public function stream_eof(): bool
    {
        return $this->at >= strlen(self::$code);
    }

    public function stream_stat(): array
    {
        return [];
    }

    public function stream_set_option(int $option, int $first, ?int $second): bool
    {
        return false;
    }
}

// Its stack when time is up, and nothing more after it.
if (function_exists('pcntl_async_signals') && function_exists('posix_kill')) {
    pcntl_async_signals(true);
    pcntl_signal(64, static function (): void {
        foreach (debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS) as $frame) {
            fwrite(STDERR, '  at ' . ($frame['file'] ?? '') . ':' . ($frame['line'] ?? 0) . "\n");
        }
        posix_kill(getmypid(), 9);
    });
}

Block::prepare(file_get_contents($argv[1]), $argv[2], (int) $argv[3]);
$argv = [$argv[2], ...array_slice($argv, 4)];
$argc = count($argv);
$_SERVER = array_replace(
    $_SERVER,
    array_fill_keys(['PHP_SELF', 'SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_TRANSLATED'], $argv[0]),
    ['argv' => $argv, 'argc' => $argc],
);
if (getenv('POLYRUN_IN') !== false) {
    require __DIR__ . '/values/Handing.php';
    Handing::begin(getenv('POLYRUN_IN'), getenv('POLYRUN_OUT'));
}
