// Where a block leaves what it exports.
package polyrun

import (
	"os"
	"path/filepath"
	"sort"
	"strconv"
)

// fewExports is up to how many the value file is written after each of them.
const fewExports = 64

// An outbox gathers what is handed over. Everything in it is guarded by `lock`.
type outbox struct {
	folder  string
	count   int                 // data files so far
	values  map[string][]byte   // encoded
	refused map[string]string   // why
	files   map[string][]string // the data files of each value
}

var handed = outbox{values: map[string][]byte{}, refused: map[string]string{}, files: map[string][]string{}}

// Put hands over value under name, which an `#export:` of the block must declare. A later call for the same name
// replaces it. It may be called by any goroutine.
func Put(name string, value any) {
	declared, there := "", false
	if given != nil {
		declared, there = given.exports[name]
	}
	if !there {
		panic("polyrun: `" + name + "` is not exported: add `#export: " + name + "` to the block")
	}
	lock.Lock()
	defer lock.Unlock()
	handed.forget(name)
	out := &writer{name: name}
	why, failed := guarded(func() { out.declared(value, declared) })
	if failed {
		handed.forget(name)
		handed.refused[name] = why
	} else {
		handed.values[name] = out.data
	}
	// A program may leave through os.Exit as soon as all is there; if it does so earlier, what it lacks can be told.
	complete := len(handed.values)+len(handed.refused) == len(given.exports)
	if complete || len(given.exports) <= fewExports {
		if why, failed := guarded(handed.commit); failed {
			stop("the exported values cannot be written: " + why)
		}
	}
}

// forget drops a value that was handed over earlier.
func (o *outbox) forget(name string) {
	for _, file := range o.files[name] {
		os.Remove(filepath.Join(o.folder, file))
	}
	delete(o.files, name)
	delete(o.values, name)
	delete(o.refused, name)
}

// commit writes the value file. It is complete whenever it is there.
func (o *outbox) commit() {
	w := writer{}
	w.head(5, 3)
	w.text("polyrun")
	w.integer(1)
	w.text("exports")
	w.head(5, uint64(len(o.values)))
	for _, name := range sorted(o.values) {
		w.text(name)
		w.data = append(w.data, o.values[name]...)
	}
	w.text("refused")
	w.head(5, uint64(len(o.refused)))
	for _, name := range sorted(o.refused) {
		w.text(name)
		w.text(o.refused[name])
	}
	part := filepath.Join(o.folder, "values.part")
	if err := os.WriteFile(part, w.data, 0o644); err != nil {
		fail(err.Error())
	}
	if err := os.Rename(part, filepath.Join(o.folder, "values.cbor")); err != nil {
		fail(err.Error())
	}
}

func sorted[T any](values map[string]T) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// A dataOut is a data file that is being written.
type dataOut struct {
	name string
	file *os.File
}

// create makes a data file for the value of a variable; its name ends in ending.
func (o *outbox) create(variable, ending string) dataOut {
	name := given.prefix + strconv.Itoa(o.count) + ending
	o.count++
	file, err := os.OpenFile(filepath.Join(o.folder, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		fail(err.Error())
	}
	o.files[variable] = append(o.files[variable], name)
	return dataOut{name, file}
}

func (d dataOut) write(data []byte, offset int) {
	if _, err := d.file.WriteAt(data, int64(offset)); err != nil {
		d.file.Close()
		fail("its data cannot be written: ", err.Error())
	}
}

// close ends a file that is to be so long, even if nothing was written at its end.
func (d dataOut) close(size int) {
	err := d.file.Truncate(int64(size))
	if other := d.file.Close(); err == nil {
		err = other
	}
	if err != nil {
		fail("its data cannot be written: ", err.Error())
	}
}

// numbers writes numbers into a file of their own and says where they are.
func (w *writer) numbers(data []byte) {
	out := handed.create(w.name, ".npy")
	out.write(data, npyHead)
	out.close(npyHead + len(data))
	w.ref(out.name, npyHead, len(data))
}

// bytes writes bytes, into a file of their own if they are many.
func (w *writer) bytes(data []byte) {
	if len(data) <= inlineBytes {
		w.raw(data)
		return
	}
	out := handed.create(w.name, ".bin")
	out.write(data, 0)
	out.close(len(data))
	w.ref(out.name, 0, len(data))
}
