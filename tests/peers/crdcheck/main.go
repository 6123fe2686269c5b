// crdcheck puts our CustomResourceDefinitions, and cases of objects, to the code of the real API server: the validation of
// the definitions (structural schemas, CEL rules and their cost, defaults, printer columns) and what it says of each object.
//
//	crdcheck -crds manifests/crds [-cases FILE]... [-explain]
//
// The format of the cases is in tests/golden/admission/README.md and tests/golden/crds/README.md. Exit code 1 when a
// definition is refused or a case differs. With -explain the verdict on every object is printed as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

type fileList []string

func (f *fileList) String() string         { return fmt.Sprint(*f) }
func (f *fileList) Set(value string) error { *f = append(*f, value); return nil }

func main() {
	crds := flag.String("crds", "", "directory of the CustomResourceDefinitions")
	explain := flag.Bool("explain", false, "print the verdict on every object")
	var files fileList
	flag.Var(&files, "cases", "file of cases; may stand several times, further files may follow as arguments")
	flag.Parse()
	files = append(files, flag.Args()...)
	if *crds == "" {
		flag.Usage()
		os.Exit(2)
	}
	kinds, problems := loadCRDs(*crds)
	checked := 0
	show := func(name string, v verdict) {
		if *explain {
			text, _ := json.Marshal(v)
			fmt.Printf("%s\t%s\n", name, text)
		}
	}
	for _, file := range files {
		suites, err := readSuites(file)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", file, err))
		}
		for _, s := range suites {
			count, wrong := s.check(kinds, show)
			checked += count
			for _, p := range wrong {
				problems = append(problems, fmt.Sprintf("%s: %s %s: %s", file, s.Kind, s.Version, p))
			}
		}
	}
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p)
	}
	fmt.Printf("%d versions of kinds, %d cases, %d problems\n", len(kinds), checked, len(problems))
	if len(problems) > 0 {
		os.Exit(1)
	}
}
