package main

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// suite is one document of a file of cases: tests/golden/admission (rules) or tests/golden/crds (decoding). Members that only the
// native tests use (warnings, gates) are not listed.
type suite struct {
	Group   string       `json:"group"`
	Version string       `json:"version"`
	Kind    string       `json:"kind"`
	Base    object       `json:"base"`
	Cases   []ruleCase   `json:"cases"`
	Fields  []fieldCase  `json:"fields"`
	Decodes []decodeCase `json:"decodes"`
}

type ruleCase struct {
	Rule     string   `json:"rule"`
	Name     string   `json:"name"`
	Judge    string   `json:"judge"`
	Old      object   `json:"old"`   // merge patch of base; null: a creation
	Patch    object   `json:"patch"` // merge patch of base
	Rejected []string `json:"rejected"`
	CRD      string   `json:"crd"`   // what the server says where it differs from us
	Rules    []string `json:"rules"` // of generated cases: messages of rules that we say are broken
}

type fieldCase struct {
	At       string `json:"at"` // JSON pointer
	Required *bool  `json:"required"`
	Accepts  []any  `json:"accepts"`
	Rejects  []any  `json:"rejects"`
}

type decodeCase struct {
	Name    string   `json:"name"`
	Object  object   `json:"object"`
	Unknown []string `json:"unknown"`
	Stored  object   `json:"stored"`
}

type object = map[string]any

func readSuites(file string) (out []*suite, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for _, document := range strings.Split("\n"+string(text), "\n---") {
		asJSON, err := yaml.YAMLToJSONStrict([]byte(document))
		if err != nil {
			return nil, err
		}
		s := &suite{}
		if err := json.Unmarshal(asJSON, s); err != nil { // whole numbers become int64, as in the server
			return nil, err
		}
		if s.Kind != "" {
			out = append(out, s)
		}
	}
	return out, nil
}

// complete gives the object its type.
func (s *suite) complete(of object) object {
	out := runtime.DeepCopyJSON(of)
	out["apiVersion"] = s.Group + "/" + s.Version
	out["kind"] = s.Kind
	return out
}

func (s *suite) check(kinds map[string]*kind, explain func(name string, v verdict)) (checked int, problems []string) {
	k := kinds[s.Group+"/"+s.Version+"/"+s.Kind]
	if k == nil {
		return 0, []string{fmt.Sprintf("no CRD for %s %s/%s", s.Kind, s.Group, s.Version)}
	}
	for _, c := range s.Cases {
		name := c.Rule + " " + c.Name
		now := s.complete(mergePatch(s.Base, c.Patch))
		var old object
		if c.Old != nil {
			old = s.complete(mergePatch(s.Base, c.Old))
		}
		v := k.judge(now, old)
		explain(name, v)
		checked++
		for _, p := range c.problems(v) {
			problems = append(problems, name+": "+p)
		}
	}
	for _, c := range s.Fields {
		count, wrong := c.check(s, k)
		checked += count
		problems = append(problems, wrong...)
	}
	for _, c := range s.Decodes {
		v := k.judge(s.complete(c.Object), nil)
		explain(c.Name, v)
		checked++
		for _, p := range c.problems(s, v) {
			problems = append(problems, c.Name+": "+p)
		}
	}
	return checked, problems
}

// problems compares what the server says with what the case says that we say.
func (c *ruleCase) problems(v verdict) (out []string) {
	wantRejected := len(c.Rejected) > 0
	switch c.CRD {
	case "accepted":
		wantRejected = false
	case "rejected":
		wantRejected = true
	default:
		if c.Judge != "schema" && c.Judge != "cel" {
			return nil
		}
	}
	if errors := append(v.ShapeErrors, v.RuleErrors...); wantRejected != (len(errors) > 0) {
		return []string{fmt.Sprintf("rejected: want %v %q, the server says %q", wantRejected, c.Rejected, errors)}
	}
	if c.Judge != "cel" || v.IsBlocked {
		return nil
	}
	for _, e := range v.RuleErrors {
		if !anyLineHolds(c.Rejected, e) {
			out = append(out, fmt.Sprintf("the server says %q, we say %q", e, c.Rejected))
		}
	}
	for _, message := range c.Rules {
		if !hasMessage(v.RuleErrors, message) {
			out = append(out, fmt.Sprintf("we say %q, the server says %q", message, v.RuleErrors))
		}
	}
	return out
}

