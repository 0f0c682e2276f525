package main

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/config"
)

// readme returns the README.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	return string(text)
}

func TestReadmeNamesEveryVariableWithItsDefault(t *testing.T) {
	t.Parallel()
	rows := regexp.MustCompile("(?m)^\\| (`STOA_.*?) \\| (.*?) \\|").FindAllStringSubmatch(readme(t), -1)
	documented := map[string]string{} // by variable
	for _, row := range rows {
		names, defaults := strings.Split(row[1], ", "), strings.Split(row[2], ", ")
		for i, name := range names {
			documented[strings.Trim(name, "`")] = strings.Trim(defaults[min(i, len(defaults)-1)], "`")
		}
	}
	fields := reflect.VisibleFields(reflect.TypeFor[config.Config]())
	known := 0
	for _, field := range fields {
		name, ok := field.Tag.Lookup("env")
		if !ok {
			continue
		}
		known++
		text, found := documented["STOA_"+name]
		require.True(t, found, "STOA_%s is not in the README", name)
		if want := field.Tag.Get("envDefault"); want != "" {
			require.Equal(t, want, text, "default of STOA_%s", name)
		}
	}
	require.Len(t, documented, known, "the README names a variable that does not exist")
}

// TestReadmeNamesOnlyWhatExists looks for the files and commands that the
// README speaks of.
func TestReadmeNamesOnlyWhatExists(t *testing.T) {
	t.Parallel()
	text := readme(t)
	paths := regexp.MustCompile(`(?:internal|migrations|docs|cmd)/[a-z0-9_/]+(?:\.go|\.sql|/)`).FindAllString(text, -1)
	require.Greater(t, len(paths), 10)
	for _, path := range paths {
		_, err := os.Stat("../../" + path)
		require.NoError(t, err)
	}
	root := newRoot(newShell())
	commands := regexp.MustCompile(`(?m)^ +\$ (?:STOA_\S+ )*(?:bin/)?stoa ([a-z]+(?: [a-z]+)?)`).FindAllStringSubmatch(text, -1)
	require.Greater(t, len(commands), 8)
	for _, command := range commands {
		words := strings.Fields(command[1])
		found, _, err := root.Find(words)
		require.NoError(t, err, command[0])
		require.NotEqual(t, root, found, command[0])
		if found.HasSubCommands() {
			require.Fail(t, "the README calls a group of commands", command[0])
		}
	}
}
