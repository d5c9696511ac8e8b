package template

import (
	"fmt"
	"slices"
	"strings"
)

// Languages are the codes that Meta's templates come in.
var Languages = strings.Fields(`af sq ar ar_EG ar_AE ar_LB ar_MA ar_QA az be_BY bn bn_IN bg ca zh_CN zh_HK zh_TW hr cs da prs_AF nl nl_BE
	en en_GB en_US en_AE en_AU en_CA en_GH en_IE en_IN en_JM en_MY en_NZ en_QA en_SG en_UG en_ZA et fil fi fr fr_BE fr_CA fr_CH fr_CI fr_MA ka
	de de_AT de_CH el gu ha he hi hu id ga it ja kn kk rw_RW ko ky_KG lo lv lt mk ms ml mr nb ps_AF fa pl pt_BR pt_PT pa ro ru sr si_LK sk sl
	es es_AR es_CL es_CO es_CR es_DO es_EC es_HN es_MX es_PA es_PE es_ES es_UY sw sv ta te th tr uk ur uz vi zu`)

// CleanLanguage writes a code as Meta's API takes it: en-us becomes en_US.
func CleanLanguage(code string) string {
	base, region, ok := strings.Cut(strings.ReplaceAll(strings.TrimSpace(code), "-", "_"), "_")
	if !ok {
		return strings.ToLower(base)
	}
	return strings.ToLower(base) + "_" + strings.ToUpper(region)
}

// Base is the language of a code without its region.
func Base(code string) string {
	base, _, _ := strings.Cut(CleanLanguage(code), "_")
	return base
}

// Choice is the language a template goes out in, and why that one.
type Choice struct {
	Language string
	Why      string // exact, base, fallback
}

// ChooseLanguage picks among the languages a template may be sent in: the person's own, else the same
// language without or with another region – the workspace's before others –, else the workspace's. Meta itself falls back to nothing.
func ChooseLanguage(have []string, wanted, fallback string) (Choice, error) {
	have = slices.Clone(have)
	slices.Sort(have)
	find := func(code string) (string, bool) {
		clean := CleanLanguage(code)
		if slices.Contains(have, clean) {
			return clean, true
		}
		if slices.Contains(have, Base(clean)) {
			return Base(clean), true
		}
		if own := CleanLanguage(fallback); Base(own) == Base(clean) && slices.Contains(have, own) {
			return own, true // of several regions the brand's own
		}
		for _, h := range have {
			if Base(h) == Base(clean) {
				return h, true
			}
		}
		return "", false
	}
	if wanted != "" {
		if got, ok := find(wanted); ok {
			if got == CleanLanguage(wanted) {
				return Choice{got, "exact"}, nil
			}
			return Choice{got, "base"}, nil
		}
	}
	if fallback != "" {
		if got, ok := find(fallback); ok {
			return Choice{got, "fallback"}, nil
		}
	}
	if len(have) == 0 {
		return Choice{}, fmt.Errorf("it is approved in no language")
	}
	return Choice{}, fmt.Errorf("it is approved in %s, which is neither the person's language (%s) nor the workspace's (%s)", strings.Join(have, ", "), orNone(wanted), orNone(fallback))
}

func orNone(code string) string {
	if code == "" {
		return "not known"
	}
	return code
}
