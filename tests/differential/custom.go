// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"time"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/yaml"
)

// custom answers for a kind of a CustomResourceDefinition, with the code of Kubernetes' own server
// for such kinds.
type custom struct {
	schema   *structural.Structural
	strategy rest.RESTCreateStrategy
}

// newCustom finds the CRD in the Go module that publishes it.
func newCustom(module, channel, plural string) (*custom, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		return nil, fmt.Errorf("go mod download %s: %w", module, err)
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(found.Dir, "config", "crd", channel, "policy.networking.k8s.io_"+plural+".yaml"))
	if err != nil {
		return nil, err
	}
	return customOf(text)
}

func customOf(text []byte) (*custom, error) {
	var crd v1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		return nil, err
	}
	var props apiextensions.JSONSchemaProps
	version := crd.Spec.Versions[0]
	if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &props, nil); err != nil {
		return nil, err
	}
	s, err := structural.NewStructural(&props)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(&props)
	if err != nil {
		return nil, err
	}
	kind := schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind}
	return &custom{s, customresource.NewStrategy(typer{}, false, kind, validator, nil, s,
		&apiextensions.CustomResourceSubresourceStatus{}, nil, nil)}, nil
}

func (c *custom) answer(q question) answer {
	a := answer{}
	u := &unstructured.Unstructured{}
	text, err := q.text, error(nil)
	if text[0] != '{' {
		text, err = yaml.YAMLToJSON(text)
	}
	if err == nil {
		err = u.UnmarshalJSON(text)
	}
	if err != nil {
		a.Undecoded = err.Error()
		return a
	}
	if a.Strict, err = c.prune(u); err != nil {
		a.Undecoded = err.Error()
		return a
	}
	if u.GetName() == "" && u.GetGenerateName() != "" {
		prefix := u.GetGenerateName()
		u.SetName(prefix[:min(len(prefix), 58)] + "xxxxx")
	}
	u.SetCreationTimestamp(metav1.NewTime(time.Unix(0, 0)))
	u.SetUID("00000000-0000-0000-0000-000000000000")
	ctx := request.WithNamespace(context.Background(), u.GetNamespace())
	c.strategy.PrepareForCreate(ctx, u)
	seen := map[string]bool{}
	for _, e := range rest.ValidateCreate(ctx, u, c.strategy) {
		if text := e.Error(); !seen[text] {
			seen[text] = true
			a.Errors = append(a.Errors, text)
		}
	}
	sort.Strings(a.Errors) // the schema's come in no order
	a.Valid = len(a.Errors)+len(a.Strict) == 0
	return a
}

// prune takes out what the schema does not know, and says what that was.
func (c *custom) prune(u *unstructured.Unstructured) ([]string, error) {
	defaulting.Default(u.Object, c.schema)
	_, _, unknown, err := objectmeta.GetObjectMetaWithOptions(u.Object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, err
	}
	apiVersion, kind, metadata := u.Object["apiVersion"], u.Object["kind"], u.Object["metadata"]
	options := structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	unknown = append(unknown, pruning.PruneWithOptions(u.Object, c.schema, true, options)...)
	defaulting.PruneNonNullableNullsWithoutDefaults(u.Object, c.schema)
	u.Object["apiVersion"], u.Object["kind"] = apiVersion, kind
	if metadata != nil {
		u.Object["metadata"] = metadata
	}
	sort.Strings(unknown)
	for i, path := range unknown {
		unknown[i] = fmt.Sprintf("unknown field %q", path)
	}
	return unknown, nil
}

// typer is what the strategy asks for kinds.
type typer struct{}

func (typer) ObjectKinds(o runtime.Object) ([]schema.GroupVersionKind, bool, error) {
	return []schema.GroupVersionKind{o.GetObjectKind().GroupVersionKind()}, false, nil
}

func (typer) Recognizes(schema.GroupVersionKind) bool {
	return true
}

// asYAML is a document as a person would write it; nil if YAML cannot hold it.
func asYAML(o object) []byte {
	text, err := yaml.Marshal(o)
	if err != nil {
		return nil
	}
	var again object
	if yaml.Unmarshal(text, &again) != nil {
		return nil
	}
	return text
}

func asJSON(o object) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		panic(err) // maps, lists and texts can always be written
	}
	return bytes.TrimSpace(b.Bytes())
}
