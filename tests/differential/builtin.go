// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"reflect"
	"sort"
	"strings"
	"time"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install" // registers the kinds
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"sigs.k8s.io/yaml"
)

var networking1 = schema.GroupVersion{Group: "networking.k8s.io", Version: "v1"}

// builtin answers for NetworkPolicy with the API server's own code.
type builtin struct{}

func (builtin) answer(q question) answer {
	a := answer{}
	now := decode(q.text, &a)
	if now == nil {
		return a
	}
	a.YAML = printed(now)
	if q.old == nil {
		a.Errors, a.Warnings = create(now)
	} else if old := decode(q.old, &answer{}); old != nil {
		a.Errors, a.Warnings = update(now, old)
	}
	a.Valid = len(a.Errors)+len(a.Strict) == 0
	return a
}

// decode reads strictly, as a request with fieldValidation=Strict is read.
func decode(text []byte, a *answer) *networking.NetworkPolicy {
	media := runtime.ContentTypeYAML
	if text[0] == '{' {
		media = runtime.ContentTypeJSON
	}
	info, _ := runtime.SerializerInfoForMediaType(legacyscheme.Codecs.SupportedMediaTypes(), media)
	kind := networking1.WithKind("NetworkPolicy")
	internal := schema.GroupVersion{Group: networking1.Group, Version: runtime.APIVersionInternal}
	read, _, err := legacyscheme.Codecs.DecoderToVersion(info.StrictSerializer, internal).Decode(text, &kind, &networking.NetworkPolicy{})
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		for _, e := range strict.Errors() {
			a.Strict = append(a.Strict, e.Error())
		}
	} else if err != nil {
		a.Undecoded = err.Error()
		return nil
	}
	return read.(*networking.NetworkPolicy)
}

// printed is the defaulted object as kubectl shows it; "" where Kubernetes' printer fails, loses
// something (it takes U+0085 for a line end), or gives no order of keys twice.
func printed(np *networking.NetworkPolicy) string {
	versioned, err := legacyscheme.Scheme.ConvertToVersion(np.DeepCopy(), networking1)
	if err != nil {
		return ""
	}
	versioned.GetObjectKind().SetGroupVersionKind(networking1.WithKind("NetworkPolicy"))
	versioned.(metav1.Object).SetManagedFields(nil)
	text, err := yaml.Marshal(versioned)
	if err != nil || !readsBack(text, versioned) {
		return ""
	}
	for range 3 {
		if again, err := yaml.Marshal(versioned); err != nil || string(again) != string(text) {
			return ""
		}
	}
	return string(text)
}

func readsBack(text []byte, o any) bool {
	want, err := json.Marshal(o)
	if err != nil {
		return false
	}
	var a, b any
	return json.Unmarshal(want, &a) == nil && yaml.Unmarshal(text, &b) == nil && reflect.DeepEqual(a, b)
}

func inNamespace(np *networking.NetworkPolicy, verb string) context.Context {
	if np.Namespace == "" {
		np.Namespace = "default" // the request's
	}
	return request.WithRequestInfo(request.WithNamespace(context.Background(), np.Namespace), &request.RequestInfo{
		IsResourceRequest: true, Verb: verb, APIGroup: networking1.Group, APIVersion: networking1.Version,
		Namespace: np.Namespace, Resource: "networkpolicies",
	})
}

func create(read *networking.NetworkPolicy) (errors, warnings []string) {
	np := read.DeepCopy()
	rest.WipeObjectMetaSystemFields(np)
	ctx := inNamespace(np, "create")
	if np.Name == "" && np.GenerateName != "" {
		np.Name = np.GenerateName[:min(len(np.GenerateName), 58)] + "xxxxx"
	}
	np.CreationTimestamp = metav1.NewTime(time.Unix(0, 0))
	np.UID = "00000000-0000-0000-0000-000000000000"
	networkpolicy.Strategy.PrepareForCreate(ctx, np)
	if errors = messages(rest.ValidateCreate(ctx, np, networkpolicy.Strategy), np); len(errors) == 0 {
		warnings = networkpolicy.Strategy.WarningsOnCreate(ctx, np)
	}
	return errors, warnings
}

