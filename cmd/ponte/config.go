package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"ponte/cluster"
	"ponte/notify"
	"ponte/secret"
)

// config is everything an operator sets, from flags or the environment; each secret may stand in a
// file named by the same variable with _FILE at its end. Nothing else in ponte reads the environment.
type config struct {
	Addr           string   `name:"addr" env:"PONTE_ADDR" default:"127.0.0.1:8080" help:"Address to serve on."`
	PublicURL      string   `name:"public-url" env:"PONTE_PUBLIC_URL" help:"Address under which people and Meta reach this server (https://…)."`
	TrustedProxies []string `name:"trusted-proxies" env:"PONTE_TRUSTED_PROXIES" help:"Proxies whose X-Forwarded-For is believed (addresses or CIDR)."`
	DataDir        string   `name:"data-dir" env:"PONTE_DATA_DIR" default:"data" help:"Private PostgreSQL, send epoch, keys made by make run."`
	DatabaseURL    string   `name:"database-url" env:"PONTE_DATABASE_URL" help:"PostgreSQL to use instead of the private one."`
	SecretKey      string   `name:"secret-key" env:"PONTE_SECRET_KEY" help:"At least 32 characters; seals tokens, keys the consent ledger. Keep it, apart from the backups."`

	MetaAppID           string   `name:"meta-app-id" env:"PONTE_META_APP_ID" help:"Your Meta app's id."`
	MetaAppSecrets      []string `name:"meta-app-secrets" env:"PONTE_META_APP_SECRETS" help:"App secrets, newest first; several during a rotation."`
	InstagramAppSecrets []string `name:"instagram-app-secrets" env:"PONTE_INSTAGRAM_APP_SECRETS" help:"App secrets of Instagram Login, newest first."`
	MetaVerifyToken     string   `name:"meta-verify-token" env:"PONTE_META_VERIFY_TOKEN" help:"The word you also type into Meta's webhook form."`
	GraphURL            string   `name:"graph-url" env:"PONTE_GRAPH_URL" default:"https://graph.facebook.com/v25.0" help:"Default Graph address for new accounts."`

	OIDCIssuer       string `name:"oidc-issuer" env:"PONTE_OIDC_ISSUER" help:"Identity provider (OpenID Connect) that people may sign in through; its address as the issuer gives it."`
	OIDCClientID     string `name:"oidc-client-id" env:"PONTE_OIDC_CLIENT_ID" help:"ponte's client id at the provider; its redirect address is PONTE_PUBLIC_URL/auth/oidc/callback."`
	OIDCClientSecret string `name:"oidc-client-secret" env:"PONTE_OIDC_CLIENT_SECRET" help:"ponte's client secret at the provider."`
	OIDCName         string `name:"oidc-name" env:"PONTE_OIDC_NAME" default:"single sign-on" help:"What the sign-in page calls the provider."`

	LLMURL   string `name:"llm-url" env:"PONTE_LLM_URL" help:"OpenAI-compatible server (…/v1); empty: rules, model and people decide."`
	LLMKey   string `name:"llm-key" env:"PONTE_LLM_KEY" help:"Its key, where it wants one."`
	LLMModel string `name:"llm-model" env:"PONTE_LLM_MODEL" help:"The model to ask for."`
	LLMSees  bool   `name:"llm-sees" env:"PONTE_LLM_SEES" help:"The model looks at pictures; without it they are marked as not looked at."`

	LLMPriceIn  float64 `name:"llm-price-in" env:"PONTE_LLM_PRICE_IN" help:"Price of a million tokens of question, in the currency of the daily budget; 0: not known, the token budget alone holds."`
	LLMPriceOut float64 `name:"llm-price-out" env:"PONTE_LLM_PRICE_OUT" help:"Price of a million tokens of answer."`

	ModerationsURL   string `name:"moderations-url" env:"PONTE_MODERATIONS_URL" help:"OpenAI-compatible server (…/v1) whose /moderations is asked as well; empty: none."`
	ModerationsKey   string `name:"moderations-key" env:"PONTE_MODERATIONS_KEY" help:"Its key, where it wants one."`
	ModerationsModel string `name:"moderations-model" env:"PONTE_MODERATIONS_MODEL" help:"The model it is asked for; empty: omni-moderation-latest."`

	SMTPURL  string `name:"smtp-url" env:"PONTE_SMTP_URL" help:"Mail server for notifications (smtp://user:password@mail.example:587 or smtps://…:465); empty: no mail."`
	SMTPFrom string `name:"smtp-from" env:"PONTE_SMTP_FROM" help:"Sender of those mails (Acme <desk@acme.example>)."`

	LogLevel string `name:"log-level" env:"PONTE_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"How much to log."`

	faults []string // of the environment, told with the others
	demo   bool     // make run: embedded defaults stand in for what an operator must set
}

