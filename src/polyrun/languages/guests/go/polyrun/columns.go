// The columns of tables that a block hands over, as Apache Arrow lays them out.
package polyrun

import (
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// encoded is the type of a column, its data, and offsets into them if its values differ in length.
func (c *columnOut) encoded() (kind string, data []byte, offsets []int32) {
	switch c.values.Type().Elem() {
	case dateType:
		return "date", raw(column(c, daysOf)), nil
	case clockType:
		return c.counts("time", converted(column(c, clockOf), Time.SinceMidnight))
	case durationType:
		return c.counts("duration", column(c, func(d time.Duration) time.Duration { return d }))
	case timeType:
		return c.timestamps()
	case decimalType:
		return c.decimals()
	case bytesType:
		data, offsets = joined(column(c, func(one []byte) []byte { return one }))
		return "bytes", data, offsets
	}
	item := c.values.Type().Elem()
	switch {
	case item.Kind() == reflect.String:
		return c.texts()
	case item.Kind() == reflect.Bool:
		all := make([]bool, c.values.Len())
		for n := range all {
			all[n] = c.values.Index(n).Bool()
		}
		return "bool", bitsOf(all), nil
	case dtypeOf(item) != "":
		return dtypeOf(item), flat(c.values, []int{c.values.Len()}, nil), nil
	}
	fail("its column ", strconv.Quote(c.name), " has values of the type ", item.String(), ", which no column can hold")
	return "", nil, nil
}

// column are the values in the form that convert gives them; missing ones are zero.
func column[From, To any](c *columnOut, convert func(From) To) []To {
	all := make([]To, c.values.Len())
	for n := range all {
		if c.is(n) {
			all[n] = convert(c.values.Index(n).Interface().(From))
		}
	}
	return all
}

func daysOf(date Date) int32 {
	date.checked()
	return int32(date.In(time.UTC).Unix() / 86400) // whole days, so nothing is rounded
}

func clockOf(clock Time) Time {
	clock.checked()
	return clock
}

// counts are lengths of time as numbers: microseconds if that is exact.
func (c *columnOut) counts(base string, lengths []time.Duration) (kind string, data []byte, offsets []int32) {
	for _, one := range lengths {
		if one%time.Microsecond != 0 {
			return base + "(ns)", raw(lengths), nil
		}
	}
	whole := converted(lengths, func(one time.Duration) int64 { return int64(one / time.Microsecond) })
	return base + "(us)", raw(whole), nil
}

// timestamps are moments as numbers, all in one zone.
func (c *columnOut) timestamps() (kind string, data []byte, offsets []int32) {
	moments := column(c, func(one time.Time) time.Time { return one })
	unit, zone, seen := "us", "", false
	for n, moment := range moments {
		if !c.is(n) {
			continue
		}
		own := zoneName(moment)
		if seen && own != zone {
			fail("the timestamps of its column ", strconv.Quote(c.name), " are in different zones")
		}
		zone, seen = own, true
		DateOf(moment).checked()
		if moment.Nanosecond()%1000 != 0 {
			unit = "ns"
		}
	}
	counts := make([]int64, len(moments))
	for n, moment := range moments {
		if !c.is(n) {
			continue
		}
		if seconds := moment.Unix(); unit == "us" {
			counts[n] = seconds*1e6 + int64(moment.Nanosecond()/1000)
		} else if most := math.MaxInt64 / int64(time.Second); seconds < -most || seconds >= most {
			fail("its column ", strconv.Quote(c.name), " has timestamps that are too far apart for nanoseconds")
		} else {
			counts[n] = moment.UnixNano()
		}
	}
	switch {
	case !seen && strings.HasPrefix(c.came, "timestamp("):
		kind = c.came
	case zone == "":
		kind = "timestamp(" + unit + ")"
	default:
		kind = "timestamp(" + unit + "," + zone + ")"
	}
	return kind, raw(counts), nil
}

func (c *columnOut) texts() (kind string, data []byte, offsets []int32) {
	all := make([][]byte, c.values.Len())
	for n := range all {
		if c.is(n) {
			text := c.values.Index(n).String()
			if !utf8.ValidString(text) {
				fail("its column ", strconv.Quote(c.name), " has a text that is not valid UTF-8")
			}
			all[n] = []byte(text)
		}
	}
	data, offsets = joined(all)
	return "str", data, offsets
}

// joined are pieces one behind another, and where each begins.
func joined(pieces [][]byte) (data []byte, offsets []int32) {
	offsets = make([]int32, len(pieces)+1)
	for n, piece := range pieces {
		data = append(data, piece...)
		if len(data) > math.MaxInt32 {
			fail("a column of texts or bytes can hold 2 GiB at most")
		}
		offsets[n+1] = int32(len(data))
	}
	return data, offsets
}

// decimals are numbers with as many digits behind the point as the longest of them has.
func (c *columnOut) decimals() (kind string, data []byte, offsets []int32) {
	numbers := column(c, func(one Decimal) Decimal { return Decimal(one.checked()) })
	scale, seen := 0, false
	for n, one := range numbers {
		if c.is(n) {
			seen = true
			scale = max(scale, placesOf(one))
		}
	}
	if scale > 38 {
		fail("its column ", strconv.Quote(c.name), " has numbers of more than 38 digits")
	}
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
	data = make([]byte, len(numbers)*16)
	precision := max(scale, 1)
	for n, one := range numbers {
		if !c.is(n) {
			continue
		}
		whole := new(big.Rat).Mul(one.Rat(), unit).Num()
		if whole.CmpAbs(limit) >= 0 {
			fail("its column ", strconv.Quote(c.name), " has numbers of more than 38 digits")
		}
		precision = max(precision, len(new(big.Int).Abs(whole).String()))
		if whole.Sign() < 0 {
			whole = new(big.Int).Add(whole, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		bytes := whole.FillBytes(make([]byte, 16))
		for at := range bytes {
			data[n*16+at] = bytes[15-at]
		}
	}
	if !seen && strings.HasPrefix(c.came, "decimal(") {
		return c.came, data, nil
	}
	return "decimal(" + strconv.Itoa(precision) + "," + strconv.Itoa(scale) + ")", data, nil
}

// placesOf counts the digits behind the point.
func placesOf(number Decimal) int {
	mantissa, exponent, _ := strings.Cut(strings.ToUpper(string(number)), "E")
	_, fraction, _ := strings.Cut(mantissa, ".")
	power, _ := strconv.Atoi(exponent)
	return max(len(fraction)-power, 0)
}