// anyLineHolds: whether the message of the server's error, less what stands around it, is in one of our lines.
func anyLineHolds(lines []string, serverError string) bool {
	_, message, _ := strings.Cut(serverError, ": ") // the path
	if _, rule, ok := strings.Cut(message, " evaluating rule: "); ok {
		message = rule
	} else {
		for _, kind := range []string{"Invalid value: ", "Forbidden: "} {
			message = strings.TrimPrefix(message, kind)
		}
	}
	for _, line := range lines {
		text := line[strings.Index(line, ": ")+2:]
		if strings.Contains(text, message) {
			return true
		}
		// `<value>: <message>`: the message may hold ": " itself.
		for rest := message; rest != ""; {
			if strings.Contains(text, rest) {
				return true
			}
			_, after, ok := strings.Cut(rest, ": ")
			if !ok {
				break
			}
			rest = after
		}
	}
	return false
}

func (c *fieldCase) check(s *suite, k *kind) (checked int, problems []string) {
	expect := func(what string, accepted bool, object object) {
		checked++
		v := k.judge(s.complete(object), nil)
		if errors := append(v.ShapeErrors, v.RuleErrors...); accepted != (len(errors) == 0) {
			problems = append(problems, fmt.Sprintf("%s %s: accepted: want %v, the server says %q", c.At, what, accepted, errors))
		}
	}
	steps := strings.Split(c.At, "/")[1:]
	if c.Required != nil {
		expect("absent", !*c.Required, edit(s.Base, steps, nil).(map[string]any))
	}
	for _, value := range c.Accepts {
		expect(fmt.Sprint(value), true, edit(s.Base, steps, &value).(map[string]any))
	}
	for _, value := range c.Rejects {
		expect(fmt.Sprint(value), false, edit(s.Base, steps, &value).(map[string]any))
	}
	return checked, problems
}

// edit copies `of` with the value at the steps of a JSON pointer set, or removed (nil). Objects on the way are made.
func edit(of any, steps []string, value *any) any {
	if len(steps) == 0 {
		return *value
	}
	if list, ok := of.([]any); ok {
		out := append([]any{}, list...)
		index, _ := strconv.Atoi(steps[0])
		out[index] = edit(list[index], steps[1:], value)
		return out
	}
	out := map[string]any{}
	if from, ok := of.(map[string]any); ok {
		maps.Copy(out, from)
	}
	if len(steps) == 1 && value == nil {
		delete(out, steps[0])
		return out
	}
	out[steps[0]] = edit(out[steps[0]], steps[1:], value)
	return out
}

func (c *decodeCase) problems(s *suite, v verdict) (out []string) {
	if len(c.Unknown)+len(v.Unknown) > 0 && !reflect.DeepEqual(c.Unknown, v.Unknown) {
		out = append(out, fmt.Sprintf("unknown fields: want %q, the server says %q", c.Unknown, v.Unknown))
	}
	stored := c.Stored
	if stored == nil {
		stored = c.Object
	}
	want, _ := yaml.Marshal(s.complete(stored))
	got, _ := yaml.Marshal(v.Stored)
	if string(want) != string(got) {
		out = append(out, fmt.Sprintf("stored: want\n%s, the server has\n%s", want, got))
	}
	return out
}

// mergePatch is RFC 7396.
func mergePatch(target, patch object) object {
	out := runtime.DeepCopyJSON(target)
	if out == nil {
		out = object{}
	}
	for key, value := range patch {
		inner, isObject := value.(object)
		switch {
		case value == nil:
			delete(out, key)
		case isObject:
			under, _ := out[key].(object)
			out[key] = mergePatch(under, inner)
		default:
			out[key] = runtime.DeepCopyJSONValue(value)
		}
	}
	return out
}
