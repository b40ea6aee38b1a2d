// Command gotypes prints, as JSON, what Go's types say of Kubernetes' API and OpenAPI does not: for each field of each
// type, whether it is a pointer and whether its zero value is left out when the object is written.
//
// Run in a module that requires k8s.io/client-go, k8s.io/apiextensions-apiserver and k8s.io/kube-aggregator of the
// wanted release (tests/conformance/go.mod does):
//
//	go run -C tests/conformance ../../scripts/gotypes/main.go > schemas/kubernetes/gotypes.json
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type field struct {
	Pointer   bool   `json:"pointer,omitempty"`
	OmitEmpty bool   `json:"omitempty,omitempty"`
	OmitZero  bool   `json:"omitzero,omitempty"`
	Kind      string `json:"kind"`
}

var types = map[string]map[string]field{}

func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	if len(parts) < 2 {
		return t.Name()
	}
	return parts[len(parts)-2] + "." + parts[len(parts)-1] + "." + t.Name()
}

func visit(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		visit(t.Elem())
		return
	case reflect.Struct:
	default:
		return
	}
	if !strings.Contains(t.PkgPath(), "k8s.io/") {
		return
	}
	if _, seen := types[name(t)]; seen {
		return
	}
	fields := map[string]field{}
	types[name(t)] = fields
	collect(t, fields)
}

func collect(t reflect.Type, into map[string]field) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("json")
		if !ok || tag == "-" || !f.IsExported() {
			continue
		}
		key, options, _ := strings.Cut(tag, ",")
		if key == "" {
			if inner := f.Type; inner.Kind() == reflect.Struct {
				collect(inner, into)
			} else if inner.Kind() == reflect.Pointer && inner.Elem().Kind() == reflect.Struct {
				collect(inner.Elem(), into)
			}
			continue
		}
		into[key] = field{
			Pointer:   f.Type.Kind() == reflect.Pointer,
			OmitEmpty: strings.Contains(","+options+",", ",omitempty,"),
			OmitZero:  strings.Contains(","+options+",", ",omitzero,"),
			Kind:      f.Type.Kind().String(),
		}
		visit(f.Type)
	}
}

func main() {
	s := scheme.Scheme
	for _, add := range []func(*runtime.Scheme) error{apiextensions.AddToScheme, apiregistration.AddToScheme} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	for _, t := range s.AllKnownTypes() {
		visit(t)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	if err := out.Encode(types); err != nil {
		panic(err)
	}
}