// secretVars are the settings that may stand in a file.
var secretVars = []string{"PONTE_DATABASE_URL", "PONTE_SECRET_KEY", "PONTE_META_APP_SECRETS", "PONTE_INSTAGRAM_APP_SECRETS", "PONTE_META_VERIFY_TOKEN", "PONTE_LLM_KEY", "PONTE_MODERATIONS_KEY", "PONTE_OIDC_CLIENT_SECRET", "PONTE_SMTP_URL"}

// readEnvironment prepares the environment for the command line's parser and returns every fault in it, in the
// words of the operator: one that stops the parser would hide the others. A variable without a value, or with nothing
// but space, counts as not set, because compose files and units pass on as empty what nobody has set.
func readEnvironment() []string {
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); strings.TrimSpace(value) == "" && strings.HasPrefix(name, "PONTE_") {
			_ = os.Unsetenv(name)
		}
	}
	return append(readSecretFiles(), unreadableVars()...)
}

// readSecretFiles puts the contents of PONTE_…_FILE where the variable itself is not set. Setting both is a
// fault: nobody could tell which one counts.
func readSecretFiles() []string {
	var faults []string
	for _, name := range secretVars {
		path := os.Getenv(name + "_FILE")
		if path == "" {
			continue
		}
		if os.Getenv(name) != "" {
			faults = append(faults, fmt.Sprintf("%s and %s_FILE are both set: keep one", name, name))
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s_FILE: %v", name, err))
			continue
		}
		value := strings.TrimSpace(string(b))
		if name == "PONTE_META_APP_SECRETS" || name == "PONTE_INSTAGRAM_APP_SECRETS" {
			value = strings.Join(strings.Fields(value), ",") // one a line reads well in a file
		}
		if err := os.Setenv(name, value); err != nil {
			faults = append(faults, fmt.Sprintf("%s_FILE: %v", name, err))
		}
	}
	return faults
}

// unreadableVars takes variables out of the environment whose value is not of their kind, and says so.
func unreadableVars() []string {
	var faults []string
	for f := range reflect.TypeFor[config]().Fields() {
		name := f.Tag.Get("env")
		value, is := os.LookupEnv(name)
		if !is || name == "" {
			continue
		}
		wants, fits := "", true
		switch allowed := f.Tag.Get("enum"); {
		case f.Type.Kind() == reflect.Float64:
			_, err := strconv.ParseFloat(value, 64)
			wants, fits = "a number", err == nil
		case f.Type.Kind() == reflect.Bool:
			wants, fits = "true or false", slices.Contains([]string{"1", "true", "yes", "0", "false", "no"}, strings.ToLower(value))
		case allowed != "":
			wants, fits = "one of "+allowed, slices.Contains(strings.Split(allowed, ","), value)
		}
		if !fits {
			faults = append(faults, fmt.Sprintf("%s %q is not %s", name, value, wants))
			_ = os.Unsetenv(name)
		}
	}
	return faults
}

