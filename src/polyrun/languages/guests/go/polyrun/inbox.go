// What a block is given: its value file, and the data files beside it.
package polyrun

import (
	"os"
	"sync"
	"syscall"
)

// An inbox knows where each imported value begins, what is exported, and how data files are to be called.
type inbox struct {
	folder  string
	data    []byte
	imports map[string]int
	exports map[string]string // the declared type of each, or ""
	prefix  string
}

var (
	given  *inbox // nil in a block without values
	mapped = map[string][]byte{}
	lock   sync.Mutex // guards mapped, and all that is handed over
)

// It is read before anything else of the block is done, because variables of its package are imported values.
func init() {
	in, out := os.Getenv("POLYRUN_IN"), os.Getenv("POLYRUN_OUT")
	if in == "" || out == "" {
		return
	}
	handed.folder = out
	if why, failed := guarded(func() { given = readInbox(in) }); failed {
		stop("the values of this block cannot be read: " + why)
	}
}

// stop ends the program with a message, where going on would mean to go on with wrong values.
func stop(message string) {
	os.Stderr.WriteString("polyrun: " + message + "\n")
	os.Exit(2)
}

func readInbox(folder string) *inbox {
	in := &inbox{folder: folder, imports: map[string]int{}, exports: map[string]string{}}
	in.data = mapFile(folder + "/values.cbor")
	r := &reader{data: in.data}
	for count := r.size(5); count > 0; count-- {
		switch r.text() {
		case "prefix":
			in.prefix = r.text()
		case "imports":
			for left := r.size(5); left > 0; left-- {
				name := r.text()
				in.imports[name] = r.at
				r.skip()
			}
		case "exports":
			for left := r.size(5); left > 0; left-- {
				name, declared := r.text(), ""
				if !r.null() {
					declared = r.text()
				}
				in.exports[name] = declared
			}
		default:
			r.skip()
		}
	}
	return in
}

// dataFile is a file of the inbox in memory, mapped once and for good: values point into it.
func dataFile(name string) []byte {
	lock.Lock()
	defer lock.Unlock()
	data, known := mapped[name]
	if !known {
		data = mapFile(given.folder + "/" + name)
		mapped[name] = data
	}
	return data
}

// mapFile maps a file so that its pages are copied when they are written to; the file stays as it is.
func mapFile(path string) []byte {
	file, err := os.Open(path)
	if err != nil {
		fail(err.Error())
	}
	defer file.Close()
	facts, err := file.Stat()
	if err != nil {
		fail(err.Error())
	}
	if facts.Size() == 0 {
		return nil
	}
	data, err := syscall.Mmap(int(file.Fd()), 0, int(facts.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
	if err != nil {
		fail(path, " cannot be mapped: ", err.Error())
	}
	return data
}
