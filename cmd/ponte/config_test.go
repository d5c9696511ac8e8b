package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// unset takes every variable of ponte out of the environment for the length of a test.
func unset(t *testing.T) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "PONTE_") {
			t.Setenv(name, "") // puts it back at the end
			_ = os.Unsetenv(name)
		}
	}
}

func parsed(t *testing.T) (config, error) {
	t.Helper()
	if faults := readEnvironment(); len(faults) > 0 {
		return config{}, joinFaults(faults)
	}
	var c struct {
		config
		Config configCmd `cmd:""`
	}
	_, err := kong.Must(&c).Parse([]string{"config"})
	return c.config, err
}

// Whatever holds a secret may stand in a file: a new setting of that kind is not forgotten.
func TestEverySecretMayStandInAFile(t *testing.T) {
	holds := regexp.MustCompile(`_(KEY|TOKEN|SECRETS?)$|_(DATABASE|SMTP)_URL$`)
	for f := range reflect.TypeFor[config]().Fields() {
		name := f.Tag.Get("env")
		if holds.MatchString(name) != slices.Contains(secretVars, name) {
			t.Errorf("%s: holds a secret %t, may stand in a file %t", name, holds.MatchString(name), slices.Contains(secretVars, name))
		}
	}
	for _, name := range secretVars {
		t.Run(name, func(t *testing.T) {
			unset(t)
			path := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(path, []byte("first\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv(name+"_FILE", path)
			t.Setenv(name, "")
			c, err := parsed(t)
			if err != nil {
				t.Fatal(err)
			}
			field, _ := reflect.TypeFor[config]().FieldByNameFunc(func(n string) bool {
				f, _ := reflect.TypeFor[config]().FieldByName(n)
				return f.Tag.Get("env") == name
			})
			got := reflect.ValueOf(c).FieldByIndex(field.Index).Interface()
			if got != "first" && !reflect.DeepEqual(got, []string{"first"}) {
				t.Errorf("the file says first, the configuration %v", got)
			}
			t.Setenv(name, "second")
			if _, err := parsed(t); err == nil || !strings.Contains(err.Error(), name+" and "+name+"_FILE are both set") {
				t.Errorf("with both set: %v", err)
			}
		})
	}
}

func TestAnEmptyVariableIsNotSet(t *testing.T) {
	unset(t)
	t.Setenv("PONTE_GRAPH_URL", "https://graph.example")
	for _, name := range []string{"PONTE_LLM_SEES", "PONTE_LLM_PRICE_IN", "PONTE_OIDC_NAME", "PONTE_TRUSTED_PROXIES", "PONTE_LOG_LEVEL", "PONTE_SECRET_KEY_FILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("PONTE_META_VERIFY_TOKEN", " \n")
	c, err := parsed(t)
	if err != nil {
		t.Fatal(err)
	}
	if c.LLMSees || c.OIDCName != "single sign-on" || len(c.TrustedProxies) != 0 || c.MetaVerifyToken != "" || c.LogLevel != "info" || c.GraphURL != "https://graph.example" {
		t.Errorf("empty variables were read as %+v", []any{c.LLMSees, c.OIDCName, c.TrustedProxies, c.LogLevel, c.GraphURL})
	}
}

func TestAHalfConfigurationIsRefusedWithEveryFault(t *testing.T) {
	c := config{Addr: "nowhere", PublicURL: "ftp://x", LLMModel: "m", OIDCIssuer: "https://id.example", TrustedProxies: []string{"proxy"}, SecretKey: "short"}
	err := c.check()
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, name := range []string{"PONTE_ADDR", "PONTE_PUBLIC_URL", "PONTE_LLM_URL", "PONTE_OIDC_CLIENT_ID", "PONTE_TRUSTED_PROXIES", "PONTE_SECRET_KEY", "PONTE_META_APP_SECRETS", "PONTE_META_VERIFY_TOKEN"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the faults do not name %s: %v", name, err)
		}
	}
}

// Meta calls nothing without TLS, and nobody should sign in so, but on the machine itself and in its own network.
func TestAPublicAddressWithoutTLSIsWarnedOf(t *testing.T) {
	for address, warned := range map[string]bool{"https://ponte.example.org": false, "http://ponte.example.org": true, "http://203.0.113.4": true, "http://localhost.example.org": true,
		"http://localhost:8080": false, "http://127.0.0.1:8080": false, "http://[::1]:8080": false, "http://192.168.1.4:8080": false, "http://ponte:8080": false, "http://ponte.home.arpa": false, "http://desk.local": false} {
		c := config{PublicURL: address}
		if said := c.unsealed(); (said != "") != warned {
			t.Errorf("%s: %q", address, said)
		}
		if strings.Contains(c.check().Error(), "PONTE_PUBLIC_URL") {
			t.Errorf("%s is refused: %v", address, c.check())
		}
	}
}

// A fault that stops the reading of the environment must not hide the others.
func TestFaultsOfTheEnvironmentAreToldWithAllOthers(t *testing.T) {
	unset(t)
	missing := filepath.Join(t.TempDir(), "missing")
	for name, value := range map[string]string{"PONTE_SECRET_KEY_FILE": missing, "PONTE_META_VERIFY_TOKEN": "x", "PONTE_META_VERIFY_TOKEN_FILE": missing, "PONTE_LLM_PRICE_IN": "cheap", "PONTE_LLM_SEES": "perhaps",
		"PONTE_LOG_LEVEL": "loud", "PONTE_PUBLIC_URL": "ftp://x", "PONTE_DATABASE_URL": "mysql://root@127.0.0.1/x"} {
		t.Setenv(name, value)
	}
	faults := readEnvironment()
	var c struct {
		config
		Config configCmd `cmd:""`
	}
	if _, err := kong.Must(&c).Parse([]string{"config"}); err != nil {
		t.Fatalf("the parser stops at one of them: %v", err)
	}
	c.faults = faults
	err := c.check()
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{"PONTE_SECRET_KEY_FILE: open " + missing, "PONTE_META_VERIFY_TOKEN and PONTE_META_VERIFY_TOKEN_FILE are both set", "PONTE_LLM_PRICE_IN \"cheap\"", "PONTE_LLM_SEES \"perhaps\"", "PONTE_LOG_LEVEL \"loud\"",
		"PONTE_PUBLIC_URL \"ftp://x\"", "PONTE_DATABASE_URL begins with mysql://", "PONTE_META_APP_SECRETS is missing", "has 8 fault(s)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the faults do not name %s: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "PONTE_SECRET_KEY is missing") {
		t.Errorf("what stands in a file that cannot be read is told twice: %v", err)
	}
}

func TestAnAddressThatCannotBeReadKeepsItsPassword(t *testing.T) {
	for address, good := range map[string]bool{
		"postgres://ponte:s%40crt@db:5432/ponte?sslmode=disable": true, "host=db user=ponte password=secret dbname=ponte sslmode=disable": true, "postgres:///ponte?host=/run/postgresql": true,
		"postgres://ponte:sec%zzret@db/ponte": false, "secret": false, "postgres://ponte:sec ret@db:port/ponte": false,
	} {
		err := checkAddress(address)
		if (err == nil) != good || err != nil && strings.Contains(err.Error(), "sec") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAnOldPostgreSQLIsRefused(t *testing.T) {
	for number, good := range map[int]bool{90624: false, 130014: false, 140020: false, 150000: true, 150018: true, 180001: true} {
		if err := checkVersion(number); (err == nil) != good {
			t.Errorf("%d: %v", number, err)
		}
	}
}
