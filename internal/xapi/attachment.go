package xapi

import (
	"strconv"
	"strings"
)

var attachmentNames = []string{"usageType", "display", "description", "contentType", "length", "sha2", "fileUrl"}

// checkAttachments validates an attachments array and records its heads.
func (d *decoder) checkAttachments(n int32) {
	if !d.want(n, '[', clauseAttachments) {
		return
	}
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		if d.want(m, '{', clauseAttachments) {
			d.checkAttachment(m)
		}
	}
}

func (d *decoder) checkAttachment(n int32) {
	const (
		usageType = 1 << iota
		display
		contentType
		length
		sha2
		all = 1<<iota - 1
	)
	var head attachmentWords
	found := 0
	for m := n + 1; m < d.nodes[n].next; m = d.nodes[m].next {
		switch d.name(m) {
		case "usageType":
			found |= usageType
			s, _ := d.checkIRI(m, clauseAttachments, "an IRI")
			head.usageType = d.keep(s)
		case "display":
			found |= display
			d.checkLanguageMap(m, clauseAttachments)
		case "description":
			d.checkLanguageMap(m, clauseAttachments)
		case "contentType":
			found |= contentType
			if s, ok := d.checkString(m, clauseAttachments); ok && !validMediaType(s) {
				d.fail(m, clauseAttachments, "must be a media type like image/png, not %q", abbreviate(s))
			} else {
				head.contentType = d.keep(s)
			}
		case "length":
			found |= length
			if d.want(m, '0', clauseAttachments) {
				var ok bool
				if head.length, ok = parseLength(d.text(m)); !ok {
					d.fail(m, clauseAttachments, "must be a whole number of octets, not %s", abbreviate(d.text(m)))
				}
			}
		case "sha2":
			found |= sha2
			if s, ok := d.checkString(m, clauseAttachments); ok && !validSHA2(s) {
				d.fail(m, clauseAttachments, "must be a SHA-2 sum in hexadecimal digits, like the 64 of SHA-256, not %q", abbreviate(s))
			} else {
				from := int32(len(d.words))
				d.words = appendLower(d.words, s)
				head.sha2 = word{from, int32(len(d.words))}
			}
		case "fileUrl":
			s, _ := d.checkIRI(m, clauseAttachments, "an IRL")
			head.fileURL = d.keep(s)
		default:
			d.unknown(m, clauseAttachments, "an attachment", attachmentNames)
		}
	}
	if found != all {
		for i, name := range []string{"usageType", "display", "contentType", "length", "sha2"} {
			if found&(1<<i) == 0 {
				d.missing(n, clauseAttachments, "an attachment", name)
			}
		}
	}
	d.heads = append(d.heads, head)
}

// validSHA2 reports whether s is a SHA-224, SHA-256, SHA-384 or SHA-512 sum.
func validSHA2(s string) bool {
	switch len(s) {
	case 56, 64, 96, 128:
		return validHex(s, len(s))
	}
	return false
}

// parseLength reads a JSON number that is a whole number of octets, in
// whichever spelling: 27, 27.0 and 2.7e1 are the same.
func parseLength(s string) (int64, bool) {
	head, tail, power := parseDecimal(s).normal()
	if head == "" && tail == "" {
		return 0, true
	}
	digits := head + tail
	if s[0] == '-' || power > 18 || power < int64(len(digits)) {
		return 0, false
	}
	n, err := strconv.ParseInt(digits+strings.Repeat("0", int(power)-len(digits)), 10, 64)
	return n, err == nil
}

// validMediaType reports whether s begins with type/subtype (RFC 2045 5.1),
// alone or followed by parameters; those are not looked at.
func validMediaType(s string) bool {
	s, _, _ = strings.Cut(s, ";")
	major, minor, ok := strings.Cut(strings.TrimRight(s, " \t"), "/")
	return ok && validToken(major) && validToken(minor)
}

func validToken(s string) bool {
	for i := range len(s) {
		if !alphanumeric(s[i]) && strings.IndexByte("!#$%&'*+-.^_`{|}~", s[i]) < 0 {
			return false
		}
	}
	return s != ""
}
