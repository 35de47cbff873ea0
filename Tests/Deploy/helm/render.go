// Renders a chart as Helm does, as far as Puffin's needs it: Go's templates with sprig, include and toYaml. Helm itself is in no
// package of Debian.
//
//	render CHART RELEASE < {"Values": …, "Chart": …}
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func main() {
	var data map[string]interface{}
	check(json.NewDecoder(os.Stdin).Decode(&data))
	data["Release"] = map[string]interface{}{"Name": os.Args[2], "Service": "Helm", "Namespace": "default"}

	chart := template.New("chart").Option("missingkey=error")
	functions := sprig.TxtFuncMap()
	functions["include"] = func(name string, data interface{}) (string, error) {
		var text bytes.Buffer
		err := chart.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	// JSON is YAML.
	functions["toYaml"] = func(value interface{}) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	}
	chart.Funcs(functions)

	paths, err := filepath.Glob(filepath.Join(os.Args[1], "templates", "*"))
	check(err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		check(err)
		_, err = chart.New(filepath.Base(path)).Parse(string(text))
		check(err)
	}
	for _, path := range paths {
		if !strings.HasSuffix(path, ".yaml") {
			continue
		}
		var text bytes.Buffer
		check(chart.ExecuteTemplate(&text, filepath.Base(path), data))
		fmt.Println("---")
		fmt.Println(text.String())
	}
}