// update fills in what the server fills in before it looks. The old object is taken to be one that
// the server has stored, so it has what every stored object has.
func update(readNow, readOld *networking.NetworkPolicy) (errors, warnings []string) {
	now, old := readNow.DeepCopy(), readOld.DeepCopy()
	ctx := inNamespace(now, "update")
	inNamespace(old, "update")
	old.CreationTimestamp = metav1.NewTime(time.Unix(0, 0))
	old.Generation = 1
	old.ResourceVersion, now.ResourceVersion = "1", "1"
	if old.UID == "" {
		old.UID = now.UID
	}
	now.Generation = old.Generation
	networkpolicy.Strategy.PrepareForUpdate(ctx, now, old)
	if now.UID == "" {
		now.UID = old.UID
	}
	now.CreationTimestamp = old.CreationTimestamp
	if old.DeletionTimestamp != nil {
		now.DeletionTimestamp = old.DeletionTimestamp
	}
	if now.DeletionGracePeriodSeconds == nil {
		now.DeletionGracePeriodSeconds = old.DeletionGracePeriodSeconds
	}
	if errors = messages(rest.ValidateUpdate(ctx, now, old, networkpolicy.Strategy), now); len(errors) == 0 {
		warnings = networkpolicy.Strategy.WarningsOnUpdate(ctx, now, old)
	}
	return errors, warnings
}

// messages are the texts of the errors, each once. Those about several entries of one map come in
// no order from Kubernetes; here in that of the keys.
func messages(errs field.ErrorList, np *networking.NetworkPolicy) []string {
	maps := stringMaps(np)
	seen := map[string]bool{}
	var out []string
	for i := 0; i < len(errs); {
		run := i + 1
		for run < len(errs) && errs[run].Field == errs[i].Field {
			run++
		}
		for _, text := range inKeyOrder(errs[i:run], maps) {
			if !seen[text] {
				seen[text] = true
				out = append(out, text)
			}
		}
		i = run
	}
	return out
}

func inKeyOrder(run field.ErrorList, maps map[string]map[string]string) []string {
	given := map[string]bool{}
	var texts []string
	for _, e := range run {
		texts = append(texts, e.Error())
		given[e.Error()] = true
	}
	entries, ok := maps[run[0].Field]
	if !ok {
		return texts
	}
	keys := make([]string, 0, len(entries))
	for k := range entries {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var ordered []string
	for _, k := range keys {
		for _, e := range entryErrors(run[0].Field, k, entries[k]) {
			if given[e.Error()] {
				ordered = append(ordered, e.Error())
			}
		}
	}
	for _, e := range run {
		if e.Type == field.ErrorTypeTooLong { // of the whole map: said last
			ordered = append(ordered, e.Error())
		}
	}
	return ordered
}

func entryErrors(path, key, value string) field.ErrorList {
	at := field.NewPath(path)
	if strings.HasSuffix(path, "annotations") {
		return apivalidation.ValidateAnnotations(map[string]string{key: ""}, at)
	}
	return metavalidation.ValidateLabels(map[string]string{key: value}, at)
}

// stringMaps finds all maps of strings by their field paths.
func stringMaps(np *networking.NetworkPolicy) map[string]map[string]string {
	maps := map[string]map[string]string{"metadata.annotations": np.Annotations, "metadata.labels": np.Labels}
	versioned, err := legacyscheme.Scheme.ConvertToVersion(np.DeepCopy(), networking1)
	if err != nil {
		return maps
	}
	text, err := json.Marshal(versioned)
	var tree any
	if err != nil || json.Unmarshal(text, &tree) != nil {
		return maps
	}
	findMaps("", tree, maps)
	return maps
}