// check returns every fault of the configuration at once: a server half configured does not start.
func (c config) check() error {
	faults := slices.Clone(c.faults)
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	missing := func(name string, value bool) bool { // a file that was named and cannot be read is told already
		return !value && !slices.ContainsFunc(c.faults, func(f string) bool { return strings.HasPrefix(f, name+"_FILE") || strings.HasPrefix(f, name+" and ") })
	}
	if missing("PONTE_SECRET_KEY", c.SecretKey != "") {
		add("PONTE_SECRET_KEY is missing (openssl rand -hex 32 makes one)")
	} else if c.SecretKey != "" && len(c.SecretKey) < secret.MinKeyBytes {
		add("PONTE_SECRET_KEY has %d characters; it needs at least %d", len(c.SecretKey), secret.MinKeyBytes)
	}
	if missing("PONTE_META_APP_SECRETS", len(c.appSecrets()) > 0) {
		add("PONTE_META_APP_SECRETS is missing: without it no webhook can be verified")
	}
	if missing("PONTE_META_VERIFY_TOKEN", c.MetaVerifyToken != "") {
		add("PONTE_META_VERIFY_TOKEN is missing: Meta's handshake needs it")
	}
	if c.PublicURL == "" {
		add("PONTE_PUBLIC_URL is missing: the address under which people and Meta reach this server")
	}
	for name, value := range map[string]string{"PONTE_PUBLIC_URL": c.PublicURL, "PONTE_GRAPH_URL": c.GraphURL, "PONTE_LLM_URL": c.LLMURL, "PONTE_MODERATIONS_URL": c.ModerationsURL, "PONTE_OIDC_ISSUER": c.OIDCIssuer} {
		if value == "" {
			continue
		}
		if u, err := url.Parse(value); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			add("%s %q is not an http or https address", name, value)
		}
	}
	if scheme, _, is := strings.Cut(c.DatabaseURL, "://"); is && scheme != "postgres" && scheme != "postgresql" {
		add("PONTE_DATABASE_URL begins with %s://; it needs postgres://user:password@host:5432/name", scheme)
	} else if c.DatabaseURL != "" && checkAddress(c.DatabaseURL) != nil {
		add("%v", errNoAddress)
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		add("PONTE_ADDR %q is not host:port", c.Addr)
	}
	for _, p := range c.TrustedProxies {
		if net.ParseIP(p) == nil {
			if _, _, err := net.ParseCIDR(p); err != nil {
				add("PONTE_TRUSTED_PROXIES: %q is neither an address nor a CIDR range", p)
			}
		}
	}
	if c.LLMURL != "" && c.LLMModel == "" {
		add("PONTE_LLM_URL is set, but PONTE_LLM_MODEL is missing")
	}
	if c.LLMURL == "" && (c.LLMModel != "" || c.LLMKey != "") {
		add("PONTE_LLM_MODEL or PONTE_LLM_KEY is set, but PONTE_LLM_URL is missing")
	}
	if c.LLMURL == "" && c.LLMSees {
		add("PONTE_LLM_SEES is set, but PONTE_LLM_URL is missing")
	}
	if c.LLMPriceIn < 0 || c.LLMPriceOut < 0 {
		add("PONTE_LLM_PRICE_IN and PONTE_LLM_PRICE_OUT are prices of a million tokens, not negative")
	}
	if given := c.OIDCClientID != "" || c.OIDCClientSecret != ""; c.OIDCIssuer == "" && given || c.OIDCIssuer != "" && (c.OIDCClientID == "" || c.OIDCClientSecret == "") {
		add("PONTE_OIDC_ISSUER, PONTE_OIDC_CLIENT_ID and PONTE_OIDC_CLIENT_SECRET belong together: set all three or none")
	}
	if c.ModerationsURL == "" && (c.ModerationsKey != "" || c.ModerationsModel != "") {
		add("PONTE_MODERATIONS_MODEL or PONTE_MODERATIONS_KEY is set, but PONTE_MODERATIONS_URL is missing")
	}
	if _, err := notify.ParseMailer(c.SMTPURL, c.SMTPFrom); err != nil {
		add("PONTE_SMTP_URL, PONTE_SMTP_FROM: %v", err)
	}
	return joinFaults(faults)
}

