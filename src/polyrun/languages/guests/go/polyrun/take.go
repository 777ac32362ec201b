// From a value file to variables of Go, by their type.
package polyrun

import (
	"math/big"
	"reflect"
	"strconv"
	"time"
	"unsafe"
)

var (
	rowsType     = reflect.TypeOf(Rows{})
	timeType     = reflect.TypeOf(time.Time{})
	durationType = reflect.TypeOf(time.Duration(0))
	bigType      = reflect.TypeOf(big.Int{})
	dateType     = reflect.TypeOf(Date{})
	clockType    = reflect.TypeOf(Time{})
	decimalType  = reflect.TypeOf(Decimal(""))
	fileType     = reflect.TypeOf(File(""))
	bytesType    = reflect.TypeOf([]byte(nil))
)

// A taker reads itself: the types of this package that have type parameters.
type taker interface{ take(*reader) }

// Take is the value of an imported variable. PolyRun calls it for each import of a block.
func Take[T any](name string) (taken T) {
	why, failed := guarded(func() {
		if given == nil {
			fail("the block has no values")
		}
		at, there := given.imports[name]
		if !there {
			fail("the block does not import it")
		}
		decode(&reader{data: given.data, at: at}, reflect.ValueOf(&taken).Elem())
	})
	if failed {
		stop("`" + name + "` cannot be imported: " + why)
	}
	return taken
}

// decode reads the next value into v, which can be set.
func decode(r *reader, v reflect.Value) {
	if v.Kind() == reflect.Struct {
		if own, is := v.Addr().Interface().(taker); is {
			own.take(r)
			return
		}
	}
	switch v.Type() {
	case timeType, durationType, dateType, clockType, decimalType, fileType, bigType, bytesType:
		v.Set(reflect.ValueOf(decodeAny(r)).Convert(v.Type()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		_, number := r.next()
		v.SetBool(number == 21)
	case reflect.Int64:
		v.SetInt(r.integer())
	case reflect.Float64:
		v.SetFloat(r.float())
	case reflect.String:
		v.SetString(r.text())
	case reflect.Interface:
		if any := decodeAny(r); any != nil {
			v.Set(reflect.ValueOf(any))
		}
	case reflect.Pointer:
		decodePointer(r, v)
	case reflect.Slice:
		decodeList(r, v)
	case reflect.Struct:
		decodeStruct(r, v)
	default:
		fail("a value for ", v.Type().String(), " came")
	}
}

// decodePointer reads what may be null. Where a key may be missing as well, nil means that, and null is a pointer to nil.
func decodePointer(r *reader, v reflect.Value) {
	item := v.Type().Elem()
	if item == bigType {
		v.Set(reflect.ValueOf(decodeBig(r)))
	} else if item.Kind() == reflect.Pointer || item.Kind() == reflect.Interface || !r.null() {
		v.Set(reflect.New(item))
		decode(r, v.Elem())
	}
}

func decodeBig(r *reader) *big.Int {
	if r.null() {
		return nil
	}
	if r.tag() != bigTag {
		return big.NewInt(r.integer())
	}
	return parseBig(r.text())
}

func parseBig(text string) *big.Int {
	whole, good := new(big.Int).SetString(text, 10)
	if !good {
		fail(strconv.Quote(text), " is no integer")
	}
	return whole
}

func decodeList(r *reader, v reflect.Value) {
	if r.peek()>>5 == 6 {
		unpack(r, v)
		return
	}
	count := r.size(4)
	v.Set(reflect.MakeSlice(v.Type(), count, count))
	for n := 0; n < count; n++ {
		decode(r, v.Index(n))
	}
}

// unpack reads a packed list: numbers as they lie in memory, which are not copied if they are what is wanted.
func unpack(r *reader, v reflect.Value) {
	if r.tag() != packedTag {
		fail("a list was expected")
	}
	r.size(4)
	dtype, data := r.text(), r.bytes()
	if dtype == "int64" {
		fill(v, view[int64](data))
	} else {
		fill(v, view[float64](data))
	}
}

// fill puts numbers into the slice v, whose items may be of another type that holds them.
func fill[T int64 | float64](v reflect.Value, numbers []T) {
	if same, is := v.Addr().Interface().(*[]T); is {
		*same = numbers
		return
	}
	item := v.Type().Elem()
	v.Set(reflect.MakeSlice(v.Type(), len(numbers), len(numbers)))
	for n, number := range numbers {
		one := v.Index(n)
		if item.Kind() == reflect.Pointer { // the list has nulls elsewhere
			one.Set(reflect.New(item.Elem()))
			one = one.Elem()
		}
		from := reflect.ValueOf(number)
		switch {
		case one.Type() == bigType:
			one.Set(reflect.ValueOf(*big.NewInt(from.Convert(reflect.TypeOf(int64(0))).Int())))
		case one.Kind() == reflect.Interface:
			one.Set(from)
		case one.Kind() == reflect.Float64 && from.Kind() == reflect.Int64:
			w := writer{}
			w.integer(from.Int())
			one.SetFloat((&reader{data: w.data}).float())
		case one.Kind() == from.Kind():
			one.Set(from.Convert(one.Type()))
		default:
			fail("a list of numbers came")
		}
	}
}

// view is data as items of type T: the same memory if it lies well, else a copy.
func view[T any](data []byte) []T {
	var item T
	count := len(data) / int(unsafe.Sizeof(item))
	if count == 0 {
		return []T{}
	}
	start := unsafe.Pointer(&data[0])
	if uintptr(start)%unsafe.Alignof(item) == 0 {
		return unsafe.Slice((*T)(start), count)
	}
	made := make([]T, count)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&made[0])), len(data)), data)
	return made
}

func (a *Array[T]) take(r *reader) {
	var dtype string
	var data []byte
	dtype, a.Shape, a.ColumnMajor, data = readArray(r)
	if wanted := dtypeOf(reflect.TypeOf(a.Data).Elem()); dtype != wanted {
		fail("an array of ", dtype, " came where one of ", wanted, " was expected")
	}
	if dtype == "bool" {
		normalise(data)
	}
	a.Data = view[T](data)
}

func readArray(r *reader) (dtype string, shape []int, columnMajor bool, data []byte) {
	if r.tag() != arrayTag {
		fail("an array was expected")
	}
	r.size(4)
	dtype = r.text()
	shape = make([]int, r.size(4))
	for n := range shape {
		shape[n] = int(r.integer())
	}
	columnMajor = r.text() == "F"
	return dtype, shape, columnMajor, r.bytes()
}

// normalise makes bytes what a bool of Go may be.
func normalise(data []byte) {
	for n := range data {
		if data[n] > 1 {
			data[n] = 1
		}
	}
}

func (m *Map[T]) take(r *reader) {
	count := r.size(5)
	m.keys, m.values = make([]string, count), make(map[string]T, count)
	for n := range m.keys {
		m.keys[n] = r.text()
		var value T
		decode(r, reflect.ValueOf(&value).Elem())
		m.values[m.keys[n]] = value
	}
}

func decodeStruct(r *reader, v reflect.Value) {
	fields := fieldsOf(v.Type())
	if fields.table {
		readTable(r).fill(v, fields)
		return
	}
	for count := r.size(5); count > 0; count-- {
		key := r.text()
		n, known := fields.at[key]
		if !known {
			fail("a map with the key ", strconv.Quote(key), " came")
		}
		decode(r, fields.all[n].of(v))
	}
}
