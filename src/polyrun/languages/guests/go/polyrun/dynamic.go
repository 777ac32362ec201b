// Values whose type is not known before the program runs.
package polyrun

import (
	"math"
	"time"
)

// decodeAny reads the next value as what is most natural: nil, bool, int64, *big.Int, float64, Decimal, string, []byte,
// Date, Time, time.Time, time.Duration, []any, Map[any], an Array, a *Table or a File.
func decodeAny(r *reader) any {
	switch r.peek() >> 5 {
	case 0, 1:
		return r.integer()
	case 2:
		return r.bytes()
	case 3:
		return r.text()
	case 4:
		list := make([]any, r.size(4))
		for n := range list {
			list[n] = decodeAny(r)
		}
		return list
	case 5:
		var entries Map[any]
		entries.take(r)
		return entries
	case 6:
		return decodeTagged(r)
	}
	switch {
	case r.null():
		return nil
	case r.peek() == 0xfb:
		return r.float()
	}
	_, number := r.next()
	return number == 21
}

func decodeTagged(r *reader) any {
	at := r.at
	switch tag := r.tag(); tag {
	case bigTag:
		return parseBig(r.text())
	case decimalTag:
		return Decimal(r.text())
	case dateTag:
		return parseDate(r.text())
	case timeTag:
		clock, _ := parseTime(r.text())
		return clock
	case timestampTag:
		return parseTimestamp(r.text())
	case durationTag:
		r.size(4)
		return duration(r.integer(), r.integer())
	case fileTag:
		return takeFile(r)
	}
	r.at = at
	switch tag := r.tag(); tag {
	case packedTag:
		r.at = at
		return unpackAny(r)
	case arrayTag:
		r.at = at
		return arrayAny(r)
	case tableTag:
		r.at = at
		return readTable(r).dynamic()
	}
	r.at = at
	return r.bytes()
}

// duration is so many seconds and nanoseconds, which must be less than 292 years.
func duration(seconds, nanoseconds int64) time.Duration {
	const most = math.MaxInt64 / int64(time.Second)
	if seconds < -most || seconds >= most {
		fail("it is a duration of more than 292 years, which a time.Duration does not hold; import it as :str or :float")
	}
	return time.Duration(seconds)*time.Second + time.Duration(nanoseconds)
}

// A fileFact is what is known of an imported file besides its path.
type fileFact struct{ name, media string }

var imported = map[File]fileFact{}

func takeFile(r *reader) File {
	r.size(4)
	fact := fileFact{r.text(), r.text()}
	r.tag()
	r.size(4)
	path := File(given.folder + "/" + r.text())
	r.skip()
	r.skip()
	lock.Lock()
	defer lock.Unlock()
	imported[path] = fact
	return path
}

func unpackAny(r *reader) any {
	r.tag()
	r.size(4)
	if dtype, data := r.text(), r.bytes(); dtype == "int64" {
		return items(view[int64](data))
	} else {
		return items(view[float64](data))
	}
}

func items[T any](numbers []T) []any {
	list := make([]any, len(numbers))
	for n, number := range numbers {
		list[n] = number
	}
	return list
}

func arrayAny(r *reader) any {
	at := r.at
	dtype, _, _, _ := readArray(r)
	r.at = at
	switch dtype {
	case "bool":
		return arrayOf[bool](r)
	case "int8":
		return arrayOf[int8](r)
	case "int16":
		return arrayOf[int16](r)
	case "int32":
		return arrayOf[int32](r)
	case "int64":
		return arrayOf[int64](r)
	case "uint8":
		return arrayOf[uint8](r)
	case "uint16":
		return arrayOf[uint16](r)
	case "uint32":
		return arrayOf[uint32](r)
	case "uint64":
		return arrayOf[uint64](r)
	case "float32":
		return arrayOf[float32](r)
	}
	return arrayOf[float64](r)
}

func arrayOf[T any](r *reader) (a Array[T]) {
	a.take(r)
	return a
}
