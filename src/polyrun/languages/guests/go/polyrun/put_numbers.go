// Arrays: numbers as they lie in memory.
package polyrun

import (
	"reflect"
	"strconv"
	"unsafe"
)

// dtypeOf is what value files call numbers of that type, "" if it is none.
func dtypeOf(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Int:
		return "int" + strconv.Itoa(strconv.IntSize)
	case reflect.Uint:
		return "uint" + strconv.Itoa(strconv.IntSize)
	case reflect.Bool, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16,
		reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return kind.Kind().String()
	}
	return ""
}

func (a Array[T]) put(w *writer) {
	count := 1
	for _, length := range a.Shape {
		count *= length
	}
	if count != len(a.Data) {
		fail("its shape does not fit its ", strconv.Itoa(len(a.Data)), " numbers")
	}
	w.array(dtypeOf(reflect.TypeOf(a.Data).Elem()), a.Shape, a.ColumnMajor, raw(a.Data))
}

func (w *writer) array(dtype string, shape []int, columnMajor bool, data []byte) {
	if dtype == "" {
		fail("it is an array of something else than numbers")
	}
	w.head(6, arrayTag)
	w.head(4, 4)
	w.text(dtype)
	w.head(4, uint64(len(shape)))
	for _, length := range shape {
		w.integer(int64(length))
	}
	if columnMajor {
		w.text("F")
	} else {
		w.text("C")
	}
	w.numbers(data)
}

// grid writes slices (of slices) of numbers as an array.
func (w *writer) grid(v reflect.Value) {
	var shape []int
	kind, first := v.Type(), v
	for kind.Kind() == reflect.Slice || kind.Kind() == reflect.Array {
		length := 0
		if first.IsValid() {
			length = first.Len()
		}
		shape = append(shape, length)
		kind = kind.Elem()
		if length > 0 {
			first = first.Index(0)
		} else {
			first = reflect.Value{}
		}
	}
	w.array(dtypeOf(kind), shape, false, flat(v, shape, nil))
}

func flat(v reflect.Value, shape []int, data []byte) []byte {
	if v.Len() != shape[0] {
		fail("its rows have different lengths")
	}
	if len(shape) > 1 {
		for n := 0; n < v.Len(); n++ {
			data = flat(v.Index(n), shape[1:], data)
		}
		return data
	}
	if v.Len() == 0 {
		return data
	}
	v = inMemory(v)
	memory := unsafe.Slice((*byte)(unsafe.Pointer(v.Index(0).UnsafeAddr())), v.Len()*int(v.Type().Elem().Size()))
	if data == nil {
		return memory
	}
	return append(data, memory...)
}