// inside says whether a host is this machine or one of its own network, where somebody may try ponte without TLS:
// Meta cannot call it there in any case.
func inside(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
	}
	_, top, dotted := strings.Cut(host, ".")
	return !dotted || slices.ContainsFunc([]string{"localhost", "local", "lan", "internal", "test", "home.arpa"}, func(s string) bool { return top == s || strings.HasSuffix(top, "."+s) })
}

// unsealed says what is wrong with a public address without TLS; empty: nothing.
func (c config) unsealed() string {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Scheme != "http" || inside(u.Hostname()) {
		return ""
	}
	return fmt.Sprintf("PONTE_PUBLIC_URL %s is not https: Meta calls no other address, and whoever signs in there sends password and session in the clear", c.PublicURL)
}

func joinFaults(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	return fmt.Errorf("the configuration has %d fault(s):\n  - %s", len(faults), strings.Join(faults, "\n  - "))
}

// appSecrets are all secrets that may have signed a webhook.
func (c config) appSecrets() []string {
	var out []string
	for _, s := range append(append([]string{}, c.MetaAppSecrets...), c.InstagramAppSecrets...) {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// masked is the configuration as it may be shown.
func (c config) masked() string {
	show := func(s string) string {
		if s == "" {
			return "(not set)"
		}
		return "(set)"
	}
	database := "(private PostgreSQL in " + cluster.Place(filepath.Join(c.DataDir, "pg")) + ")"
	if c.DatabaseURL != "" {
		database = "(set)"
	}
	return strings.Join([]string{
		"PONTE_ADDR=" + c.Addr, "PONTE_PUBLIC_URL=" + c.PublicURL, "PONTE_TRUSTED_PROXIES=" + strings.Join(c.TrustedProxies, ","),
		"PONTE_DATA_DIR=" + c.DataDir, "PONTE_DATABASE_URL=" + database, "PONTE_SECRET_KEY=" + show(c.SecretKey),
		"PONTE_META_APP_ID=" + c.MetaAppID, fmt.Sprintf("PONTE_META_APP_SECRETS=(%d)", len(c.MetaAppSecrets)), fmt.Sprintf("PONTE_INSTAGRAM_APP_SECRETS=(%d)", len(c.InstagramAppSecrets)),
		"PONTE_META_VERIFY_TOKEN=" + show(c.MetaVerifyToken), "PONTE_GRAPH_URL=" + c.GraphURL,
		"PONTE_LLM_URL=" + c.LLMURL, "PONTE_LLM_KEY=" + show(c.LLMKey), "PONTE_LLM_MODEL=" + c.LLMModel,
		fmt.Sprintf("PONTE_LLM_SEES=%t", c.LLMSees), fmt.Sprintf("PONTE_LLM_PRICE_IN=%g", c.LLMPriceIn), fmt.Sprintf("PONTE_LLM_PRICE_OUT=%g", c.LLMPriceOut),
		"PONTE_OIDC_ISSUER=" + c.OIDCIssuer, "PONTE_OIDC_CLIENT_ID=" + c.OIDCClientID, "PONTE_OIDC_CLIENT_SECRET=" + show(c.OIDCClientSecret), "PONTE_OIDC_NAME=" + c.OIDCName,
		"PONTE_MODERATIONS_URL=" + c.ModerationsURL, "PONTE_MODERATIONS_KEY=" + show(c.ModerationsKey), "PONTE_MODERATIONS_MODEL=" + c.ModerationsModel,
		"PONTE_SMTP_URL=" + show(c.SMTPURL), "PONTE_SMTP_FROM=" + c.SMTPFrom,
	}, "\n")
}
