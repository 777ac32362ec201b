// What is known of the fields of a struct.
package polyrun

import (
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// A field is one key of a struct; path leads to it through embedded structs.
type field struct {
	key       string
	path      []int
	kind      reflect.Type
	omitEmpty bool
}

// fields are the keys of a struct in order, and where each is. A table has columns instead.
type fields struct {
	all   []field
	at    map[string]int
	table bool
	twice string // a key that two fields have
}

var known sync.Map // from reflect.Type to *fields

func fieldsOf(kind reflect.Type) *fields {
	if found, there := known.Load(kind); there {
		return found.(*fields)
	}
	made := &fields{at: map[string]int{}}
	made.add(kind, nil)
	known.Store(kind, made)
	return made
}

// add goes through the fields of kind. Those of an embedded struct are like its own, as everywhere in Go.
func (f *fields) add(kind reflect.Type, path []int) {
	for n := 0; n < kind.NumField(); n++ {
		one := kind.Field(n)
		here := append(append([]int{}, path...), n)
		key, omitEmpty, named := keyOf(one)
		switch {
		case one.Type == rowsType && one.Anonymous:
			f.table = true
		case one.Tag.Get("json") == "-" || one.Name == "_" && !named:
		case one.Anonymous && !named && one.Type.Kind() == reflect.Struct && isPlain(one.Type):
			f.add(one.Type, here)
		default:
			if _, there := f.at[key]; there {
				f.twice = key
			}
			f.at[key] = len(f.all)
			f.all = append(f.all, field{key, here, one.Type, omitEmpty})
		}
	}
}

// keyOf is the key that a field has: all of its tag `polyrun`, what its tag `json` says, or its name.
func keyOf(one reflect.StructField) (key string, omitEmpty, named bool) {
	if tag, there := one.Tag.Lookup("polyrun"); there {
		return tag, false, true
	}
	name, options, _ := strings.Cut(one.Tag.Get("json"), ",")
	if name == "" {
		name = one.Name
	}
	return name, strings.Contains(options, "omitempty"), name != one.Name
}

// of is the field in v, which can be set if v can, whether or not the name of the field begins with a capital letter.
func (f *field) of(v reflect.Value) reflect.Value {
	for _, n := range f.path {
		v = opened(v.Field(n))
	}
	return v
}

// opened is a field as one that any package may look at and change; the struct must lie in memory.
func opened(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// inMemory is v, or a copy of it whose fields can be reached.
func inMemory(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	copied := reflect.New(v.Type()).Elem()
	copied.Set(v)
	return copied
}

// isPlain tells whether kind is a struct of the block, whose fields are meant to be seen, not one of another package.
func isPlain(kind reflect.Type) bool {
	return kind.PkgPath() == "main" || kind.PkgPath() == ""
}
