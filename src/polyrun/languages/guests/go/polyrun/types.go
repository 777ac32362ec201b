// The types that values have where Go has none of its own.
package polyrun

import (
	"math/big"
	"time"
)

// Names for types of the standard library, so that the file made for each block imports nothing but this package.
type (
	BigInt    = big.Int
	Timestamp = time.Time
	Duration  = time.Duration
)

// A File is the path of a file.
type File string

// An Array is numbers in a grid: Shape counts each dimension, Data has the numbers as they lie in memory, with the last
// index fastest or, if ColumnMajor, the first.
type Array[T any] struct {
	Shape       []int
	Data        []T
	ColumnMajor bool
}

// NewArray makes an array of zeros.
func NewArray[T any](shape ...int) Array[T] {
	size := 1
	for _, length := range shape {
		size *= length
	}
	return Array[T]{Shape: append([]int{}, shape...), Data: make([]T, size)}
}

// Index is where in Data the number at place is. It panics if there is no such place.
func (a Array[T]) Index(place ...int) int {
	if len(place) != len(a.Shape) {
		panic("polyrun: an array has as many indices as dimensions")
	}
	at := 0
	for n := range place {
		dimension := n
		if a.ColumnMajor {
			dimension = len(place) - 1 - n
		}
		if place[dimension] < 0 || place[dimension] >= a.Shape[dimension] {
			panic("polyrun: an index outside of an array")
		}
		at = at*a.Shape[dimension] + place[dimension]
	}
	return at
}

// At is the number at place.
func (a Array[T]) At(place ...int) T { return a.Data[a.Index(place...)] }

// Set puts a number at place.
func (a Array[T]) Set(number T, place ...int) { a.Data[a.Index(place...)] = number }

// A Map is a map that keeps the order of its keys. The zero Map is empty and ready to use.
type Map[T any] struct {
	keys   []string
	values map[string]T
}

// An Entry is one key of a Map with its value.
type Entry[T any] struct {
	Key   string
	Value T
}

// MapOf makes a map of entries.
func MapOf[T any](entries ...Entry[T]) Map[T] {
	var made Map[T]
	for _, entry := range entries {
		made.Set(entry.Key, entry.Value)
	}
	return made
}

// Len counts the keys.
func (m Map[T]) Len() int { return len(m.keys) }

// Keys are all keys in order.
func (m Map[T]) Keys() []string { return append([]string{}, m.keys...) }

// Get is the value of key, and whether there is one.
func (m Map[T]) Get(key string) (value T, there bool) {
	value, there = m.values[key]
	return value, there
}

// At is the value of key, or the zero value.
func (m Map[T]) At(key string) T { return m.values[key] }

// Entries are all keys with their values, in order.
func (m Map[T]) Entries() []Entry[T] {
	all := make([]Entry[T], 0, len(m.keys))
	for _, key := range m.keys {
		all = append(all, Entry[T]{key, m.values[key]})
	}
	return all
}

// Set gives key a value; a new key is the last.
func (m *Map[T]) Set(key string, value T) {
	if m.values == nil {
		m.values = map[string]T{}
	}
	if _, there := m.values[key]; !there {
		m.keys = append(m.keys, key)
	}
	m.values[key] = value
}

// A Column is the values of a column of a table of which some are missing: Data[i] counts if Valid[i].
type Column[T any] struct {
	Data  []T
	Valid []bool
}

// ColumnOf makes a column of values of which those that are nil are missing.
func ColumnOf[T any](values ...*T) Column[T] {
	made := Column[T]{Data: make([]T, len(values)), Valid: make([]bool, len(values))}
	for n, value := range values {
		if value != nil {
			made.Data[n], made.Valid[n] = *value, true
		}
	}
	return made
}

// Len counts the rows.
func (c Column[T]) Len() int { return len(c.Data) }

// Get is the value in row n, and whether there is one.
func (c Column[T]) Get(n int) (value T, there bool) {
	if !c.Valid[n] {
		return value, false
	}
	return c.Data[n], true
}

// Rows makes a struct of columns a table: embed it, and let every other field be a slice or a Column.
type Rows struct {
	count int
	types []string // those of the columns, as they came
}

// Len counts the rows of a table that was imported.
func (r Rows) Len() int { return r.count }

// A Table has columns that are not known before the program runs, in order.
type Table struct {
	names   []string
	columns []any
	rows    Rows
}

// NewTable makes a table without columns.
func NewTable() *Table { return &Table{} }

// Add puts a column behind the others: a slice, or a Column. All must have one length.
func (t *Table) Add(name string, column any) *Table {
	t.names = append(t.names, name)
	t.columns = append(t.columns, column)
	return t
}

// Names are the names of the columns.
func (t *Table) Names() []string { return append([]string{}, t.names...) }

// Column is the column of that name, nil if there is none.
func (t *Table) Column(name string) any {
	for n := range t.names {
		if t.names[n] == name {
			return t.columns[n]
		}
	}
	return nil
}
