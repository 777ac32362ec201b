// check IMPORTCFG FILE...: say of a program that compiles which of the values that it exports cannot be, because their
// types have no form in other languages. The package `polyrun` refuses them as well, but only when the program runs.
package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

func main() {
	packages := archives(os.Args[1])
	files := token.NewFileSet()
	var syntax []*ast.File
	for _, name := range os.Args[2:] {
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			return // the compiler has read it, so it is newer than this parser
		}
		syntax = append(syntax, file)
	}
	open := func(path string) (io.ReadCloser, error) {
		if file, there := packages[path]; there {
			return os.Open(file)
		}
		return nil, errors.New("no package " + path)
	}
	config := types.Config{Importer: importer.ForCompiler(files, "gc", open), Error: func(error) {}}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	config.Check("main", files, syntax, info)
	good := true
	for _, file := range syntax {
		ast.Inspect(file, func(node ast.Node) bool {
			if call, is := node.(*ast.CallExpr); is && puts(info, call) {
				good = check(files, info, call) && good
			}
			return true
		})
	}
	if !good {
		os.Exit(1)
	}
}

// archives are the files of compiled packages, by import path.
func archives(importcfg string) map[string]string {
	text, err := os.ReadFile(importcfg)
	if err != nil {
		return nil
	}
	found := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if path, file, is := strings.Cut(strings.TrimPrefix(line, "packagefile "), "="); is {
			found[path] = file
		}
	}
	return found
}

// puts tells whether call hands a value over.
func puts(info *types.Info, call *ast.CallExpr) bool {
	if len(call.Args) != 2 {
		return false
	}
	switch called := call.Fun.(type) {
	case *ast.Ident:
		return called.Name == "polyrunPut"
	case *ast.SelectorExpr:
		put, is := info.Uses[called.Sel].(*types.Func)
		return is && put.Name() == "Put" && put.Pkg() != nil && put.Pkg().Path() == "polyrun"
	}
	return false
}

// check prints why the value cannot be exported, with the line that declares it.
func check(files *token.FileSet, info *types.Info, call *ast.CallExpr) bool {
	value := call.Args[1]
	why := fault(info.Types[value].Type, "it", map[types.Type]bool{})
	if why == "" {
		return true
	}
	at, name := value.Pos(), "the value"
	if own, is := value.(*ast.Ident); is && info.Uses[own] != nil {
		at, name = info.Uses[own].Pos(), own.Name
	}
	place := files.Position(at)
	place.Filename = filepath.Base(place.Filename) // the parser puts the folder of the file before what a directive says
	fmt.Printf("%s: %s cannot be exported: %s, which has no form in other languages\n", place, name, why)
	return false
}

// fault is what is wrong with a type, "" if nothing is; what is the part of the value that has it.
func fault(kind types.Type, what string, seen map[types.Type]bool) string {
	if kind == nil || seen[kind] {
		return ""
	}
	seen[kind] = true
	if named, is := kind.(*types.Named); is {
		if pkg := named.Obj().Pkg(); pkg != nil && pkg.Path() != "main" {
			return foreign(named, pkg.Path(), what, seen)
		}
	}
	switch kind := kind.Underlying().(type) {
	case *types.Signature:
		return what + " is a function"
	case *types.Chan:
		return what + " is a channel"
	case *types.Basic:
		if kind.Info()&types.IsComplex != 0 || kind.Kind() == types.UnsafePointer || kind.Kind() == types.Uintptr {
			return what + " is a " + kind.String()
		}
	case *types.Pointer:
		return fault(kind.Elem(), what, seen)
	case *types.Slice:
		return fault(kind.Elem(), "an item of "+what, seen)
	case *types.Array:
		return fault(kind.Elem(), "an item of "+what, seen)
	case *types.Map:
		if key, is := kind.Key().Underlying().(*types.Basic); !is || key.Info()&types.IsString == 0 {
			return what + " is a map whose keys are no texts"
		}
		return fault(kind.Elem(), "an item of "+what, seen)
	case *types.Struct:
		for n := 0; n < kind.NumFields(); n++ {
			field := kind.Field(n)
			if field.Name() == "_" || reflect.StructTag(kind.Tag(n)).Get("json") == "-" {
				continue
			}
			if why := fault(field.Type(), "the field "+field.Name()+" of "+what, seen); why != "" {
				return why
			}
		}
	}
	return ""
}

// foreign is what is wrong with a type of another package: its fields are not meant to be seen.
func foreign(named *types.Named, path, what string, seen map[types.Type]bool) string {
	switch full := path + "." + named.Obj().Name(); {
	case path == "polyrun":
		for n := 0; n < named.TypeArgs().Len(); n++ {
			if why := fault(named.TypeArgs().At(n), "an item of "+what, seen); why != "" {
				return why
			}
		}
		return ""
	case full == "time.Time" || full == "math/big.Int" || full == "math/big.Rat":
		return ""
	}
	if _, is := named.Underlying().(*types.Struct); is {
		return what + " is a " + named.Obj().Pkg().Name() + "." + named.Obj().Name()
	}
	return fault(named.Underlying(), what, seen)
}
