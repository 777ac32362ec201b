// From variables of Go to a value file, by their type.
package polyrun

import (
	"math"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"
)

// A putter writes itself: the types of this package that have type parameters.
type putter interface{ put(*writer) }

// declared writes value as its declared type asks for it, where Go has one thing for two types.
func (w *writer) declared(value any, declared string) {
	kind, _, _ := strings.Cut(declared, "(")
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() != reflect.Struct {
		v = v.Elem()
	}
	switch {
	case !v.IsValid():
		w.null()
	case kind == "bytes" && v.Kind() == reflect.String:
		w.bytes([]byte(v.String()))
	case kind == "file" && v.Kind() == reflect.String:
		w.file(File(v.String()))
	case kind == "array" && (v.Kind() == reflect.Slice || v.Kind() == reflect.Array):
		w.grid(v)
	case kind == "table":
		w.tableOf(v)
	case kind == "decimal" && v.Kind() == reflect.String:
		w.tagged(decimalTag, Decimal(v.String()).checked())
	case kind == "list" && v.Type() == bytesType:
		w.list(v)
	default:
		w.value(v)
	}
}

// value writes v, whatever it is. Its fields, if it has any, are those of a copy that no one else sees.
func (w *writer) value(v reflect.Value) {
	if !v.IsValid() {
		w.null()
		return
	}
	depth := w.depth
	switch v.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
		w.depth, w.hops = depth+1, 0
	case reflect.Pointer, reflect.Interface:
		w.hops++
	}
	if w.depth > maxDepth || w.hops > maxDepth {
		fail("it is nested deeper than ", strconv.Itoa(maxDepth), " levels, or has itself inside")
	}
	if !w.known(v) {
		w.kind(v)
	}
	w.depth = depth
}

// known writes values of types that mean something by themselves.
func (w *writer) known(v reflect.Value) bool {
	switch one := v.Interface().(type) {
	case putter:
		if v.Kind() == reflect.Pointer && v.IsNil() {
			w.null()
		} else {
			one.put(w)
		}
	case time.Time:
		w.tagged(timestampTag, timestampText(one))
	case time.Duration:
		w.duration(one)
	case Date:
		w.tagged(dateTag, one.checked())
	case Time:
		w.tagged(timeTag, one.checked())
	case Decimal:
		w.tagged(decimalTag, one.checked())
	case File:
		w.file(one)
	case big.Int:
		w.big10(&one)
	case big.Rat:
		w.rat(&one)
	case []byte:
		w.bytes(one)
	case []int64:
		w.packed("int64", raw(one))
	case []float64:
		w.packed("float64", raw(one))
	case error:
		fail("it is an error; export its text, err.Error()")
	default:
		return false
	}
	return true
}

func (w *writer) kind(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		w.bool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.integer(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		w.unsigned(v.Uint())
	case reflect.Float32, reflect.Float64:
		w.float(v.Float())
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			fail("it is a text that is not valid UTF-8; declare it as :bytes, or export a []byte")
		}
		w.text(v.String())
	case reflect.Pointer, reflect.Interface:
		w.value(v.Elem())
	case reflect.Slice, reflect.Array:
		w.list(v)
	case reflect.Map:
		w.sortedMap(v)
	case reflect.Struct:
		w.record(inMemory(v))
	default:
		fail("it is ", article(v.Type()), ", which has no form in other languages")
	}
}

// article is what a thing of that type is called in a sentence.
func article(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Func:
		return "a function"
	case reflect.Chan:
		return "a channel"
	}
	return "a " + kind.String()
}

func (w *writer) unsigned(value uint64) {
	if value <= math.MaxInt64 {
		w.integer(int64(value))
	} else {
		w.tagged(bigTag, strconv.FormatUint(value, 10))
	}
}

func (w *writer) big10(value *big.Int) {
	if value.IsInt64() {
		w.integer(value.Int64())
		return
	}
	text := value.String()
	if len(text) > maxDigits {
		fail("it is an integer of more than ", strconv.Itoa(maxDigits), " digits")
	}
	w.tagged(bigTag, text)
}

// rat writes a fraction as the decimal number that it is; one third is none.
func (w *writer) rat(value *big.Rat) {
	rest, factors := new(big.Int).Set(value.Denom()), [2]int{}
	for n, prime := range []*big.Int{big.NewInt(2), big.NewInt(5)} {
		for remainder := new(big.Int); rest.BitLen() > 1; factors[n]++ {
			quotient, _ := new(big.Int).QuoRem(rest, prime, remainder)
			if remainder.Sign() != 0 {
				break
			}
			rest = quotient
		}
	}
	if rest.BitLen() > 1 {
		fail("it is the fraction ", value.String(), ", which is no decimal number")
	}
	w.tagged(decimalTag, Decimal(value.FloatString(max(factors[0], factors[1]))).checked())
}

