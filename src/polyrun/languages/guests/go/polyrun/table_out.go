// Tables that a block makes or hands on.
package polyrun

import (
	"reflect"
	"sort"
	"strconv"
	"unicode/utf8"
)

// A columnOut is a column on its way out: a slice of its values, which of them are there (nil if all are), and the type
// that it had when it came, if it did.
type columnOut struct {
	name   string
	values reflect.Value
	valid  []bool
	came   string
}

// A columnPutter is a Column.
type columnPutter interface {
	parts() (reflect.Value, []bool)
}

func (c Column[T]) parts() (reflect.Value, []bool) {
	if len(c.Valid) != len(c.Data) {
		fail("a column has ", strconv.Itoa(len(c.Data)), " values and says of ", strconv.Itoa(len(c.Valid)), " whether they are there")
	}
	return reflect.ValueOf(c.Data), c.Valid
}

// put writes a column that is not one of a table as a list.
func (c Column[T]) put(w *writer) {
	values, valid := c.parts()
	w.head(4, uint64(len(valid)))
	for n, there := range valid {
		if there {
			w.value(values.Index(n))
		} else {
			w.null()
		}
	}
}

func (t *Table) put(w *writer) {
	columns := make([]columnOut, len(t.names))
	for n, name := range t.names {
		columns[n] = newColumn(name, reflect.ValueOf(t.columns[n]), t.rows, n)
	}
	w.table(columns, t.rows.count)
}

// tableOf writes as a table what looks like one: a struct or a map of columns, or structs, each of which is a row.
func (w *writer) tableOf(v reflect.Value) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		if table, is := v.Interface().(*Table); is {
			table.put(w)
			return
		}
		v = v.Elem()
	}
	switch own := v.Interface().(type) {
	case columnMap:
		w.table(own.columns(), 0)
		return
	case Table:
		own.put(w)
		return
	}
	kind := v.Type()
	switch {
	case kind.Kind() == reflect.Struct && isPlain(kind):
		w.table(columnsOf(inMemory(v)))
	case kind.Kind() == reflect.Slice && rowType(kind).Kind() == reflect.Struct && isPlain(rowType(kind)):
		w.table(columnsOfRows(v), v.Len())
	case kind.Kind() == reflect.Map && kind.Key().Kind() == reflect.String:
		keys := v.MapKeys()
		sort.Slice(keys, func(a, b int) bool { return keys[a].String() < keys[b].String() })
		var columns []columnOut
		for n, key := range keys {
			columns = append(columns, newColumn(key.String(), v.MapIndex(key), Rows{}, n))
		}
		w.table(columns, 0)
	default:
		w.value(v)
	}
}

// A columnMap is a Map.
type columnMap interface{ columns() []columnOut }

func (m Map[T]) columns() (all []columnOut) {
	for n, key := range m.keys {
		all = append(all, newColumn(key, reflect.ValueOf(m.values[key]), Rows{}, n))
	}
	return all
}

// columnsOf are the fields of a struct of columns, and how many rows it has if it has none of them.
func columnsOf(v reflect.Value) (columns []columnOut, rows int) {
	fields := fieldsOf(v.Type())
	var came Rows
	for n := 0; n < v.NumField(); n++ {
		if v.Type().Field(n).Type == rowsType {
			came = opened(v.Field(n)).Interface().(Rows)
		}
	}
	for n := range fields.all {
		columns = append(columns, newColumn(fields.all[n].key, fields.all[n].of(v), came, n))
	}
	return columns, came.count
}

// rowType is the struct that the items of a slice are, or point to.
func rowType(slice reflect.Type) reflect.Type {
	if slice.Elem().Kind() == reflect.Pointer {
		return slice.Elem().Elem()
	}
	return slice.Elem()
}

func columnsOfRows(v reflect.Value) (columns []columnOut) {
	fields := fieldsOf(rowType(v.Type()))
	for n := range fields.all {
		column := reflect.MakeSlice(reflect.SliceOf(fields.all[n].kind), v.Len(), v.Len())
		for row := 0; row < v.Len(); row++ {
			from := v.Index(row)
			if from.Kind() == reflect.Pointer {
				from = from.Elem()
			}
			if !from.IsValid() {
				fail("row ", strconv.Itoa(row), " is nil")
			}
			column.Index(row).Set(fields.all[n].of(from))
		}
		columns = append(columns, newColumn(fields.all[n].key, column, Rows{}, n))
	}
	return columns
}

// newColumn takes a slice, a Column or a slice of pointers apart. It is column n of a table that came as `came` says.
func newColumn(name string, v reflect.Value, came Rows, n int) columnOut {
	column := columnOut{name: name}
	if n < len(came.types) {
		column.came = came.types[n]
	}
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() {
		fail("its column ", strconv.Quote(name), " is nil")
	}
	if own, is := v.Interface().(columnPutter); is {
		column.values, column.valid = own.parts()
		return column
	}
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		fail("its column ", strconv.Quote(name), " is a ", v.Type().String(), " and no slice")
	}
	column.values = v
	if item := v.Type().Elem(); item.Kind() == reflect.Pointer {
		column.values = reflect.MakeSlice(reflect.SliceOf(item.Elem()), v.Len(), v.Len())
		column.valid = make([]bool, v.Len())
		for row := range column.valid {
			if one := v.Index(row); !one.IsNil() {
				column.values.Index(row).Set(one.Elem())
				column.valid[row] = true
			}
		}
	}
	return column
}

// table writes columns to a file of their own; rows is how many there are if there is no column.
func (w *writer) table(columns []columnOut, rows int) {
	names := map[string]bool{}
	at := 2048
	for _, column := range columns {
		if length := column.values.Len(); rows != length && column.name == columns[0].name {
			rows = length
		} else if rows != length {
			fail("its columns do not all have the same length")
		}
		if names[column.name] || !utf8.ValidString(column.name) {
			fail("it has two columns that are called ", strconv.Quote(column.name), ", or a name that is not valid UTF-8")
		}
		names[column.name] = true
		at += 512 + len(column.name)
	}
	w.head(6, tableTag)
	w.head(4, 2)
	w.integer(int64(rows))
	w.head(4, uint64(len(columns)))
	if len(columns) == 0 {
		return
	}
	file := tableFile{handed.create(w.name, ".arrow"), w, (at + 4095) / 4096 * 4096}
	for _, column := range columns {
		kind, data, offsets := column.encoded()
		w.head(4, 5)
		w.text(column.name)
		w.text(kind)
		if column.missing() {
			file.part(bitsOf(column.valid))
		} else {
			w.null()
		}
		file.part(data)
		if offsets != nil {
			file.part(raw(offsets))
		} else {
			w.null()
		}
	}
	file.out.close(file.at)
}

// missing tells whether any value is.
func (c *columnOut) missing() bool {
	for _, there := range c.valid {
		if !there {
			return true
		}
	}
	return false
}

func (c *columnOut) is(n int) bool { return c.valid == nil || c.valid[n] }

// A tableFile gets the parts of columns one after another.
type tableFile struct {
	out dataOut
	w   *writer
	at  int
}

func (f *tableFile) part(data []byte) {
	f.at = (f.at + 63) / 64 * 64
	f.out.write(data, f.at)
	f.w.ref(f.out.name, f.at, len(data))
	f.at += len(data)
}

// bitsOf are so many bits, the least significant of each byte first.
func bitsOf(all []bool) []byte {
	packed := make([]byte, (len(all)+7)/8)
	for n, on := range all {
		if on {
			packed[n>>3] |= 1 << (n & 7)
		}
	}
	return packed
}
