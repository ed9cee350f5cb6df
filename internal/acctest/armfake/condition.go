package armfake

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Conditions of role assignments: the part of the language that storage paths need. Actions and sub-operations are matched,
// attributes compared, and AND, OR, NOT (&&, ||, !) put together; NOT binds closest, then AND, then OR.

type condition func(Access) bool

const (
	attributePrefix = "Microsoft.Storage/storageAccounts/blobServices/containers"
)

var conditionToken = regexp.MustCompile(`(?i)^\s*(\(|\)|!|&&|\|\||and\b|or\b|not\b|ActionMatches\{'[^']*'\}|SubOperationMatches\{'[^']*'\}|@(?:Resource|Request)\[[^\]]+\]|'[^']*'|String\w+)`)

// parseCondition reads a condition whole.
func parseCondition(source string) (condition, error) {
	p := &conditionParser{}
	for rest := strings.TrimSpace(source); rest != ""; rest = strings.TrimSpace(rest) {
		found := conditionToken.FindStringSubmatch(rest)
		if found == nil {
			return nil, fmt.Errorf("not understood: %.40q", rest)
		}
		p.tokens = append(p.tokens, found[1])
		rest = rest[len(found[0]):]
	}
	parsed, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("%q is left over", p.tokens[0])
	}
	return parsed, err
}

type conditionParser struct{ tokens []string }

// take removes the next token if it is one of these, without case.
func (p *conditionParser) take(words ...string) bool {
	if len(p.tokens) == 0 {
		return false
	}
	for _, word := range words {
		if strings.EqualFold(p.tokens[0], word) {
			p.tokens = p.tokens[1:]
			return true
		}
	}
	return false
}

func (p *conditionParser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.take("or", "||") {
		one := left
		var two condition
		two, err = p.and()
		left = func(a Access) bool { return one(a) || two(a) }
	}
	return left, err
}

func (p *conditionParser) and() (condition, error) {
	left, err := p.not()
	for err == nil && p.take("and", "&&") {
		one := left
		var two condition
		two, err = p.not()
		left = func(a Access) bool { return one(a) && two(a) }
	}
	return left, err
}

func (p *conditionParser) not() (condition, error) {
	if p.take("not", "!") {
		inner, err := p.not()
		return func(a Access) bool { return !inner(a) }, err
	}
	if p.take("(") {
		inner, err := p.or()
		if err == nil && !p.take(")") {
			err = errors.New("a bracket is not closed")
		}
		return inner, err
	}
	return p.term()
}

// term matches an action or compares an attribute with a literal.
func (p *conditionParser) term() (condition, error) {
	if len(p.tokens) == 0 {
		return nil, errors.New("it ends too early")
	}
	first := p.tokens[0]
	p.tokens = p.tokens[1:]
	_, quoted, _ := strings.Cut(strings.TrimSuffix(first, "'}"), "{'")
	switch lower := strings.ToLower(first); {
	case strings.HasPrefix(lower, "actionmatches"):
		return func(a Access) bool { return matches([]string{strings.ToLower(quoted)}, blobActions+a.Action) }, nil
	case strings.HasPrefix(lower, "suboperationmatches"):
		return func(a Access) bool { return strings.EqualFold(quoted, a.SubOperation) }, nil
	case strings.HasPrefix(lower, "@"):
		return p.comparison(first)
	}
	return nil, fmt.Errorf("%q stands where a term belongs", first)
}

func (p *conditionParser) comparison(attribute string) (condition, error) {
	if len(p.tokens) < 2 || !strings.HasPrefix(p.tokens[1], "'") {
		return nil, fmt.Errorf("%s is not compared with a literal", attribute)
	}
	operator, literal := p.tokens[0], strings.Trim(p.tokens[1], "'")
	p.tokens = p.tokens[2:]
	value, err := attributeOf(attribute)
	if err != nil {
		return nil, err
	}
	ignoreCase := strings.HasSuffix(operator, "IgnoreCase")
	plain, negative := strings.CutPrefix(strings.TrimSuffix(operator, "IgnoreCase"), "StringNot")
	if !negative {
		plain = strings.TrimPrefix(plain, "String")
	}
	if ignoreCase {
		literal = strings.ToLower(literal)
	}
	compare := map[string]func(string) bool{
		"Equals":     func(got string) bool { return got == literal },
		"StartsWith": func(got string) bool { return strings.HasPrefix(got, literal) },
		"Like": func(got string) bool {
			pattern := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(literal))
			matched, _ := regexp.MatchString("(?s)^"+pattern+"$", got)
			return matched
		},
	}[plain]
	if compare == nil {
		return nil, fmt.Errorf("there is no operator %s", operator)
	}
	return func(a Access) bool {
		got, there := value(a)
		if ignoreCase {
			got = strings.ToLower(got)
		}
		return there && compare(got) != negative
	}, nil
}

// attributeOf reads a value of a request; one that the request does not have compares to nothing.
func attributeOf(attribute string) (func(Access) (string, bool), error) {
	name := strings.TrimSuffix(attribute[strings.IndexByte(attribute, '[')+1:], "]")
	source := strings.ToLower(attribute[:strings.IndexByte(attribute, '[')])
	switch {
	case source == "@resource" && name == attributePrefix+":name":
		return func(a Access) (string, bool) { return a.Container[strings.LastIndexByte(a.Container, '/')+1:], true }, nil
	case source == "@resource" && name == attributePrefix+"/blobs:path":
		return func(a Access) (string, bool) { return a.Path, a.Path != "" }, nil
	case source == "@request" && name == attributePrefix+"/blobs:prefix":
		return func(a Access) (string, bool) { return a.Prefix, a.Prefix != "" }, nil
	}
	return nil, fmt.Errorf("there is no attribute %s", attribute)
}
