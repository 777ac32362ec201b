// Tables that a block imports: columns as Apache Arrow lays them out.
package polyrun

import (
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// A columnFact is a column as it came: the bytes of its parts. Of those that have a unit or a zone the type says them.
type columnFact struct {
	name, kind           string
	valid, data, offsets []byte
}

// A tableFact is a table as it came.
type tableFact struct {
	rows    Rows
	columns []columnFact
}

func readTable(r *reader) tableFact {
	if r.tag() != tableTag {
		fail("a table was expected")
	}
	r.size(4)
	table := tableFact{rows: Rows{count: int(r.integer())}}
	for count := r.size(4); count > 0; count-- {
		r.size(4)
		one := columnFact{name: r.text(), kind: r.text()}
		if !r.null() {
			one.valid = r.bytes()
		}
		one.data = r.bytes()
		if !r.null() {
			one.offsets = r.bytes()
		}
		table.columns = append(table.columns, one)
		table.rows.types = append(table.rows.types, one.kind)
	}
	return table
}

// fill puts the columns into the fields of v, in order.
func (t tableFact) fill(v reflect.Value, fields *fields) {
	if len(t.columns) != len(fields.all) {
		fail("a table of ", strconv.Itoa(len(t.columns)), " columns came")
	}
	for n := range t.columns {
		one := &t.columns[n]
		target := fields.all[n].of(v)
		if column, is := target.Addr().Interface().(columnTaker); is {
			column.takeColumn(one, t.rows.count)
			continue
		}
		values := reflect.ValueOf(one.values(t.rows.count))
		if values.Type() != target.Type() {
			fail("the column ", strconv.Quote(one.name), " is ", one.kind)
		}
		target.Set(values)
	}
	for n := 0; n < v.NumField(); n++ {
		if v.Type().Field(n).Type == rowsType {
			opened(v.Field(n)).Set(reflect.ValueOf(t.rows))
		}
	}
}

// dynamic is the table without a type of its own.
func (t tableFact) dynamic() *Table {
	made := &Table{rows: t.rows}
	for n := range t.columns {
		one := &t.columns[n]
		values := one.values(t.rows.count)
		if one.valid != nil {
			values = nullable(values, one.validity(t.rows.count))
		}
		made.Add(one.name, values)
	}
	return made
}

// A columnTaker is a Column, which reads itself.
type columnTaker interface{ takeColumn(*columnFact, int) }

func (c *Column[T]) takeColumn(fact *columnFact, rows int) {
	values, fits := fact.values(rows).([]T)
	if !fits {
		fail("the column ", strconv.Quote(fact.name), " is ", fact.kind)
	}
	c.Data, c.Valid = values, fact.validity(rows)
}

func (f *columnFact) validity(rows int) []bool {
	if f.valid != nil {
		return bits(f.valid, rows)
	}
	all := make([]bool, rows)
	for n := range all {
		all[n] = true
	}
	return all
}

// bits are the first so many bits of data, the least significant of each byte first.
func bits(data []byte, count int) []bool {
	all := make([]bool, count)
	for n := range all {
		all[n] = data[n>>3]>>(n&7)&1 != 0
	}
	return all
}

// values are the values of the column as a slice. What is missing is whatever lies there.
func (f *columnFact) values(rows int) any {
	switch base, inside, _ := strings.Cut(strings.TrimSuffix(f.kind, ")"), "("); base {
	case "bool":
		return bits(f.data, rows)
	case "int8":
		return view[int8](f.data)
	case "int16":
		return view[int16](f.data)
	case "int32":
		return view[int32](f.data)
	case "int64":
		return view[int64](f.data)
	case "uint8":
		return f.data
	case "uint16":
		return view[uint16](f.data)
	case "uint32":
		return view[uint32](f.data)
	case "uint64":
		return view[uint64](f.data)
	case "float32":
		return view[float32](f.data)
	case "float64":
		return view[float64](f.data)
	case "str":
		return converted(f.pieces(), func(one []byte) string { return *(*string)(unsafe.Pointer(&one)) })
	case "bytes":
		return f.pieces()
	case "date":
		return converted(view[int32](f.data), func(days int32) Date { return DateOf(time.Unix(int64(days)*86400, 0).UTC()) })
	case "decimal":
		_, scale, _ := strings.Cut(inside, ",")
		return decimals(f.data, number(scale))
	default:
		return f.times(base, inside)
	}
}

// times are the values of a column that counts a unit.
func (f *columnFact) times(base, inside string) any {
	unit, zone, _ := strings.Cut(inside, ",")
	size := int64(time.Microsecond)
	if unit == "ns" {
		size = 1
	}
	counts := view[int64](f.data)
	if base == "timestamp" {
		where := NoZone
		if zone != "" {
			where = zoneOf(zone)
		}
		perSecond := int64(time.Second) / size
		return converted(counts, func(count int64) time.Time {
			return time.Unix(count/perSecond, count%perSecond*size).In(where)
		})
	}
	for n, count := range counts {
		if size > 1 && (count > math.MaxInt64/size || count < math.MinInt64/size) && f.is(n) {
			fail("the column ", strconv.Quote(f.name), " has a duration of more than 292 years")
		}
	}
	if base == "time" {
		return converted(counts, func(count int64) Time { return timeOf(time.Duration(count * size)) })
	}
	if size == 1 {
		return view[time.Duration](f.data)
	}
	return converted(counts, func(count int64) time.Duration { return time.Duration(count * size) })
}

// is tells whether row n has a value.
func (f *columnFact) is(n int) bool { return f.valid == nil || f.valid[n>>3]>>(n&7)&1 != 0 }

// pieces are the bytes of each row of a column of texts or bytes; they are not copied.
func (f *columnFact) pieces() [][]byte {
	offsets := view[int32](f.offsets)
	all := make([][]byte, len(offsets)-1)
	for n := range all {
		all[n] = f.data[offsets[n]:offsets[n+1]:offsets[n+1]]
	}
	return all
}

func converted[From, To any](from []From, convert func(From) To) []To {
	to := make([]To, len(from))
	for n, one := range from {
		to[n] = convert(one)
	}
	return to
}

// decimals are integers of 16 bytes, little-endian, with so many digits behind the point.
func decimals(data []byte, scale int) []Decimal {
	all := make([]Decimal, len(data)/16)
	var bytes [16]byte
	for n := range all {
		for at := range bytes {
			bytes[15-at] = data[n*16+at]
		}
		whole := new(big.Int).SetBytes(bytes[:])
		if bytes[0] >= 0x80 {
			whole.Sub(whole, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		all[n] = scaled(whole, scale)
	}
	return all
}

// scaled writes an integer with a point before its last digits.
func scaled(whole *big.Int, scale int) Decimal {
	text := new(big.Int).Abs(whole).String()
	if scale > 0 {
		if missing := scale + 1 - len(text); missing > 0 {
			text = strings.Repeat("0", missing) + text
		}
		text = text[:len(text)-scale] + "." + text[len(text)-scale:]
	}
	if whole.Sign() < 0 {
		text = "-" + text
	}
	return Decimal(text)
}

// nullable is a Column of a slice, whatever the type of its items.
func nullable(values any, valid []bool) any {
	switch values := values.(type) {
	case []bool:
		return Column[bool]{values, valid}
	case []int8:
		return Column[int8]{values, valid}
	case []int16:
		return Column[int16]{values, valid}
	case []int32:
		return Column[int32]{values, valid}
	case []int64:
		return Column[int64]{values, valid}
	case []uint8:
		return Column[uint8]{values, valid}
	case []uint16:
		return Column[uint16]{values, valid}
	case []uint32:
		return Column[uint32]{values, valid}
	case []uint64:
		return Column[uint64]{values, valid}
	case []float32:
		return Column[float32]{values, valid}
	case []float64:
		return Column[float64]{values, valid}
	case []string:
		return Column[string]{values, valid}
	case [][]byte:
		return Column[[]byte]{values, valid}
	case []Date:
		return Column[Date]{values, valid}
	case []Time:
		return Column[Time]{values, valid}
	case []time.Time:
		return Column[time.Time]{values, valid}
	case []time.Duration:
		return Column[time.Duration]{values, valid}
	}
	return Column[Decimal]{values.([]Decimal), valid}
}
