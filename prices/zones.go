package prices

import (
	"slices"
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

// northAmerica is the calling code that two dozen countries share, in zones around half the world.
const northAmerica = 1

// TimeZones are those that numbers of a country are from, by its calling code; none where they are not known. The code
// that North America shares is asked by an example of the country's numbers.
func TimeZones(country string) []string {
	code := phonenumbers.GetCountryCodeForRegion(country)
	names, err := phonenumbers.GetTimezonesForPrefix(strconv.Itoa(code))
	if code == northAmerica {
		names, err = phonenumbers.GetTimezonesForNumber(phonenumbers.GetExampleNumber(country))
	}
	if err != nil || code == 0 || slices.Contains(names, phonenumbers.UNKNOWN_TIMEZONE) {
		return nil
	}
	return names
}