func (w *writer) duration(value time.Duration) {
	seconds, rest := value/time.Second, value%time.Second
	if rest < 0 {
		seconds, rest = seconds-1, rest+time.Second
	}
	w.head(6, durationTag)
	w.head(4, 2)
	w.integer(int64(seconds))
	w.integer(int64(rest))
}

func (w *writer) packed(dtype string, data []byte) {
	w.head(6, packedTag)
	w.head(4, 2)
	w.text(dtype)
	if len(data) <= inlineBytes {
		w.raw(data)
	} else {
		w.numbers(data)
	}
}

// raw is the memory of numbers.
func raw[T any](numbers []T) []byte {
	if len(numbers) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&numbers[0])), len(numbers)*int(unsafe.Sizeof(numbers[0])))
}

// list writes the items of a slice or an array; numbers are packed.
func (w *writer) list(v reflect.Value) {
	item := v.Type().Elem()
	plain := item.PkgPath() == "" || item.PkgPath() == "main"
	switch kind := item.Kind(); {
	case kind == reflect.Uint8 && v.Kind() == reflect.Array:
		data := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(data), v)
		w.bytes(data)
		return
	case plain && kind >= reflect.Int && kind <= reflect.Int64:
		w.packed("int64", raw(collect(v, reflect.Value.Int)))
		return
	case plain && (kind == reflect.Float32 || kind == reflect.Float64):
		w.packed("float64", raw(collect(v, reflect.Value.Float)))
		return
	}
	w.head(4, uint64(v.Len()))
	for n := 0; n < v.Len(); n++ {
		w.value(v.Index(n))
	}
}

func collect[T any](v reflect.Value, get func(reflect.Value) T) []T {
	all := make([]T, v.Len())
	for n := range all {
		all[n] = get(v.Index(n))
	}
	return all
}

// sortedMap writes a map of Go, whose keys have no order, by its keys.
func (w *writer) sortedMap(v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		fail("it is a map whose keys are ", v.Type().Key().String(), ", and keys must be texts")
	}
	keys := v.MapKeys()
	sort.Slice(keys, func(a, b int) bool { return keys[a].String() < keys[b].String() })
	w.head(5, uint64(len(keys)))
	for _, key := range keys {
		w.key(key.String())
		w.value(v.MapIndex(key))
	}
}

func (w *writer) key(key string) {
	if !utf8.ValidString(key) {
		fail("it has a key that is not valid UTF-8")
	}
	w.text(key)
}

func (m Map[T]) put(w *writer) {
	w.head(5, uint64(len(m.keys)))
	for _, key := range m.keys {
		w.key(key)
		value := m.values[key]
		w.value(reflect.ValueOf(&value).Elem())
	}
}

// record writes a struct as a map of its fields, whether or not their names begin with a capital letter.
func (w *writer) record(v reflect.Value) {
	if !isPlain(v.Type()) {
		fail("it is a ", v.Type().String(), ", which has no form in other languages")
	}
	fields := fieldsOf(v.Type())
	if fields.table {
		w.tableOf(v)
		return
	}
	if fields.twice != "" {
		fail("it has two fields that are called ", fields.twice)
	}
	values := make([]reflect.Value, 0, len(fields.all))
	for n := range fields.all {
		one := fields.all[n].of(v)
		if fields.all[n].omitEmpty && isEmpty(one) {
			one = reflect.Value{}
		}
		values = append(values, one)
	}
	count := 0
	for _, one := range values {
		if one.IsValid() {
			count++
		}
	}
	w.head(5, uint64(count))
	for n, one := range values {
		if one.IsValid() {
			w.key(fields.all[n].key)
			w.value(one)
		}
	}
}

// isEmpty is what `omitempty` of encoding/json calls so.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

var media = map[string]string{
	".csv": "text/csv", ".gif": "image/gif", ".html": "text/html", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".json": "application/json", ".md": "text/markdown", ".pdf": "application/pdf", ".png": "image/png",
	".svg": "image/svg+xml", ".txt": "text/plain",
}

// file writes a copy of a file. One that was imported keeps its name and type.
func (w *writer) file(path File) {
	data, err := os.ReadFile(string(path))
	if err != nil {
		fail("the file cannot be read: ", err.Error())
	}
	fact, known := imported[path]
	if !known {
		fact = fileFact{filepath.Base(string(path)), "application/octet-stream"}
		if kind, there := media[strings.ToLower(filepath.Ext(fact.name))]; there {
			fact.media = kind
		}
	}
	out := handed.create(w.name, "-"+safe(fact.name))
	out.write(data, 0)
	out.close(len(data))
	w.head(6, fileTag)
	w.head(4, 3)
	w.text(fact.name)
	w.text(fact.media)
	w.ref(out.name, 0, len(data))
}

// safe is the end of a name with only those characters that names of data files may have.
func safe(name string) string {
	kept := []byte(name)
	if len(kept) > 100 {
		kept = kept[len(kept)-100:]
	}
	for n, c := range kept {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-') {
			kept[n] = '_'
		}
	}
	return string(kept)
}
