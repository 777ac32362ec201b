<?php

declare(strict_types=1);

namespace PolyRun;

/** Reads the value file of an inbox: CBOR (RFC 8949), and private tags for what that lacks. */
final class Incoming
{
    private string $data;
    private int $at = 0;
    private int $inTag = 0; // what is behind most tags keeps its references

    public function __construct(private string $folder)
    {
        $this->data = file_get_contents("$folder/values.cbor");
    }

    /** All of the file. */
    public function facts(): array
    {
        return $this->item();
    }

    private function item(): mixed
    {
        $first = ord($this->data[$this->at++]);
        if ($first === 0xfb) {
            $this->at += 8;
            return unpack('E', $this->data, $this->at - 8)[1];
        }
        $number = $first & 31;
        if ($number >= 24) {
            $number = $this->number($number);
        }
        switch ($first >> 5) {
            case 0:
                return $number;
            case 1:
                return ~$number;
            case 2:
            case 3:
                $this->at += $number;
                return substr($this->data, $this->at - $number, $number);
            case 4:
                $list = [];
                for (; $number > 0; --$number) {
                    $list[] = $this->item();
                }
                return $list;
            case 5:
                return $this->map($number);
            case 6:
                return $this->tagged($number);
            default:
                return $first === 0xf6 ? null : $first === 0xf5;
        }
    }

    private function number(int $info): int
    {
        $at = $this->at;
        $this->at += 1 << ($info - 24);
        return unpack([24 => 'C', 25 => 'n', 26 => 'N', 27 => 'J'][$info], $this->data, $at)[1];
    }

    /** A map is an array, unless PHP would then take it for a list: that turns the key "0" into a number. */
    private function map(int $count): array|\ArrayObject
    {
        $map = [];
        $isList = true;
        for ($n = 0; $n < $count; ++$n) {
            $key = $this->item();
            $isList = $isList && $key === (string) $n;
            $map[$key] = $this->item();
        }
        return $isList && $count > 0 ? new \ArrayObject($map) : $map;
    }

    private function tagged(int $tag): mixed
    {
        ++$this->inTag;
        $value = $this->item();
        --$this->inTag;
        switch ($tag) {
            case Tag::REF:
                $ref = new Ref($this->folder, ...$value);
                return $this->inTag > 0 ? $ref : $ref->read();
            case Tag::DATE:
                return new Date($value);
            case Tag::TIME:
                return new Time($value);
            case Tag::TIMESTAMP:
                return Moments::timestamp($value);
            case Tag::DURATION:
                return Moments::interval($value[0], intdiv($value[1], 1000));
            case Tag::PACKED:
                [$dtype, $data] = $value;
                return Numbers::unpack($dtype, $data instanceof Ref ? $data->read() : $data);
            case Tag::ARRAY:
                return Numbers::stored(...$value);
            case Tag::TABLE:
                return Table::stored(...$value);
            case Tag::FILE:
                return new File($value[2]->path(), $value[0], $value[1]);
        }
        throw new \UnexpectedValueException("a value has the unknown tag $tag"); // PHP cannot hold it: never handed over
    }
}
