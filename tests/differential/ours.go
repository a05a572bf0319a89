// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
)

// question is one document, and the one that it replaces, if any.
type question struct {
	text, old []byte
}

// answer is what is said of a document. Undecoded is set if there is no object at all; the texts of
// that are compared elsewhere.
type answer struct {
	Valid     bool     `json:"valid"`
	Undecoded string   `json:"undecoded"`
	Strict    []string `json:"strict"`
	Errors    []string `json:"errors"`
	Warnings  []string `json:"warnings"`
	YAML      string   `json:"yaml"`
}

// ask runs the driver, which answers each frame with one line.
func ask(driver string, flags []string, questions []question) ([]answer, error) {
	var in bytes.Buffer
	for _, q := range questions {
		if q.old != nil {
			fmt.Fprintf(&in, "old %d\n%s\n", len(q.old), q.old)
		}
		fmt.Fprintf(&in, "new %d\n%s\n", len(q.text), q.text)
	}
	command := exec.Command(driver, flags...)
	command.Stdin = &in
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", driver, err, said.String())
	}
	answers := make([]answer, 0, len(questions))
	for d := json.NewDecoder(&out); len(answers) < len(questions); {
		var a answer
		if err := d.Decode(&a); err != nil {
			return nil, fmt.Errorf("%s: answer %d: %w", driver, len(answers), err)
		}
		answers = append(answers, a)
	}
	return answers, nil
}
