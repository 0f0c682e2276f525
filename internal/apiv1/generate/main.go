// Command generate makes what is derived from openapi.yaml: the models and the
// client (oapi-codegen, pinned in tools/go.mod), openapi.json, and the sum that
// tells whether all of that is up to date. It runs in the folder of package apiv1.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"go.yaml.in/yaml/v3"
)

// sources are what decides about the derived files.
var sources = []string{"openapi.yaml", "codegen.yaml", "no-responses.tmpl"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	codegen := exec.Command("go", "tool", "-modfile=../../tools/go.mod", "oapi-codegen", "-config", "codegen.yaml", "openapi.yaml")
	codegen.Stdout, codegen.Stderr = os.Stdout, os.Stderr
	if err := codegen.Run(); err != nil {
		return fmt.Errorf("oapi-codegen: %w", err)
	}
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := writeJSON(&b, document.Content[0]); err != nil {
		return err
	}
	b.WriteByte('\n')
	if err := os.WriteFile("openapi.json", b.Bytes(), 0o644); err != nil { //nolint:gosec // source code
		return err
	}
	sum := sha256.New()
	for _, name := range append(slices.Clone(sources), "openapi.json", "api.gen.go") {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(content))
		sum.Write(content)
	}
	return os.WriteFile("sum.txt", fmt.Appendf(nil, "%x\n", sum.Sum(nil)), 0o644) //nolint:gosec // source code
}

// writeJSON writes n as JSON; members keep their order, which is the reader's.
func writeJSON(b *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			name, err := json.Marshal(n.Content[i].Value)
			if err != nil {
				return err
			}
			b.Write(name)
			b.WriteByte(':')
			if err := writeJSON(b, n.Content[i+1]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, item); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case yaml.ScalarNode:
		var value any
		if err := n.Decode(&value); err != nil {
			return err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		b.Write(text)
	default:
		return fmt.Errorf("line %d: neither object nor list nor value", n.Line)
	}
	return nil
}
