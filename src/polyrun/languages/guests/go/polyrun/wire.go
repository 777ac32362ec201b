// Package polyrun takes the values that a block imports and hands over those that it exports.
//
// This file: the bytes of value files (docs/value-files.md), which are CBOR (RFC 8949) with private tags.
package polyrun

import (
	"math"
	"strconv"
)

const (
	refTag = 50500 + iota
	bigTag
	decimalTag
	dateTag
	timeTag
	timestampTag
	durationTag
	packedTag
	arrayTag
	tableTag
	fileTag
)

const (
	npyHead     = 256       // where the numbers of an array begin
	inlineBytes = 64 * 1024 // more than this goes into a file of its own
	maxDepth    = 64
	maxDigits   = 4300
)

// A fault is why a value cannot be taken or handed over. It is thrown, and `guarded` makes it an ordinary result.
type fault string

func fail(parts ...string) {
	text := ""
	for _, part := range parts {
		text += part
	}
	panic(fault(text))
}

// guarded calls do and returns the fault that it throws, if any. It stops no panic of anything else.
func guarded(do func()) (why string, failed bool) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case fault:
			why, failed = string(thrown), true
		default:
			panic(thrown)
		}
	}()
	do()
	return "", false
}

// A reader reads data items one after another.
type reader struct {
	data []byte
	at   int
}

func (r *reader) peek() byte {
	if r.at >= len(r.data) {
		fail("the value file ends too early")
	}
	return r.data[r.at]
}

// next reads the head of an item: its major type, and the number in it, which of a float is its bits.
func (r *reader) next() (major byte, number uint64) {
	first := r.peek()
	r.at++
	info := first & 31
	if info < 24 {
		return first >> 5, uint64(info)
	}
	for _, one := range r.take(1 << (info - 24)) {
		number = number<<8 | uint64(one)
	}
	return first >> 5, number
}

func (r *reader) take(size uint64) []byte {
	if size > uint64(len(r.data)-r.at) {
		fail("the value file ends too early")
	}
	taken := r.data[r.at : r.at+int(size) : r.at+int(size)]
	r.at += int(size)
	return taken
}

func (r *reader) text() string {
	major, size := r.next()
	if major != 3 {
		fail("a text was expected")
	}
	return string(r.take(size))
}

func (r *reader) integer() int64 {
	major, number := r.next()
	if major > 1 {
		fail("an integer was expected")
	}
	if major == 1 {
		return -1 - int64(number)
	}
	return int64(number)
}

// float reads a float; an integer that a float64 holds exactly is one as well, because lists may mix them.
func (r *reader) float() float64 {
	if r.peek() == 0xfb {
		_, bits := r.next()
		return math.Float64frombits(bits)
	}
	whole := r.integer()
	if number := float64(whole); whole == math.MinInt64 || number < 1<<63 && int64(number) == whole {
		return number
	}
	fail(strconv.FormatInt(whole, 10), " stands among floats and is no float64; import it as :list(float)")
	return 0
}

// size reads the head of a list (major 4) or of a map (5).
func (r *reader) size(wanted byte) int {
	major, number := r.next()
	if major != wanted {
		fail([]string{"a list", "a map"}[wanted-4], " was expected")
	}
	return int(number)
}

// tag is the tag that comes next, 0 when it is none; it is gone past.
func (r *reader) tag() uint64 {
	if r.peek()>>5 != 6 {
		return 0
	}
	_, number := r.next()
	return number
}

func (r *reader) null() bool {
	if r.peek() != 0xf6 {
		return false
	}
	r.at++
	return true
}

// bytes reads a byte string, or what a reference to a data file says. It is memory that may be written to.
func (r *reader) bytes() []byte {
	if r.peek()>>5 == 2 {
		_, size := r.next()
		return r.take(size)
	}
	if r.tag() != refTag {
		fail("bytes were expected")
	}
	r.size(4)
	name, offset, length := r.text(), r.integer(), r.integer()
	if length == 0 {
		return []byte{}
	}
	data := dataFile(name)
	return data[offset : offset+length : offset+length]
}

// skip goes past one value.
func (r *reader) skip() {
	major, number := r.next()
	switch major {
	case 2, 3:
		r.take(number)
	case 4, 5:
		for count := number * uint64(major-3); count > 0; count-- {
			r.skip()
		}
	case 6:
		r.skip()
	}
}

// A writer writes data items.
type writer struct {
	data  []byte
	name  string // of the variable whose value it is
	depth int    // containers that are open
	hops  int    // pointers since the last of them
}

func (w *writer) head(major byte, number uint64) {
	if number < 24 {
		w.data = append(w.data, major<<5|byte(number))
		return
	}
	info := byte(24)
	for size := 8; size < 64 && number>>size != 0; size *= 2 {
		info++
	}
	w.data = append(w.data, major<<5|info)
	w.big(number, 8<<(info-24))
}

// big appends the last bits of number, the highest first.
func (w *writer) big(number uint64, bits int) {
	for bits -= 8; bits >= 0; bits -= 8 {
		w.data = append(w.data, byte(number>>bits))
	}
}

func (w *writer) null() { w.data = append(w.data, 0xf6) }

func (w *writer) bool(value bool) {
	if value {
		w.data = append(w.data, 0xf5)
	} else {
		w.data = append(w.data, 0xf4)
	}
}

func (w *writer) integer(value int64) {
	if value < 0 {
		w.head(1, uint64(-1-value))
	} else {
		w.head(0, uint64(value))
	}
}

func (w *writer) float(value float64) {
	w.data = append(w.data, 0xfb)
	w.big(math.Float64bits(value), 64)
}

func (w *writer) text(value string) {
	w.head(3, uint64(len(value)))
	w.data = append(w.data, value...)
}

func (w *writer) tagged(tag uint64, text string) {
	w.head(6, tag)
	w.text(text)
}

func (w *writer) raw(data []byte) {
	w.head(2, uint64(len(data)))
	w.data = append(w.data, data...)
}

func (w *writer) ref(file string, offset, size int) {
	w.head(6, refTag)
	w.head(4, 3)
	w.text(file)
	w.integer(int64(offset))
	w.integer(int64(size))
}
