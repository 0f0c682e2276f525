package httpapi_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testsOf lists the tests of a package, by its path in the repository.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
	require.NoError(t, err)
	found := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllSubmatch(text, -1) {
			found[string(m[1])] = true
		}
	}
	return found
}

// rowsOf are the rows of the tables under a heading, cell by cell, without heads.
func rowsOf(t *testing.T, file, heading string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + file)
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	require.True(t, found, heading)
	head := true
	for _, line := range strings.Split(section, "\n") {
		switch {
		case strings.HasPrefix(line, "## "):
			return rows
		case strings.HasPrefix(line, "|---"):
			head = false
		case !strings.HasPrefix(line, "|"):
			head = true
		case !head:
			rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
		}
	}
	return rows
}

var named = regexp.MustCompile("`((?:internal|cmd)/[a-z0-9/]+)` `(Test\\w+)`")

// Every threat has a test, and every test that is named exists.
func TestEveryThreatHasItsTest(t *testing.T) {
	t.Parallel()
	known := map[string]map[string]bool{}
	threats := 0
	for _, row := range rowsOf(t, "security.md", "## Threats") {
		if strings.HasPrefix(row[0], "**") {
			continue // who threatens
		}
		require.Len(t, row, 3, row)
		require.NotEmpty(t, row[1], row)
		tests := named.FindAllStringSubmatch(row[2], -1)
		require.NotEmpty(t, tests, "%s: no test", row[0])
		require.Equal(t, strings.Count(row[2], "Test"), strings.Count(named.ReplaceAllString(row[2], "Test"), "Test"), "%s: a test without its package", row[0])
		for _, m := range tests {
			if known[m[1]] == nil {
				known[m[1]] = testsOf(t, m[1])
			}
			require.True(t, known[m[1]][m[2]], "%s: there is no %s in %s", row[0], m[2], m[1])
		}
		threats++
	}
	require.Greater(t, threats, 70)
}

// The checklist has each of its points once, and counts them rightly.
func TestTheChecklistIsWhole(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/asvs.md")
	require.NoError(t, err)
	points, counts := map[string]bool{}, map[string]int{}
	for _, row := range rowsOf(t, "asvs.md", "## Points") {
		require.Len(t, row, 4, row)
		require.Contains(t, []string{"met", "partly", "n/a", "open"}, row[2], row)
		require.NotEmpty(t, row[3], row)
		require.False(t, points[row[0]], "%s stands twice", row[0])
		points[row[0]] = true
		counts[row[2]]++
	}
	require.Len(t, points, 259, "levels 1 and 2 of ASVS 4.0.3 have that many")
	for _, m := range regexp.MustCompile(`(?m)^\| (met|partly|n/a|open) \| (\d+) \|`).FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		require.Equal(t, counts[m[1]], n, m[1])
		delete(counts, m[1])
	}
	require.Empty(t, counts, "each count is told")
	known := map[string]bool{}
	for _, root := range []string{"internal", "cmd"} {
		require.NoError(t, fs.WalkDir(os.DirFS("../../"+root), ".", func(dir string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				maps.Copy(known, testsOf(t, path.Join(root, dir)))
			}
			return err
		}))
	}
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1) {
		require.True(t, known[m[1]], "there is no %s", m[1])
	}
	for _, m := range regexp.MustCompile("`((?:internal|cmd|docs|migrations)/[\\w./-]+)`").FindAllStringSubmatch(string(text), -1) {
		_, err := os.Stat("../../" + m[1])
		require.NoError(t, err, m[1])
	}
}
