package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"sigs.k8s.io/yaml"
)

// kind is one served version of a CRD, with everything the API server makes from its schema.
type kind struct {
	structural *structuralschema.Structural
	validator  validation.SchemaValidator
	cel        *schemacel.Validator
	namespaced bool
}

type verdict struct {
	Unknown []string       `json:"unknown"` // paths that strict decoding refuses and the server prunes
	Stored  map[string]any `json:"stored"`  // after pruning and defaulting
	// Of types, limits and metadata; and of the rules, unless the former kept the server from looking at them.
	ShapeErrors []string `json:"shapeErrors"`
	IsBlocked   bool     `json:"isBlocked"`
	RuleErrors  []string `json:"ruleErrors"`
}

// loadCRDs reads every manifest of a directory and puts it through the validation of a creation.
// The kinds are keyed by group/version/kind; problems name their file.
func loadCRDs(dir string) (map[string]*kind, []string) {
	kinds, problems := map[string]*kind{}, []string{}
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
	sort.Strings(files)
	if len(files) == 0 {
		return nil, []string{dir + ": no manifests"}
	}
	for _, file := range files {
		crd, err := readCRD(file)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", file, err))
			continue
		}
		for _, e := range crdvalidation.ValidateCustomResourceDefinition(context.Background(), crd) {
			problems = append(problems, fmt.Sprintf("%s: %v", file, e))
		}
		for _, version := range crd.Spec.Versions {
			k, err := newKind(crd, version)
			if err != nil {
				problems = append(problems, fmt.Sprintf("%s: %s: %v", file, version.Name, err))
				continue
			}
			kinds[crd.Spec.Group+"/"+version.Name+"/"+crd.Spec.Names.Kind] = k
		}
	}
	return kinds, problems
}

// readCRD decodes strictly, fills defaults and sets the status as a creation does.
func readCRD(file string) (*apiextensions.CustomResourceDefinition, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var v1 apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(bytes.TrimSpace(text), &v1, yaml.DisallowUnknownFields); err != nil {
		return nil, err
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinition(&v1)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&v1.Spec)
	var crd apiextensions.CustomResourceDefinition
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&v1, &crd, nil); err != nil {
		return nil, err
	}
	for _, version := range crd.Spec.Versions {
		if version.Storage {
			crd.Status.StoredVersions = append(crd.Status.StoredVersions, version.Name)
		}
	}
	return &crd, nil
}

func newKind(crd *apiextensions.CustomResourceDefinition, version apiextensions.CustomResourceDefinitionVersion) (*kind, error) {
	schema, err := apiextensions.GetSchemaForVersion(crd, version.Name)
	if err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(schema.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(schema.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	return &kind{
		structural: structural,
		validator:  validator,
		cel:        schemacel.NewValidator(structural, true, celconfig.PerCallLimit),
		namespaced: crd.Spec.Scope == apiextensions.NamespaceScoped,
	}, nil
}

// judge is a write of `object` (over `old`, unless nil) in the order of an API server: prune, default, schema, CEL.
func (k *kind) judge(object, old map[string]any) verdict {
	now, unknown := k.decode(object)
	out := verdict{Unknown: unknown, Stored: now.Object}
	var shape, rules field.ErrorList
	if old == nil {
		shape = k.validateCreate(now)
	} else {
		before, _ := k.decode(old)
		shape = k.validateUpdate(now, before)
		old = before.Object
	}
	out.IsBlocked = blocksCEL(shape)
	if !out.IsBlocked {
		rules = k.evaluateRules(now.Object, old)
	}
	out.ShapeErrors, out.RuleErrors = texts(shape), texts(rules)
	return out
}

func texts(errs field.ErrorList) []string {
	out := []string{}
	for _, e := range errs {
		out = append(out, e.Error())
	}
	return out
}

func (k *kind) decode(object map[string]any) (*unstructured.Unstructured, []string) {
	u := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(object)}
	track := structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	unknown := pruning.PruneWithOptions(u.Object, k.structural, true, track)
	_, inMeta := objectmeta.CoerceWithOptions(nil, u.Object, k.structural, true,
		objectmeta.CoerceOptions{DropInvalidFields: true, ReturnUnknownFieldPaths: true})
	unknown = append(unknown, inMeta...)
	defaulting.PruneNonNullableNullsWithoutDefaults(u.Object, k.structural)
	defaulting.Default(u.Object, k.structural)
	return u, unknown
}

func (k *kind) validateCreate(now *unstructured.Unstructured) field.ErrorList {
	errs := metavalidation.ValidateObjectMetaAccessor(now, k.namespaced, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, now.Object, k.validator)...)
	errs = append(errs, objectmeta.Validate(nil, now.Object, k.structural, false)...)
	return append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, now.Object)...)
}

func (k *kind) validateUpdate(now, old *unstructured.Unstructured) field.ErrorList {
	errs := validation.ValidateCustomResourceUpdate(nil, now.Object, old.Object, k.validator, validation.WithRatcheting(k.correlated(now.Object, old.Object)))
	errs = append(errs, objectmeta.Validate(nil, now.Object, k.structural, false)...)
	if len(listtype.ValidateListSetsAndMaps(nil, k.structural, old.Object)) == 0 {
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, now.Object)...)
	}
	return errs
}

func (k *kind) evaluateRules(now, old map[string]any) field.ErrorList {
	var options []schemacel.Option
	var before any
	if old != nil {
		before = old
		options = append(options, schemacel.WithRatcheting(k.correlated(now, old)))
	}
	errs, _ := k.cel.Validate(context.Background(), nil, k.structural, now, before, celconfig.RuntimeCELCostBudget, options...)
	return errs
}

func (k *kind) correlated(now, old map[string]any) *common.CorrelatedObject {
	return common.NewCorrelatedObject(now, old, &model.Structural{Structural: k.structural})
}

// blocksCEL: the server evaluates no rule over an object whose shape is wrong.
func blocksCEL(errs field.ErrorList) bool {
	for _, e := range errs {
		switch e.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}

func hasMessage(errors []string, message string) bool {
	for _, e := range errors {
		if strings.Contains(e, message) {
			return true
		}
	}
	return false
}
